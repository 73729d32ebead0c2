import type { EngineEvent } from "@pulumi/pulumi/automation";
import { Diagnostics, nameOf, plain, printedErrors, typeOf } from "./diagnostics";
import { type Progress, summary, verb } from "./progress";
import { FailedCreations } from "./unanswered";

/** An operation on a stack that failed; everything there is to say about it has been said. */
export class OperationError extends Error {
  override readonly name = "OperationError";
  constructor(
    readonly layer: string,
    readonly errors: readonly string[],
    /** Creations among what failed. */
    readonly failed: FailedCreations = new FailedCreations(),
  ) {
    super(`${layer}: ${errors.join("; ")}`);
  }
}

/** What an operation changed, by kind of change. */
export type Changes = Readonly<Record<string, number | undefined>>;

/** Turns the engine's events into progress. */
export class Watch {
  readonly diagnostics = new Diagnostics();
  readonly failed = new FailedCreations();
  changes: Changes = {};
  private readonly since = new Map<string, number>();

  constructor(
    private readonly layer: string,
    private readonly progress: Progress,
    private readonly now: () => number = Date.now,
  ) {}

  readonly event = (event: EngineEvent): void => {
    this.failed.event(event);
    const { resourcePreEvent, resOutputsEvent, diagnosticEvent, summaryEvent } = event;
    if (resourcePreEvent !== undefined) {
      const { urn, op, type } = resourcePreEvent.metadata;
      this.since.set(urn, this.now());
      if (verb(op) !== undefined && !type.startsWith("pulumi:")) this.progress.busy(this.layer, nameOf(urn));
    }
    if (resOutputsEvent !== undefined) {
      const { urn, op, type, old, new: made } = resOutputsEvent.metadata;
      const took = this.now() - (this.since.get(urn) ?? this.now());
      const custom = (made ?? old)?.custom === true && !type.startsWith("pulumi:");
      if (!resOutputsEvent.planning && custom && verb(op) !== undefined) {
        this.progress.step(this.layer, { op, name: nameOf(urn), type: typeOf(urn), took });
      }
    }
    if (diagnosticEvent !== undefined) this.diagnose(diagnosticEvent);
    if (summaryEvent !== undefined) this.changes = summaryEvent.resourceChanges ?? {};
  };

  private diagnose({ severity, message, urn, ephemeral }: NonNullable<EngineEvent["diagnosticEvent"]>): void {
    if (ephemeral) return;
    if (severity === "warning") this.progress.line(`${this.layer}: warning: ${plain(message).trim()}`);
    if (severity !== "error") return;
    const text = this.diagnostics.add(message, urn);
    if (text !== undefined) this.progress.line(`${this.layer}: ${text}`);
  }
}

/** Runs an operation on a stack with progress; an `OperationError` when it fails. */
export async function operate(
  layer: string,
  what: string,
  progress: Progress,
  work: (watch: Watch) => Promise<unknown>,
  preview = false,
): Promise<Changes> {
  const watch = new Watch(layer, progress);
  progress.begin(layer, what);
  try {
    await work(watch);
  } catch (error) {
    let errors = watch.diagnostics.all;
    const output = String((error as { output?: unknown }).output ?? (error as Error).message);
    if (errors.length === 0 && /^error: \w+ canceled/m.test(plain(output))) {
      progress.end(layer, "stopped", false);
      throw new OperationError(layer, ["stopped"], watch.failed);
    }
    if (errors.length === 0) {
      const printed = printedErrors(output);
      errors = printed.length > 0 ? printed : [plain((error as Error).message).trim()];
      for (const text of errors) progress.line(`${layer}: ${text}`);
    }
    progress.end(layer, "failed", false);
    throw new OperationError(layer, errors, watch.failed);
  }
  progress.end(layer, summary(watch.changes, preview), true);
  return watch.changes;
}
