import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { ConfigMap, Stack } from "@pulumi/pulumi/automation";
import * as yaml from "js-yaml";
import { z } from "zod";
import { stateFolder } from "../toolchain/environment";
import { folderOf } from "./layers";

/** The settings that a stack was last brought up with, as the engine's own history of it tells. */
export interface LastGood {
  readonly layer: string;
  readonly config: ConfigMap;
  /** The commit that its program was from, where that is known. */
  readonly commit?: string;
}

const fileOf = (layer: string, stack: string): string => join(folderOf(layer), `Pulumi.${stack}.yaml`);

/** The settings of a stack's last `up` that succeeded; undefined where there was none. */
export async function lastGood(layer: string, stack: Stack): Promise<LastGood | undefined> {
  const history = await stack.history(20, 1, true);
  const last = history.find(({ kind, result }) => kind === "update" && result === "succeeded");
  return last && { layer, config: last.config, commit: last.environment["git.head"] };
}

/** A setting's value, whatever the way in which its JSON is written. */
function settingOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A setting that differs between two of its stack's settings. */
export interface SettingChange {
  readonly layer: string;
  /** Its name, without the project's. */
  readonly key: string;
  readonly secret: boolean;
  readonly now?: string;
  readonly before?: string;
}

/** What differs between the settings that a stack has and those that it was last brought up with. */
export function settingChanges({ layer, config }: LastGood, now: ConfigMap): readonly SettingChange[] {
  return [...new Set([...Object.keys(config), ...Object.keys(now)])].flatMap((key) => {
    const [was, is] = [config[key], now[key]];
    if (was && is && isDeepStrictEqual(settingOf(was.value), settingOf(is.value))) return [];
    const secret = was?.secret === true || is?.secret === true;
    return [{ layer, key: key.slice(key.indexOf(":") + 1), secret, now: is?.value, before: was?.value }];
  });
}

/** The change as a sentence says it. */
export function describeChange({ layer, key, secret, now, before }: SettingChange): string {
  const tell = (value: string | undefined): string => (value === undefined ? "not set" : secret ? "a secret" : value);
  return `${layer}: ${key} was ${tell(before)}, and is ${tell(now)}`;
}

const settingsFile = z.looseObject({ config: z.record(z.string(), z.unknown()).optional() });

/**
 * Writes settings as a file for the engine's `--config-file`, beside the state. Secrets stay encrypted as they are in the stack's own file.
 * @returns the file's path
 */
export function writeSettings({ layer, config }: LastGood, stack: string): string {
  const own = fileOf(layer, stack);
  const text = existsSync(own) ? readFileSync(own, "utf8") : "";
  const { config: now = {}, ...rest } = settingsFile.parse(yaml.load(text) ?? {});
  const values = Object.entries(config).map(([key, { value, secret }]) => [key, secret ? now[key] : settingOf(value)]);
  const folder = join(stateFolder(), "last-good");
  const file = join(folder, `Pulumi.${stack}.${layer.replaceAll("/", "-")}.yaml`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(file, yaml.dump({ ...rest, config: Object.fromEntries(values) }), { mode: 0o600 });
  return file;
}
