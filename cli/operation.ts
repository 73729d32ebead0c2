import type { EngineEvent } from "@pulumi/pulumi/automation";
import { Diagnostics, nameOf, plain, printedErrors, typeOf, warning } from "./diagnostics";
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

/** Steps that a summary counts: a replacement as one. */
const COUNTED: readonly string[] = ["create", "update", "replace", "delete", "import"];

/** Whether no line tells of a resource that a summary counts; providers that the engine makes by default it doesn't count. */
function isUnlisted(type: string, name: string, custom = false): boolean {
  if (type.startsWith("pulumi:providers:")) return !/^default(?:_|$)/.test(name);
  return !custom || type.startsWith("pulumi:");
}

/**
 * Milliseconds without an event, after an error and with no step under way, that count as a stall. Of a resource that the engine could not even be
 * asked for, such as one that the policy refuses, the SDK tells nobody: what waits for it would do so for ever.
 */
const STALL = 3000;

/** Turns the engine's events into progress. */
export class Watch {
  readonly diagnostics = new Diagnostics();
  readonly failed = new FailedCreations();
  private readonly stall = new AbortController();
  /** Aborted once the operation has failed of something, and goes neither on nor to an end. */
  readonly stalled: AbortSignal = this.stall.signal;
  private timer: NodeJS.Timeout | undefined;
  changes: Changes = {};
  /** Resources that change and of which no line tells: components, and providers that are made explicitly. */
  readonly unlisted = new Set<string>();
  private readonly since = new Map<string, number>();
  private readonly warnings = new Set<string>();

  constructor(
    private readonly layer: string,
    private readonly progress: Progress,
    private readonly now: () => number = Date.now,
  ) {}

  readonly event = (event: EngineEvent): void => {
    this.failed.event(event);
    this.tell(event);
    clearTimeout(this.timer);
    if (this.since.size === 0 && this.diagnostics.all.length > 0)
      this.timer = setTimeout(() => this.stall.abort(), STALL).unref();
  };

  /** To be called when the operation has ended, however. */
  end(): void {
    clearTimeout(this.timer);
  }

  private tell({
    resourcePreEvent,
    resOutputsEvent,
    resOpFailedEvent,
    diagnosticEvent,
    summaryEvent,
  }: EngineEvent): void {
    if (resourcePreEvent !== undefined) {
      const { urn, op, type, old, new: made } = resourcePreEvent.metadata;
      this.since.set(urn, this.now());
      if (resourcePreEvent.planning) this.progress.seen(this.layer);
      else if (verb(op) !== undefined && !type.startsWith("pulumi:")) this.progress.busy(this.layer, nameOf(urn));
      if (COUNTED.includes(op) && isUnlisted(type, nameOf(urn), (made ?? old)?.custom)) this.unlisted.add(urn);
    }
    if (resOutputsEvent !== undefined) {
      const { urn, op, type, old, new: made } = resOutputsEvent.metadata;
      const took = this.now() - (this.since.get(urn) ?? this.now());
      this.since.delete(urn);
      const custom = (made ?? old)?.custom === true && !type.startsWith("pulumi:");
      if (!resOutputsEvent.planning && custom && verb(op) !== undefined) {
        this.progress.step(this.layer, { op, name: nameOf(urn), type: typeOf(urn), took });
      }
    }
    if (resOpFailedEvent !== undefined) this.since.delete(resOpFailedEvent.metadata.urn);
    if (diagnosticEvent !== undefined) this.diagnose(diagnosticEvent);
    if (summaryEvent !== undefined) this.changes = summaryEvent.resourceChanges ?? {};
  }

  private diagnose({ severity, message, urn, ephemeral }: NonNullable<EngineEvent["diagnosticEvent"]>): void {
    if (ephemeral) return;
    if (severity === "warning") {
      const said = warning(message);
      if (!this.warnings.has(said)) this.progress.line(`${this.layer}: warning: ${said}`);
      this.warnings.add(said);
    }
    if (severity !== "error") return;
    const text = this.diagnostics.add(message, urn);
    if (text !== undefined) this.progress.line(`${this.layer}: ${text}`);
  }
}

/**
 * Runs an operation on a stack with progress; an `OperationError` when it fails.
 * @param ending whether it is a preview, of which the last line sums up what would be done; or that line
 */
export async function operate(
  layer: string,
  what: string,
  progress: Progress,
  work: (watch: Watch) => Promise<unknown>,
  ending: boolean | (() => string) = false,
): Promise<Changes> {
  const watch = new Watch(layer, progress);
  progress.begin(layer, what);
  try {
    await work(watch);
  } catch (error) {
    let errors = watch.diagnostics.all;
    const output = String((error as { output?: unknown }).output ?? (error as Error).message);
    // Of an engine that hears the interrupt before it listens nothing else is to be told, nor of one that was asked to stop.
    const isEnded =
      (error as { interrupted?: boolean }).interrupted === true ||
      /^error: (\w+ canceled|the engine was ended by SIGINT)/m.test(plain(output));
    if (isEnded && !watch.stalled.aborted) {
      progress.end(layer, "stopped", false);
      throw new OperationError(layer, errors.length > 0 ? errors : ["stopped"], watch.failed);
    }
    if (errors.length === 0) {
      const printed = printedErrors(output);
      errors = printed.length > 0 ? printed : [plain((error as Error).message).trim()];
      for (const text of errors) progress.line(`${layer}: ${text}`);
    }
    progress.end(layer, "failed", false);
    throw new OperationError(layer, errors, watch.failed);
  } finally {
    watch.end();
  }
  const last = typeof ending === "function" ? ending() : summary(watch.changes, ending, watch.unlisted.size);
  progress.end(layer, last, true);
  return watch.changes;
}
