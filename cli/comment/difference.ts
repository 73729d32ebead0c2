import { type ChainPreview, type PlannedPath, type PlannedStep, type StackPlan, UNKNOWN } from "../plan";

/** What becomes of something on the path. */
export type Mark = "same" | "added" | "removed" | "changed";

/** What becomes of a function or a server on the path, by its name there. */
export interface Fate {
  readonly name: string;
  readonly mark: Mark;
  /** What is different about it, in a few words each. */
  readonly changes: readonly string[];
  /** The machines that carry it and are replaced, by their names. */
  readonly replaced: readonly string[];
}

/** How the path as it will be differs from the path as it is. */
export interface PathDifference {
  readonly hops: readonly Fate[];
  readonly servers: readonly Fate[];
  readonly clients: readonly Fate[];
  /** Whether the functions that stay are passed in another order. */
  readonly reordered: boolean;
}

/** A machine, as contracts tell of it. */
interface Machine {
  readonly id: string;
  readonly name: string;
  readonly identity: string;
  readonly addresses: readonly string[];
}

/** Every machine that a contract tells of, wherever in it. */
function machinesIn(value: unknown, found: Map<string, Machine>): Map<string, Machine> {
  if (typeof value !== "object" || value === null) return found;
  const { id, name, identity, legs } = value as Record<string, unknown>;
  if (typeof id === "string" && typeof name === "string" && typeof identity === "string" && Array.isArray(legs)) {
    const addresses = legs.flatMap((leg: { address?: unknown } | null) => {
      const address = leg?.address;
      return typeof address === "string" ? [address] : [];
    });
    found.set(id, { id, name, identity, addresses });
    return found;
  }
  for (const inner of Object.values(value)) machinesIn(inner, found);
  return found;
}

/** The types of resources in a URN, from the outermost component's to its own. */
export function typesIn(urn: string): readonly string[] {
  return (urn.split("::")[2] ?? "").split("$");
}

/** Whether a step is about a machine itself: a thing of a machine's component that is a container, an instance or the like, and none of its parts. */
export function isMachine({ urn, custom }: PlannedStep): boolean {
  const types = typesIn(urn);
  return (
    custom && /:Machine$/.test(types.at(-2) ?? "") && /:(?:Container|Instance|Server|Machine)$/.test(types.at(-1) ?? "")
  );
}

/** Whether a resource's name, which its parents' names begin, speaks of something: "kubernetes-apache-1-container" of "apache-1". */
export function speaksOf(resource: string, name: string): boolean {
  return name !== "" && `-${resource}-`.includes(`-${name}-`);
}

/** Whether the preview of every stack came to its end. */
export function isFinished({ stacks }: Pick<ChainPreview, "stacks">): boolean {
  return stacks.every(({ ending }) => ending === "done");
}

const differs = (before: unknown, after: unknown): boolean => JSON.stringify(before) !== JSON.stringify(after);

type Hop = PlannedPath["hops"][number];
type Server = PlannedPath["servers"][number];

function hopChanges(before: Hop, after: Hop): string[] {
  const legs = ({ instances }: Hop): unknown =>
    instances.map((one) => one.legs.map(({ network, cidr, address }) => ({ network, cidr, address })));
  return [
    ...(differs(before.handling, after.handling) || differs(before.port, after.port) ? ["how it treats packets"] : []),
    ...(differs(before.in.address, after.in.address) || differs(before.out.address, after.out.address)
      ? ["address"]
      : []),
    ...(differs(before.in.network, after.in.network) || differs(before.out.network, after.out.network)
      ? ["network"]
      : []),
    ...(differs([...(before.backends ?? [])].sort(), [...(after.backends ?? [])].sort()) ? ["backends"] : []),
    ...(before.instances.length !== after.instances.length
      ? ["number of instances"]
      : differs(legs(before), legs(after)) && !differs(before.in, after.in) && !differs(before.out, after.out)
        ? ["legs"]
        : []),
  ];
}

