import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { environment } from "../test/e2e/operator";

export const root = join(__dirname, "..");

/** Progress, which never mixes with results. */
export const report = (line: string): void => void process.stderr.write(`${line}\n`);

/** What a program prints; it fails where the program does. */
export function shell(program: string, ...args: string[]): string {
  return execFileSync(program, args, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 64 << 20,
  });
}

/** Requests a second that ApacheBench counts on a machine, by 16 connections that are kept, for 30 s at most. @throws Error unless each is answered well */
export function requestsPerSecond(container: string, url: string, requests: number): number {
  // -n comes after -t, which would set it to 50000.
  const args = ["-q", "-k", "-l", "-t", "30", "-n", String(requests), "-c", "16", url];
  const output = shell("docker", "exec", container, "ab", ...args);
  const found = /Requests per second:\s+([\d.]+)/.exec(output);
  if (!found || !/Failed requests:\s+0\b/.test(output) || /Non-2xx responses/.test(output))
    throw new Error(`ab on ${container} did not end well:\n${output}`);
  return Number(found[1]);
}

/** A program in a folder of this checkout, in a stack of the bench's own; what it needs is built before. */
export class Program {
  private readonly stack = "bench";

  constructor(private readonly folder: string) {
    // Machines are made from these; and examples import the package by its name: what has been built of it.
    shell("npm", "run", "-s", "images");
    shell("npm", "run", "-s", "build");
    this.pulumi("stack", "init", this.stack);
  }

  private pulumi(...args: string[]): string {
    return execFileSync("pulumi", [...args, "--non-interactive"], {
      cwd: join(root, this.folder),
      env: environment(),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
  }

  up(config: Readonly<Record<string, string>>): void {
    for (const [key, value] of Object.entries(config)) this.pulumi("config", "set", "--stack", this.stack, key, value);
    this.pulumi("up", "--yes", "--skip-preview", "--stack", this.stack);
  }

  output(name: string): string {
    return this.pulumi("stack", "output", name, "--stack", this.stack).trim();
  }

  /** Takes it down, and all that tells of it. */
  end(): void {
    this.pulumi("destroy", "--yes", "--skip-preview", "--stack", this.stack);
    this.pulumi("stack", "rm", this.stack, "--yes");
    rmSync(join(root, this.folder, `Pulumi.${this.stack}.yaml`), { force: true });
  }
}

/** How long work takes, in seconds. */
export function seconds(work: () => void): number {
  const began = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - began) / 1e9;
}

/** Memory of a process and all that it has started, in KiB: what they have to themselves, and their shares of the rest. */
function memoryOf(top: number): number {
  const parents = new Map<number, number>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      parents.set(Number(pid), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  let sum = 0;
  for (const pid of parents.keys()) {
    let at: number | undefined = pid;
    while (at !== undefined && at !== top) at = parents.get(at);
    if (at !== top) continue;
    try {
      sum += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
    } catch {
      // It has ended meanwhile.
    }
  }
  return sum;
}

export interface Ran {
  readonly seconds: number;
  /** Most memory that its processes had at one time, MiB. */
  readonly memory: number;
  readonly output: string;
}

/** Runs a program with a look at its memory twice a second. @throws Error with what it printed, when it fails */
export async function ran(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Record<string, string | undefined> },
): Promise<Ran> {
  const began = process.hrtime.bigint();
  const child = spawn(program, [...args], { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let [output, errors, memory] = ["", "", 0];
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const sampling = setInterval(() => {
    memory = Math.max(memory, memoryOf(child.pid ?? 0));
  }, 500);
  const status = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve)).finally(() =>
    clearInterval(sampling),
  );
  const took = Number(process.hrtime.bigint() - began) / 1e9;
  if (status !== 0)
    throw new Error(`${program} ${args.join(" ")} ended with exit code ${status}:\n${output}\n${errors}`);
  return { seconds: took, memory: memory / 1024, output };
}
