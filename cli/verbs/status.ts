import { setTimeout as delay } from "node:timers/promises";
import type { Context } from "../context";
import type { SeenDrift } from "../drift";
import { flag, verb, wholeNumber } from "../verb";

/** Seconds for which --watch shows what drift was seen: to ask takes an engine for each stack. */
const DRIFT_AGE = 60;

export const status = verb({
  name: "status",
  summary: "say what is up, and how it is",
  options: {
    quick: flag("ask no machine how it is, and nobody what was changed by hand"),
    watch: flag("again and again, until Ctrl-C; what was changed by hand once a minute"),
    every: { ...wholeNumber("SECONDS", "between two looks of --watch", 1, 3600, 5), partOf: "watch" },
    json: flag("print the result as JSON"),
  },
  examples: [
    ["status", "stacks, networks, machines, clusters, functions, the path, and what was changed by hand"],
    ["status --watch --every 2", "the same, kept up to date"],
    ["status --json", "for a program to read"],
  ],
  needsHost: false,
  run: async ({ context, alone, print }, { quick, watch, every, json }) => {
    const { seenDrift } = await import("../drift.js");
    const { overview, overviewLines } = await import("../overview.js");
    let last: SeenDrift | undefined;
    const drift = async (): Promise<SeenDrift> => {
      if (last === undefined)
        process.stderr.write("asking machines how they are, and looking for what was changed by hand\n");
      if (last === undefined || Date.now() - Date.parse(last.asked) > DRIFT_AGE * 1000)
        last = await seenDrift(context, alone);
      return last;
    };
    const look = async (): Promise<readonly string[]> => {
      const seen = await overview(context, quick, quick ? undefined : drift);
      return json ? [JSON.stringify(seen, null, watch ? undefined : 2)] : overviewLines(seen);
    };
    const write = json ? print : (line: string) => context.progress.line(line);
    if (!watch) {
      for (const line of await look()) write(line);
      return 0;
    }
    const screen = !json && process.stdout.isTTY ? new Screen(process.stdout) : undefined;
    // Node forgets what a write to standard output failed of, and whether one did.
    let isRead = true;
    process.stdout.once("error", () => {
      isRead = false;
    });
    const show = (lines: readonly string[]): void => {
      if (screen) screen.show(lines);
      else for (const line of lines) write(line);
    };
    return keepLooking(context, every, look, show, () => isRead);
  },
});

/** Looks and shows until it is interrupted, which is its usual end, or nobody reads any more what it shows. */
export async function keepLooking(
  { signal }: Pick<Context, "signal">,
  every: number,
  look: () => Promise<readonly string[]>,
  show: (lines: readonly string[]) => void,
  isRead: () => boolean = () => true,
): Promise<number> {
  try {
    while (isRead()) {
      show(await look());
      await delay(every * 1000, undefined, { signal });
    }
    return 0;
  } catch (error) {
    if (signal.aborted) return 0;
    throw error;
  }
}

/** Lines on a terminal that change in place, never more of them than it has. */
export class Screen {
  private drawn = 0;

  constructor(private readonly stream: Pick<NodeJS.WriteStream, "write" | "rows" | "columns">) {}

  show(lines: readonly string[]): void {
    const [rows, columns] = [(this.stream.rows || 24) - 1, (this.stream.columns || 80) - 1];
    const shown =
      lines.length <= rows ? lines : [...lines.slice(0, rows - 1), `… and ${lines.length - rows + 1} more lines`];
    const cut = shown.map((line) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line));
    const erase = this.drawn > 0 ? `\u001b[${this.drawn}A\u001b[0J` : "";
    this.stream.write(`${erase}${cut.map((line) => `${line}\n`).join("")}`);
    this.drawn = cut.length;
  }
}
