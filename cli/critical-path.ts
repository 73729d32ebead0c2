import { nameOf } from "./diagnostics";
import type { Layer } from "./layers";
import { verb } from "./progress";
import type { TimedStep } from "./timeline";

/** A step with what it waited for. */
export interface Step extends TimedStep {
  /** The step that ended last of all that it depends on. @default none: nothing had to end before */
  readonly after?: Step;
}

/** What a resource depends on, by URN, as the engine's state has it. */
export interface StateResource {
  readonly urn: string;
  readonly parent?: string;
  /** `URN::ID` */
  readonly provider?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
}

/** Events come late by as much (cli/timeline.ts), so what had ended before a step began may seem to end after. */
const LATE = 250;

/** The steps with what each waited for: a resource of its own stack that it depends on, or else a step of an upstream stack. */
export function waited(
  steps: readonly TimedStep[],
  state: readonly StateResource[],
  layers: readonly Layer[],
): readonly Step[] {
  const resources = new Map(state.map((resource) => [resource.urn, resource]));
  const upstream = new Map(layers.map(({ name, upstream: above }) => [name, above]));
  const made = new Map<string, Step>();
  const last = (candidates: readonly Step[]): Step | undefined =>
    candidates.reduce<Step | undefined>((late, one) => (late && late.ended >= one.ended ? late : one), undefined);
  for (const step of [...steps].sort((one, other) => one.began - other.began || one.ended - other.ended)) {
    const own = dependenciesOf(resources.get(step.urn)).flatMap((urn) => made.get(urn) ?? []);
    const above = [...made.values()].filter(
      ({ layer, ended }) => upstream.get(step.layer)?.includes(layer) && ended <= step.began + LATE,
    );
    const after = last(own) ?? last(above);
    made.set(step.urn, { ...step, ...(after ? { after } : {}) });
  }
  return [...made.values()];
}

function dependenciesOf(resource: StateResource | undefined): readonly string[] {
  if (resource === undefined) return [];
  const { provider, dependencies = [], propertyDependencies = {} } = resource;
  const of = Object.values(propertyDependencies).flatMap((urns) => urns ?? []);
  return [...dependencies, ...of, ...(provider ? [provider.slice(0, provider.lastIndexOf("::"))] : [])];
}

/** The critical path: from the step that ends last back over what each waited for; in the order in which they were done. */
export function criticalPath(steps: readonly Step[]): readonly Step[] {
  const path: Step[] = [];
  let at = steps.reduce<Step | undefined>((late, one) => (late && late.ended >= one.ended ? late : one), undefined);
  for (; at !== undefined; at = at.after) path.unshift(at);
  return path;
}

/** How long the steps of a path took, in milliseconds; what two of them share counts once. */
export function lengthOf(path: readonly Step[]): number {
  let [length, until] = [0, 0];
  for (const { began, ended } of path) {
    length += Math.max(0, ended - Math.max(began, until));
    until = Math.max(until, ended);
  }
  return length;
}

const seconds = (milliseconds: number): string => (milliseconds / 1000).toFixed(1);

/** A line for each step of a path: when it began, how long it took, and how long nothing was done before it. */
export function described(path: readonly Step[]): readonly string[] {
  return path.map(({ layer, urn, op, began, ended, after }) => {
    const idle = began - (after?.ended ?? 0);
    const before = idle >= 100 ? `, ${seconds(idle)} s after ${after ? nameOf(after.urn) : "the start"}` : "";
    return `${seconds(began).padStart(6)} s  ${layer.padEnd(10)} ${verb(op) ?? op} ${nameOf(urn)}, ${seconds(ended - began)} s${before}`;
  });
}
