import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import type { Result } from "./figures";

/** Where what was measured is kept: a line for each run, and a picture where `up` was measured. */
export const historyFolder = join(__dirname, "history");

/** A run of the bench: what was measured, of which commit, on what machine; nothing that tells whose machine it is. */
export interface Run {
  /** When it ended, ISO 8601. */
  readonly date: string;
  /** The commit that was measured, `+` behind it where files had been changed since. */
  readonly commit: string;
  readonly machine: {
    readonly cores: number;
    readonly processor: string;
    readonly memoryGiB: number;
    readonly kernel: string;
    readonly node: string;
    /** How many processes wanted a core in the minute before it began: with much more than none, its times tell of others' work too. */
    readonly load: number;
  };
  /** What was measured in each round, by the figure's key. */
  readonly figures: Readonly<Record<string, readonly number[]>>;
}

/** What there is to note of a run that has ended. */
export function noteOf(
  results: readonly Result[],
  { ended, commit, load }: Pick<Run["machine"], "load"> & { ended: Date; commit: string },
): Run {
  const rounded = (value: number): number => Number(value.toPrecision(4));
  return {
    date: ended.toISOString(),
    commit,
    machine: {
      cores: cpus().length,
      processor: cpus()[0]?.model ?? "unknown",
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      // Its version alone: what follows is a name that the machine's owner gave it.
      kernel: release().split("-")[0] ?? "",
      node: process.version,
      load: rounded(load),
    },
    figures: Object.fromEntries(results.map(({ key, rounds }) => [key, rounds.map(rounded)])),
  };
}

/** The commit that is checked out, and whether its files have been changed since; the history itself aside. */
export function currentCommit(): string {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: __dirname, encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/", `:(exclude,top)bench/history`);
  return `${git("rev-parse", "--short=12", "HEAD")}${changed === "" ? "" : "+"}`;
}

export function keep(run: Run, folder: string = historyFolder): void {
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, "runs.jsonl"), `${JSON.stringify(run)}\n`);
}
