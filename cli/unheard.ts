import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { z } from "zod";
import { type Begun, leaves } from "../components/platform/openstack/half-made";
import { stateFolder } from "../toolchain/environment";

/** How the engine shows a secret in its events. */
const SECRET = "[secret]";

/**
 * Whether an error leaves open if the cloud did what it was asked: nothing was heard, the connection broke, or something on the way
 * gave up. A cloud that says no (status 4xx) has done nothing.
 */
export function leavesOpen(error: string): boolean {
  return /nothing heard from|Client\.Timeout|i\/o timeout|connection reset|broken pipe|\bEOF\b|\b(but got|status code:?) 50\d|Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out/i.test(
    error,
  );
}

/** Gathers the creations of one operation that a cloud may have done without saying so. */
export class Unheard {
  private readonly errors = new Map<string, string>();
  private readonly failed = new Map<string, Begun>();

  readonly event = ({ diagnosticEvent, resOpFailedEvent }: EngineEvent): void => {
    if (diagnosticEvent?.severity === "error" && diagnosticEvent.urn) {
      const { urn, message } = diagnosticEvent;
      this.errors.set(urn, `${this.errors.get(urn) ?? ""}${message}`);
    }
    if (resOpFailedEvent === undefined) return;
    const { op, urn, type, new: wanted } = resOpFailedEvent.metadata;
    if (op !== "create" && op !== "create-replacement") return;
    const inputs = Object.entries(wanted?.inputs ?? {}).filter(([, value]) => value !== SECRET);
    this.failed.set(urn, { type, inputs: Object.fromEntries(inputs) });
  };

  get creations(): readonly Begun[] {
    return [...this.failed]
      .filter(([urn, begun]) => leaves(begun) && leavesOpen(this.errors.get(urn) ?? ""))
      .map(([, begun]) => begun);
  }
}

const notes = z.array(z.object({ type: z.string(), inputs: z.record(z.string(), z.unknown()) }));

/** Where a stack's unheard creations are noted from one command to the next. */
export class UnheardNotes {
  private readonly file: string;

  constructor(project: string, stack: string, folder: string = stateFolder()) {
    this.file = join(folder, "unheard", project, `${stack}.json`);
  }

  get all(): readonly Begun[] {
    return existsSync(this.file) ? notes.parse(JSON.parse(readFileSync(this.file, "utf8"))) : [];
  }

  add(creations: readonly Begun[]): void {
    if (creations.length === 0) return;
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
    writeFileSync(this.file, JSON.stringify([...this.all, ...creations]), { mode: 0o600 });
  }

  forget(): void {
    rmSync(this.file, { force: true });
  }
}
