import * as pulumi from "@pulumi/pulumi";
import { describe } from "./describe";
import { INPUTS } from "./inputs";
import { nearest } from "./nearest";
import { InvalidInput } from "./problem";

/** What an argument must be: a test of the value, and the words for it. */
export interface Expectation {
  readonly what: string;
  holds(value: unknown): boolean;
  /** A value that it does not hold for, in words. @default what `describe` says */
  tell?(value: unknown): string;
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
  const lacking = (one: unknown) => keys.filter((key) => !has(one, key));
  return listWhere(
    what,
    (one) => lacking(one).length === 0,
    (one) =>
      has(one)
        ? `has no ${lacking(one)
            .map((key) => `"${key}"`)
            .join(" and no ")}`
        : `is ${describe(one)}`,
  );
}

/** A list that this holds for each entry of; which one it does not hold for is told, and why. */
export function listWhere(
  what: string,
  holds: (one: unknown) => boolean,
  why = (one: unknown) => `is ${describe(one)}`,
): Expectation {
  return {
    what,
    holds: (value) => Array.isArray(value) && value.every(holds),
    tell: (value) => {
      const at = Array.isArray(value) ? value.findIndex((one) => !holds(one)) : -1;
      return Array.isArray(value) && at >= 0
        ? `${describe(value)}, of which number ${at + 1} ${why(value[at])}`
        : describe(value);
    },
  };
}

/** The same, where it may also be left out. */
export function optional(expectation: Expectation): Expectation {
  return { ...expectation, holds: (value) => value === undefined || expectation.holds(value) };
}

/**
 * How messages speak of a component: `Site "edge"`.
 * @throws InvalidInput when its name is none that Pulumi takes
 */
export function subjectOf(kind: string, name: unknown): string {
  if (!A_TEXT.holds(name)) throw new InvalidInput(kind, [`its name is ${describe(name)}: it must be ${A_TEXT.what}`]);
  return `${kind} "${name}"`;
}

/**
 * Refuses an object whose properties are of another kind, before anything is read from it; what else it has is no matter.
 * @throws InvalidInput naming each of them, what it is and what it must be
 */
export function requireProperties(
  subject: string,
  value: unknown,
  expectations: Readonly<Record<string, Expectation>>,
): void {
  if (!has(value)) throw new InvalidInput(subject, [`its arguments are ${describe(value)}: give an object`]);
  const wrong = wrongProperties(value, expectations);
  if (wrong.length > 0) throw new InvalidInput(subject, wrong);
}

/**
 * Refuses arguments of another kind than a component works with, which JavaScript lets through, and fields that it does not know, in the arguments
 * and in what they are made of.
 * @param type whose fields there are
 * @throws InvalidInput naming each of them, what it is and what it must be
 */
export function requireArguments(
  subject: string,
  args: unknown,
  type: InputType,
  expectations: Readonly<Record<string, Expectation>>,
): void {
  requireProperties(subject, args, {});
  const wrong = [...unknownFields(type, args), ...wrongProperties(args, expectations)];
  if (wrong.length > 0) throw new InvalidInput(subject, wrong);
}

function wrongProperties(value: unknown, expectations: Readonly<Record<string, Expectation>>): readonly string[] {
  const given = value as Readonly<Record<string, unknown>>;
  return Object.entries(expectations).flatMap(([key, { what, holds, tell = describe }]) =>
    holds(given[key]) ? [] : [`${key} is ${tell(given[key])}: it must be ${what}`],
  );
}

/** A type of what can be given. */
export type InputType = keyof typeof INPUTS;

/** Fields that are none of this type's, a sentence each; one without a value says nothing. */
function unknownFields(type: InputType, value: unknown, at = ""): readonly string[] {
  const fields: Readonly<Record<string, InputType | null>> = INPUTS[type];
  return Object.entries(has(value) ? (value as object) : {}).flatMap(([key, one]) => {
    const made = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (made === undefined) return one === undefined ? [] : [unknownField(at, key, Object.keys(fields))];
    if (made === null) return [];
    return Array.isArray(one)
      ? one.flatMap((entry, place) => unknownFields(made, entry, `${at}${key}[${place}].`))
      : unknownFields(made, one, `${at}${key}.`);
  });
}

function unknownField(at: string, key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  const instead = meant === undefined ? "leave it out" : `did you mean "${meant}"?`;
  return `there is no ${at}${key}: ${instead} (there are: ${known.join(", ")})`;
}

export const A_TEXT: Expectation = {
  what: "a text that is not empty",
  holds: (value) => typeof value === "string" && value !== "",
};
export const A_RANGE: Expectation = {
  what: 'a range in CIDR notation, such as "10.100.101.0/24"',
  holds: (value) => typeof value === "string",
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
