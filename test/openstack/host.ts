import { join } from "node:path";
import { run } from "../../toolchain/command";
import { checkout } from "../../toolchain/environment";
import { ensureEngine, report } from "../engine";

/** Makes sure of a Docker engine and the cloud's image; ends the engine if it was started for the tests. */
export default async function setup(): Promise<() => Promise<void>> {
  const end = await ensureEngine();
  await run("bash", [join(checkout, "test/openstack/cloud/build.sh")], { line: report });
  return end;
}
