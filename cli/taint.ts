import type { Deployment, Stack } from "@pulumi/pulumi/automation";
import { z } from "zod";
import { resourcesIn, type StateResource } from "./probes";

/**
 * A resource that is marked to be made anew (`pulumi state taint`), as it was then. The refresh that `up` begins with, which runs the program, takes
 * the mark away before the engine has acted on it (3.220).
 */
export type Marked = Pick<StateResource, "urn" | "id" | "created">;

/** The resources of a stack that are marked. */
export function markedIn(deployment: Deployment): readonly Marked[] {
  return resourcesIn(deployment)
    .filter(({ taint }) => taint === true)
    .map(({ urn, id, created }) => ({ urn, id, created }));
}

/** The same state, in which those that were not made anew since bear their mark again; undefined where none lacks it. */
export function markedAgain(state: Deployment, marked: readonly Marked[]): Deployment | undefined {
  const lacks = (one: StateResource): boolean =>
    one.delete !== true &&
    one.taint !== true &&
    marked.some(({ urn, id, created }) => one.urn === urn && one.id === id && one.created === created);
  const { resources } = z
    .looseObject({ resources: z.array(z.custom<StateResource>()).nullish() })
    .parse(state.deployment ?? {});
  if (!resources?.some(lacks)) return undefined;
  const again = resources.map((one) => (lacks(one) ? { ...one, taint: true } : one));
  return { ...state, deployment: { ...state.deployment, resources: again } };
}

/** Puts the marks back that an operation lost which did not come to what they ask for. */
export async function keepMarks(stack: Stack, marked: readonly Marked[]): Promise<void> {
  if (marked.length === 0) return;
  const state = markedAgain(await stack.exportStack(), marked);
  if (state !== undefined) await stack.importStack(state);
}
