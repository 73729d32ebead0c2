import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { stateFolder } from "../toolchain/environment";

/** Whether a file backend below the checkout's own folder still holds a stack. */
function anyStack(folder: string): boolean {
  if (!existsSync(folder)) return false;
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).some((name) => name.endsWith(".json"));
}

/** Removes the checkout's own state and passphrase once no stack needs them. */
export function forgetState(root?: string): boolean {
  const folder = stateFolder(root);
  if (anyStack(join(folder, "state", ".pulumi", "stacks"))) return false;
  rmSync(join(folder, "state"), { recursive: true, force: true });
  for (const name of ["unanswered", "timeline", "last-good"])
    rmSync(join(folder, name), { recursive: true, force: true });
  rmSync(join(folder, "passphrase"), { force: true });
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
  return true;
}
