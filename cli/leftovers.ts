import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stateFolder } from "../toolchain/environment";
import { folderOf } from "./layers";

/** A stack's settings without the salt of its passphrase, which belongs to one checkout; undefined if nothing changes. */
export function withoutSalt(settings: string): string | undefined {
  if (!/^encryptionsalt:/m.test(settings) || /^\s+secure:/m.test(settings)) return undefined;
  return settings.replace(/^encryptionsalt:.*\n?/m, "");
}

/** Takes the salt of a passphrase out of a stack's settings, so that they are again what the checkout holds. */
export function forgetSalt(layer: string, stack: string): void {
  const file = join(folderOf(layer), `Pulumi.${stack}.yaml`);
  if (!existsSync(file)) return;
  const settings = withoutSalt(readFileSync(file, "utf8"));
  if (settings === undefined) return;
  if (settings.trim() === "") rmSync(file);
  else writeFileSync(file, settings);
}

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
