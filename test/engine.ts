import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LabRecovery } from "../components/platform/lab/recovery";
import { run } from "../toolchain/command";
import { stateFolder } from "../toolchain/environment";
import { ensureHost } from "../toolchain/host";

export const report = (line: string): void => void process.stdout.write(`${line}\n`);

/** Seconds until an engine that was asked to end must be gone; it gives its containers 15. */
const PATIENCE = 60;

/** Removes the labs of an engine that nobody had running: of sessions that were cut off, with no process left that could be using them. */
async function removeDeadLabs(): Promise<void> {
  const listed = await Promise.all([
    run("docker", ["ps", "--all", "--format", '{{.Label "hybrid-vnf.site"}}']),
    run("docker", ["network", "ls", "--format", '{{.Label "hybrid-vnf.site"}}']),
  ]);
  for (const site of new Set(listed.flatMap((sites) => sites.split("\n")))) {
    if (site === "") continue;
    for (const thing of await new LabRecovery(site).removeLeftovers())
      report(`removed ${thing}, which a dead engine left`);
  }
}

/** Makes sure of a Docker engine; what comes back ends it if it was started for the tests, and waits until it is gone. */
export async function ensureEngine(): Promise<() => Promise<void>> {
  const ours = spawnSync("docker", ["version"], { stdio: "ignore" }).status !== 0;
  await ensureHost({ logs: stateFolder(), report });
  if (ours) await removeDeadLabs();
  return async () => {
    if (!ours) return;
    const pid = Number(readFileSync("/var/run/docker.pid", "utf8"));
    process.kill(pid, "SIGTERM");
    // Who comes next would take one that is ending for one that is there.
    for (const end = Date.now() + PATIENCE * 1000; existsSync(`/proc/${pid}`); await delay(100)) {
      if (Date.now() > end)
        throw new Error(`The Docker engine (process ${pid}) is still there ${PATIENCE} s after it was asked to end.`);
    }
  };
}
