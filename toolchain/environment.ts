import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { quote } from "../components/script/text";
import { compiledFolder } from "./cache";
import type { Toolchain } from "./ensure";

/** The checkout that this file is part of, or the package: where images/ and toolchain/ are. */
export const checkout = resolve(__dirname, "..");

/** What lists the stacks that the command works on. */
export const SPACE_FILE = "Pulumispace.yaml";

/** The nearest file that lists stacks, in a folder or above it. */
export function findSpace(folder: string): string | undefined {
  const file = join(folder, SPACE_FILE);
  if (existsSync(file)) return file;
  return dirname(folder) === folder ? undefined : findSpace(dirname(folder));
}

/** The file that lists the stacks of this process: the nearest one, else the checkout's. */
export const spaceFile = findSpace(process.cwd()) ?? [join(checkout, SPACE_FILE)].find((one) => existsSync(one));

/** Where the state of the listed stacks lies, unless a backend of the user's own has it. */
export function stateFolder(root: string = dirname(spaceFile ?? join(process.cwd(), SPACE_FILE))): string {
  return join(root, ".hybrid-vnf");
}

/**
 * The environment in which the engine runs, here and by hand. A backend or passphrase of the user's own is
 * left alone; without one the state lies beside the file that lists the stacks, under a passphrase made once.
 */
export function environment(
  toolchain: Pick<Toolchain, "bin" | "pulumiHome" | "cache">,
  env: NodeJS.ProcessEnv = process.env,
  root?: string,
): Record<string, string> {
  const variables: Record<string, string> = {
    PATH: [
      toolchain.bin,
      ...(env.PATH ?? "").split(delimiter).filter((one) => one !== "" && one !== toolchain.bin),
    ].join(delimiter),
    PULUMI_HOME: toolchain.pulumiHome,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    NODE_COMPILE_CACHE: env.NODE_COMPILE_CACHE ?? compiledFolder(toolchain.cache),
  };
  const folder = stateFolder(root);
  const [state, file] = [join(folder, "state"), join(folder, "passphrase")];
  // A shell that took these variables from here keeps them when `down` has taken what they name.
  if (env.PULUMI_BACKEND_URL && env.PULUMI_BACKEND_URL !== `file://${state}`) {
    variables.PULUMI_BACKEND_URL = env.PULUMI_BACKEND_URL;
  } else {
    makeFolder(state);
    variables.PULUMI_BACKEND_URL = `file://${state}`;
  }
  if (env.PULUMI_CONFIG_PASSPHRASE !== undefined) {
    variables.PULUMI_CONFIG_PASSPHRASE = env.PULUMI_CONFIG_PASSPHRASE;
  } else if (env.PULUMI_CONFIG_PASSPHRASE_FILE && env.PULUMI_CONFIG_PASSPHRASE_FILE !== file) {
    variables.PULUMI_CONFIG_PASSPHRASE_FILE = env.PULUMI_CONFIG_PASSPHRASE_FILE;
  } else {
    if (!existsSync(file)) {
      makeFolder(folder);
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

/** @throws Error that says where else a state may be */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(
      `The state can't be kept in ${folder} (${(error as Error).message}): name another place by PULUMI_BACKEND_URL and PULUMI_CONFIG_PASSPHRASE.`,
    );
  }
}

/** Lines that put an environment into a POSIX shell. */
export function exportLines(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}=${quote(value)}`)
    .join("\n");
}
