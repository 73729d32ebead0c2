import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Stack } from "@pulumi/pulumi/automation";
import { z } from "zod";
import type { PlatformRecovery, UnfinishedCreation } from "../components/platform/module";
import { backendFolder, deploymentIn, textOf } from "./backend";
import { ownerVariable } from "./engine";
import { endOrphans } from "./orphans";
import type { UnansweredNotes } from "./unanswered";

/** A stack that cannot be worked on now; `message` says why and what to do. */
export class LockedError extends Error {
  override readonly name = "LockedError";
}

const lock = z.object({
  pid: z.number(),
  hostname: z.string(),
  username: z.string().optional(),
  timestamp: z.string().optional(),
});

/** What the file backend writes down about who works on a stack. */
export type Lock = z.infer<typeof lock>;

/** What is known about the process that a lock names. */
export type Holder =
  | { readonly kind: "dead" }
  /** It lives, and so does whoever it works for. */
  | { readonly kind: "working" }
  /** It lives, but the command that started it is gone. */
  | { readonly kind: "orphan" }
  /** It is on another machine. */
  | { readonly kind: "elsewhere" };

/** Reads a lock file. Half a file, left by a process that died while writing it, is a lock of nobody. */
export function parseLock(text: string): Lock | undefined {
  try {
    return lock.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function locksOf(
  folder: string,
  project: string,
  stack: string,
): readonly { readonly file: string; readonly lock?: Lock }[] {
  const where = join(folder, "locks", "organization", project, stack);
  if (!existsSync(where)) return [];
  return readdirSync(where)
    .filter((name) => name.endsWith(".json"))
    .map((name) => ({ file: join(where, name), lock: parseLock(readFileSync(join(where, name), "utf8")) }));
}

/** Judges a lock's process by what /proc says. A process id that another program has by now is a dead holder. */
export function judgeHolder(
  found: Lock | undefined,
  host: string,
  proc: (path: string) => string | undefined = textOf,
): Holder {
  if (found === undefined) return { kind: "dead" };
  if (found.hostname !== host) return { kind: "elsewhere" };
  const command = proc(`/proc/${found.pid}/cmdline`);
  if (command === undefined || command === "" || !/(^|\/)pulumi$/.test(command.split("\0")[0] ?? ""))
    return { kind: "dead" };
  const owner = proc(`/proc/${found.pid}/environ`)
    ?.split("\0")
    .find((one) => one.startsWith(`${ownerVariable}=`))
    ?.slice(ownerVariable.length + 1);
  if (owner !== undefined && proc(`/proc/${owner}/cmdline`) === undefined) return { kind: "orphan" };
  return { kind: "working" };
}

/** Lets go of the locks of engines that died; stops engines whose command died. */
export async function unlock(
  stack: Stack,
  project: string,
  backend: string,
  report: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const folder = backendFolder(backend);
  if (folder === undefined) return;
  const found = locksOf(folder, project, stack.name);
  if (found.length === 0) return;
  for (const { file, lock: one } of found) {
    const holder = judgeHolder(one, hostname());
    const since = one?.timestamp === undefined ? "" : ` since ${one.timestamp}`;
    if (holder.kind === "working") {
      throw new LockedError(
        `The stack ${project}/${stack.name} is being worked on by process ${one?.pid}${since}: wait until it has ended, or stop it with Ctrl-C where it runs.`,
      );
    }
    if (holder.kind === "elsewhere") {
      throw new LockedError(
        `The stack ${project}/${stack.name} is locked by process ${one?.pid} on ${one?.hostname}${since}: wait until it has ended; if that machine is gone, delete ${file}.`,
      );
    }
    if (holder.kind === "orphan" && one !== undefined) {
      report(`${project}: stopping process ${one.pid}, whose command is gone`);
      process.kill(one.pid, "SIGINT");
      const timeout = 120_000;
      for (const began = Date.now(); existsSync(`/proc/${one.pid}`); await delay(200, undefined, { signal })) {
        if (Date.now() - began > timeout) {
          throw new LockedError(
            `Process ${one.pid} has been asked to stop and has not: end it (kill ${one.pid}) and run the command again.`,
          );
        }
      }
    }
  }
  if (locksOf(folder, project, stack.name).length === 0) return;
  report(`${project}: letting go of the lock of an engine that is gone`);
  endOrphans(project, stack.name, report);
  await stack.cancel();
}

const pendingOperation = z.object({
  type: z.string(),
  resource: z.object({ urn: z.string(), type: z.string(), inputs: z.record(z.string(), z.unknown()).optional() }),
});

/** Something the engine had begun when it was killed (Pulumi: pending operation). */
type PendingOperation = z.infer<typeof pendingOperation>;

function pendingIn(deployment: unknown): readonly PendingOperation[] {
  const parsed = z.object({ pending_operations: z.array(pendingOperation).nullish() }).safeParse(deployment ?? {});
  return parsed.success ? (parsed.data.pending_operations ?? []) : [];
}

/** The IDs of all that a deployment holds. */
function idsIn(deployment: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const resources = (deployment.resources ?? []) as readonly { readonly id?: string }[];
  return new Set(resources.flatMap(({ id }) => id ?? []));
}

/** Puts a stack whose engine was killed, or whose cloud fell silent, into a state from which the next operation goes on. */
export async function recover(
  stack: Stack,
  project: string,
  backend: string,
  notes: UnansweredNotes,
  recoveries: readonly PlatformRecovery[],
  report: (line: string) => void,
): Promise<void> {
  const unanswered = notes.all;
  const read = deploymentIn(backend, project, stack.name);
  if (unanswered.length === 0 && read !== undefined && pendingIn(read).length === 0) return;
  const state = await stack.exportStack();
  const deployment = (state.deployment ?? {}) as Record<string, unknown>;
  const known = idsIn(deployment);
  const remove = async (creation: UnfinishedCreation): Promise<void> => {
    for (const recovery of recoveries) {
      if (!recovery.concerns(creation)) continue;
      for (const what of await recovery.remove(creation, known)) report(`${project}: removed the unfinished ${what}`);
    }
  };
  for (const creation of unanswered) await remove(creation);
  notes.forget();
  const pending = pendingIn(deployment);
  if (pending.length === 0) return;
  // Only creations stand in the way of the next ones: whatever else was begun can be done again.
  for (const { type, resource } of pending)
    if (type === "creating") await remove({ type: resource.type, inputs: resource.inputs ?? {} });
  report(`${project}: going on after an engine that was stopped in the middle of ${pending.length} operations`);
  await stack.importStack({ ...state, deployment: { ...deployment, pending_operations: [] } });
}
