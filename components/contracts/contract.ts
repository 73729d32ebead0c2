import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { AN_OUTPUT, objectWith, requireArguments } from "../problem/arguments";
import { describe } from "../problem/describe";
import { InvalidInput } from "../problem/problem";
import type { Checked, Form } from "../setting/form";

/** What a stack publishes: two outputs, one in the open, one secret as a whole. */
export interface Published {
  /** Layer, version and facts, for anybody to read. Export it under this name, by which it is looked up. */
  contract: pulumi.Output<unknown>;
  /** A secret as a whole. Export it under this name. */
  secrets: pulumi.Output<unknown>;
}

/** What is read back: facts as plain values, so that what depends on them is checked and shown at preview; secrets never leave their wrapper. */
export interface Read<F, S> {
  /** Checked to have the contract's form. */
  facts: F;
  /** Take one out with `apply`; what comes of it is secret too. */
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

/**
 * One typed bundle of outputs that a stack publishes and another one reads; validated where it is read.
 * @typeParam F what is published in the open
 * @typeParam S what is published as a secret
 * @example
 * const facts = z.object({ url: z.string() }); // of zod; any form with `safeParse` will do
 * const probe = new vnf.Contract("probe", 1, facts, z.object({ token: z.string() }));
 */
export class Contract<F, S> {
  constructor(
    /** The layer that publishes it: "site", "kubernetes", "swarm" or "service". */
    readonly layer: string,
    /** Number of its form: a stack that published another one is refused, and is to be brought up with this release. */
    readonly version: number,
    private readonly facts: Form<F>,
    private readonly secrets: Form<S>,
  ) {}

  /** What to do about a stack that isn't wholly up. */
  private get bringUp(): string {
    return `bring up the ${this.layer} stack first (\`pulumi up\` in stacks/${this.layer})`;
  }

  /**
   * What a program exports for others to read. Secrets are a secret output from here on, however they came.
   * @example
   * const servers = [{ name: "apache-1", address: "10.110.102.11" }];
   * const facts = { url: "http://10.110.100.20", from: "edge/clients", clients: [], hops: [], servers };
   * return vnf.serviceContract.publish(facts, {});
   */
  publish(facts: pulumi.Input<F>, secrets: pulumi.Input<S>): Published {
    return {
      contract: pulumi
        .output(facts)
        .apply((known) => ({ layer: this.layer, version: this.version, ...(known as object) })),
      secrets: pulumi.secret(secrets),
    };
  }

  /**
   * Reads it from a stack that is up.
   * @param stack its name with organization and project, "ORGANIZATION/PROJECT/STACK"; of a backend in files, the organization is "organization"
   * @throws InvalidInput in one sentence when the stack isn't up, is half up, or publishes something else.
   * @example
   * const { facts } = await vnf.siteContract.read("organization/hybrid-vnf-site/dev");
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

  /**
   * Checks what a stack published; for programs that got the outputs in another way, such as `pulumi stack output --json --show-secrets`.
   * @param stack what messages call it
   * @throws InvalidInput as `read` does
   * @example
   * const { contract, secrets } = JSON.parse(process.env.SITE_OUTPUTS ?? "{}");
   * const { facts } = vnf.siteContract.parse("dev", contract, secrets);
   */
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
