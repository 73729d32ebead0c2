import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { quote } from "../components/script/text";
import type { Toolchain } from "./ensure";

/** The checkout that this file is part of. */
export const checkout = resolve(__dirname, "..");

/** Where a checkout keeps its own state. */
export function stateFolder(root: string = checkout): string {
  return join(root, ".hybrid-vnf");
}

/**
 * The environment in which the engine runs, here and by hand. A backend or passphrase of the user's own is
 * left alone; without one the state lies in the checkout, under a passphrase made once.
 */
export function environment(
  toolchain: Pick<Toolchain, "bin" | "pulumiHome">,
  env: NodeJS.ProcessEnv = process.env,
  root: string = checkout,
): Record<string, string> {
  const variables: Record<string, string> = {
    PATH: [
      toolchain.bin,
      ...(env.PATH ?? "").split(delimiter).filter((one) => one !== "" && one !== toolchain.bin),
    ].join(delimiter),
    PULUMI_HOME: toolchain.pulumiHome,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  const folder = stateFolder(root);
  if (env.PULUMI_BACKEND_URL) {
    variables.PULUMI_BACKEND_URL = env.PULUMI_BACKEND_URL;
  } else {
    const state = join(folder, "state");
    mkdirSync(state, { recursive: true, mode: 0o700 });
    variables.PULUMI_BACKEND_URL = `file://${state}`;
  }
  if (env.PULUMI_CONFIG_PASSPHRASE !== undefined) {
    variables.PULUMI_CONFIG_PASSPHRASE = env.PULUMI_CONFIG_PASSPHRASE;
  } else if (env.PULUMI_CONFIG_PASSPHRASE_FILE) {
    variables.PULUMI_CONFIG_PASSPHRASE_FILE = env.PULUMI_CONFIG_PASSPHRASE_FILE;
  } else {
    const file = join(folder, "passphrase");
    if (!existsSync(file)) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      try {
        writeFileSync(file, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
      } catch (error) {
        // Another run has just made it.
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }
    variables.PULUMI_CONFIG_PASSPHRASE_FILE = file;
  }
  return variables;
}

/** Lines that put an environment into a POSIX shell. */
export function exports(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quote(value)}`)
    .join("\n");
}
