import { elapsed } from "../toolchain/progress";

/** One thing the engine did. */
export interface Step {
  readonly op: string;
  readonly name: string;
  readonly type: string;
  readonly took: number;
}

const verbs: Readonly<Record<string, string>> = {
  create: "created",
  update: "updated",
  delete: "deleted",
  "create-replacement": "created anew",
  "delete-replaced": "deleted the old",
  import: "imported",
};

/** What the engine's word for a step is in ours; undefined for steps that change nothing. */
export function verb(op: string): string | undefined {
  return verbs[op];
}

const width = 10;

/** A line about a step. */
export function stepLine(layer: string, step: Step): string {
  const took = step.took >= 100 ? ` (${elapsed(step.took)})` : "";
  return `${layer.padEnd(width)}  ${verb(step.op) ?? step.op} ${step.name} ${step.type}${took}`;
}

/**
 * `2 created, 1 deleted, 30 unchanged`, or `no changes, 32 resources`.
 * @param unlisted how many of those that change are components or providers, of which no line tells
 */
export function summary(changes: Readonly<Record<string, number | undefined>>, preview = false, unlisted = 0): string {
  const words: readonly (readonly [string, string, string])[] = [
    ["create", "created", "to create"],
    ["update", "updated", "to update"],
    ["replace", "replaced", "to replace"],
    ["delete", "deleted", "to delete"],
    ["import", "imported", "to import"],
  ];
  const same = changes.same ?? 0;
  const parts = words.flatMap(([op, done, planned]) => {
    const count = changes[op] ?? 0;
    return count > 0 ? [`${count} ${preview ? planned : done}`] : [];
  });
  if (parts.length === 0) return `no changes, ${same} resources`;
  const of =
    unlisted === 0
      ? ""
      : ` (${unlisted} of them ${unlisted === 1 ? "a component or provider" : "components or providers"})`;
  return [`${parts.join(", ")}${of}`, ...(same > 0 ? [`${same} unchanged`] : [])].join(", ");
}

/** Where progress goes. */
export interface Progress {
  /** A line that stays. */
  line(text: string): void;
  begin(layer: string, what: string): void;
  /** A resource of a layer was looked at, and nothing is done about it now. */
  seen(layer: string): void;
  /** Something in a layer has begun and is under way. */
  busy(layer: string, name: string): void;
  step(layer: string, step: Step): void;
  end(layer: string, text: string, good: boolean): void;
  close(): void;
}

/** Milliseconds of silence after which a log says what is still under way. */
const SILENCE = 20_000;

/** Lines, one after the other: for logs and pipes. */
export class Plain implements Progress {
  private readonly rows = new Map<string, Pick<Row, "what" | "began" | "seen">>();
  private clock?: NodeJS.Timeout;
  private last = 0;
  constructor(private readonly write: (text: string) => void) {}

  line(text: string): void {
    this.last = Date.now();
    this.write(`${text}\n`);
  }
  begin(layer: string, what: string): void {
    this.rows.set(layer, { what, began: Date.now(), seen: 0 });
    this.line(`${layer.padEnd(width)}  ${what}`);
    this.clock ??= setInterval(() => this.still(), 1000).unref();
  }
  seen(layer: string): void {
    const row = this.rows.get(layer);
    if (row !== undefined) row.seen++;
  }
  busy(): void {
    // Only what is finished makes a line.
  }
  step(layer: string, step: Step): void {
    this.line(stepLine(layer, step));
  }
  end(layer: string, text: string): void {
    const row = this.rows.get(layer);
    this.rows.delete(layer);
    this.line(`${layer.padEnd(width)}  ${text}${row === undefined ? "" : `, ${elapsed(Date.now() - row.began)}`}`);
  }
  close(): void {
    clearInterval(this.clock);
    this.clock = undefined;
  }

  private still(): void {
    if (Date.now() - this.last < SILENCE) return;
    for (const [layer, row] of this.rows) this.line(`${layer.padEnd(width)}  still ${underWay(row)}`);
  }
}

/** `previewing, 12 s, 40 resources so far`. */
function underWay({ what, began, seen }: Pick<Row, "what" | "began" | "seen">): string {
  const count = seen === 0 ? "" : `, ${seen} ${seen === 1 ? "resource" : "resources"} so far`;
  return `${what}, ${elapsed(Date.now() - began)}${count}`;
}

interface Row {
  readonly what: string;
  readonly began: number;
  /** How many resources were looked at. */
  seen: number;
  readonly busy: Map<string, number>;
  steps: number;
  ended?: string;
}

/** One line per stack that changes in place: for terminals. */
export class Live implements Progress {
  private readonly rows = new Map<string, Row>();
  private drawn = 0;
  private readonly clock: NodeJS.Timeout;
  private turn = 0;

  constructor(
    private readonly write: (text: string) => void,
    private readonly columns: () => number,
  ) {
    this.clock = setInterval(() => this.draw(), 120);
    this.clock.unref();
  }

  line(text: string): void {
    this.erase();
    this.write(`${text}\n`);
    this.draw();
  }
  begin(layer: string, what: string): void {
    this.rows.set(layer, { what, began: Date.now(), seen: 0, busy: new Map(), steps: 0 });
    this.draw();
  }
  seen(layer: string): void {
    const row = this.rows.get(layer);
    if (row !== undefined) row.seen++;
  }
  busy(layer: string, name: string): void {
    this.rows.get(layer)?.busy.set(name, Date.now());
  }
  step(layer: string, step: Step): void {
    const row = this.rows.get(layer);
    row?.busy.delete(step.name);
    if (row !== undefined && verb(step.op) !== undefined) row.steps++;
  }
  end(layer: string, text: string, good: boolean): void {
    const row = this.rows.get(layer);
    if (row === undefined) {
      this.line(`${layer.padEnd(width)}  ${text}`);
      return;
    }
    row.ended = `${good ? "✔" : "✘"} ${layer.padEnd(width)} ${text}, ${elapsed(Date.now() - row.began)}`;
    this.draw();
  }
  close(): void {
    clearInterval(this.clock);
    this.draw();
    this.rows.clear();
    this.drawn = 0;
  }

  private erase(): void {
    if (this.drawn > 0) this.write(`\u001b[${this.drawn}A\u001b[0J`);
    this.drawn = 0;
  }

  private draw(): void {
    if (this.rows.size === 0) return;
    const lines = [...this.rows].map(([layer, row]) => row.ended ?? this.under(layer, row));
    const room = this.columns() - 1;
    this.erase();
    this.write(lines.map((line) => `${line.length > room ? `${line.slice(0, room - 1)}…` : line}\n`).join(""));
    this.drawn = lines.length;
  }

  private under(layer: string, row: Row): string {
    const wheel = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
    const mark = wheel[this.turn++ % wheel.length];
    const busy = [...row.busy].map(([name, since]) => `${name} ${elapsed(Date.now() - since)}`).join(", ");
    const steps = row.steps > 0 ? `, ${row.steps} done` : "";
    return `${mark} ${layer.padEnd(width)} ${underWay(row)}${steps}${busy ? `: ${busy}` : ""}`;
  }
}

/** Progress as it fits where it goes. */
export function progress(stream: NodeJS.WriteStream = process.stdout): Progress {
  const write = (text: string): void => void stream.write(text);
  const dumb = !stream.isTTY || process.env.TERM === "dumb" || Boolean(process.env.CI);
  return dumb ? new Plain(write) : new Live(write, () => stream.columns || 80);
}
