import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of a file backend, or undefined for any other one. */
export function backendFolder(url: string): string | undefined {
  if (!url.startsWith("file://")) return undefined;
  const path = url.startsWith("file://~")
    ? `${process.env.HOME ?? ""}${url.slice("file://~".length)}`
    : fileURLToPath(new URL(url));
  return join(path, ".pulumi");
}

/** The text of a file, byte by byte; undefined where there is none. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

/** What a stack's state holds (Pulumi: deployment, apitype.DeploymentV3), as far as it is looked at here. */
export interface Deployment {
  readonly resources?: readonly { readonly type?: string; readonly outputs?: Readonly<Record<string, unknown>> }[];
  readonly pending_operations?: unknown;
  readonly manifest?: { readonly time?: string };
}

/**
 * What a file backend holds of a stack, read without an engine, which takes a tenth of a second each time it starts; undefined where only the
 * engine can tell: for any other backend, and for a state that is not there, compressed or half written.
 */
export function deploymentIn(backend: string, project: string, stack: string): Deployment | undefined {
  const folder = backendFolder(backend);
  if (folder === undefined) return undefined;
  try {
    const state = readFileSync(join(folder, "stacks", project, `${stack}.json`), "utf8");
    const { checkpoint } = JSON.parse(state) as { checkpoint?: { latest?: Deployment | null } };
    // A stack that was never brought up has a checkpoint without a deployment.
    return checkpoint === undefined ? undefined : (checkpoint.latest ?? {});
  } catch {
    return undefined;
  }
}

/** A stack's outputs, with the engine's marks in place of secrets; undefined where it has none yet. */
export function outputsIn({ resources = [] }: Deployment): Readonly<Record<string, unknown>> | undefined {
  return resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs;
}

/** Whether a stack publishes a contract of this kind; one of which nothing is known may, and so may one whose contract is a secret. */
export function mayPublish(deployment: Deployment | undefined, kind: string): boolean {
  if (deployment === undefined) return true;
  const { contract } = outputsIn(deployment) ?? {};
  if (typeof contract !== "object" || contract === null) return false;
  return !("layer" in contract) || contract.layer === kind;
}

/** Whether a file backend holds no such stack, in any of the forms that it keeps states in; false where only the engine can tell. */
export function lacks(backend: string, project: string, stack: string): boolean {
  const folder = backendFolder(backend);
  // A folder that somebody named and that is not there is a mistake, of which the engine tells.
  if (folder === undefined || !existsSync(dirname(folder))) return false;
  // Compressed (PULUMI_SELF_MANAGED_STATE_GZIP), and from before stacks belonged to projects.
  const forms = [
    join(project, `${stack}.json`),
    join(project, `${stack}.json.gz`),
    `${stack}.json`,
    `${stack}.json.gz`,
  ];
  return forms.every((form) => !existsSync(join(folder, "stacks", form)));
}

/**
 * Takes away what an engine had only begun to write beside a stack's state when it was killed: the file backend keeps each file's attributes in a
 * file of its own, can't read a state whose attributes are half there, and needs none (gocloud.dev/blob/fileblob).
 */
export function dropHalfAttributes(backend: string, project: string, stack: string): void {
  const folder = backendFolder(backend);
  if (folder === undefined) return;
  const where = join(folder, "stacks", project);
  if (!existsSync(where)) return;
  for (const name of readdirSync(where)) {
    if (!name.startsWith(`${stack}.json`) || !name.endsWith(".attrs")) continue;
    try {
      JSON.parse(textOf(join(where, name)) ?? "{}");
    } catch {
      rmSync(join(where, name), { force: true });
    }
  }
}
