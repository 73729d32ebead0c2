import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folderOf } from "./layers";

/** How a stack's settings name the salt that its key is made with from the passphrase (Pulumi: `encryptionsalt`). */
const SALT = /^encryptionsalt: *(\S.*?) *$/m;

const settingsIn = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");

/** The salt in a stack's settings file; undefined where it has none. */
export function saltIn(file: string): string | undefined {
  return SALT.exec(settingsIn(file))?.[1];
}

/** Writes a salt into the settings file of a stack that is to be made, unless the file says already how its secrets are kept. */
export function giveSalt(file: string, salt: string): void {
  const settings = settingsIn(file);
  if (/^(encryptionsalt|encryptedkey|secretsprovider):/m.test(settings)) return;
  const separator = settings === "" || settings.endsWith("\n") ? "" : "\n";
  writeFileSync(file, `${settings}${separator}encryptionsalt: ${salt}\n`);
}

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
