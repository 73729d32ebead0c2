import { z } from "zod";
import { type Status, status } from "./chain";
import type { Context } from "./context";
import type { SeenDrift } from "./drift";
import { askAll, type ChainHealth, type Health, healthOf } from "./health";
import { commandLine, lineFor } from "./line";
import { publishedBy } from "./published";
import { type Contracts, pathTexts, type Topology, topologyOf } from "./topology";

/** A stack, and the contract that it publishes: which layer's it is, and the version of its form. */
export interface PublishingStack extends Status {
  readonly contract?: { readonly layer: string; readonly version: number };
}

const header = z.object({ layer: z.string(), version: z.number() });

/** What there is of the chain, and how it is. */
export interface Overview {
  /** Name of the stacks. */
  readonly stack: string;
  /** When it was asked, ISO 8601. */
  readonly asked: string;
  readonly stacks: readonly PublishingStack[];
  readonly topology: Topology;
  /** Undefined where nobody was asked. */
  readonly health?: ChainHealth;
  /** Undefined where it was not asked. */
  readonly drift?: SeenDrift;
}

/** The stacks, and what those that are up publish: contracts, by the stack's name in the chain, and secrets beside them. */
export async function published(context: Context): Promise<{
  readonly stacks: readonly PublishingStack[];
  readonly contracts: Contracts;
  readonly secrets: Readonly<Record<string, unknown>>;
}> {
  const [stacks, outputsOf] = await Promise.all([status(context), publishedBy(context)]);
  const all = [...outputsOf];
  const up = new Set(stacks.flatMap((one) => (one.up ? [one.layer] : [])));
  return {
    stacks: stacks.map((one) => {
      const { data } = header.safeParse(outputsOf.get(one.layer)?.contract);
      return { ...one, ...(data && { contract: data }) };
    }),
    contracts: Object.fromEntries(
      all.map(([name, outputs]) => [name, outputs?.contract ?? (up.has(name) ? null : undefined)]),
    ),
    secrets: Object.fromEntries(all.map(([name, outputs]) => [name, outputs?.secrets])),
  };
}

/** Looks at all stacks, and asks their machines how they are unless `quick`; `drift` says what was changed by hand, and is called where something is up. */
export async function overview(context: Context, quick: boolean, drift?: () => Promise<SeenDrift>): Promise<Overview> {
  const { stacks, contracts, secrets } = await published(context);
  const topology = topologyOf(contracts);
  const [health, changed] = await Promise.all([
    quick ? undefined : askAll(contracts, secrets, { signal: context.signal }),
    topology.site === undefined ? undefined : drift?.(),
  ]);
  return {
    stack: context.stack,
    asked: new Date().toISOString(),
    stacks,
    topology,
    ...(health && { health: healthOf(topology, health) }),
    ...(changed && { drift: changed }),
  };
}

const MARKS = { well: "✔", unwell: "✘", silent: "✘", unknown: "·" } as const;

/** How something is, as people read it. */
export function healthText(health: Health | undefined): string {
  return health === undefined ? "not asked" : `${MARKS[health.state]} ${health.says}`;
}

/** What was changed by hand, a sentence each, as people read it. */
export function driftTexts(drift: SeenDrift | undefined): readonly string[] {
  if (drift === undefined) return [`${MARKS.unknown} not asked: ${commandLine("drift")} compares with what is there`];
  if (drift.unasked !== undefined) return [`${MARKS.unknown} not known: ${drift.unasked}`];
  if (drift.found.length === 0) return [`${MARKS.well} nothing was changed by hand`];
  return drift.found.map(({ sentence }) => `${MARKS.unwell} ${sentence}`);
}

/** A stack, as people read it. */
export function stackText({ up, resources, lastUpdate, updating, contract }: PublishingStack): string {
  const what = up
    ? `${resources} resources, last update ${lastUpdate?.replace(/\.\d+(?=Z$)/, "") ?? "unknown"}`
    : "not up";
  const publishes = contract ? `, contract ${contract.layer} version ${contract.version}` : "";
  return `${what}${publishes}${updating ? ", being worked on" : ""}`;
}

/** Where a function runs: the names of its machines. */
export function placesOf({ machines }: Topology, instances: Topology["functions"][number]["instances"]): string {
  const names = new Map(machines.map(({ id, name }) => [id, name]));
  return instances
    .map(({ machine }) => (machine === undefined ? "not ours" : (names.get(machine) ?? machine)))
    .join(", ");
}

/** A line for each thing, under the kind of thing that it is. */
export function overviewLines({ stack, stacks, topology, health, drift }: Overview): readonly string[] {
  const { networks, machines, clusters, functions, notes } = topology;
  const rows: (readonly [string, string, string])[] = [
    ...stacks.map((one) => ["stack", one.layer, stackText(one)] as const),
    ...networks.map(({ id, cidr }) => ["network", id, cidr] as const),
    ...machines.map(({ id, name }) => ["machine", name, healthText(health?.machines[id])] as const),
    ...clusters.map(
      ({ id, name, endpoint }) => ["cluster", name, `${healthText(health?.clusters[id])}, ${endpoint}`] as const,
    ),
    ...functions.map(
      (one) =>
        [
          "function",
          one.name,
          `${healthText(health?.functions[one.id])}, ${one.handling} on ${placesOf(topology, one.instances)}`,
        ] as const,
    ),
    ...pathTexts(topology).map((path, at) => ["path", topology.chains[at]?.url ?? "", path] as const),
    ...(topology.site === undefined ? [] : driftTexts(drift).map((text) => ["drift", "", text] as const)),
  ];
  const [kinds, names] = [0, 1].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) as [number, number];
  const lines = rows.map(
    ([kind, name, says], at) =>
      `${(rows[at - 1]?.[0] === kind ? "" : kind).padEnd(kinds)}  ${name.padEnd(names)}  ${says}`,
  );
  return topology.site === undefined && stacks.every(({ up }) => !up)
    ? [...lines, `Nothing is up: bring it up with \`${lineFor("up", stack)}\`.`]
    : [...lines, ...notes];
}
