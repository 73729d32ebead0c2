import { type Change, type Station, stretchesOf, type Topology, type TopologyLeg } from "../topology";
import { widthOf } from "./text";

/** Sizes of text, and of what stands around it, in pixels. */
export const [TITLE, TEXT] = [13, 12];
export const [PAD, LINE, CHIP, BADGE] = [9, 17, 26, 19];

/** A network with more legs is drawn at each place where a path meets it, as a rail is in a circuit diagram. */
const RAIL = 8;
/** A drawing of more boxes is folded into rows; a cluster's nodes are then told by name and colour, and not held by a box. */
const FOLDED = 24;
/** Of more addresses, a box tells how many more there are. */
const MOST_ADDRESSES = 6;

/** A function as it stands in the box of what carries it. */
export interface Chip {
  readonly name: string;
  /** How it handles packets. */
  readonly detail: string;
  /** Its places on paths, from 1. */
  readonly places: readonly number[];
  readonly change?: Change;
  /** From the box's corner. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** A box, with everything that is written in it. */
export interface Box {
  readonly id: string;
  /** `outside`: something that is not ours. */
  readonly kind: "machine" | "outside" | "network" | "cluster";
  readonly title: string;
  /** Below the title. */
  readonly lines: readonly string[];
  readonly chips: readonly Chip[];
  readonly change?: Change;
  /** Whether it is a machine that does not answer. @default false */
  readonly silent?: boolean;
  /** Of a cluster and of its nodes. */
  readonly cluster?: { readonly id: string; readonly kind: "kubernetes" | "swarm" };
  readonly width: number;
  readonly height: number;
}

/** A line between a box and a network: one, however many functions have a leg there. */
export interface Line {
  readonly box: string;
  /** The network's box. */
  readonly network: string;
  /** Whether requests come over it, and whether they leave by it. */
  readonly into: boolean;
  readonly outOf: boolean;
  /** Whether the network stands before the box. */
  readonly before: boolean;
}

/** What is to be drawn. */
export interface Contents {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
  /** Whether it is to be folded into rows. */
  readonly folded: boolean;
}

const KINDS = { kubernetes: "Kubernetes", swarm: "Docker Swarm" } as const;

/** What people call a cluster of this kind. */
export const kindOf = (kind: keyof typeof KINDS): string => KINDS[kind];

type Unplaced = Omit<Chip, "x" | "y" | "width">;

/** A box for a machine, or for what is not ours, before it has a size. */
interface Carrier {
  readonly title: string;
  readonly legs: Map<string, TopologyLeg>;
  readonly chips: Unplaced[];
  readonly change?: Change;
}

/** What stands for an instance of a station: its machine, or something that is not ours. */
const carrierOf = (station: Pick<Station, "name">, machine: string | undefined, at: number): string =>
  machine ?? `${station.name}#${at}`;

/** What is to be drawn of a topology, with the sizes of all boxes. */
export function contentsOf(topology: Topology): Contents {
  const carriers = carriersOf(topology);
  const { lines, networks } = linesOf(topology, carriers);
  const folded = carriers.size + networks.size > FOLDED;
  const machines = new Map(topology.machines.map((one) => [one.id, one]));
  const clusters = new Map(topology.clusters.map((one) => [one.id, one]));
  const names = new Map(topology.networks.map(({ id, name }) => [id, name]));
  const known = new Map(topology.networks.map((one) => [one.id, one]));
  const boxes = [...networks].map(([id, network]) => {
    const { name = network, cidr, change } = known.get(network) ?? {};
    return sized({ id, kind: "network", title: name, lines: cidr === undefined ? [] : [cidr], change }, []);
  });
  for (const [id, { title, legs, chips, change }] of carriers) {
    const machine = machines.get(id);
    const cluster = clusters.get(machine?.cluster ?? "");
    const { silent = false } = machine ?? {};
    const addresses = [...legs.values()].map(
      // The only one stands for itself.
      ({ network, address = "address not said" }) =>
        legs.size === 1 ? address : `${names.get(network) ?? network} ${address}`,
    );
    const role = machine === undefined ? "not ours" : machine.role;
    const more = addresses.length - MOST_ADDRESSES;
    const text = [
      ...(role === "node" || role === "machine" || title.includes(role) ? [] : [role]),
      ...(folded && cluster ? [`${kindOf(cluster.kind)} ${cluster.name}`] : []),
      ...addresses.slice(0, MOST_ADDRESSES),
      ...(more > 0 ? [`and ${more} more`] : []),
      ...(silent ? ["does not answer"] : []),
    ];
    const kind = machine === undefined ? "outside" : "machine";
    const of = cluster === undefined ? {} : { cluster: { id: cluster.id, kind: cluster.kind } };
    boxes.push(sized({ id, kind, title, lines: text, change, silent, ...of }, chips));
  }
  for (const { id, name, kind, endpoint, change } of folded ? [] : topology.clusters) {
    const title = `${kindOf(kind)} ${name}`;
    // Of a preview in which its nodes are not known, those that it has now are there.
    if (boxes.some((box) => box.cluster?.id === id))
      boxes.push(
        sized({ id: `cluster ${id}`, kind: "cluster", title, lines: [endpoint], change, cluster: { id, kind } }, []),
      );
  }
  return { boxes, lines, folded };
}

/** Machines, and what stands for instances and servers that are on none of ours, with the legs and functions that they have. */
function carriersOf(topology: Topology): ReadonlyMap<string, Carrier> {
  const carriers = new Map<string, Carrier>();
  const carry = (id: string, title: string, legs: readonly TopologyLeg[], change?: Change): Carrier => {
    const carrier = carriers.get(id) ?? { title, legs: new Map(), chips: [], change };
    for (const leg of legs) carrier.legs.set(`${leg.network} ${leg.address ?? ""}`, leg);
    carriers.set(id, carrier);
    return carrier;
  };
  for (const { id, name, legs, change } of topology.machines) carry(id, name, legs, change);
  const places = new Map<string, number[]>(topology.functions.map(({ id }) => [id, []]));
  for (const { hops } of topology.chains) hops.forEach((hop, at) => void places.get(hop.function)?.push(at + 1));
  for (const one of topology.functions) {
    const { id, name, handling, port = 80, change } = one;
    const detail = handling === "proxy" ? `proxy :${port}` : handling;
    const chip = { name, detail, places: places.get(id) ?? [], change };
    one.instances.forEach(({ machine, legs }, at) => {
      carry(carrierOf({ name: id }, machine, at), name, legs, change).chips.push(chip);
    });
  }
  for (const chain of topology.chains) {
    const [last] = stretchesOf(topology, chain).slice(-1);
    chain.servers.forEach(({ name, address, machine }, at) => {
      if (last && machine === undefined)
        carry(carrierOf(last.to, machine, at), name, [{ network: last.network, address }]);
    });
  }
  return carriers;
}

/** The lines to draw, and the networks' boxes with the network that each stands for. */
function linesOf(
  topology: Topology,
  carriers: ReadonlyMap<string, Carrier>,
): { lines: Line[]; networks: Map<string, string> } {
  const stretches = topology.chains.flatMap((chain) => stretchesOf(topology, chain));
  const lines = new Map<string, { -readonly [K in keyof Line]: Line[K] }>();
  const networks = new Map<string, string>();
  const legs = [...carriers].flatMap(([box, { legs: own }]) =>
    [...new Set([...own.values()].map(({ network }) => network))].map((network) => ({ box, network })),
  );
  const count = new Map<string, number>();
  for (const { network } of legs) count.set(network, (count.get(network) ?? 0) + 1);
  const line = (box: string, network: string, place: string) => {
    const at = (count.get(network) ?? 0) > RAIL ? `network ${network} ${place}` : `network ${network}`;
    networks.set(at, network);
    const key = JSON.stringify([box, at]);
    const one = lines.get(key) ?? { box, network: at, into: false, outOf: false, before: true };
    lines.set(key, one);
    return one;
  };
  // Clients may come to any instance of a proxy; packets are routed to the first one of others (FunctionFacts).
  const usedOf = (station: Station): readonly string[] => {
    const all = station.machines.map((machine, at) => carrierOf(station, machine, at));
    return station.function === undefined || station.function.handling === "proxy" ? all : all.slice(0, 1);
  };
  const met = new Set<string>();
  stretches.forEach(({ network, from, to }, at) => {
    for (const [box, way] of [
      ...usedOf(from).map((one) => [one, "outOf"] as const),
      ...usedOf(to).map((one) => [one, "into"] as const),
    ]) {
      const one = line(box, network, String(at));
      one[way] = true;
      one.before = one.into;
      met.add(JSON.stringify([box, network]));
    }
  });
  // What no path takes: the network that a path meets first stands before the machine, its others behind it.
  const first = new Map([...stretches].reverse().map(({ network }, at) => [network, stretches.length - at] as const));
  const order = ({ network }: { network: string }) => first.get(network) ?? Number.MAX_SAFE_INTEGER;
  const [placed, rest] = [new Set([...lines.values()].map(({ box }) => box)), new Map<string, number>()];
  for (const { box, network } of [...legs].sort((one, other) => order(one) - order(other))) {
    if (met.has(JSON.stringify([box, network]))) continue;
    const at = rest.get(network) ?? 0;
    rest.set(network, at + 1);
    line(box, network, `+${Math.floor(at / RAIL)}`).before = !placed.has(box);
    placed.add(box);
  }
  for (const { id } of topology.networks) if (!count.has(id)) networks.set(`network ${id}`, id);
  return { lines: [...lines.values()], networks };
}

/** A box as large as what is written in it. */
function sized(box: Omit<Box, "chips" | "width" | "height">, chips: readonly Unplaced[]): Box {
  const mark = box.change === undefined ? 0 : widthOf(box.change, TEXT) + 20;
  const top = PAD + LINE * (1 + box.lines.length);
  const columns = chips.length < 4 ? 1 : Math.ceil(Math.sqrt(chips.length / 2));
  const width = Math.max(
    0,
    ...chips.map(
      ({ name, detail, places, change }) =>
        places.length * BADGE + widthOf([name, detail, change ?? ""].join("  "), TEXT) + 14,
    ),
  );
  const placed = chips.map((chip, at) => ({
    ...chip,
    x: PAD + (at % columns) * (width + 6),
    y: top + 5 + Math.floor(at / columns) * (CHIP + 5),
    width,
  }));
  const texts = [widthOf(box.title, TITLE, true) + mark, ...box.lines.map((line) => widthOf(line, TEXT))];
  return {
    ...box,
    chips: placed,
    width: 2 * PAD + Math.max(...texts, columns * (width + 6) - 6),
    height: top + PAD - 3 + Math.ceil(chips.length / columns) * (CHIP + 5),
  };
}
