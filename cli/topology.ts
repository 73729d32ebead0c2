import { z } from "zod";
import { PACKET_HANDLINGS, type PacketHandling } from "../components/function/function";
import { UNKNOWN } from "./plan";

/** What a preview does with a thing: `replaced` is made anew, `changed` stays and is told something else. */
export type Change = "added" | "removed" | "replaced" | "changed";

/** What every thing in a topology has. */
interface Thing {
  /** What tells it from every other one of its kind. */
  readonly id: string;
  readonly name: string;
  /** @default nothing is done with it, or nothing was previewed */
  readonly change?: Change;
}

/** An address in a network; `UNKNOWN` where only `up` will tell. */
export interface TopologyLeg {
  /** The network's identity, such as "dev/transit". */
  readonly network: string;
  /** @default not said, as of a gateway that a default route leads to */
  readonly address?: string;
}

export interface TopologyNetwork extends Thing {
  readonly cidr: string;
}

export interface TopologyMachine extends Thing {
  readonly role: "client" | "server" | "node" | "machine";
  /** The cluster that it is a node of, by its identity. */
  readonly cluster?: string;
  /** Whether it was asked how it is, and did not answer. @default false */
  readonly silent?: boolean;
  readonly legs: readonly TopologyLeg[];
}

export interface TopologyCluster extends Thing {
  readonly kind: "kubernetes" | "swarm";
  readonly endpoint: string;
  /** Its machines, by their identities. */
  readonly nodes: readonly string[];
}

/** One place where a function runs. */
export interface TopologyInstance {
  /** What carries it, by its identity. @default something that is not ours */
  readonly machine?: string;
  readonly legs: readonly TopologyLeg[];
}

export interface TopologyFunction extends Thing {
  readonly handling: PacketHandling;
  readonly stateful: boolean;
  /** Of a proxy: the port that it answers on. */
  readonly port?: number;
  /** Neighbours send to the first one; to each of a proxy's. */
  readonly instances: readonly TopologyInstance[];
}

/** A function on a path. */
export interface TopologyHop {
  /** The function's identity. */
  readonly function: string;
  readonly in: TopologyLeg;
  readonly out: TopologyLeg;
}

/** A path of requests, from the network of clients over its hops to its servers. */
export interface TopologyChain {
  readonly url: string;
  /** The identity of the network that clients are in. */
  readonly from: string;
  /** Machines that requests can be sent from, by their identities. */
  readonly clients: readonly string[];
  readonly hops: readonly TopologyHop[];
  /** What serves; `machine` is its identity, where it is known. */
  readonly servers: readonly { readonly name: string; readonly address: string; readonly machine?: string }[];
}

/** Networks, machines, clusters, functions and paths: what everything that is drawn or told of the stacks is made of. */
export interface Topology {
  /** The site's name, or those of all sites that machines are of; undefined where none is up. */
  readonly site?: string;
  readonly networks: readonly TopologyNetwork[];
  readonly machines: readonly TopologyMachine[];
  readonly clusters: readonly TopologyCluster[];
  readonly functions: readonly TopologyFunction[];
  readonly chains: readonly TopologyChain[];
  /** What is missing, a sentence each. */
  readonly notes: readonly string[];
}

/** What each stack publishes or means to, by its name in the chain; undefined where it is not up, null where it is and publishes nothing. */
export type Contracts = Readonly<Record<string, unknown>>;

// A plan has UNKNOWN in place of any value, so what is not of its form is left out here, and refused by nobody.
const text = z.string().catch(UNKNOWN);
const number = z.number().optional().catch(undefined);
const listOf = <T>(form: z.ZodType<T>) =>
  z
    .array(form.optional().catch(undefined))
    .catch([])
    .transform((all) => all.filter((one) => one !== undefined) as T[]);
