/** Seconds as people say them: `0.4 s`, `12 s`, `2 min 05 s`. */
export function elapsed(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** Bytes in MB, one decimal. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Lets a line through at most every `every` milliseconds: a long step shows that it lives without filling a log. */
export function seldom(report: (line: string) => void, every: number): (line: () => string) => void {
  let last = Date.now();
  return (line) => {
    if (Date.now() - last < every) return;
    last = Date.now();
    report(line());
  };
}

/** What is to be compiled, and how many packages that is for each: where nothing is compiled yet, after those before it. */
export interface Compiled {
  readonly builds: readonly { readonly compiles: number }[];
}

/** Tells how long compiling will still take, by the packages that were compiled so far. */
export class TimeLeft<T extends Compiled> {
  private readonly done = new Map<T, number>();
  private readonly began: number;

  constructor(
    private readonly all: readonly T[],
    private readonly now: () => number = Date.now,
  ) {
    this.began = now();
  }

  private static of({ builds }: Compiled): number {
    return builds.reduce((sum, { compiles }) => sum + compiles, 0);
  }

  /** A package has been compiled for one. */
  compiled(one: T): void {
    this.done.set(one, Math.min((this.done.get(one) ?? 0) + 1, TimeLeft.of(one)));
  }

  /** One is there: what was compiled before it needed no compiling. */
  finished(one: T): void {
    this.done.set(one, TimeLeft.of(one));
  }

  /** For the end of a line: how long is left, in whole minutes; nothing before a twentieth is done. */
  get told(): string {
    const total = this.all.reduce((sum, one) => sum + TimeLeft.of(one), 0);
    const done = [...this.done.values()].reduce((sum, one) => sum + one, 0);
    if (done < total / 20) return "";
    const minutes = Math.ceil((((this.now() - this.began) / done) * (total - done)) / 60_000);
    return minutes > 1 ? `; about ${minutes} min left of all` : "; about a minute left of all";
  }
}
