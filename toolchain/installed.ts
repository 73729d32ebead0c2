import { accessSync, constants, existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { newEnough } from "./build";
import { attempt } from "./command";
import type { Tool } from "./tools";

/** A tool that this machine has already, not from our cache. */
export interface Installed {
  /** Folder of its binaries. */
  readonly folder: string;
  readonly version: string;
}

/** How long a command may take to tell its version: some are wrappers that first fetch the real thing. */
const patience = 3000;

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether the release `have` may stand in for `want`: the same major, and not older. No pre-release is. */
export function standsIn(have: string, want: string): boolean {
  return /^\d+\.\d+\.\d+$/.test(have) && have.split(".")[0] === want.split(".")[0] && newEnough(have, want);
}

/** All commands of one tool come from one folder: an engine and a language host of two releases are not mixed. */
async function commandOnPath(tool: Tool, cache: string, env: NodeJS.ProcessEnv): Promise<Installed | undefined> {
  const [first] = tool.binaries;
  if (first === undefined) return undefined;
  for (const entry of (env.PATH ?? "").split(delimiter)) {
    if (entry === "" || resolve(entry).startsWith(join(cache, "/")) || !executable(join(entry, first))) continue;
    const folder = dirname(realpathSync(join(entry, first)));
    if (!tool.binaries.every((binary) => executable(join(folder, binary)))) continue;
    try {
      const said = await attempt(join(folder, first), ["version"], {
        env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" },
        signal: AbortSignal.timeout(patience),
      });
      const version = said.stdout.trim().replace(/^v/, "");
      if (said.code === 0 && standsIn(version, tool.version)) return { folder, version };
    } catch {
      // What cannot tell its version is not taken; the next way is.
    }
  }
  return undefined;
}

/** The programs name a plugin's exact version, so that no other one will do. */
function pluginAtHome(tool: Tool, plugin: string, cache: string, env: NodeJS.ProcessEnv): Installed | undefined {
  const said = env.PULUMI_HOME && resolve(env.PULUMI_HOME);
  // In a shell that has our environment it names the cache.
  const home = said && !said.startsWith(join(cache, "/")) ? said : join(env.HOME ?? homedir(), ".pulumi");
  const folder = join(home, "plugins", `resource-${plugin}-v${tool.version}`);
  // The engine marks a plugin that it has not finished unpacking.
  if (existsSync(`${folder}.partial`)) return undefined;
  return tool.binaries.every((binary) => executable(join(folder, binary)))
    ? { folder, version: tool.version }
    : undefined;
}

/** Looks for a tool on the PATH or among the user's own plugins. What goes into the machine image is never taken from here. */
export async function findInstalled(
  tool: Tool,
  cache: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Installed | undefined> {
  switch (tool.place.kind) {
    case "command":
      return commandOnPath(tool, cache, env);
    case "plugin":
      return pluginAtHome(tool, tool.place.plugin, cache, env);
    case "machine":
      return undefined;
  }
}
