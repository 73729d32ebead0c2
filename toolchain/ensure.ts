import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { BuildError, type BuildOptions, build, fetchSources } from "./build";
import { cacheRoot, type Entry, link, place, placed, Store, type Way } from "./cache";
import { DownloadError, obtain, origins, unreachable } from "./download";
import { hashFolder, hashText } from "./hash";
import { HostError, installPackages } from "./host";
import { findInstalled } from "./installed";
import { inTwoLanes } from "./lanes";
import { withLock } from "./lock";
import { elapsed, megabytes, seldom, TimeLeft } from "./progress";
import { architecture, type Tool, tools as table } from "./tools";

export interface EnsureOptions {
  /** Root of the cache. @default $HYBRID_VNF_CACHE or ~/.cache/hybrid-vnf */
  readonly cache?: string;
  /** Take only this way. @default what is installed already, then the official one, then the build */
  readonly only?: Way;
  /** Where to look for what is installed: PATH, PULUMI_HOME, HOME. @default this process's environment */
  readonly env?: NodeJS.ProcessEnv;
  /** @default the table in tools.ts */
  readonly tools?: readonly Tool[];
  /** The plugins that are needed, of those that not every stack uses. @default all */
  readonly plugins?: readonly string[];
  /** The folder with the Go modules. @default this one */
  readonly modules?: string;
  /** Called with each line of progress. @default silent */
  readonly report?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** One tool that is ready for use. */
export interface Ready {
  readonly name: string;
  readonly version: string;
  /** How it came into the cache; or that it did not, being installed already. */
  readonly way: Way | "installed";
  /** Whether it was there before this run. */
  readonly cached: boolean;
  /** Where it is installed. */
  readonly folder?: string;
  /** Why it was built, if it was built in this run. */
  readonly reason?: string;
}

/** Everything that the stacks and the images need, ready for use. */
export interface Toolchain {
  readonly cache: string;
  /** Folder of the engine and the language host. */
  readonly bin: string;
  /** PULUMI_HOME, with the provider plugins. */
  readonly pulumiHome: string;
  /** Folder of the binaries that the machine image takes in. */
  readonly machine: string;
  /** Folder of the folders of binaries that nodes are handed. */
  readonly node: string;
  readonly tools: readonly Ready[];
}

/** Nothing could be done for a tool; `message` names each way and why it failed. */
export class ToolchainError extends Error {
  override readonly name = "ToolchainError";
  constructor(
    message: string,
    readonly output = "",
  ) {
    super(message);
  }
}

/** What runs policy packs. */
const POLICY_HOST = "pulumi-analyzer-policy";

type Found = Pick<Entry, "version"> & { readonly folder: string; readonly way: Ready["way"] };

/** What decides whether a build in the cache is still the right one. */
export function buildKey(tool: Tool, modules: string, arch: string): string {
  return hashText(
    arch,
    ...tool.builds.map((one) => {
      const folder = join(modules, one.module);
      // How much there is to compile changes nothing in what comes of it.
      return existsSync(folder) ? hashFolder(folder, JSON.stringify({ ...one, compiles: undefined })) : "missing";
    }),
  );
}

/** What decides whether a download in the cache is still the right one. */
export function officialKey(tool: Tool, arch: string): string {
  return hashText(arch, "official", JSON.stringify(tool.official));
}

function placeOf(tool: Tool, binary: string, root: Omit<Toolchain, "tools">): string {
  switch (tool.place.kind) {
    case "command":
      return join(root.bin, binary);
    case "machine":
      return join(root.machine, binary);
    case "node":
      return join(root.node, tool.place.folder, binary);
    case "plugin":
      return join(root.pulumiHome, "plugins", `resource-${tool.place.plugin}-v${tool.version}`, binary);
  }
}

/** Makes sure of every tool in the table, and says how. Safe to run twice at once and to break off. */
export async function ensureToolchain(options: EnsureOptions = {}): Promise<Toolchain> {
  const cache = options.cache ?? cacheRoot();
  const modules = options.modules ?? __dirname;
  const all = (options.tools ?? table()).filter(
    ({ onDemand }) => onDemand === undefined || (options.plugins?.includes(onDemand) ?? true),
  );
  const arch = architecture();
  const report = options.report ?? (() => undefined);
  const store = new Store(cache);
  const root = {
    cache,
    bin: join(cache, "bin"),
    pulumiHome: join(cache, "pulumi"),
    machine: join(cache, "machine"),
    node: join(cache, "node"),
  };

  const installed = new Map<string, Found>();
  if (options.only === undefined) {
    for (const tool of all) {
      const found = await findInstalled(tool, cache, options.env);
      if (found !== undefined) installed.set(tool.name, { ...found, way: "installed" });
    }
  }
  const find = (tool: Tool): Found | undefined =>
    installed.get(tool.name) ??
    (options.only === "built" ? undefined : store.find(tool.name, tool.version, officialKey(tool, arch))) ??
    (options.only === "official" ? undefined : store.find(tool.name, tool.version, buildKey(tool, modules, arch)));

  const ready = new Map<string, Ready>();
  const use = (tool: Tool, entry: Found, cached: boolean, reason?: string): void => {
    const { way, version, folder } = entry;
    for (const binary of tool.binaries) {
      (way === "installed" ? link : place)(join(folder, binary), placeOf(tool, binary, root));
    }
    ready.set(tool.name, { name: tool.name, version, way, cached, ...(way === "installed" ? { folder } : { reason }) });
  };
  /** An engine that is installed has it beside itself, whoever asks for it. */
  const policyHost = join(root.bin, POLICY_HOST);
  const usePolicyHost = (): void => {
    if (!all.some(({ place }) => place.kind === "command")) return;
    if (ready.get("pulumi")?.way === "installed") rmSync(policyHost, { force: true });
    else place(join(__dirname, "policy", POLICY_HOST), policyHost);
  };
  const result = (): Toolchain => ({ ...root, tools: all.flatMap((tool) => ready.get(tool.name) ?? []) });

  const present = all.map((tool) => [tool, find(tool)] as const);
  if (present.every(([tool, entry]) => entry !== undefined && inPlace(tool, entry, root))) {
    for (const [tool, entry] of present) if (entry !== undefined) use(tool, entry, true);
    usePolicyHost();
    return result();
  }

  return withLock(join(cache, "lock"), { report, signal: options.signal }, async () => {
    store.sweep();
    const missing: Tool[] = [];
    for (const tool of all) {
      const entry = find(tool);
      if (entry === undefined) missing.push(tool);
      else use(tool, entry, true);
    }
    const reasons = new Map<string, string>();
    if (options.only === "built") {
      for (const tool of missing) reasons.set(tool.name, "a build was asked for");
    } else {
      await takeOfficial(missing);
    }
    const failures = new Map<Tool, string>();
    let output = "";
    const takeOrTell = async (tool: Tool): Promise<void> => {
      const reason = reasons.get(tool.name) ?? "";
      if (options.only === "official") {
        failures.set(tool, `${tool.name} ${tool.version} is not to be had officially: ${reason}.`);
        return;
      }
      try {
        await takeBuilt(tool, reason);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!(error instanceof BuildError || error instanceof HostError)) throw error;
        failures.set(
          tool,
          `${tool.name} ${tool.version} is not to be had officially (${reason}) and could not be built: ${error.message}`,
        );
        if (error instanceof BuildError) output += error.output;
      }
    };
    const building = missing.filter((tool) => !ready.has(tool.name));
    const left = new TimeLeft(building);
    await inTwoLanes(building, takeOrTell, async () => {
      const all = building.flatMap((tool) => tool.builds);
      if (options.only !== "official") for (const one of all.slice(1)) await fetchSources(one, buildOptions());
    });
    if (failures.size > 0)
      throw new ToolchainError(building.flatMap((tool) => failures.get(tool) ?? []).join("\n"), output);
    forget();
    usePolicyHost();
    return result();

    async function takeOfficial(wanted: readonly Tool[]): Promise<void> {
      const hosts = [...new Set(wanted.flatMap((tool) => tool.official.flatMap(origins)))];
      const closed = new Map(await Promise.all(hosts.map(async (host) => [host, await unreachable(host)] as const)));
      await Promise.all(
        wanted.map(async (tool) => {
          const reason = tool.official
            .flatMap(origins)
            .map((origin) => closed.get(origin))
            .find((one) => one !== undefined);
          if (reason !== undefined) {
            reasons.set(tool.name, reason);
            return;
          }
          const began = Date.now();
          const now = seldom(report, 10_000);
          report(`${tool.name} ${tool.version}: downloading from ${tool.official.map((one) => origins(one)[0]).at(0)}`);
          try {
            const key = officialKey(tool, arch);
            const entry = { name: tool.name, version: tool.version, way: "official" as const, key };
            const made = await store.add(entry, tool.binaries, async (folder) => {
              for (const source of tool.official) {
                await obtain(source, folder, arch, {
                  signal: options.signal,
                  progress: (received, total) =>
                    now(
                      () =>
                        `${tool.name} ${tool.version}: ${megabytes(received)}${total ? ` of ${megabytes(total)}` : ""}, ${elapsed(Date.now() - began)}`,
                    ),
                });
              }
            });
            use(tool, made, false);
            report(
              `${tool.name} ${tool.version}: official release, checksum as published, ${elapsed(Date.now() - began)}`,
            );
          } catch (error) {
            options.signal?.throwIfAborted();
            if (!(error instanceof DownloadError)) throw error;
            reasons.set(tool.name, error.message.replace(/\.$/, ""));
          }
        }),
      );
    }

    async function takeBuilt(tool: Tool, reason: string): Promise<void> {
      const began = Date.now();
      const from = tool.builds.map((one) => `toolchain/${one.module}`).join(" and ");
      report(`${tool.name} ${tool.version}: building from ${from}, because ${reason}`);
      const now = seldom(report, 15_000);
      const key = buildKey(tool, modules, arch);
      const entry = { name: tool.name, version: tool.version, way: "built" as const, key };
      let packages = 0;
      const clock = setInterval(
        () =>
          now(
            () =>
              `${tool.name} ${tool.version}: ${packages} packages compiled, ${elapsed(Date.now() - began)}${left.told}`,
          ),
        1000,
      );
      try {
        const made = await store.add(entry, tool.binaries, async (folder) => {
          for (const one of tool.builds) {
            const progress = (): void => {
              packages++;
              left.compiled(tool);
            };
            await build(one, folder, { ...buildOptions(), progress });
          }
        });
        use(tool, made, false, reason);
        left.finished(tool);
        report(`${tool.name} ${tool.version}: built, ${elapsed(Date.now() - began)}`);
      } finally {
        clearInterval(clock);
      }
    }

    function buildOptions(): BuildOptions {
      const { signal } = options;
      const compiler = () => installPackages(["gcc", "libc6-dev"], "a C compiler", { report, signal });
      return { modules, arch, signal, compiler };
    }

    /** Takes away binaries and plugins of other versions, so that nothing that is not in the table is ever used. */
    function forget(): void {
      const wanted = new Set(all.flatMap((tool) => tool.binaries.map((binary) => placeOf(tool, binary, root))));
      const folders = new Set(
        all
          .filter(({ place }) => place.kind !== "plugin")
          .flatMap((tool) => tool.binaries.map((binary) => dirname(placeOf(tool, binary, root)))),
      );
      for (const folder of folders) {
        for (const name of read(folder)) {
          if (!wanted.has(join(folder, name))) rmSync(join(folder, name), { recursive: true, force: true });
        }
      }
    }
  });
}

function inPlace(tool: Tool, entry: Found, root: Omit<Toolchain, "tools">): boolean {
  return tool.binaries.every((binary) => placed(join(entry.folder, binary), placeOf(tool, binary, root)));
}

function read(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
