import {
  chmodSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { hashFile } from "./hash";

/** How a tool came into the cache. */
export type Way = "official" | "built";

/** What the cache says about one version of one tool. */
export interface Entry {
  readonly name: string;
  readonly version: string;
  readonly way: Way;
  readonly key: string;
  readonly binaries: Readonly<Record<string, { readonly size: number; readonly sha256: string }>>;
}

/** Root of the cache, outside every checkout. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env.HYBRID_VNF_CACHE) return resolve(env.HYBRID_VNF_CACHE);
  return join(env.XDG_CACHE_HOME ? resolve(env.XDG_CACHE_HOME) : join(homedir(), ".cache"), "hybrid-vnf");
}

/** Where Node, from 22.1 on, keeps what it has compiled of the SDKs and of ours, for the next process (Node: module compile cache). */
export function compiledFolder(cache: string): string {
  return join(cache, "compiled");
}

/** Tools by name, version and key: `store/<name>/<version>-<key>/`. An entry appears whole or not at all. */
export class Store {
  constructor(readonly root: string) {}

  private folder(name: string, version: string, key: string): string {
    return join(this.root, "store", name, `${version}-${key.slice(0, 16)}`);
  }

  /** The entry, if all its binaries are there as they were put there. */
  find(name: string, version: string, key: string): (Entry & { readonly folder: string }) | undefined {
    const folder = this.folder(name, version, key);
    try {
      const entry = JSON.parse(readFileSync(join(folder, "entry.json"), "utf8")) as Entry;
      if (entry.key !== key) return undefined;
      for (const [binary, { size }] of Object.entries(entry.binaries)) {
        if (statSync(join(folder, binary)).size !== size) return undefined;
      }
      return { ...entry, folder };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "ENOENT" || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** Has `make` put the binaries into an empty folder, checks that they are there, and makes that folder the entry. */
  async add(
    entry: Omit<Entry, "binaries">,
    binaries: readonly string[],
    make: (folder: string) => Promise<void>,
  ): Promise<Entry & { readonly folder: string }> {
    const folder = this.folder(entry.name, entry.version, entry.key);
    mkdirSync(dirname(folder), { recursive: true });
    const made = mkdtempSync(`${folder}.tmp-`);
    try {
      await make(made);
      const facts: Record<string, { size: number; sha256: string }> = {};
      for (const binary of binaries) {
        const path = join(made, binary);
        if (!existsSync(path)) throw new Error(`${entry.name} ${entry.version} came without '${binary}'.`);
        chmodSync(path, 0o755);
        facts[binary] = { size: statSync(path).size, sha256: await hashFile(path) };
      }
      for (const name of readdirSync(made)) {
        if (!binaries.includes(name)) rmSync(join(made, name), { recursive: true });
      }
      writeFileSync(join(made, "entry.json"), `${JSON.stringify({ ...entry, binaries: facts }, null, 2)}\n`);
      chmodSync(made, 0o755);
      rmSync(folder, { recursive: true, force: true });
      renameSync(made, folder);
      return { ...entry, binaries: facts, folder };
    } catch (error) {
      rmSync(made, { recursive: true, force: true });
      throw error;
    }
  }

  /** Removes what a run that was killed left half made. Call it under the lock only. */
  sweep(): void {
    const store = join(this.root, "store");
    if (!existsSync(store)) return;
    for (const name of readdirSync(store)) {
      for (const entry of readdirSync(join(store, name))) {
        if (entry.includes(".tmp-")) rmSync(join(store, name, entry), { recursive: true, force: true });
      }
    }
  }
}

/** Whether `to` already is the file `from`. */
export function placed(from: string, to: string): boolean {
  try {
    const [a, b] = [statSync(from), statSync(to)];
    return (a.ino === b.ino && a.dev === b.dev) || (a.size === b.size && a.mtimeMs === b.mtimeMs);
  } catch {
    return false;
  }
}

/** Puts the file `from` at `to`, in one step: as a second name of the same file where the file system allows it. */
export function place(from: string, to: string): void {
  if (placed(from, to)) return;
  mkdirSync(dirname(to), { recursive: true });
  const temporary = `${to}.tmp-${process.pid}`;
  rmSync(temporary, { force: true });
  try {
    linkSync(from, temporary);
  } catch {
    copyFileSync(from, temporary);
    chmodSync(temporary, 0o755);
    utimesSync(temporary, statSync(from).atime, statSync(from).mtime);
  }
  // Renaming onto another name of the same file would leave both; `placed` has excluded that.
  renameSync(temporary, to);
}

/** Has `to` lead to the file `from`, which is somebody else's: once that one is gone or another one, so is this. */
export function link(from: string, to: string): void {
  if (placed(from, to)) return;
  mkdirSync(dirname(to), { recursive: true });
  const temporary = `${to}.tmp-${process.pid}`;
  rmSync(temporary, { force: true });
  symlinkSync(from, temporary);
  renameSync(temporary, to);
}
