import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { criticalPath, described, lengthOf, type StateResource, waited } from "../cli/critical-path";
import { timelineOf } from "../cli/draw/timeline";
import { layers } from "../cli/layers";
import type { TimedStep } from "../cli/timeline";
import { environment } from "../test/e2e/operator";
import type { Measurements } from "./figures";
import { report, root, seconds, shell } from "./measure";
import { measureThroughput } from "./throughput";

const npm = (...args: string[]): string => shell("npm", "run", "-s", ...args);
const script = (action: string): string => shell("bash", join(__dirname, "script.sh"), action);
const byHand = (layer: string, ...args: string[]): string =>
  execFileSync("pulumi", [...args, "--stack", "dev", "--non-interactive"], {
    cwd: join(root, "stacks", layer),
    env: environment(),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 256 << 20,
  });

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

/** What all resources of the stacks depend on, as the engine's state has it. */
function state(): readonly StateResource[] {
  return layers.flatMap(({ name }) => {
    const exported = JSON.parse(byHand(name, "stack", "export")) as { deployment: { resources: StateResource[] } };
    return exported.deployment.resources;
  });
}

export interface LabOptions {
  readonly rounds: number;
  readonly requests: number;
  /** Whether the commands are timed. */
  readonly commands: boolean;
  /** Whether what passes through the chain is. */
  readonly throughput: boolean;
  /** Where the picture of `up` goes. */
  readonly picture: string;
}

/** Times the commands against the same chain by hand (script.sh), and what passes through the chain, in as many rounds. */
export function measureLab(found: Measurements, { rounds, requests, commands, throughput, picture }: LabOptions): void {
  const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-bench-"));
  const timeline = join(folder, "timeline.json");
  const timed = (what: string, work: () => void): number => {
    const took = seconds(work);
    report(`${what}: ${took.toFixed(1)} s`);
    return took;
  };
  // Brings Docker up where it is not, and builds what is not built.
  npm("up");
  npm("down");
  try {
    for (let round = 1; round <= rounds; round++) {
      report(`round ${round} of ${rounds}`);
      const up = timed("up from nothing", () => npm("up", "--", "--requests", "4", "--timeline", timeline));
      if (commands) {
        found.add("up", up);
        const steps = waited(JSON.parse(readFileSync(timeline, "utf8")) as TimedStep[], state(), layers);
        const path = criticalPath(steps);
        found.add("upByPath", (up * 1000) / lengthOf(path));
        for (const line of described(path)) report(line);
        mkdirSync(join(picture, ".."), { recursive: true });
        writeFileSync(picture, timelineOf(steps, path));
        found.add(
          "again",
          timed("up again", () => npm("up", "--", "--requests", "4")),
        );
        found.add(
          "verify",
          timed("verify", () => npm("verify")),
        );
        found.add("labMemory", memory());
        found.add(
          "previewOne",
          timed("preview of one stack", () => byHand("service", "preview")),
        );
        found.add(
          "previewAll",
          timed("preview of all stacks", () => npm("preview")),
        );
      }
      if (throughput) measureThroughput(found, requests);
      const down = timed("down", () => npm("down"));
      if (!commands) continue;
      found.add("down", down);
      found.add("upByScript", up / timed("by script", () => script("up")));
      script("down");
    }
  } finally {
    script("down");
    npm("down");
    rmSync(folder, { recursive: true, force: true });
  }
}
