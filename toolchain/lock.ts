import { linkSync, mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Who holds a lock: enough to tell a living process from one that died, even when its id was used again. */
interface Holder {
  readonly pid: number;
  /** Clock ticks from boot to the process's start. */
  readonly started: string;
  readonly host: string;
  /** What it does, such as "up". */
  readonly what?: string;
  /** When it began, ISO 8601. */
  readonly since?: string;
}

/** Another process is at work already; `message` names it. */
export class BusyError extends Error {
  override readonly name = "BusyError";
}

function started(pid: number): string | undefined {
  try {
    // The second field may contain spaces and brackets; what follows the last bracket does not.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state = "", ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A process that was killed stays in the table until its parent has heard of it (proc(5): zombie).
    return /[ZX]/.test(state) ? undefined : fields[18];
  } catch {
    return undefined;
  }
}

/** This boot and this process namespace: process ids mean something only within it. */
function here(): string {
  try {
    return [
      hostname(),
      readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
      readlinkSync("/proc/self/ns/pid"),
    ].join(" ");
  } catch {
    return hostname();
  }
}

function alive(holder: Holder): boolean {
  return holder.host !== here() || started(holder.pid) === holder.started;
}

function read(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

function take(path: string, what?: string): boolean {
  const mine = `${path}.${process.pid}`;
  const since = new Date().toISOString();
  const holder: Holder = { pid: process.pid, started: started(process.pid) ?? "", host: here(), what, since };
  writeFileSync(mine, JSON.stringify(holder));
  try {
    // A link appears whole or not at all, and only where nothing is.
    linkSync(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(mine, { force: true });
  }
}

export interface LockOptions {
  readonly report: (line: string) => void;
  readonly signal?: AbortSignal;
  /** What is done under the lock, for whoever meets it. @example "up" */
  readonly what?: string;
  /** Whether to wait for a living holder, rather than be refused. @default true */
  readonly wait?: boolean;
}

/** What a living process does under a lock file, in a clause: `'npm run up' is at work on the same stacks (process 7, since …)`. */
export function atWork(path: string): string | undefined {
  const holder = read(path);
  return holder !== undefined && alive(holder) ? workOf(holder) : undefined;
}

const workOf = ({ what, pid, since }: Holder): string =>
  `'${what ?? "another command"}' is at work on the same stacks (process ${pid}, since ${since})`;

/**
 * Runs `work` while no other process does so under the same lock file. Waits for a living holder and says
 * so once; the lock of a holder that died is removed.
 * @throws BusyError where a living holder is not to be waited for
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  let told = false;
  while (!take(path, options.what)) {
    options.signal?.throwIfAborted();
    const holder = read(path);
    if (holder !== undefined && options.wait === false && alive(holder)) {
      throw new BusyError(`${workOf(holder)}: wait until it has ended, or stop it with Ctrl-C where it runs.`);
    }
    if (holder !== undefined && !alive(holder)) {
      // Moved aside first: of two processes that see the same dead holder only one succeeds.
      const dead = `${path}.dead.${process.pid}`;
      try {
        renameSync(path, dead);
        const moved = read(dead);
        if (moved !== undefined && alive(moved)) linkSync(dead, path);
        rmSync(dead, { force: true });
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code !== "ENOENT" && code !== "EEXIST") throw error;
      }
      continue;
    }
    if (!told && holder !== undefined) {
      told = true;
      const where = holder.host === here() ? "" : ` on ${holder.host.split(" ")[0]} (if it is gone, delete ${path})`;
      options.report(`waiting for process ${holder.pid}${where}, which is doing the same`);
    }
    await delay(200, undefined, { signal: options.signal });
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}
