import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { objectWith, requireProperties } from "../problem/arguments";
import { describe } from "../problem/describe";
import { InvalidInput } from "../problem/problem";
import type { Checked, Form } from "../setting/form";
import { planOf } from "./planned";

/** What a stack publishes: two outputs, one in the open, one of secrets. */
export interface Published {
  /** Layer, version and facts, for anybody to read. Export it under this name, by which it is looked up. */
  contract: Readonly<Record<string, unknown>>;
  /** Each a secret. Export it under this name. */
  secrets: Readonly<Record<string, pulumi.Output<unknown>>>;
}

/** Secrets, each an output of its own. */
export type Secrets<S> = { readonly [K in keyof S]: pulumi.Output<S[K]> };

/** What is read back: facts as plain values, so that what depends on them is checked and shown at preview; secrets never leave their wrapper. */
export interface Read<F, S> {
  /** Checked to have the contract's form. */
  facts: F;
  /** What comes of them is secret too. */
  secrets: Secrets<S>;
}

/**
 * Refuses what is not what a contract's `read` tells, such as its promise, or that of another layer.
 * @param keys of its facts that are needed
 */
export function requireRead(subject: string, layer: string, read: unknown, ...keys: readonly string[]): void {
  const what = `what ${layer}Contract.read tells`;
  requireProperties(subject, read, {
    facts: objectWith(`those of ${what}`, ...keys),
    secrets: objectWith(`those of ${what}`),
  });
}

/**
 * One typed bundle of outputs that a stack publishes and another one reads; validated where it is read.
 * @typeParam F what is published in the open
 * @typeParam S what is published as secrets, by name
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
    return `bring up the ${this.layer} stack first (\`pulumi up\` in its folder)`;
  }

  /**
   * What a program exports for others to read. Secrets are a secret output from here on, however they came.
   * @example
   * const servers = [{ name: "apache-1", address: "10.110.102.11" }];
   * const facts = { url: "http://10.110.100.20", from: "edge/clients", clients: [], hops: [], servers };
   * return vnf.serviceContract.publish(facts, {});
   */
  publish(facts: F, secrets: { readonly [K in keyof S]: pulumi.Input<S[K]> }): Published {
    // A plain object, so that a preview which does not know one field yet still shows the others.
    return { contract: { layer: this.layer, version: this.version, ...facts }, secrets: eachSecret(secrets) };
  }

  /**
   * Reads it from a stack that is up; in the preview of several stacks, from what that stack's preview means to publish: a field that only `up` will
   * tell is then an output that is not known.
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
    const plan = await planOf(stack);
    if (!(await isThere(stack))) {
      if (plan === undefined)
        throw new InvalidInput(`Stack "${stack}"`, [`it is not there: ${this.bringUp}${orMend(stack)}`]);
      return this.check(stack, plan.contract, plan.secrets);
    }
    // Although a plan takes the place of what it tells: the state notes by it which stacks this one reads.
    const reference = new pulumi.StackReference(stack);
    if (plan) return this.check(stack, plan.contract, plan.secrets);
    const contract = await reference.getOutputDetails("contract");
    const secret = await reference.getOutputDetails("secrets");
    return this.check(stack, contract.value ?? contract.secretValue, secret.secretValue ?? secret.value);
  }

  /**
   * Checks what a stack published; for programs that got the outputs in another way, such as `pulumi stack output --json --show-secrets`.
   * @param stack what messages call it
   * @throws InvalidInput as `read` does
   * @example
   * const { contract, secrets } = JSON.parse(process.env.SITE_OUTPUTS ?? "{}");
   * const { facts } = vnf.siteContract.parse("dev", contract, secrets);
   */
  parse(stack: string, contract: unknown, secrets: unknown): Read<pulumi.Unwrap<F>, S> {
    // Nothing in plain outputs is an output itself.
    return this.check(stack, contract, secrets) as Read<pulumi.Unwrap<F>, S>;
  }

  private check(stack: string, contract: unknown, secrets: unknown): Read<F, S> {
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
        `its contract has version ${header.data.version}, and this program reads version ${this.version}: run \`pulumi up\` in its folder with this release`,
      ]);
    }
    const facts = this.facts.safeParse(contract);
    const lacks = [
      ...issues("contract", facts, contract),
      ...issues("secrets", this.secrets.safeParse(secrets), secrets, true),
    ];
    if (!facts.success || lacks.length > 0)
      throw new InvalidInput(subject, [`${lacks.join("; ")}: it is half up; ${this.bringUp}`]);
    return { facts: facts.data as F, secrets: eachSecret(secrets as S) };
  }
}

/** What else to do about a stack that is not there, where somebody gave it another name than this one has. */
function orMend(stack: string): string {
  const [name, own] = [stack.split("/").at(-1), pulumi.getStack()];
  return name === own ? "" : `, or, if '${name}' is misspelt, mend it where it is set (this stack is '${own}')`;
}

/** Whether there is such a stack. */
async function isThere(stack: string): Promise<boolean> {
  try {
    await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name: stack }, { async: true });
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (!reason.includes("unknown stack") && !reason.includes("no stack named")) throw error;
    return false;
  }
}

/** Each value as a secret output, however it came. */
function eachSecret<S>(values: { readonly [K in keyof S]: pulumi.Input<S[K]> }): Secrets<S> {
  const each = Object.entries(values as object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(each.map(([key, value]) => [key, pulumi.secret(value)])) as Secrets<S>;
}

/** What a checker's kinds of values are called. */
const KINDS: Readonly<Record<string, string>> = {
  string: "a text that is not empty",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

/**
 * What is wrong with it, by field; never the values, for they may be secret.
 * @param outputsAreLater whether fields that are outputs are checked only once they are known
 */
function issues(output: string, result: Checked<unknown>, value: unknown, outputsAreLater = false): string[] {
  const isLater = (field: PropertyKey | undefined): boolean =>
    outputsAreLater && field !== undefined && pulumi.Output.isInstance(at(value, field));
  return (result.error?.issues ?? [])
    .filter(({ path: [field] }) => !isLater(field))
    .map(({ path, expected, origin, message }) => {
      const field = `its output ${[output, ...path].join(".")}`;
      const found = path.reduce<unknown>(at, value);
      if (found === undefined || found === null) return `${field} is missing`;
      // A checker's own messages are in its own terms; those that are ours begin like this.
      const allowed = message.startsWith("it must")
        ? message
        : `it must be ${KINDS[expected ?? origin ?? ""] ?? "of another form"}`;
      return `${field} is ${kindOf(found)}: ${allowed}`;
    });
}

function at(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
}

/** What a value is, without saying which. */
function kindOf(value: unknown): string {
  if (pulumi.Output.isInstance(value)) return "an output";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value === "") return "an empty text";
  if (typeof value === "string") return "another text";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
