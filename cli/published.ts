import { serviceContract } from "../components/contracts/service";
import type { Context } from "./context";
import { layers, projectOf } from "./layers";
import type { PlannedPath } from "./plan";
import type { Outputs } from "./programs";

/** A chain that a stack publishes. */
export interface PublishedChain {
  /** The layer that publishes it. */
  readonly layer: string;
  readonly facts: PlannedPath;
  /** The key that opens the machines on its path. */
  readonly privateKey: string;
}

/** What stacks publish, by layer; undefined of one that publishes no contract, or is not up. */
export type Published = ReadonlyMap<string, Outputs | undefined>;

/** Those of the stacks that publish a contract of this kind, whatever the stacks are called. */
export function publishing(kind: string, published: Published): readonly (readonly [layer: string, Outputs])[] {
  return [...published].flatMap(([layer, outputs]) => {
    const contract = outputs?.contract as { readonly layer?: unknown } | undefined;
    return outputs !== undefined && contract?.layer === kind ? [[layer, outputs] as const] : [];
  });
}

/** The chains among what stacks publish, in the stacks' order. */
export function chainsAmong(stack: string, published: Published): readonly PublishedChain[] {
  return publishing(serviceContract.layer, published).map(([layer, { contract, secrets }]) => {
    const { facts } = serviceContract.parse(`${projectOf(layer)}/${stack}`, contract, secrets);
    const { privateKey = "" } = secrets as { privateKey?: string };
    return { layer, facts, privateKey };
  });
}

/** What the stacks that are up publish, in the clear; where a kind is asked for, of those alone that may publish it: each costs an engine. */
export async function publishedBy(
  { engine, stack }: Pick<Context, "engine" | "stack">,
  kind?: string,
): Promise<Published> {
  const asked = layers.filter(({ name }) => kind === undefined || engine.mayPublish(name, stack, kind));
  return new Map(
    await Promise.all(asked.map(async ({ name }) => [name, await engine.published(name, stack)] as const)),
  );
}
