import type { Unwrap } from "@pulumi/pulumi";
import type { ServiceFacts } from "../components/contracts/service";
import type { Changes } from "./operation";

/** Stands in a plan where a value is known only once it is made. */
export const UNKNOWN = "(known after up)";

/** Stands in a plan where a value is secret. */
export const SECRET = "(secret)";

/** The form of what `preview --json` prints; raised when a field goes or means something else. */
export const PLAN_VERSION = 1;

/** What an engine means to do with a resource. */
export const PLANNED_OPERATIONS = ["create", "update", "replace", "delete"] as const;
export type PlannedOperation = (typeof PLANNED_OPERATIONS)[number];

/** A property that a step changes. */
export interface PlannedProperty {
  /** Where it is in the resource's inputs, such as "labels[0].value". */
  readonly path: string;
  /** Whether the change makes the resource anew. */
  readonly replaces: boolean;
  /** As it is, a secret left out; undefined where there is none yet. */
  readonly before?: unknown;
  /** As it will be, a secret left out; `UNKNOWN` where only `up` will tell, undefined where it goes. */
  readonly after?: unknown;
}

/** What a preview means to do with a resource. */
export interface PlannedStep {
  readonly operation: PlannedOperation;
  readonly urn: string;
  /** Its type's token, such as "hybrid-vnf:chain:ServiceChain" or "docker:index/container:Container". */
  readonly type: string;
  readonly name: string;
  /** Whether it is a thing of its own, and not one that only holds others. */
  readonly custom: boolean;
  /** Of an update and a replacement: what differs. */
  readonly properties: readonly PlannedProperty[];
}

/** What a stack publishes, or means to: its contract, in which `UNKNOWN` stands for what only `up` will tell. */
export type PlannedContract = Readonly<Record<string, unknown>>;

/** A stack in the preview of all. */
export interface StackPlan {
  readonly layer: string;
  readonly project: string;
  /** `failed`: `errors` says why. `skipped`: a stack that it reads failed. */
  readonly ending: "done" | "failed" | "skipped";
  /** How many resources, by what is done with them; `same` are those that stay as they are. */
  readonly changes: Changes;
  /** All but what stays as it is, by name. */
  readonly steps: readonly PlannedStep[];
  /** A sentence each; no secret is in them. */
  readonly errors: readonly string[];
  /** Warnings of programs, plugins and policies. */
  readonly warnings: readonly string[];
  /** What it publishes now; undefined where it is not up. */
  readonly before?: PlannedContract;
  /** What it will publish; undefined where its preview failed. */
  readonly after?: PlannedContract;
}

/** Something that the preview of all stacks, taken together, shows to be wrong or worth a look. */
export interface Finding {
  /** Which check found it, such as "overlapping-ranges". */
  readonly check: string;
  readonly severity: "error" | "warning";
  /** Whom it is about: a machine, a function, a network. */
  readonly subject: string;
  /** One sentence that names the value, what is allowed and what to do. */
  readonly message: string;
}

/** The published path of the service, in which any text may be `UNKNOWN`. */
export type PlannedPath = Unwrap<ServiceFacts>;

/** A chain that a stack publishes, or means to. */
export interface PlannedChain {
  /** The stack's layer. */
  readonly layer: string;
  readonly pathBefore?: PlannedPath;
  readonly pathAfter?: PlannedPath;
}

/** What `up` would do in all stacks, seen through to the end of the chain. */
export interface ChainPreview {
  /** Name of the stacks. */
  readonly stack: string;
  /** In the order in which they come up. */
  readonly stacks: readonly StackPlan[];
  /** The path as it is; undefined where the service is not up. */
  readonly pathBefore?: PlannedPath;
  /** The path as it will be; undefined where that is not known. */
  readonly pathAfter?: PlannedPath;
  /** Where several stacks publish a chain: all of them, of which the last one's paths stand above. @default there is one, or none */
  readonly chains?: readonly PlannedChain[];
  readonly findings: readonly Finding[];
}

/** Steps by their names: the engine's order is another one each time, as far as programs leave it open. */
export function byName<T extends Pick<PlannedStep, "name" | "urn">>(steps: readonly T[]): readonly T[] {
  const key = ({ name, urn }: T): string => `${name}\0${urn}`;
  return [...steps].sort((one, other) => (key(one) < key(other) ? -1 : Number(key(one) > key(other))));
}

/** The chains of a preview, each as if it were the only one; named by its layer where there are several. */
export function chainsIn<T extends Pick<ChainPreview, "stacks" | "pathBefore" | "pathAfter" | "chains">>({
  chains,
  ...preview
}: T): readonly { readonly name?: string; readonly preview: Omit<T, "chains"> }[] {
  if (chains === undefined || chains.length < 2) return [{ preview }];
  const all = new Set(chains.map(({ layer }) => layer));
  return chains.map(({ layer: name, pathBefore, pathAfter }) => ({
    name,
    // What the stacks of other chains do is none of this one's.
    preview: {
      ...preview,
      stacks: preview.stacks.filter(({ layer }) => layer === name || !all.has(layer)),
      pathBefore,
      pathAfter,
    },
  }));
}

/** Whether `up` would change anything. */
export function changesAnything({ stacks }: Pick<ChainPreview, "stacks">): boolean {
  return stacks.some(({ steps }) => steps.length > 0);
}
