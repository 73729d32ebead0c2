import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { z } from "zod";
import type { PlatformRecovery, UnfinishedCreation } from "../components/platform/module";
import { stateFolder } from "../toolchain/environment";

/** How the engine shows a secret in its events. */
const SECRET = "[secret]";

/** Gathers the creations of one operation that failed, with their errors. */
export class FailedCreations {
  private readonly errors = new Map<string, string>();
  private readonly failed = new Map<string, UnfinishedCreation>();

  readonly event = ({ diagnosticEvent, resOpFailedEvent }: EngineEvent): void => {
    if (diagnosticEvent?.severity === "error" && diagnosticEvent.urn) {
      const { urn, message } = diagnosticEvent;
      this.errors.set(urn, `${this.errors.get(urn) ?? ""}${message}`);
    }
    if (resOpFailedEvent === undefined) return;
    const { op, urn, type, new: planned } = resOpFailedEvent.metadata;
    if (op !== "create" && op !== "create-replacement") return;
    const inputs = Object.entries(planned?.inputs ?? {}).filter(([, value]) => value !== SECRET);
    this.failed.set(urn, { type, inputs: Object.fromEntries(inputs) });
  };

  /** Those that a platform may have done without saying so. */
  unanswered(recoveries: readonly PlatformRecovery[]): readonly UnfinishedCreation[] {
    return [...this.failed]
      .filter(([urn, creation]) =>
        recoveries.some((one) => one.concerns(creation) && one.isUnanswered(this.errors.get(urn) ?? "")),
      )
      .map(([, creation]) => creation);
  }
}

const notes = z.array(z.object({ type: z.string(), inputs: z.record(z.string(), z.unknown()) }));

/** Where a stack's unanswered creations are noted from one command to the next. */
export class UnansweredNotes {
  private readonly file: string;

  constructor(project: string, stack: string, folder: string = stateFolder()) {
    this.file = join(folder, "unanswered", project, `${stack}.json`);
  }

  get all(): readonly UnfinishedCreation[] {
    return existsSync(this.file) ? notes.parse(JSON.parse(readFileSync(this.file, "utf8"))) : [];
  }

  add(creations: readonly UnfinishedCreation[]): void {
    if (creations.length === 0) return;
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
    writeFileSync(this.file, JSON.stringify([...this.all, ...creations]), { mode: 0o600 });
  }

  forget(): void {
    rmSync(this.file, { force: true });
  }
}
