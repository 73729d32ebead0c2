import type { EngineEvent } from "@pulumi/pulumi/automation";
import type { Engine } from "./engine";
import type { PolicyChoice } from "./policy";
import type { Progress } from "./progress";

/** What every command over the stacks works with. */
export interface Context {
  readonly engine: Engine;
  /** Name of the stacks, the same in every project. */
  readonly stack: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Makes sure of these plugins, beside those that every stack uses. */
  readonly ready: (plugins: readonly string[]) => Promise<void>;
  /** @default every rule is mandatory, and there are no packs besides */
  readonly policy?: PolicyChoice;
  /** Hears every event of the engines of `up`. @default nobody does */
  readonly onEvent?: (layer: string, event: EngineEvent) => void;
}
