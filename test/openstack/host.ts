import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../toolchain/command";
import { checkout, stateFolder } from "../../toolchain/environment";
import { ensureHost } from "../../toolchain/host";

const answers = () => spawnSync("docker", ["version"], { stdio: "ignore" }).status === 0;
const report = (line: string) => process.stdout.write(`${line}\n`);

/** Makes sure of a Docker engine and the cloud's image; ends the engine if it was started for the tests. */
export default async function setup(): Promise<() => void> {
  const ours = !answers();
  await ensureHost({ logs: stateFolder(), report });
  await run("bash", [join(checkout, "test/openstack/cloud/build.sh")], { line: report });
  return () => {
    if (ours) process.kill(Number(readFileSync("/var/run/docker.pid", "utf8")), "SIGTERM");
  };
}
