import { ensureToolchain } from "../../toolchain/ensure";
import { ensureImages } from "../../toolchain/images";
import { ensureEngine, report } from "../engine";

/** Makes sure of a Docker engine, the toolchain and the images, and says how; ends the engine if it was started for the tests. */
export default async function setup(): Promise<() => Promise<void>> {
  const end = await ensureEngine();
  const toolchain = await ensureToolchain({ report, plugins: [] });
  for (const { name, version, way, cached, reason } of toolchain.tools) {
    report(`${name} ${version}: ${way}${cached ? ", cached" : ""}${reason ? `, because ${reason}` : ""}`);
  }
  await ensureImages({ machine: toolchain.machine, report });
  return end;
}
