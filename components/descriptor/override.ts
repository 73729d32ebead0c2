import * as pulumi from "@pulumi/pulumi";
import { describe } from "../problem/describe";
import { nearest } from "../problem/nearest";
import { isLater, type Problems } from "../problem/problem";
import type { Descriptor, Steps } from "./descriptor";

/** Another value in the place of one that a descriptor gives. */
export interface Override {
  /** Where, as `pulumi config set --path` writes it. @example "spec.template.spec.containers[0].image" */
  path: string;
  /** What is to stand there, of the same form (a list in place of a list); null takes it out. */
  value: pulumi.Input<unknown>;
  /** Whether it comes to what is there: a new key, or the entry after a list's last. @default false: the path leads to what the descriptor says */
  add?: boolean;
}

const STEP = /\.?([^.[\]"]+)|\[(\d+)\]|\.?\["((?:[^"\\]|\\.)*)"\]/y;

/** The keys and indexes of a path; undefined where it is none. */
export function parsePath(path: string): Steps | undefined {
  const steps: (string | number)[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < path.length) {
    const from = STEP.lastIndex;
    const found = STEP.exec(path);
    if (!found || (from === 0 && path.startsWith("."))) return undefined;
    const [, key, index, quoted] = found;
    steps.push(index !== undefined ? Number(index) : (key ?? (quoted ?? "").replaceAll(/\\(.)/g, "$1")));
  }
  return steps.length > 0 ? steps : undefined;
}

/** A path as it is written. */
export function pathText(steps: Steps): string {
  return steps.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (/[.[\]"]/.test(step)) return `${text}["${step.replaceAll(/["\\]/g, "\\$&")}"]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

type Data = Record<string | number, unknown>;

const isData = (value: unknown): value is Data =>
  typeof value === "object" && value !== null && !isLater(value) && !pulumi.Resource.isInstance(value);

const formOf = (value: unknown): "a list" | "an object" | "a single value" =>
  Array.isArray(value) ? "a list" : isData(value) ? "an object" : "a single value";

/** A copy whose lists and objects are its own; what is in an output stays there. */
export function copied<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copied) as T;
  if (!isData(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copied(one)])) as T;
}

/** What stands against a step out of a list or object; undefined where it leads on. */
function standsAgainst(within: unknown, before: Steps, step: string | number, at: string): string | undefined {
  const name = before.length === 0 ? "it" : pathText(before);
  if (isLater(within)) return `${name} (${at}) is an output, whose value is known only later: override it as a whole`;
  if (Array.isArray(within)) {
    if (typeof step !== "number")
      return `${name} (${at}) is a list of ${within.length}, and "${step}" is no index of it: write ${name}[0]`;
    return step < within.length
      ? undefined
      : `${name} (${at}) is a list of ${within.length}: the last index is ${within.length - 1}`;
  }
  if (!isData(within)) return `${name} is ${describe(within)} (${at}), and nothing is below that`;
  if (Object.hasOwn(within, step) && within[step] !== undefined) return undefined;
  const keys = Object.keys(within);
  const meant = nearest(String(step), keys);
  const hint = meant === undefined ? `it has ${keys.map((key) => `"${key}"`).join(", ")}` : `did you mean "${meant}"?`;
  return `${name} (${at}) has no "${step}": ${hint}`;
}

/**
 * Puts a value in its place, in data that may be changed. What stands against it goes to `problems`.
 * @param subject what messages call the override
 * @param object what messages call what it is an override of
 */
export function override(
  problems: Problems,
  subject: string,
  object: string,
  { descriptor, data, change }: { readonly descriptor: Descriptor; readonly data: unknown; readonly change: Override },
): void {
  const { value, add = false } = change;
  const steps = typeof change.path === "string" ? parsePath(change.path) : undefined;
  if (!steps) {
    problems.require(
      false,
      `${subject}: its path is ${describe(change.path)}: it must be keys and indexes, such as "spec.containers[0].image"`,
    );
    return;
  }
  const refuse = (sentence: string) =>
    problems.require(false, `${subject}: "${change.path}" leads nowhere in ${object}: ${sentence}`);
  if (value === undefined) {
    problems.require(false, `${subject}: its value is undefined: give one, or null to take out what is there`);
    return;
  }
  let within = data;
  for (const [at, step] of steps.entries()) {
    const before = steps.slice(0, at);
    const against = standsAgainst(within, before, step, descriptor.place(...before));
    const isNew = against !== undefined;
    const fits = Array.isArray(within) ? step === within.length : isData(within) && typeof step === "string";
    if (isNew && !(add && fits)) {
      refuse(`${against}${!add && fits ? " (add: true adds what is not there)" : ""}`);
      return;
    }
    const container = within as Data;
    if (at < steps.length - 1) {
      if (isNew) container[step] = typeof steps[at + 1] === "number" ? [] : {};
      within = container[step];
      continue;
    }
    const there = container[step];
    if (!isNew && there !== null && value !== null && !isLater(there) && !isLater(value)) {
      const [was, is] = [formOf(there), formOf(value)];
      if (was !== is) {
        problems.require(
          false,
          `${subject}: "${change.path}" is ${was} in ${object} (${descriptor.place(...steps)}), and the value is ${describe(value)}: give ${was}`,
        );
        return;
      }
    }
    if (value !== null) container[step] = value;
    else if (Array.isArray(container)) container.splice(Number(step), 1);
    else delete container[step];
  }
}
