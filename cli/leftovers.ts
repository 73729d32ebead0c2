import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { attempt, run } from "../toolchain/command";
import { stateFolder } from "../toolchain/environment";
import { folderOf } from "./layers";

/** In the order in which they can be removed. */
const KINDS = [
  { noun: "container", list: ["ps", "--all"], format: "{{.Names}}", remove: ["rm", "--force", "--volumes"] },
  { noun: "network", list: ["network", "ls"], format: "{{.Name}}", remove: ["network", "rm"] },
  { noun: "volume", list: ["volume", "ls"], format: "{{.Name}}", remove: ["volume", "rm"] },
] as const;

async function named(kind: (typeof KINDS)[number], site: string, signal?: AbortSignal): Promise<string[]> {
  const filter = `label=hybrid-vnf.site=${site}`;
  const names = await run("docker", [...kind.list, "--filter", filter, "--format", kind.format], { signal });
  return names.split("\n").filter((name) => name !== "");
}

/** What bears a site's label on this machine's Docker engine, such as `container NAME`. */
export async function labelled(site: string, signal?: AbortSignal): Promise<readonly string[]> {
  const found: string[] = [];
  for (const kind of KINDS) found.push(...(await named(kind, site, signal)).map((name) => `${kind.noun} ${name}`));
  return found;
}

/** Removes what bears a site's label on this machine's Docker engine. What it removed, as `labelled` names it. */
export async function removeLabelled(site: string, signal?: AbortSignal): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const kind of KINDS) {
    const names = await named(kind, site, signal);
    if (names.length > 0) await run("docker", [...kind.remove, ...names], { signal });
    removed.push(...names.map((name) => `${kind.noun} ${name}`));
  }
  return removed;
}

/** Removes a Swarm service through a node of the site that runs on this machine's Docker engine. */
export async function removeService(site: string, name: string): Promise<boolean> {
  const nodes = await run("docker", [
    "ps",
    "--filter",
    `label=hybrid-vnf.site=${site}`,
    "--filter",
    "label=hybrid-vnf.role=swarm",
    "--format",
    "{{.Names}}",
  ]);
  for (const node of nodes.split("\n").filter((one) => one !== "")) {
    // A node that only works answers with an error; a manager knows every service.
    const removed = await attempt("docker", ["exec", node, "docker", "service", "rm", name]);
    if (removed.code === 0) return true;
  }
  return false;
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
  rmSync(join(folder, "unheard"), { recursive: true, force: true });
  rmSync(join(folder, "passphrase"), { force: true });
  if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder);
  return true;
}
