import { AsyncLocalStorage } from "node:async_hooks";
import * as pulumi from "@pulumi/pulumi";

/** What a preview of a stack means to publish, in the form in which values go to the engine: unknown ones and secrets are marked. */
export type PlannedOutputs = Readonly<Record<string, unknown>>;

/** What other stacks mean to publish, by `PROJECT/STACK`: each is there once that stack's program has told, and rejects where it never does. */
export type Plans = Pick<ReadonlyMap<string, Promise<PlannedOutputs>>, "get">;

const current = new AsyncLocalStorage<Plans>();

/** Runs a program that reads these plans in place of what the stacks have published. */
export function withPlans<T>(plans: Plans, program: () => T): T {
  return current.run(plans, program);
}

/** What a stack means to publish, with outputs that are not known where only `up` will tell; undefined where nobody plans it. */
export async function planOf(stack: string): Promise<PlannedOutputs | undefined> {
  const [, project, name] = stack.split("/");
  const plan = await current.getStore()?.get(`${project}/${name}`);
  return plan && (restored(plan) as PlannedOutputs);
}

/** What a program that was previewed returned, for others to read. To be called while the program is still at work. */
export function planned(published: Readonly<Record<string, unknown>>): Promise<PlannedOutputs> {
  return pulumi.runtime.serializeProperties("plan", published);
}

/** The value that one of the engine's form stands for. */
function restored(value: unknown): unknown {
  if (value === pulumi.runtime.unknownValue) return pulumi.output(pulumi.unknown);
  if (Array.isArray(value)) return value.map(restored);
  if (typeof value !== "object" || value === null) return value;
  const known = value as Readonly<Record<string, unknown>>;
  if (known[pulumi.runtime.specialSigKey] === pulumi.runtime.specialSecretSig)
    return pulumi.secret(restored(known.value));
  return Object.fromEntries(Object.entries(known).map(([key, one]) => [key, restored(one)]));
}
