import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { ensureToolchain } from "../../toolchain/ensure";
import { stateFolder } from "../../toolchain/environment";
import { ensureHost } from "../../toolchain/host";
import { ensureImages } from "../../toolchain/images";

const answers = () => spawnSync("docker", ["version"], { stdio: "ignore" }).status === 0;
const report = (line: string) => process.stdout.write(`${line}\n`);

/** Makes sure of a Docker engine, the toolchain and the images, and says how; ends the engine if it was started for the tests. */
export default async function setup(): Promise<() => void> {
  const ours = !answers();
  await ensureHost({ logs: stateFolder(), report });
  const toolchain = await ensureToolchain({ report });
  for (const { name, version, way, cached, reason } of toolchain.tools) {
    report(`${name} ${version}: ${way}${cached ? ", cached" : ""}${reason ? `, because ${reason}` : ""}`);
  }
  await ensureImages({ machine: toolchain.machine, report });
  return () => {
    if (ours) process.kill(Number(readFileSync("/var/run/docker.pid", "utf8")), "SIGTERM");
  };
}
