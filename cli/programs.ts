import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
// Declares the SDK's own storage of each program's state.
import type {} from "@pulumi/pulumi/runtime/state";
import { type PlannedOutputs, type Plans, planned, withPlans } from "../components/contracts/planned";
import { layers } from "./layers";
import { compileProgram, loadProgram } from "./loader";

/** What a stack publishes, in the clear. */
export type Outputs = Readonly<Record<string, unknown>>;

/** The programs of all stacks, run in this process: what they share is loaded once, and only once one of them runs. */
export class Programs {
  private readonly outputs = new Map<string, Outputs>();
  /** Called within the program of a layer before it runs. */
  before: (layer: string) => void = () => {};

  constructor() {
    separateErrors();
  }

  /** Makes all programs ready to be loaded, before any engine asks for one. */
  compile(): void {
    for (const { name } of layers) compileProgram(name);
  }

  /** The program of a layer's stack, the same that `pulumi up` in its folder runs. */
  of(layer: string): PulumiFn {
    return async () => {
      this.before(layer);
      const published = await loadProgram(layer)();
      pulumi.output(published ?? {}).apply((known) => this.outputs.set(layer, known));
      return published;
    };
  }

  /** The same program, for a preview that sees what other stacks mean to publish; what it means to publish itself goes to `tell`. */
  planning(layer: string, plans: Plans, tell: (plan: Promise<PlannedOutputs>) => void): PulumiFn {
    const program = this.of(layer);
    return () =>
      withPlans(plans, async () => {
        const published = await program();
        tell(planned(published ?? {}));
        return published;
      });
  }

  /** What the program published when it last ran, as far as it came; undefined where it did not run, or ended before. */
  published(layer: string): Outputs | undefined {
    return this.outputs.get(layer);
  }
}

const UNHANDLED: readonly unknown[] = ["uncaughtException", "unhandledRejection"];
let separated = false;

/**
 * Lets each of several programs in one process hear only of its own errors that nobody handles. The SDK's server (automation/server) listens
 * to those of the whole process, so that a program would fail of what happened to another one beside it.
 */
export function separateErrors(): void {
  if (separated) return;
  separated = true;
  const on = process.on.bind(process) as (
    event: string | symbol,
    listener: (...args: unknown[]) => void,
  ) => typeof process;
  process.on = ((event: string | symbol, listener: (...args: unknown[]) => void) => {
    const own = globalThis.asyncLocalStorage?.getStore();
    if (own === undefined || !UNHANDLED.includes(event)) return on(event, listener);
    const heard = (...args: unknown[]): void => {
      const failed = globalThis.asyncLocalStorage.getStore();
      if (failed === undefined || failed === own) listener(...args);
    };
    // By this name `process.off` finds it (Node: EventEmitter, as for `once`).
    return on(event, Object.assign(heard, { listener }));
  }) as typeof process.on;
}
