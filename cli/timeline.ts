import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { stateFolder } from "../toolchain/environment";
import { nameOf, typeOf } from "./diagnostics";

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
    private readonly files: readonly string[],
    private readonly now: () => number = () => Math.round(performance.now()),
  ) {}

  event(layer: string, { resourcePreEvent, resOutputsEvent, resOpFailedEvent }: EngineEvent): void {
    if (resourcePreEvent !== undefined) this.began.set(keyOf(layer, resourcePreEvent.metadata), this.now());
    const { metadata } = resOutputsEvent ?? resOpFailedEvent ?? {};
    // A component does nothing by itself, a refresh is no step, and the engine's own providers (default_5_2_0) are ready when they are begun.
    if (metadata === undefined || (metadata.new ?? metadata.old)?.custom !== true || metadata.op === "refresh") return;
    if (typeOf(metadata.urn).startsWith("pulumi:providers:") && nameOf(metadata.urn).startsWith("default")) return;
    const ended = this.now();
    const { urn, op } = metadata;
    this.ended.push({ layer, urn, op, began: this.began.get(keyOf(layer, metadata)) ?? ended, ended });
  }

  /** In the order in which they ended. */
  get steps(): readonly TimedStep[] {
    return this.ended;
  }

  /** Writes the times; where nothing was begun, as in an `up` that was refused, those of an earlier one stay. */
  write(): void {
    if (this.ended.length === 0) return;
    for (const file of this.files) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, `${JSON.stringify(this.ended, null, 1)}\n`);
    }
  }
}

/** The file that the last `up` of stacks of this name has its times in. */
export function keptTimeline(stack: string): string {
  return join(stateFolder(), "timeline", `${stack}.json`);
}

/** The steps of the last `up` of stacks of this name, and when it ended; undefined where none is kept. */
export function lastTimeline(
  stack: string,
  file: string = keptTimeline(stack),
): { readonly ended: Date; readonly steps: readonly TimedStep[] } | undefined {
  if (!existsSync(file)) return undefined;
  return { ended: statSync(file).mtime, steps: JSON.parse(readFileSync(file, "utf8")) as TimedStep[] };
}

const keyOf = (layer: string, { op, urn }: { readonly op: string; readonly urn: string }): string =>
  `${layer} ${op} ${urn}`;
