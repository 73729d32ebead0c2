import { spaceFile } from "../toolchain/environment";
import { type Layer, noSpace, readSpace, type Space } from "./space";

export type { Layer } from "./space";

/** What this process works on; what is wrong with its list of stacks is told once it is needed, and not by `--help`. */
const space = ((): Space | Error => {
  if (spaceFile === undefined) return new Error(noSpace(process.cwd()));
  try {
    return readSpace(spaceFile);
  } catch (error) {
    return error as Error;
  }
})();

/** The chain, upstream first; none where nothing lists it. */
export const layers: readonly Layer[] = space instanceof Error ? [] : space.layers;

/** Sees that there are stacks to work on. @throws Error in a sentence that says what is missing or wrong */
export function requireLayers(): void {
  if (space instanceof Error) throw space;
}

function projectAt(layer: string) {
  requireLayers();
  const found = (space as Space).projects.get(layer);
  if (found === undefined) throw new Error(`${spaceFile} lists no stack '${layer}'.`);
  return found;
}

/** Folder of a layer's Pulumi project. */
export function folderOf(layer: string): string {
  return projectAt(layer).folder;
}

/** Name of a layer's Pulumi project. */
export function projectOf(layer: string): string {
  return projectAt(layer).project;
}

/** What is loaded to run a layer's program. */
export function mainOf(layer: string): string {
  return projectAt(layer).main;
}

/** Whether these are this repository's own stacks, whose settings the command knows. */
export const ownStacks = !(space instanceof Error) && space.projects.get("site")?.project === "hybrid-vnf-site";

/** The same layers with the arrows turned round: what has to be gone before a layer can go. */
export function reversed(all: readonly Layer[]): readonly Layer[] {
  return [...all]
    .reverse()
    .map(({ name }) => ({ name, upstream: all.filter((one) => one.upstream.includes(name)).map((one) => one.name) }));
}

export type Ending<T> =
  | { readonly layer: string; readonly kind: "done"; readonly value: T }
  | { readonly layer: string; readonly kind: "failed"; readonly error: unknown }
  /** Not begun, because `because` was not done. */
  | { readonly layer: string; readonly kind: "skipped"; readonly because: readonly string[] };

/**
 * Does `work` for each layer once all its upstream layers are done, independent layers at the same time. When one
 * fails, what does not depend on it still comes to its end.
 */
export async function inOrder<T>(
  all: readonly Layer[],
  work: (layer: Layer) => Promise<T>,
  signal?: AbortSignal,
): Promise<readonly Ending<T>[]> {
  const endings = new Map<string, Promise<Ending<T>>>();
  const end = async (layer: Layer): Promise<Ending<T>> => {
    const before = await Promise.all(layer.upstream.flatMap((name) => endings.get(name) ?? []));
    const because = before.filter((one) => one.kind !== "done").map((one) => one.layer);
    if (because.length > 0 || signal?.aborted) return { layer: layer.name, kind: "skipped", because };
    try {
      return { layer: layer.name, kind: "done", value: await work(layer) };
    } catch (error) {
      return { layer: layer.name, kind: "failed", error };
    }
  };
  for (const layer of all) {
    const missing = layer.upstream.find((name) => !endings.has(name));
    if (missing !== undefined)
      throw new Error(`The layer '${layer.name}' stands before '${missing}', which it depends on.`);
    endings.set(layer.name, end(layer));
  }
  return Promise.all(endings.values());
}
