import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { AN_OUTPUT, objectWith, requireArguments } from "../problem/arguments";
import { describe } from "../problem/describe";
import { InvalidInput } from "../problem/problem";
import type { Checked, Form } from "../setting/form";

/** What a stack publishes: two outputs, one in the open, one secret as a whole. */
export interface Published {
  contract: pulumi.Output<unknown>;
  secrets: pulumi.Output<unknown>;
}

/** What is read back: facts as plain values, so that what depends on them is checked and shown at preview; secrets never leave their wrapper. */
export interface Read<F, S> {
  facts: F;
  secrets: pulumi.Output<S>;
}

/**
 * Refuses what is not what a contract's `read` tells, such as its promise, or that of another layer.
 * @param keys of its facts that are needed
 */
export function requireRead(subject: string, layer: string, read: unknown, ...keys: readonly string[]): void {
  const what = `what ${layer}Contract.read tells`;
  requireArguments(subject, read, { facts: objectWith(`those of ${what}`, ...keys), secrets: AN_OUTPUT });
}

/** One typed bundle of outputs that a stack publishes and another one reads; validated where it is read. */
export class Contract<F, S> {
  constructor(
    /** The layer that publishes it: "site", "kubernetes", "swarm" or "service". */
    readonly layer: string,
    readonly version: number,
    private readonly facts: Form<F>,
    private readonly secrets: Form<S>,
  ) {}

  /** What to do about a stack that isn't wholly up. */
  private get bringUp(): string {
    return `bring up the ${this.layer} stack first (\`pulumi up\` in stacks/${this.layer})`;
  }

  publish(facts: pulumi.Input<F>, secrets: pulumi.Input<S>): Published {
    return {
      contract: pulumi
        .output(facts)
        .apply((known) => ({ layer: this.layer, version: this.version, ...(known as object) })),
      secrets: pulumi.secret(secrets),
    };
  }

  /**
   * Reads it from a stack.
   * @throws InvalidInput in one sentence when the stack isn't up, is half up, or publishes something else.
   */
  async read(stack: string): Promise<Read<F, S>> {
    // A name alone would be a stack of the program's own project, and read the program's own outputs.
    if (typeof stack !== "string" || !/^[^/\s]+\/[^/\s]+\/[^/\s]+$/.test(stack))
      throw new InvalidInput(`Stack ${describe(stack)}`, [
        'it must be named with organization and project, such as "organization/hybrid-vnf-site/dev"',
      ]);
    try {
      await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name: stack }, { async: true });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!reason.includes("unknown stack") && !reason.includes("no stack named")) throw error;
      throw new InvalidInput(`Stack "${stack}"`, [`it is not there: ${this.bringUp}`]);
    }
    const reference = new pulumi.StackReference(stack);
    const contract = await reference.getOutputDetails("contract");
    const secret = await reference.getOutputDetails("secrets");
    return this.parse(stack, contract.value ?? contract.secretValue, secret.secretValue ?? secret.value);
  }

  /** Checks what a stack published; for programs that got the outputs in another way. */
  parse(stack: string, contract: unknown, secrets: unknown): Read<F, S> {
    const subject = `Stack "${stack}"`;
    const header = z.object({ layer: z.string(), version: z.number() }).safeParse(contract);
    if (!header.success)
      throw new InvalidInput(subject, [`it publishes no contract, so it is not wholly up: ${this.bringUp}`]);
    if (header.data.layer !== this.layer) {
      throw new InvalidInput(subject, [
        `it publishes the contract "${header.data.layer}", and "${this.layer}" is needed: name the ${this.layer} stack`,
      ]);
    }
    if (header.data.version !== this.version) {
      throw new InvalidInput(subject, [
        `its contract has version ${header.data.version}, and this program reads version ${this.version}: run \`pulumi up\` in stacks/${this.layer} with this release`,
      ]);
    }
    const facts = this.facts.safeParse(contract);
    const hidden = this.secrets.safeParse(secrets);
    const lacks = [...issues("contract", facts), ...issues("secrets", hidden)];
    if (!facts.success || !hidden.success)
      throw new InvalidInput(subject, [`${lacks.join("; ")}: it is half up; ${this.bringUp}`]);
    // Secrets are plain strings, which Unwrap leaves as they are; the compiler can't know that of every S.
    return { facts: facts.data as F, secrets: pulumi.secret(hidden.data) as pulumi.Output<S> };
  }
}

/** What is wrong with it, by field; never the values, for they may be secret. */
function issues(output: string, result: Checked<unknown>): string[] {
  return (result.error?.issues ?? []).map(
    (issue) => `its output ${[output, ...issue.path].join(".")} is missing or not of the right form (${issue.message})`,
  );
}