/** What becomes of each of some things that were there and will be there, in the order of the later. */
function fatesOf<T extends { readonly name: string }>(
  before: readonly T[],
  after: readonly T[],
  changes: (before: T, after: T) => readonly string[],
  replacedOf: (before: T) => readonly string[],
): Fate[] {
  const were = new Map(before.map((one) => [one.name, one]));
  const willBe = new Set(after.map(({ name }) => name));
  return [
    ...[...new Map(after.map((one) => [one.name, one])).values()].map((one): Fate => {
      const was = were.get(one.name);
      if (was === undefined) return { name: one.name, mark: "added", changes: [], replaced: [] };
      const [different, anew] = [changes(was, one), replacedOf(was)];
      return {
        name: one.name,
        mark: different.length + anew.length > 0 ? "changed" : "same",
        changes: different,
        replaced: anew,
      };
    }),
    ...[...were.values()]
      .filter(({ name }) => !willBe.has(name))
      .map(({ name }): Fate => ({ name, mark: "removed", changes: [], replaced: [] })),
  ];
}

/** How the published path changes. Where there is none, all of the other is new, or goes; where it is not known, all stays until it is. */
export function differenceOf({ stacks, pathBefore, ...planned }: ChainPreview): PathDifference {
  const pathAfter = planned.pathAfter ?? (isFinished({ stacks }) ? undefined : pathBefore);
  const were = machinesIn([...stacks.map(({ before }) => before), pathBefore], new Map());
  const willBe = machinesIn([...stacks.map(({ after }) => after), planned.pathAfter], new Map());
  const replacements = ({ steps }: StackPlan): readonly PlannedStep[] =>
    steps.filter((one) => one.operation === "replace" && isMachine(one));
  const named = [...were.values()].map(({ name }) => name);
  /** The stack that makes a machine: the first one that publishes it. */
  const makerOf = (id: string): StackPlan | undefined =>
    stacks.find(({ before }) => machinesIn(before, new Map()).has(id));
  const isReplaced = (name: string, id = ""): boolean => {
    const [was, will] = [were.get(id)?.identity ?? UNKNOWN, willBe.get(id)?.identity ?? UNKNOWN];
    if (was !== UNKNOWN && will !== UNKNOWN) return was !== will;
    // Where a plan cannot tell what the machine will be, the engine's own steps do: those that bear its name, or no other machine's.
    if (stacks.some((stack) => replacements(stack).some((step) => speaksOf(step.name, name)))) return true;
    const maker = makerOf(id);
    return (
      maker !== undefined && replacements(maker).some((step) => named.every((other) => !speaksOf(step.name, other)))
    );
  };
  const machinesReplaced = (
    machines: readonly ({ readonly id: string; readonly name: string } | undefined)[],
  ): string[] => [
    ...new Set(machines.flatMap((one) => (one !== undefined && isReplaced(one.name, one.id) ? [one.name] : []))),
  ];
  const carrying = ({ name, address }: Server): Machine | undefined =>
    [...were.values()].find((one) => one.name === name && one.addresses.includes(address));
  const [hopsBefore, hopsAfter] = [pathBefore?.hops ?? [], pathAfter?.hops ?? []];
  const stay = (one: readonly Hop[], other: readonly Hop[]): string[] => {
    const names = new Set(other.map(({ name }) => name));
    return one.map(({ name }) => name).filter((name) => names.has(name));
  };
  return {
    hops: fatesOf(hopsBefore, hopsAfter, hopChanges, ({ instances }) =>
      machinesReplaced(instances.map(({ machine }) => machine)),
    ),
    servers: fatesOf(
      pathBefore?.servers ?? [],
      pathAfter?.servers ?? [],
      (before, after) => (differs(before.address, after.address) ? ["address"] : []),
      (server) => (isReplaced(server.name, carrying(server)?.id) ? [server.name] : []),
    ),
    clients: fatesOf(
      pathBefore?.clients ?? [],
      pathAfter?.clients ?? [],
      () => [],
      (one) => machinesReplaced([one]),
    ),
    reordered: differs(stay(hopsBefore, hopsAfter), stay(hopsAfter, hopsBefore)),
  };
}
