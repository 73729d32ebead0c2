import * as pulumi from "@pulumi/pulumi";

/**
 * Everything that is wrong with one input, said at once. Pulumi prints its message without a stack trace.
 */
export class InvalidInput extends pulumi.RunError {
  constructor(
    readonly subject: string,
    readonly problems: readonly string[],
  ) {
    super(`${subject}: ${problems.length === 1 ? problems[0] : problems.map((p) => `\n  - ${p}`).join("")}`);
    this.name = "InvalidInput";
  }
}

/** Gathers what is wrong with one input, so that a user mends all of it in one go. */
export class Problems {
  private readonly found: string[] = [];

  constructor(private readonly subject: string) {}

  /** Notes `sentence` unless `holds`. Returns `holds`, so that a check may depend on an earlier one. */
  require(holds: boolean, sentence: string): boolean {
    if (!holds) this.found.push(sentence);
    return holds;
  }

  /** Notes a number of seconds, of what is to be ready in them, that is none; without one there is no problem. */
  requireSeconds(name: string, seconds: number | undefined): void {
    this.require(
      seconds === undefined || (Number.isInteger(seconds) && seconds >= 1 && seconds <= 9999),
      `${name} is ${seconds}: it must be a whole number of seconds from 1 to 9999`,
    );
  }

  /** Runs `parse`; what it throws as InvalidInput or Error becomes a problem, and the result undefined. */
  attempt<T>(parse: () => T): T | undefined {
    try {
      return parse();
    } catch (error) {
      if (error instanceof InvalidInput) this.found.push(...error.problems);
      else if (error instanceof RangeError) this.found.push(error.message);
      else throw error;
      return undefined;
    }
  }

  /** @throws InvalidInput with all problems found so far, if any. */
  done(): void {
    if (this.found.length > 0) throw new InvalidInput(this.subject, this.found);
  }
}
