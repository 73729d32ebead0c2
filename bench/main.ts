import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { environment } from "../test/e2e/operator";
import { elapsed } from "../toolchain/progress";
import { benchOpenStack } from "./openstack";

/**
 * Times the commands on the lab against the same chain by hand (script.sh), and the chain's throughput against neighbours': medians, ratios
 * within a round. Everything that is built is built before the clock starts, but for --cold.
 */
const root = join(__dirname, "..");

const usage = `npm run bench [-- --rounds N] [--requests N] [--cold]
npm run bench -- openstack [--rounds N]   Pulumi against Terraform, on a cloud of the bench's own
  --rounds N    how often everything is measured; the median counts (3)
  --requests N  how many requests through the chain, and as many between neighbours, 30 s at most each (20000)
  --cold        the toolchain into an empty cache as well: many minutes`;

/** Thrown for what the caller can mend; `message` says how. */
class BenchError extends Error {}

function shell(program: string, ...args: string[]): string {
  return execFileSync(program, args, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 64 << 20,
  });
}

function seconds(work: () => void): number {
  const began = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - began) / 1e9;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("nothing was measured");
  return middle;
}

const npm =
  (...args: string[]) =>
  () =>
    void shell("npm", "run", "-s", ...args);
const inStack = (stack: string, env: NodeJS.ProcessEnv, ...args: string[]): void =>
  void execFileSync("pulumi", [...args, "--stack", "dev", "--non-interactive"], {
    cwd: join(root, "stacks", stack),
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });

const script = (action: string) => () => void shell("bash", join(__dirname, "script.sh"), action);

/** Requests a second that ApacheBench counts on a machine of the lab. */
function rate(machine: string, url: string, requests: number): number {
  // -n comes after -t, which would set it to 50000.
  const bounds = ["-t", "30", "-n", String(requests), "-c", "16"];
  const output = shell("docker", "exec", `hybrid-vnf-dev-${machine}`, "ab", "-q", "-k", "-l", ...bounds, url);
  const found = /Requests per second:\s+([\d.]+)/.exec(output);
  if (!found || !/Failed requests:\s+0\b/.test(output))
    throw new Error(`ab on ${machine} did not end well:\n${output}`);
  return Number(found[1]);
}

/** Memory of the lab's machines in GiB, as Docker accounts it. */
function memory(): number {
  const unit: Record<string, number> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
  const names = shell("docker", "ps", "--filter", "label=hybrid-vnf.site=dev", "--format", "{{.Names}}")
    .split("\n")
    .filter(Boolean);
  const used = shell("docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", ...names)
    .split("\n")
    .filter(Boolean);
  const bytes = used.map((line) => {
    const [, amount, of] = /^([\d.]+)([KMG]iB)/.exec(line) ?? [];
    return Number(amount) * (unit[of ?? ""] ?? Number.NaN);
  });
  return bytes.reduce((sum, one) => sum + one, 0) / 2 ** 30;
}

/** The toolchain into an empty cache: its own lines, with their times. */
function cold(): void {
  const cache = mkdtempSync(join(tmpdir(), "hybrid-vnf-bench-"));
  try {
    const began = Date.now();
    const output = execFileSync("npm", ["run", "-s", "toolchain"], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, HYBRID_VNF_CACHE: cache },
      stdio: ["ignore", "pipe", "inherit"],
    });
    for (const line of output.split("\n").filter((one) => /: (built|official release), /.test(one))) console.log(line);
    console.log(`toolchain, cold          ${elapsed(Date.now() - began)}`);
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

function refuseBesideALab(): void {
  const there = shell("docker", "ps", "--all", "--filter", "label=hybrid-vnf.site=dev", "--format", "{{.Names}}");
  if (there.trim() !== "") throw new BenchError("A lab is up here: take it down first (npm run down).");
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new BenchError(`--${option} is '${text}'; it takes a whole number from 1.`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      requests: { type: "string", default: "20000" },
      cold: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const rounds = positive("rounds", values.rounds);
  if (positionals.length > 0) {
    if (positionals.join(" ") !== "openstack") throw new BenchError(usage);
    return benchOpenStack(rounds);
  }
  const requests = positive("requests", values.requests);
  if (values.cold) cold();
  // Brings Docker up where it is not, and builds what is not built.
  npm("preview")();
  refuseBesideALab();
  npm("up")();
  npm("down")();
  const steps = {
    "up from nothing": npm("up", "--", "--requests", "4"),
    "up again": npm("up", "--", "--requests", "4"),
    "": () => {
      env = environment();
      used.push(memory());
      chain.push(rate("client", "http://10.100.100.20/", requests));
      neighbours.push(rate("apache-1", "http://10.100.102.12/", requests));
    },
    "preview of one stack": () => inStack("service", env, "preview"),
    down: npm("down"),
    "by hand": script("up"),
    "down by hand": script("down"),
  };
  let env: NodeJS.ProcessEnv = {};
  const chain: number[] = [];
  const neighbours: number[] = [];
  const used: number[] = [];
  const took = new Map<string, number[]>();
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [what, step] of Object.entries(steps)) took.set(what, [...(took.get(what) ?? []), seconds(step)]);
    }
  } finally {
    script("down")();
    npm("down")();
  }
  const times = (what: string) => took.get(what) ?? [];
  const ratio = (these: readonly number[], those: readonly number[]) =>
    median(these.map((one, at) => one / (those[at] ?? Number.NaN))).toFixed(2);
  for (const what of Object.keys(steps).filter((name) => name !== "")) {
    const all = times(what);
    console.log(
      `${what.padEnd(22)} ${median(all).toFixed(1).padStart(6)} s   ÷ by hand ${ratio(all, times("by hand"))}   (${all.map((one) => one.toFixed(1)).join(", ")})`,
    );
  }
  console.log(`${"memory of the lab".padEnd(22)} ${median(used).toFixed(2).padStart(6)} GiB`);
  console.log(
    `${"requests/s".padEnd(22)} ${median(chain).toFixed(0).padStart(6)} through the chain ÷ ${median(neighbours).toFixed(0)} between neighbours = ${ratio(chain, neighbours)}`,
  );
}

main().catch((error: unknown) => {
  console.error(
    error instanceof BenchError || (error as { code?: string }).code?.startsWith("ERR_PARSE")
      ? (error as Error).message
      : error,
  );
  process.exitCode = 1;
});
