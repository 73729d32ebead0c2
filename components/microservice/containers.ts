import type * as pulumi from "@pulumi/pulumi";
import type { Descriptor, Steps } from "../descriptor/descriptor";
import { type CheckedResources, podResources } from "../function/resources";
import { describe } from "../problem/describe";
import { isLater, type Problems } from "../problem/problem";

type Data = Record<string, unknown>;

const isData = (value: unknown): value is Data =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isLater(value);

/** A container of an object's pods: what is said of it, which may be changed, and where. */
export interface Container {
  readonly data: Data;
  readonly name: string;
  readonly steps: Steps;
}

/** The containers that an object describes at these steps, those first that run before the others. */
export function containersIn(data: unknown, template: Steps): readonly Container[] {
  const steps = [...template, "spec"];
  const spec = steps.reduce<unknown>((within, step) => (isData(within) ? within[step] : undefined), data);
  if (!isData(spec)) return [];
  return ["initContainers", "containers"].flatMap((list) => {
    const containers = spec[list];
    if (!Array.isArray(containers)) return [];
    return containers.flatMap((one: unknown, at) =>
      isData(one) ? [{ data: one, name: String(one.name), steps: [...steps, list, at] }] : [],
    );
  });
}

/** Gives a container variables, in the place of those that it has by the same names. */
export function setVariables({ data }: Container, variables: Readonly<Record<string, pulumi.Input<string>>>): void {
  const had = Array.isArray(data.env) ? data.env : [];
  data.env = [
    ...had.filter((one: unknown) => !(isData(one) && String(one.name) in variables)),
    ...Object.entries(variables).map(([name, value]) => ({ name, value })),
  ];
}

/** Notes what is no variable of a container. */
export function requireVariables(
  problems: Problems,
  subject: string,
  variables: Readonly<Record<string, pulumi.Input<string>>>,
): void {
  for (const [name, value] of Object.entries(variables)) {
    problems.require(
      /^[-._A-Za-z][-._A-Za-z0-9]*$/.test(name),
      `${subject}: the variable "${name}" must be of letters, digits, "_", "-" and ".", and not begin with a digit`,
    );
    problems.require(
      typeof value === "string" || isLater(value),
      `${subject}: the variable ${name} is ${describe(value)}: it must be a text`,
    );
  }
}

/** MiB of a quantity of memory (Kubernetes: resource units); undefined where it is none. */
function mebibytes(quantity: unknown): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([kMGT]i?)?$/.exec(String(quantity)) ?? [];
  if (number === undefined) return undefined;
  const power = " kMGT".indexOf(unit[0] ?? " ");
  return (Number(number) * (unit.endsWith("i") ? 1024 : 1000) ** power) / 2 ** 20;
}

/** Gives a container the limits and requests that it says nothing of. */
export function limit(
  problems: Problems,
  { data, name, steps }: Container,
  { place }: Descriptor,
  defaults: CheckedResources,
): void {
  const own = data.resources ?? {};
  if (!isData(own)) return;
  const { limits = {}, requests = {} } = own;
  if (!isData(limits) || !isData(requests)) return;
  const given = podResources(defaults);
  const [added, asked]: [Data, Data] = [{}, {}];
  if (limits.memory === undefined) {
    problems.require(
      (mebibytes(requests.memory) ?? 0) <= defaults.memoryLimitMiB,
      `${place(...steps, "resources", "requests", "memory")}: container "${name}" asks for ${requests.memory} of memory and has no limit, and the one that it would get is ${given.limits.memory}: give it a limit there, or a larger memoryLimitMiB`,
    );
    added.memory = given.limits.memory;
    if (requests.memory === undefined) asked.memory = given.requests.memory;
  }
  if (limits.cpu === undefined && requests.cpu === undefined) {
    asked.cpu = given.requests.cpu;
    if (given.limits.cpu !== undefined) added.cpu = given.limits.cpu;
  }
  if (Object.keys(added).length > 0) own.limits = { ...limits, ...added };
  if (Object.keys(asked).length > 0) own.requests = { ...requests, ...asked };
  data.resources = own;
}
