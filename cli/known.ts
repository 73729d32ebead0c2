import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { nearest } from "../components/problem/nearest";
import { backendFolder, lacks } from "./backend";
import type { Context } from "./context";
import { folderOf, layers, projectOf } from "./layers";
import { USUAL_STACK } from "./line";
import { UsageError } from "./verb";

/** What the names of files in a folder say, by a pattern with one group; nothing where there is no such folder. */
function named(folder: string, pattern: RegExp): readonly string[] {
  try {
    return readdirSync(folder).flatMap((name) => pattern.exec(name)?.[1] ?? []);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Names of stacks that have a settings file beside one of the programs. */
export function configuredStacks(): readonly string[] {
  return [...new Set(layers.flatMap(({ name }) => named(folderOf(name), /^Pulumi\.(.+)\.yaml$/)))].sort();
}

/**
 * Sees that a stack's name is no mistake: there are settings for it, or a state of it, or it is the usual one, which the first `up` makes.
 * @throws UsageError that names the stacks that there are
 */
export async function requireKnown({ engine, stack }: Pick<Context, "engine" | "stack">): Promise<void> {
  const configured = configuredStacks();
  if (stack === USUAL_STACK || configured.includes(stack)) return;
  const backend = engine.environment.PULUMI_BACKEND_URL ?? "";
  const folder = backendFolder(backend);
  const there = layers.filter(({ name }) => !lacks(backend, projectOf(name), stack));
  // Of the states in a file backend their files tell, of others the engine alone.
  if (folder !== undefined ? there.length > 0 : await anyOf(engine, stack)) return;
  const states = layers.flatMap(({ name }) =>
    named(join(folder ?? "", "stacks", projectOf(name)), /^(.+)\.json(?:\.gz)?$/),
  );
  const known = [...new Set([USUAL_STACK, ...configured, ...states])].sort();
  const near = nearest(stack, known);
  const [first] = layers;
  const file = join(relative(process.cwd(), folderOf(first?.name ?? "")), `Pulumi.${stack}.yaml`);
  throw new UsageError(
    `There are no stacks '${stack}': they have neither settings nor a state. ${near ? `Did you mean '${near}'? ` : ""}There are ${known.join(", ")}; to make new ones, write ${file} first (it may be empty).`,
  );
}

async function anyOf(engine: Context["engine"], stack: string): Promise<boolean> {
  const found = await Promise.all(layers.map(({ name }) => engine.find(name, stack)));
  return found.some((one) => one !== undefined);
}
