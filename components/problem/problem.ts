import * as pulumi from "@pulumi/pulumi";
import { describe } from "./describe";

/**
 * Everything that is wrong with one input, said at once. Pulumi prints its message without a stack trace.
 * @example
 * throw new vnf.InvalidInput("inventory", ['it has no machine "web-1": add one of that name']);
 */
export class InvalidInput extends pulumi.RunError {
  constructor(
    /** What was refused, which the message begins with: `Site "edge"`. */
    readonly subject: string,
    /** A sentence each: what is wrong, the value, what is allowed, what to do. */
    readonly problems: readonly string[],
  ) {
    super(`${subject}: ${problems.length === 1 ? problems[0] : problems.map((p) => `\n  - ${p}`).join("")}`);
    this.name = "InvalidInput";
    // What is thrown after the program's last line, by a question that was asked meanwhile, the SDK prints by its stack where it has one.
    this.stack = undefined;
  }
}

/** Whether a value is known only later. */
export function isLater<T>(value: pulumi.Input<T>): value is pulumi.Output<T> | Promise<T> {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

/**
 * Gathers what is wrong with one input, so that a user mends all of it in one go.
 * @example
 * const problems = new vnf.Problems('Firewall "edge"');
 * problems.require(router.instances.length > 0, "its router runs nowhere: give it a node");
 * problems.throwIfAny();
 */
export class Problems {
  private readonly found: string[] = [];

  constructor(private readonly subject: string) {}

  /** Notes a sentence once, though several checks come upon it. */
  private note(sentence: string): void {
    if (!this.found.includes(sentence)) this.found.push(sentence);
  }

  /** Notes `sentence` unless `holds`. Returns `holds`, so that a check may depend on an earlier one. */
  require(holds: boolean, sentence: string): boolean {
    if (!holds) this.note(sentence);
    return holds;
  }

  /** Notes a value that is not a whole number from `least` to `most`. Returns whether it is one. */
  requireWhole(name: string, value: number, least: number, most: number, unit = ""): boolean {
    return this.require(
      Number.isInteger(value) && value >= least && value <= most,
      `${name} is ${describe(value)}: it must be a whole number${unit && ` of ${unit}`} from ${least} to ${most}`,
    );
  }

  /** Notes the number of an address in its network that is no whole number; whether the network has it is seen when it is planned. */
  requireHost(name: string, host: number): boolean {
    return this.requireWhole(name, host, 1, 2 ** 24);
  }

  /**
   * The same value, checked: at once where it is known, else when it becomes known, so that what is made of it is not made.
   * @param check notes what is wrong with the known value
   */
  checked<T extends number | string>(
    value: pulumi.Input<T> | undefined,
    check: (problems: Problems, known: T) => void,
  ): pulumi.Input<T> | undefined {
    if (value === undefined) return undefined;
    if (!isLater(value)) {
      check(this, value as T);
      return value;
    }
    return pulumi.output<T>(value).apply((known) => {
      const problems = new Problems(this.subject);
      check(problems, known as T);
      problems.throwIfAny();
      return known as T;
    });
  }

  /** A time limit, checked: it must be a whole number of seconds; undefined is no problem. */
  requireSeconds(name: string, seconds: pulumi.Input<number> | undefined, least = 1): pulumi.Input<number> | undefined {
    return this.checked(seconds, (problems, known) => problems.requireWhole(name, known, least, 9999, "seconds"));
  }

  /** Notes what is known and no text; undefined is no problem. */
  requireText(name: string, text: pulumi.Input<string> | undefined): void {
    this.require(
      text === undefined || isLater(text) || typeof text === "string",
      `${name} is ${describe(text)}: it must be a text`,
    );
  }

  /** Notes a name that is no plain text, which what is made is called by; undefined is no problem. Returns whether it is none. */
  requireName(key: string, name: string | undefined): boolean {
    return this.require(
      name === undefined || typeof name === "string",
      `${key} is ${describe(name)}: it must be a plain text`,
    );
  }

  /** What has been found so far. */
  get all(): readonly string[] {
    return this.found;
  }

  /** Notes what is known and no private SSH key, such as its file's name, and does not show it; undefined is no problem. */
  requirePrivateKey(name: string, key: pulumi.Input<string> | undefined): void {
    this.require(
      key === undefined || isLater(key) || (typeof key === "string" && key.includes("PRIVATE KEY")),
      `${name} is no private key: it must be the text of one (-----BEGIN OPENSSH PRIVATE KEY-----), not the name of its file`,
    );
  }

  /** Runs `parse`; what it throws as InvalidInput or RangeError becomes a problem, and the result undefined. */
  gather<T>(parse: () => T): T | undefined {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof InvalidInput || error instanceof RangeError)) throw error;
      for (const sentence of error instanceof InvalidInput ? error.problems : [error.message]) this.note(sentence);
      return undefined;
    }
  }

  /**
   * Makes a part of what the input is for.
   * @throws InvalidInput that tells what is wrong with the part as the input's own, for the part is nothing that a user wrote
   */
  make<T>(make: () => T): T {
    try {
      return make();
    } catch (error) {
      throw error instanceof InvalidInput ? new InvalidInput(this.subject, error.problems) : error;
    }
  }

  /** Ends a round of checks, before anything is made. @throws InvalidInput with all problems found so far, if any. */
  throwIfAny(): void {
    if (this.found.length > 0) throw new InvalidInput(this.subject, this.found);
  }
}
