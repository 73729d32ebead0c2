import { writeFileSync } from "node:fs";
import type { EngineEvent } from "@pulumi/pulumi/automation";

/** A step of the engine: a resource that it made, changed, left alone or deleted. Times are in milliseconds since this process began. */
export interface TimedStep {
  readonly layer: string;
  readonly urn: string;
  readonly op: string;
  readonly began: number;
  readonly ended: number;
}

/** Keeps when each step of an operation began and ended. The engine's events come up to 0.2 s late (Automation API: onEvent). */
export class Timeline {
  private readonly began = new Map<string, number>();
  private readonly ended: TimedStep[] = [];

  constructor(
    /** Where the times are written. */
    private readonly file: string,
    private readonly now: () => number = () => Math.round(performance.now()),
  ) {}

  event(layer: string, { resourcePreEvent, resOutputsEvent, resOpFailedEvent }: EngineEvent): void {
    if (resourcePreEvent !== undefined) this.began.set(keyOf(layer, resourcePreEvent.metadata), this.now());
    const { metadata } = resOutputsEvent ?? resOpFailedEvent ?? {};
    // A component does nothing by itself, and a refresh is no step.
    if (metadata === undefined || (metadata.new ?? metadata.old)?.custom !== true || metadata.op === "refresh") return;
    const ended = this.now();
    const { urn, op } = metadata;
    this.ended.push({ layer, urn, op, began: this.began.get(keyOf(layer, metadata)) ?? ended, ended });
  }

  /** In the order in which they ended. */
  get steps(): readonly TimedStep[] {
    return this.ended;
  }

  write(): void {
    writeFileSync(this.file, `${JSON.stringify(this.ended, null, 1)}\n`);
  }
}

const keyOf = (layer: string, { op, urn }: { readonly op: string; readonly urn: string }): string =>
  `${layer} ${op} ${urn}`;
