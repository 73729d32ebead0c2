import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { cacheRoot } from "../../toolchain/cache";
import { run } from "../../toolchain/command";
import { ensureToolchain } from "../../toolchain/ensure";
import { checkout } from "../../toolchain/environment";
import { ensureImages } from "../../toolchain/images";

/** The machine image as a disk, made where it is not up to date; gives back its file. */
export async function machineDisk(report: (line: string) => void): Promise<string> {
  const toolchain = await ensureToolchain({ report });
  await ensureImages({ machine: toolchain.machine, report });
  const folder = join(cacheRoot(), "disk");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "machine.qcow2");
  await run("bash", [join(checkout, "images/disk/build.sh"), file], { line: report });
  return file;
}
