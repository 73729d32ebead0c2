import * as pulumi from "@pulumi/pulumi";
import { describe } from "./describe";
import { InvalidInput } from "./problem";

/** What an argument must be: a test of the value, and the words for it. */
export interface Expectation {
  readonly what: string;
  holds(value: unknown): boolean;
}

const has = (value: unknown, ...keys: readonly string[]): boolean =>
  typeof value === "object" &&
  value !== null &&
  !(Array.isArray(value) || value instanceof Promise || pulumi.Output.isInstance(value)) &&
  keys.every((key) => key in value);

/** An object with these properties. */
export function objectWith(what: string, ...keys: readonly string[]): Expectation {
  return { what, holds: (value) => has(value, ...keys) };
}

/** A list of objects with these properties. */
export function listOf(what: string, ...keys: readonly string[]): Expectation {
  return {
    what,
    holds: (value) => Array.isArray(value) && value.every((one) => keys.length === 0 || has(one, ...keys)),
  };
}

/** The same, where it may also be left out. */
export function optional({ what, holds }: Expectation): Expectation {
  return { what, holds: (value) => value === undefined || holds(value) };
}

/**
 * Refuses arguments of another kind than a component works with, which JavaScript lets through, before anything is read from them.
 * @throws InvalidInput naming each of them, what it is and what it must be
 */
export function requireArguments(
  subject: string,
  args: unknown,
  expectations: Readonly<Record<string, Expectation>>,
): void {
  if (!has(args)) throw new InvalidInput(subject, [`its arguments are ${describe(args)}: give an object`]);
  const given = args as Readonly<Record<string, unknown>>;
  const wrong = Object.entries(expectations).flatMap(([key, { what, holds }]) =>
    holds(given[key]) ? [] : [`${key} is ${describe(given[key])}: it must be ${what}`],
  );
  if (wrong.length > 0) throw new InvalidInput(subject, wrong);
}

export const A_TEXT: Expectation = {
  what: "a text that is not empty",
  holds: (value) => typeof value === "string" && value !== "",
};
export const AN_OUTPUT: Expectation = { what: "an output", holds: (value) => pulumi.Output.isInstance(value) };
export const A_FUNCTION: Expectation = { what: "a function", holds: (value) => typeof value === "function" };
export const A_PROVIDER: Expectation = {
  what: "a provider resource",
  holds: (value) => pulumi.ProviderResource.isInstance(value),
};
export const A_PLATFORM = objectWith("a platform, such as lab()", "kind", "network", "machine");
export const A_MACHINE = objectWith("a machine", "id", "name", "legs", "ssh");
export const MACHINES = listOf("a list of machines", "id", "name", "legs", "ssh");
export const A_SITE = objectWith("a Site, or what a contract tells of one", "name", "platform", "key", "plan");
export const A_NETWORK = objectWith("a Network, or what a contract tells of one", "id", "name", "cidr");
export const NETWORKS = listOf("a list of Networks", "id", "name", "cidr");
export const A_SITE_NETWORK = objectWith("a Network of a site, such as site.transit", "id", "name", "cidr", "site");
export const SITE_NETWORKS = listOf(
  "a list of Networks of a site, such as [site.transit]",
  "id",
  "name",
  "cidr",
  "site",
);
