import { execFileSync } from "node:child_process";
import { join } from "node:path";

/**
 * Times the commands on the lab, and the chain's throughput against neighbours': medians of three, ratios in one run. Everything that is
 * built is built before the clock starts. Bounded: three rounds, 20,000 requests each way, from machines of the lab.
 */
const root = join(__dirname, "..");
const rounds = 3;

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
const inStack =
  (stack: string, ...args: string[]) =>
  () =>
    void shell(
      "bash",
      "-c",
      `eval "$(npm run -s env)" && cd stacks/${stack} && exec pulumi "$@"`,
      "pulumi",
      ...args,
      "--stack",
      "dev",
      "--non-interactive",
    );

/** Requests a second that ApacheBench counts on a machine of the lab. */
function rate(machine: string, url: string): number {
  const output = shell(
    "docker",
    "exec",
    `hybrid-vnf-dev-${machine}`,
    "ab",
    "-q",
    "-k",
    "-n",
    "20000",
    "-c",
    "16",
    "-t",
    "30",
    url,
  );
  const found = /Requests per second:\s+([\d.]+)/.exec(output);
  if (!found || !/Failed requests:\s+0\b/.test(output.replace(/Length: \d+/g, "")))
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

npm("up")();
npm("down")();
const took: Record<string, number[]> = { "up from nothing": [], "up again": [], "preview of one stack": [], down: [] };
const chain: number[] = [];
const neighbours: number[] = [];
const used: number[] = [];
for (let round = 0; round < rounds; round++) {
  took["up from nothing"]?.push(seconds(npm("up", "--", "--requests", "4")));
  took["up again"]?.push(seconds(npm("up", "--", "--requests", "4")));
  took["preview of one stack"]?.push(seconds(inStack("service", "preview")));
  chain.push(rate("client", "http://10.100.100.20/"));
  neighbours.push(rate("apache-1", "http://10.100.102.12/"));
  used.push(memory());
  took.down?.push(seconds(npm("down")));
}
const up = median(took["up from nothing"] ?? []);
for (const [what, all] of Object.entries(took)) {
  console.log(`${what.padEnd(24)} ${median(all).toFixed(1)} s   ÷ up from nothing ${(median(all) / up).toFixed(2)}`);
}
console.log(`memory of the lab        ${median(used).toFixed(2)} GiB`);
console.log(
  `requests/s               ${median(chain).toFixed(0)} through the chain ÷ ${median(neighbours).toFixed(0)} between neighbours = ${median(chain.map((one, at) => one / (neighbours[at] ?? Number.NaN))).toFixed(2)}`,
);
