import { join } from "node:path";
import { checkout } from "../toolchain/environment";

/** One stack of the chain, and the stacks whose contracts it reads. */
export interface Layer {
  readonly name: string;
  readonly upstream: readonly string[];
}

/** The chain, upstream first. */
export const layers: readonly Layer[] = [
  { name: "site", upstream: [] },
  { name: "kubernetes", upstream: ["site"] },
  { name: "swarm", upstream: ["site"] },
  { name: "service", upstream: ["site", "kubernetes", "swarm"] },
];

/** Folder of a layer's Pulumi project. */
export function folderOf(layer: string): string {
  return join(checkout, "stacks", layer);
}

/** Name of a layer's Pulumi project. */
export function projectOf(layer: string): string {
  return `hybrid-vnf-${layer}`;
}

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
