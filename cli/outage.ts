import { join } from "node:path";
import type { ChainPreview, PlannedPath, PlannedStep } from "./plan";
import { RemoteError, runScript } from "./remote";

/** Something that a plan does, of which requests are lost for a while, whatever the order. */
export interface Outage {
  /** The function or machine that is away. */
  readonly subject: string;
  /** What is done with it. */
  readonly why: string;
  /** A function that comes back by itself. @default it stays away, or nobody knows how long */
  readonly hop?: PlannedPath["hops"][number];
}

/** Whether a step of Kubernetes makes the pods of a workload anew, or takes them away. */
function restarts({ type, operation, properties }: PlannedStep): boolean {
  if (!/^kubernetes:apps\/v1:/.test(type)) return false;
  if (operation === "replace" || operation === "delete") return true;
  return properties.some(
    ({ path, after }) => path.startsWith("spec.template") || (path === "spec.replicas" && after === 0),
  );
}

/** What a plan does for which nothing else stands in: a hop that is there once, made anew. Balancers take over from one another by themselves. */
export function outagesOf({
  stacks,
  pathBefore,
  pathAfter,
}: Omit<ChainPreview, "stack" | "findings">): readonly Outage[] {
  const single = (pathBefore?.hops ?? []).filter(({ instances }) => instances.length === 1);
  const workloads = stacks
    .flatMap((one) => one.steps)
    .filter(restarts)
    .flatMap((step): Outage[] => {
      const hop = single.find(({ name }) => `-${step.name}-`.includes(`-${name}-`));
      if (hop === undefined) return [];
      const { properties, operation } = step;
      const goes =
        operation === "delete" || properties.some(({ path, after }) => path === "spec.replicas" && after === 0);
      if (goes) return [{ subject: hop.name, why: "is taken away" }];
      const changed = properties.some(({ path }) => path.endsWith(".image")) ? "its image changes" : pathsOf(step);
      return [{ subject: hop.name, why: `is made anew (${changed})`, hop }];
    });
  const machines = single.flatMap(({ name, instances: [one] }): Outage[] => {
    const after = pathAfter?.hops.find((hop) => hop.name === name);
    const next = after?.instances[0]?.machine;
    if (one?.machine === undefined || next?.identity === one.machine.identity) return [];
    const why = after === undefined ? "is on the path no more" : `is made anew, and carries ${name}`;
    return [{ subject: after === undefined ? name : one.machine.name, why }];
  });
  return [...workloads, ...machines];
}

const pathsOf = ({ properties }: PlannedStep): string => properties.map(({ path }) => path).join(", ");

/** The seconds that a function was away when it last started, and may at most take to end: what Kubernetes knows of its pod. */
export interface Restart {
  readonly start: number;
  readonly grace: number;
}

/** Asks the machine of a function that Kubernetes runs; undefined where that can't be told. */
export async function lastRestart(
  { name, instances: [one] }: PlannedPath["hops"][number],
  privateKey: string,
  signal?: AbortSignal,
): Promise<Restart | undefined> {
  const machine = one?.machine ?? one?.pod?.node;
  if (machine === undefined) return undefined;
  try {
    const script = join(__dirname, "restart.sh");
    const input = { ROUTER: name, NAMESPACE: one?.pod?.namespace ?? "default" };
    const [start, grace] = (await runScript({ ...machine.ssh, privateKey }, script, input, signal))
      .trim()
      .split(" ")
      .map(Number);
    return start === undefined || grace === undefined || Number.isNaN(start + grace) ? undefined : { start, grace };
  } catch (error) {
    if (error instanceof RemoteError && !signal?.aborted) return undefined;
    throw error;
  }
}

/** An outage as it is told: what is lost, how long, and by what that is known. */
export function describeOutage({ subject, why, hop }: Outage, restart?: Restart): string {
  const begin = `${subject} ${why}, and no second one stands in for it`;
  if (hop === undefined) return `${begin}: requests are lost until it is there again.`;
  if (restart === undefined)
    return `${begin}: requests are lost until it is ready again; how long it last took is not known.`;
  const { start, grace } = restart;
  return `${begin}: requests are lost for ${start} to ${start + grace} s (its pod last took ${start} s from its start until it was ready, and has ${grace} s to end).`;
}
