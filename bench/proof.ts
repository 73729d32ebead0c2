import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Measurements } from "./figures";
import { report, root, seconds } from "./measure";

/** Times `verify` of a chain through twenty functions, each on a machine of its own in the lab. */
export function measureProof(found: Measurements, rounds: number): void {
  const command = (...args: string[]): string =>
    execFileSync(join(root, "node_modules/.bin/tsx"), [join(root, "cli/main.ts"), ...args], {
      cwd: join(__dirname, "twenty"),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
  try {
    command("up", "--requests", "4");
    for (let round = 1; round <= rounds; round++) {
      const took = seconds(() => command("verify"));
      report(`verify of twenty functions: ${took.toFixed(1)} s`);
      found.add("verifyTwenty", took);
    }
  } finally {
    command("down");
  }
}
