import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { attempt, installed } from "./command";
import type { Build } from "./tools";

/** A build that failed or cannot start; `message` says what to do, `output` is what the compiler said. */
export class BuildError extends Error {
  override readonly name = "BuildError";
  constructor(
    message: string,
    readonly output = "",
  ) {
    super(message);
  }
}

export interface BuildOptions {
  /** The folder `toolchain/` of the checkout. */
  readonly modules: string;
  readonly arch: string;
  readonly signal?: AbortSignal;
  /** Called when a C compiler is needed and there is none; installs it or throws. */
  readonly compiler: () => Promise<void>;
  /** Called with the number of packages compiled so far. */
  readonly progress?: (packages: number) => void;
}

/** The Go release that a module asks for, from the `go` line of its go.mod. */
export function wantedGo(mod: string): string {
  return /^go\s+(\S+)/m.exec(mod)?.[1] ?? "1.21";
}

/** Whether Go release `have` ("go1.26.8") is as new as `want` ("1.25"). */
export function newEnough(have: string, want: string): boolean {
  const numbers = (text: string): number[] =>
    (/(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(text) ?? []).slice(1).map((part) => Number(part ?? 0));
  const [a, b] = [numbers(have), numbers(want)];
  for (let index = 0; index < 3; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** The `go` command to build with. */
export async function findGo(want: string, folder: string, signal?: AbortSignal): Promise<string> {
  const install = `install Go ${want} or later (https://go.dev/dl, or your distribution's package) and put it on the PATH`;
  for (const go of ["go", "/usr/local/go/bin/go"]) {
    try {
      // Asked inside the module, so that a Go that fetches newer releases of itself by itself has its chance.
      const result = await attempt(go, ["env", "GOVERSION"], { cwd: folder, signal });
      const version = result.stdout.trim();
      if (result.code === 0 && newEnough(version, want)) return go;
      const have = version || result.stderr.trim().split("\n").at(-1);
      throw new BuildError(
        `The Go found here (${have}) is older than the Go ${want} that this build asks for: ${install}.`,
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new BuildError(`There is no Go on this machine: ${install}.`);
}

/**
 * What all builds have in common, so that what two of them compile alike is compiled once (Go's build cache goes by flags too): debugging
 * information, which no binary keeps, is a seventh of the work; and names are resolved without C, even where something else takes it.
 */
export function goFlags(tags: readonly string[] = []): readonly string[] {
  return ["-trimpath", "-gcflags=all=-dwarf=false", "-tags", ["netgo", "osusergo", ...tags].join(",")];
}

function environmentOf(what: Build, arch: string): NodeJS.ProcessEnv {
  return { ...process.env, CGO_ENABLED: what.c ? "1" : "0", GOOS: "linux", GOARCH: arch, GOWORK: "off" };
}

async function goOf(what: Build, { modules, signal }: BuildOptions): Promise<{ go: string; module: string }> {
  const module = join(modules, what.module);
  const mod = join(module, "go.mod");
  if (!existsSync(mod))
    throw new BuildError(`The checkout has no ${what.module}/go.mod below ${modules}: check it out whole.`);
  return { go: await findGo(wantedGo(readFileSync(mod, "utf8")), module, signal), module };
}

/** Downloads the sources of one module's binaries. What cannot be had, the build tells. */
export async function fetchSources(what: Build, options: BuildOptions): Promise<void> {
  const { go, module } = await goOf(what, options);
  const packages = Object.values(what.packages);
  const env = environmentOf(what, options.arch);
  const { signal } = options;
  await attempt(go, ["list", "-deps", "-mod=readonly", ...goFlags(what.tags), ...packages], {
    cwd: module,
    env,
    signal,
  });
}

/** Compiles one module's binaries into a folder. */
export async function build(what: Build, folder: string, options: BuildOptions): Promise<void> {
  const { go, module } = await goOf(what, options);
  if (what.c && !(await installed(process.env.CC ?? "gcc"))) await options.compiler();
  const variables = Object.entries(what.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`);
  const flags = ["-s", "-w", ...(what.c ? ["-linkmode external", "-extldflags -static"] : []), ...variables].join(" ");
  const packages = Object.entries(what.packages);
  const first = packages[0];
  if (first === undefined) throw new BuildError(`The build of ${what.module} names no package.`);
  const output = packages.length === 1 ? join(folder, first[0]) : `${folder}/`;
  const said: string[] = [];
  let compiled = 0;
  const result = await attempt(
    go,
    [
      "build",
      "-v",
      "-mod=readonly",
      "-buildvcs=false",
      ...goFlags(what.tags),
      "-ldflags",
      flags,
      "-o",
      output,
      ...packages.map(([, path]) => path),
    ],
    {
      cwd: module,
      env: environmentOf(what, options.arch),
      signal: options.signal,
      line: (line) => {
        // With -v the compiler names each package it has compiled on a line of its own.
        if (/^[\w.~-]+(\/[\w.~-]+)*$/.test(line)) options.progress?.(++compiled);
        else if (!line.startsWith("go: downloading ")) said.push(line);
      },
    },
  );
  if (result.code !== 0) {
    throw new BuildError(`The build of ${what.module} failed (exit code ${result.code}).`, said.slice(-60).join("\n"));
  }
}
