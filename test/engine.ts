import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { stateFolder } from "../toolchain/environment";
import { ensureHost } from "../toolchain/host";

export const report = (line: string): void => void process.stdout.write(`${line}\n`);

/** Makes sure of a Docker engine; what comes back ends it if it was started for the tests. */
export async function ensureEngine(): Promise<() => void> {
  const ours = spawnSync("docker", ["version"], { stdio: "ignore" }).status !== 0;
  await ensureHost({ logs: stateFolder(), report });
  return () => {
    if (ours) process.kill(Number(readFileSync("/var/run/docker.pid", "utf8")), "SIGTERM");
  };
}
