import type { Context } from "./context";
import type { Progress } from "./progress";

/** A command line that asks for nothing there is; `message` says what is allowed. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Names that completion asks the command for: of the stacks that are listed here, or that stacks of these have, as `--stack` takes them. */
export const NAMES = ["layers", "stacks"] as const;
export type Names = (typeof NAMES)[number];

/** An option of the command line: `--NAME VALUE`, or a flag. */
export interface Option<T> {
  /** What help calls its value, such as "FILE"; undefined for a flag. */
  readonly value?: string;
  /** What it does, for help. */
  readonly meaning: string;
  /** What its value can be, for completion: some words, or names that a shell asks for when it completes them. */
  readonly words?: readonly string[] | Names;
  /** The option that it belongs to: without that one it says nothing, and is refused. */
  readonly partOf?: string;
  /** An option beside which it says nothing, and is refused. */
  readonly notWith?: string;
  /** Reads what was given. @throws UsageError naming the value and what is allowed */
  readonly read: (given: string | boolean | undefined, name: string) => T;
}

/** An option that is given or not. */
export function flag(meaning: string): Option<boolean> {
  return { meaning, read: (given) => given === true };
}

/** An option that takes a text, such as the name of a file. */
export function text(value: string, meaning: string): Option<string | undefined> {
  const read = (given: string | boolean | undefined, name: string): string | undefined => {
    if (given === "") throw new UsageError(`--${name} is ''; it takes a ${value.toLowerCase()}.`);
    return typeof given === "string" ? given : undefined;
  };
  return { value, meaning, read };
}

/** An option that takes a whole number. */
export function wholeNumber(
  value: string,
  meaning: string,
  least: number,
  most: number,
  otherwise: number,
): Option<number> {
  const read = (given: string | boolean | undefined, name: string): number => {
    const number = Number(given ?? otherwise);
    if (/^\d+$/.test(String(given ?? otherwise)) && number >= least && number <= most) return number;
    throw new UsageError(`--${name} is '${given}'; it takes a whole number from ${least} to ${most}.`);
  };
  return { value, meaning: `${meaning} (${otherwise})`, read };
}

/** An option that takes one of a few words. */
export function oneOf<T extends string, Otherwise extends T | undefined>(
  value: string,
  meaning: string,
  words: readonly T[],
  otherwise: Otherwise,
): Option<T | Otherwise> {
  const read = (given: string | boolean | undefined, name: string): T | Otherwise => {
    if (given === undefined) return otherwise;
    const word = words.find((one) => one === given);
    if (word !== undefined) return word;
    throw new UsageError(`--${name} is '${given}'; it can be ${words.join(", ")}.`);
  };
  return {
    value,
    meaning: `${meaning}: ${words.join(", ")}${otherwise === undefined ? "" : ` (${otherwise})`}`,
    words,
    read,
  };
}

export type Options = Readonly<Record<string, Option<unknown>>>;

/** What a command line gave for each option. */
export type Given<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** What a verb works with that reads files alone. */
export interface Bare {
  readonly progress: Progress;
  /** Prints a result: what a program reads, on standard output. */
  readonly print: (text: string) => void;
}

/** What every other verb works with. */
export interface Base extends Bare {
  /** In which the engine runs. */
  readonly environment: Readonly<Record<string, string>>;
  /** Makes sure of images on this machine, by their names; of all where none are named. */
  readonly images: (needed: readonly string[] | undefined) => Promise<void>;
}

/** What a verb over the stacks works with. */
export interface Session extends Base {
  readonly context: Context;
  /** Does something while no other command works on these stacks; refuses where one does. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  /** Who else is at work on these stacks, in a clause; undefined where nobody is. */
  readonly others: () => string | undefined;
}

interface About {
  readonly name: string;
  /** What it does, for the list of all. */
  readonly summary: string;
  readonly options: Options;
  /** Command lines without the command's name, each with what it is for. */
  readonly examples: readonly (readonly [line: string, purpose: string])[];
  /** Whether it changes anything, so that what it has begun can be gone on with. @default false */
  readonly changes?: boolean;
  /** Whether it needs the Docker engine and kernel settings of a machine that carries a lab. */
  readonly needsHost: boolean;
}

/** A verb over the stacks that are listed here. */
export interface StackVerb extends About {
  readonly needsStacks: true;
  /** Whether the stacks' name may be one that there is not. @default false: it is refused */
  readonly takesAnyStack?: boolean;
  /** Does what takes neither stacks nor an engine; undefined where what is asked for does, and `run` is called. */
  readonly runAlone?: (base: Bare, given: Readonly<Record<string, unknown>>) => Promise<number> | undefined;
  /** Does it; the exit code. What it takes is loaded here, so that nobody who only asks for help waits for the SDK. */
  readonly run: (session: Session, given: Readonly<Record<string, unknown>>) => Promise<number>;
}

/** A verb that needs none. */
export interface PlainVerb extends About {
  readonly needsStacks: false;
  readonly run: (base: Base, given: Readonly<Record<string, unknown>>) => Promise<number>;
}

/** What a command line can ask for. */
export type Verb = StackVerb | PlainVerb;

/** A verb over the stacks, whose `run` gets its options by their types. */
export function verb<O extends Options>(
  one: Omit<StackVerb, "needsStacks" | "options" | "run" | "runAlone"> & {
    readonly options: O;
    readonly run: (session: Session, given: Given<O>) => Promise<number>;
    readonly runAlone?: (base: Bare, given: Given<O>) => Promise<number> | undefined;
  },
): StackVerb {
  return {
    ...one,
    needsStacks: true,
    run: (session, given) => one.run(session, given as Given<O>),
    runAlone: (base, given) => one.runAlone?.(base, given as Given<O>),
  };
}