const maybe = <T>(form: z.ZodType<T>) => form.optional().catch(undefined);
/** What a thing is told from others by: one that is not known yet is told of no further. */
const identity = z.string().refine((id) => id !== UNKNOWN);
const network = z.object({ id: identity, name: text, cidr: text });
const leg = z.object({ network: identity, cidr: text, address: z.string().optional().catch(UNKNOWN) });
const machine = z.object({ id: identity, name: text, identity: text, legs: listOf(leg), ssh: z.unknown() });
const cluster = z.object({ name: identity, networks: listOf(network), endpoint: text, nodes: listOf(machine) });
const pathAddress = z.object({ network: identity, address: z.string().optional().catch(UNKNOWN) });
const hop = z.object({
  name: identity,
  handling: z.enum(PACKET_HANDLINGS).catch("route"),
  stateful: z.boolean().catch(false),
  port: number,
  // A pod with a network of its own is drawn on its node, with its own legs.
  instances: listOf(
    z
      .object({ machine: maybe(machine), pod: maybe(z.object({ node: machine })), legs: listOf(leg) })
      .transform(({ machine: carrier, pod, legs }) => ({ machine: carrier ?? pod?.node, legs })),
  ),
  in: pathAddress,
  out: pathAddress,
});
const FORMS = {
  site: z.object({ siteName: text, transit: maybe(network) }),
  kubernetes: z.object({
    servers: maybe(z.object({ network: maybe(network), machines: listOf(machine) })),
    cluster: maybe(cluster),
  }),
  swarm: z.object({ clients: maybe(network), client: maybe(machine), cluster: maybe(cluster) }),
  service: z.object({
    url: text,
    from: text,
    clients: listOf(machine),
    hops: listOf(hop),
    servers: listOf(z.object({ name: text, address: text, machine: maybe(machine) })),
  }),
} as const;
type Kind = keyof typeof FORMS;

/** A machine as a contract tells of it. */
export type PublishedMachine = z.infer<typeof machine>;

const header = z.object({ layer: z.string() });

/** What contracts of each kind tell, in the order of their stacks. A stack of a program elsewhere may have any name: its contract says its kind. */
function read(contracts: Contracts): { readonly [K in Kind]: readonly z.infer<(typeof FORMS)[K]>[] } {
  const of = <K extends Kind>(kind: K, form: z.ZodType<z.infer<(typeof FORMS)[K]>>) =>
    Object.entries(contracts).flatMap(([stack, contract]) => {
      if ((header.safeParse(contract).data?.layer ?? stack) !== kind) return [];
      return form.safeParse(contract).data ?? [];
    });
  return {
    site: of("site", FORMS.site),
    kubernetes: of("kubernetes", FORMS.kubernetes),
    swarm: of("swarm", FORMS.swarm),
    service: of("service", FORMS.service),
  };
}
type Read = ReturnType<typeof read>;

/** All machines that contracts tell of, each once. */
export function machinesOf(contracts: Contracts): readonly PublishedMachine[] {
  return machinesIn(read(contracts)).map(({ machine: one }) => one);
}

interface Told {
  readonly machine: PublishedMachine;
  readonly role: TopologyMachine["role"];
  readonly cluster?: string;
}

/** The machines of all stacks, each with the first role that is told of it. */
function machinesIn({ kubernetes, swarm, service }: Read): readonly Told[] {
  const nodes = (kind: string, of: z.infer<typeof cluster> | undefined): readonly Told[] =>
    (of?.nodes ?? []).map((one) => ({ machine: one, role: "node", cluster: `${kind}/${of?.name}` }));
  const as = (role: Told["role"], machines: readonly (PublishedMachine | undefined)[]): readonly Told[] =>
    machines.flatMap((one) => (one === undefined ? [] : [{ machine: one, role }]));
  const carriers = service.flatMap(({ hops }) => hops.flatMap((one) => one.instances.map((at) => at.machine)));
  const told = [
    ...as("client", [...swarm.map(({ client }) => client), ...service.flatMap(({ clients }) => clients)]),
    ...swarm.flatMap((one) => nodes("swarm", one.cluster)),
    ...kubernetes.flatMap((one) => nodes("kubernetes", one.cluster)),
    ...as("machine", carriers),
    ...as("server", [
      ...kubernetes.flatMap(({ servers }) => servers?.machines ?? []),
      ...service.flatMap(({ servers }) => servers.map((one) => one.machine)),
    ]),
  ];
  const first = new Map<string, Told>();
  for (const one of told) if (!first.has(one.machine.id)) first.set(one.machine.id, one);
  return [...first.values()];
}

