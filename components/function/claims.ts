import type { Cidr } from "../network/cidr";

/** What functions of this program have taken on a cluster or a machine, by what they would meet there. */
const taken = new WeakMap<object, Map<string, string>>();

/**
 * Takes something on a cluster or machine for a function or chain, unless another one has it. What stands there by other programs is not known.
 * @param owner the cluster or machine
 * @param what such as "port 80"
 * @param by the name of who takes it
 * @returns who has it already; undefined when it is free, and taken now
 */
export function claim(owner: object, what: string, by: string): string | undefined {
  const own = taken.get(owner) ?? new Map<string, string>();
  taken.set(owner, own);
  const holder = own.get(what);
  if (holder === undefined) own.set(what, by);
  return holder;
}

/** Where some packets of a machine are to go. */
export interface ClaimedWay {
  /** What the route to `nextHop` steers. @default none: they go by the machine's own default route */
  readonly route?: Cidr;
  /** The neighbour that they go to. @default whatever the default route leads to */
  readonly nextHop?: string;
  /** Whom they are for: hosts by their address, and networks of which any host that is no function may be meant. */
  readonly targets: readonly Cidr[];
  /** Who sends them there. */
  readonly by: string;
}

const ways = new WeakMap<object, ClaimedWay[]>();

/** The target of one way whose packets another one's route takes; undefined where it takes none. Routes go by the longest prefix. */
function divertedBy(one: ClaimedWay, other: ClaimedWay): Cidr | undefined {
  const { route } = other;
  if (!route || one.nextHop === other.nextHop) return undefined;
  if (one.route?.toString() === route.toString()) return route;
  if (one.route && one.route.prefix > route.prefix) return undefined;
  // A route to a single host that is no target of its own leads to a function.
  return one.targets.find((target) => target.overlaps(route) && (target.prefix === 32 || route.prefix < 32));
}

/**
 * Takes a way for some packets of a machine, unless it diverts those of another way, or is diverted by it.
 * @returns the other way, with whom the packets are for; undefined where there is none
 */
export function claimWay(
  machine: object,
  way: ClaimedWay,
): { readonly other: ClaimedWay; readonly target: Cidr } | undefined {
  const own = ways.get(machine) ?? [];
  ways.set(machine, own);
  // What one's own ways have against each other is told where they are planned.
  for (const other of own.filter(({ by }) => by !== way.by)) {
    const target = divertedBy(way, other) ?? divertedBy(other, way);
    if (target) return { other, target };
  }
  own.push(way);
  return undefined;
}

/** Where packets go, and for whom, as a part of a sentence. */
export function wayOf({ nextHop, by }: Omit<ClaimedWay, "targets">): string {
  return `${nextHop === undefined ? "by the default route" : `to ${nextHop}`} for ${by}`;
}