/** What a stack that publishes nothing would have told. */
const MISSING: Readonly<Record<string, string>> = {
  kubernetes: ": its cluster and the servers are missing here",
  swarm: ": its cluster and the client are missing here",
  service: ": functions and the path are missing here",
};

const legsOf = (legs: readonly z.infer<typeof leg>[]): readonly TopologyLeg[] =>
  legs.map(({ network: id, address }) => ({ network: id, ...(address === undefined ? {} : { address }) }));

/** What the contracts of all stacks tell together, or plans of them. */
export function topologyOf(contracts: Contracts): Topology {
  const told = read(contracts);
  const { site, service } = told;
  const machines = machinesIn(told);
  const clusters = (["swarm", "kubernetes"] as const).flatMap((kind) =>
    told[kind].flatMap(({ cluster: one }) =>
      one === undefined
        ? []
        : [
            {
              id: `${kind}/${one.name}`,
              name: one.name,
              kind,
              endpoint: one.endpoint,
              nodes: one.nodes.map(({ id }) => id),
            },
          ],
    ),
  );
  // A program of its own may publish a chain and no site: an identity begins with the site's name.
  const sites = new Set(machines.flatMap(({ machine: { id } }) => /^(.+)\//.exec(id)?.[1] ?? []));
  const siteName = site[0]?.siteName ?? [...sites].join(", ");
  return {
    ...(siteName === "" ? {} : { site: siteName }),
    networks: networksIn(told, machines),
    machines: machines.map(({ machine: { id, name, legs }, role, cluster: of }) => ({
      id,
      name,
      role,
      ...(of === undefined ? {} : { cluster: of }),
      legs: legsOf(legs),
    })),
    clusters,
    ...chainsIn(service, machines),
    notes: Object.entries(contracts).flatMap(([stack, contract]) => {
      if (contract === undefined) return [`The ${stack} stack is not up${MISSING[stack] ?? ""}.`];
      if (contract !== null) return [];
      const missing =
        MISSING[stack] ?? ", so nothing of it is shown: its last up failed, or its program returns none (publishChain)";
      return [`The ${stack} stack publishes no contract${missing}.`];
    }),
  };
}

/** The networks, in the order of a request as far as it is known. */
function networksIn({ site, kubernetes, swarm, service }: Read, machines: readonly Told[]): readonly TopologyNetwork[] {
  const known = new Map<string, TopologyNetwork>();
  const legs = [
    ...machines.map((one) => one.machine.legs),
    ...service.flatMap(({ hops }) => hops.flatMap((one) => one.instances.map((at) => at.legs))),
  ];
  for (const one of [
    ...swarm.map(({ clients }) => clients),
    ...site.map(({ transit }) => transit),
    ...[...swarm, ...kubernetes].flatMap((of) => of.cluster?.networks ?? []),
    ...kubernetes.map(({ servers }) => servers?.network),
    ...legs.flat().map(({ network: id, cidr }) => ({ id, name: id.slice(id.indexOf("/") + 1), cidr })),
  ])
    if (one !== undefined && !known.has(one.id)) known.set(one.id, { id: one.id, name: one.name, cidr: one.cidr });
  return [...known.values()];
}

/** Chains, and the functions on them: one that several chains lead through is there once. */
function chainsIn(services: Read["service"], machines: readonly Told[]): Pick<Topology, "functions" | "chains"> {
  const functions = new Map<string, TopologyFunction>();
  const meet = (one: z.infer<typeof hop>): string => {
    const { name, handling, stateful, port, instances } = one;
    const facts = {
      handling,
      stateful,
      ...(port === undefined ? {} : { port }),
      instances: instances.map(({ machine: carrier, legs }) => ({
        ...(carrier ? { machine: carrier.id } : {}),
        legs: legsOf(legs),
      })),
    };
    // Names are unique within a chain only.
    let id = name;
    for (let at = 2; functions.has(id); at++) {
      const same = JSON.stringify(functions.get(id)) === JSON.stringify({ id, name, ...facts });
      if (same) return id;
      id = `${name} (${at})`;
    }
    functions.set(id, { id, name, ...facts });
    return id;
  };
  const owner = new Map(
    machines.flatMap(({ machine: one }) => one.legs.map(({ address }) => [address, one.id] as const)),
  );
  const chains = services.map(({ url, from, clients, hops, servers }) => ({
    url,
    from,
    clients: clients.map(({ id }) => id),
    hops: hops.map((one) => ({ function: meet(one), in: one.in, out: one.out })),
    servers: servers.map(({ name, address, machine: own }) => {
      const named = machines.find((other) => other.machine.name === name);
      const id = own?.id ?? named?.machine.id ?? owner.get(address);
      return { name, address, ...(id === undefined ? {} : { machine: id }) };
    }),
  }));
  return { functions: [...functions.values()], chains };
}

/** What is there now and what will be, in one: what goes is there as well, and each thing says what is done with it. */
export function changed(before: Contracts, after: Contracts): Topology {
  const [old, next] = [topologyOf(before), topologyOf(after)];
  const identities = new Map(machinesOf(before).map(({ id, identity }) => [id, identity]));
  const anew = new Set(
    machinesOf(after).flatMap(({ id, identity }) => ((identities.get(id) ?? identity) === identity ? [] : [id])),
  );
  const merge = <T extends Thing>(
    was: readonly T[],
    will: readonly T[],
    made: (one: T) => boolean = () => false,
  ): T[] => {
    const by = new Map(was.map((one) => [one.id, one]));
    const mark = (one: T): Change | undefined => {
      const former = by.get(one.id);
      if (former === undefined) return "added";
      if (made(one)) return "replaced";
      return JSON.stringify(former) === JSON.stringify(one) ? undefined : "changed";
    };
    const stays = new Set(will.map(({ id }) => id));
    return [
      ...will.map((one) => {
        const change = mark(one);
        return change === undefined ? one : { ...one, change };
      }),
      ...was.filter(({ id }) => !stays.has(id)).map((one) => ({ ...one, change: "removed" as const })),
    ];
  };
  return {
    ...next,
    networks: merge(old.networks, next.networks),
    machines: merge(old.machines, next.machines, ({ id }) => anew.has(id)),
    clusters: merge(old.clusters, next.clusters),
    functions: merge(old.functions, next.functions),
  };
}

/** A place on a path: where its packets come from or go to. */
export interface Station {
  readonly name: string;
  /** Its instances: a machine's identity each, or undefined for what is not ours. */
  readonly machines: readonly (string | undefined)[];
  /** Its function; undefined for clients and servers. */
  readonly function?: TopologyFunction;
}

/** A stretch of a path: from one station to the next, in a network. */
export interface Stretch {
  readonly network: string;
  readonly from: Station;
  readonly to: Station;
}

/** The stretches of a chain's path, in the order of a request. */
export function stretchesOf(topology: Topology, chain: TopologyChain): readonly Stretch[] {
  const names = new Map(topology.machines.map(({ id, name }) => [id, name]));
  const functions = new Map(topology.functions.map((one) => [one.id, one]));
  const stations: Station[] = [
    { name: chain.clients.map((id) => names.get(id) ?? id).join(", ") || "clients", machines: chain.clients },
    ...chain.hops.map((one) => {
      const known = functions.get(one.function);
      const machines = (known?.instances ?? []).map(({ machine: id }) => id);
      return { name: one.function, machines, ...(known ? { function: known } : {}) };
    }),
    { name: chain.servers.map(({ name }) => name).join(", "), machines: chain.servers.map((one) => one.machine) },
  ];
  const links = [chain.from, ...chain.hops.map(({ out }) => out.network)];
  return links.flatMap((id, at) => {
    const [from, to] = [stations[at], stations[at + 1]];
    return from && to ? [{ network: id, from, to }] : [];
  });
}

/** More stations of a path are told by the first and the last ones. */
const MOST_STATIONS = 12;

/** The way of a request, station by station, for each chain. */
export function pathTexts(topology: Topology): readonly string[] {
  return topology.chains.map((chain) => {
    const stretches = stretchesOf(topology, chain);
    const all = [stretches[0]?.from.name ?? "", ...stretches.map(({ to }) => to.name)];
    const shown = MOST_STATIONS / 2;
    const more = all.length - 2 * shown;
    return (more > 1 ? [...all.slice(0, shown), `… ${more} more …`, ...all.slice(-shown)] : all).join(" → ");
  });
}
