import { Address } from "../../components/network/address";
import { Cidr } from "../../components/network/cidr";
import type { PlannedPath } from "../plan";

/** A machine that a published path tells of, or a pod with a network of its own, which its node is asked about. */
export type Machine = PlannedPath["clients"][number] & {
  /** The pod, by the Deployment that makes it. */
  readonly pod?: { readonly deployment: string; readonly namespace: string };
  /** Whether its legs are those of a virtual machine in the pod, of which nobody but itself can be asked what its routes are. */
  readonly guest?: boolean;
};

/** A function that a published path tells of. */
export type PathFunction = Omit<PlannedPath["hops"][number], "in" | "out">;

/** A host's interface in one network, as the published path knows it. */
export interface HostLeg {
  readonly network: string;
  readonly cidr: string;
  /** Unknown of a gateway that a default route leads to. */
  readonly address?: string;
  /** Known of machines that are ours. */
  readonly interface?: string;
}

/** What has legs in networks, and sends packets on: a machine, or a gateway that is somebody else's. */
export interface Host {
  /** The machine's name; of a gateway, the function's. */
  readonly name: string;
  /** Where it is ours. */
  readonly machine?: Machine;
  readonly legs: readonly HostLeg[];
  /** The functions of the path that run on it. */
  readonly functions: readonly PathFunction[];
}

/** What a packet should do at one host. */
export interface Step {
  readonly host: Host;
  /** Where it comes in; undefined where it begins. */
  readonly in?: HostLeg;
  /** Where it goes out; undefined where it ends, and where it is lost. */
  readonly out?: HostLeg;
  /** Whom it is handed to: the next host's address, which of the last one is the packet's own destination; undefined where a default route leads. */
  readonly neighbour?: string;
  /** Whether that is a router, and the packet's destination lies behind it. */
  readonly routed: boolean;
  /** The packet's addresses when it comes in, and when it goes out. */
  readonly before: Addresses;
  readonly after: Addresses;
}

/** IPv4 addresses of a packet. */
export interface Addresses {
  readonly source: string;
  readonly destination: string;
}

/** The way of a packet, from host to host. */
export interface Way {
  readonly steps: readonly Step[];
  /** Why it does not arrive, behind the last of the steps; undefined where it does. */
  readonly lost?: string;
}

/** A TCP connection that the path is made of: from who opens it to who ends it. */
export interface Connection {
  readonly from: Host;
  readonly to: Host;
  /** What it is opened to. */
  readonly address: string;
  /** Unknown where a proxy does not say what it asks. */
  readonly port?: number;
  /** The functions that its requests should pass, and those that its answers should, in their order. */
  readonly over: readonly PathFunction[];
  readonly back: readonly PathFunction[];
  readonly request: Way;
  readonly answer: Way;
}

/** Whether a range has an address; what a preview does not know yet has none, and is in none. */
export function holds(cidr: string, address: string | undefined): boolean {
  try {
    return address !== undefined && Cidr.parse(cidr).contains(Address.parse(address));
  } catch {
    return false;
  }
}

const prefixOf = (cidr: string): number => Number(cidr.split("/")[1] ?? 0);
/** Who can be asked about an instance of a function: its machine, or the pod that it is. */
function machineOf(
  { name }: PathFunction,
  { machine, pod, legs }: PathFunction["instances"][number],
): Machine | undefined {
  if (!pod) return machine;
  const { node, deployment, namespace = "default", guest = false } = pod;
  const own = legs.map((leg) => ({ ...leg, address: leg.address ?? "", interface: leg.interface ?? "" }));
  return { ...node, id: `${node.id}/${deployment}`, name, legs: own, pod: { deployment, namespace }, guest };
}

const hostKey = (name: string, machine?: Machine): string => machine?.id ?? `function ${name}`;

/** Every host of a published path, by the identity of its machine or the name of its function. */
export function hostsOf({ clients, hops, servers, returnPath = [] }: PlannedPath): ReadonlyMap<string, Host> {
  const hosts = new Map<string, Host>();
  const add = (name: string, legs: readonly HostLeg[], machine?: Machine, one?: PathFunction): void => {
    const key = hostKey(name, machine);
    const known = hosts.get(key);
    const functions = [...(known?.functions ?? []), ...(one ? [one] : [])];
    const host = { name: machine?.name ?? name, legs: machine?.legs ?? legs, functions };
    hosts.set(key, machine ? { ...host, machine } : host);
  };
  for (const machine of clients) add(machine.name, machine.legs, machine);
  const named = new Set(hops.map(({ name }) => name));
  for (const one of [...hops, ...returnPath.filter(({ name }) => !named.has(name))])
    for (const instance of one.instances) add(one.name, instance.legs, machineOf(one, instance), one);
  for (const { name, address, machine } of servers)
    add(name, [{ network: "", cidr: `${address}/32`, address }], machine);
  return hosts;
}

/** Where the hosts of a place in the path are: those of the clients, of a function's instances, or of the servers. */
interface Station {
  readonly one?: PathFunction;
  readonly hosts: readonly Host[];
}

/** A published path as packets see it: hosts, their legs, the chain's routes. */
class Paths {
  private readonly hosts: ReadonlyMap<string, Host>;
  readonly there: readonly Station[];
  readonly back: readonly Station[];

  constructor(private readonly facts: PlannedPath) {
    this.hosts = hostsOf(facts);
    const { clients, hops, servers, returnPath } = facts;
    const station = (one: PathFunction): Station => ({
      one,
      hosts: this.all(one.instances.map((instance) => hostKey(one.name, machineOf(one, instance)))),
    });
    const client: Station = { hosts: this.all(clients.map((machine) => hostKey(machine.name, machine))) };
    const server: Station = { hosts: this.all(servers.map(({ name, machine }) => hostKey(name, machine))) };
    this.there = [client, ...hops.map(station), server];
    this.back = [server, ...(returnPath ?? [...hops].reverse()).map(station), client];
  }

  private all(keys: readonly string[]): Host[] {
    return keys.flatMap((key) => this.hosts.get(key) ?? []);
  }

  /** Where a host sends a packet: by the longest range of what is connected and of its routes, else by its default route. */
  private next(
    host: Host,
    destination: string,
    order: readonly Station[],
  ): { readonly next?: Host; readonly out?: HostLeg; readonly neighbour?: string; readonly lost?: string } {
    const { machine, legs } = host;
    const ways = [
      ...legs.map(({ cidr }) => ({ cidr, neighbour: destination })),
      ...(this.facts.routes ?? [])
        .filter((route) => route.machine === machine?.id)
        .map(({ destination: cidr, nextHop }) => ({ cidr, neighbour: nextHop })),
    ].filter(({ cidr }) => holds(cidr, destination));
    const [best] = ways.sort((a, b) => prefixOf(b.cidr) - prefixOf(a.cidr));
    const others = [...this.hosts.values()].filter((other) => other !== host);
    if (best) {
      const { neighbour } = best;
      const out = legs.find(({ cidr }) => holds(cidr, neighbour));
      if (!out) return { lost: `its next hop ${neighbour} is in no network that it has a leg in` };
      const next = others.find((other) =>
        other.legs.some(({ network, address }) => address === neighbour && [out.network, ""].includes(network)),
      );
      return next
        ? { next, out, neighbour }
        : { out, neighbour, lost: `nothing on the path has the address ${neighbour} in ${out.network}` };
    }
    const share = (other: Host): HostLeg | undefined =>
      legs.find(({ network }) => other.legs.some((leg) => leg.network === network));
    if (machine === undefined || machine.pod !== undefined) {
      // Its routes are somebody else's: it leads to what follows it.
      const at = order.findIndex(({ hosts }) => hosts.includes(host));
      const [next] = order[at + 1]?.hosts ?? [];
      const out = next && share(next);
      if (next && out)
        return { next, out, neighbour: next.legs.find(({ network }) => network === out.network)?.address };
    }
    // Where a gateway does not say its address, the default routes of that network's machines lead to it.
    for (const other of others) {
      const entry = other.legs.find(
        ({ network, address }) => address === undefined && legs.some((leg) => leg.network === network),
      );
      if (entry) return { next: other, out: legs.find(({ network }) => network === entry.network) };
    }
    return { lost: `no route of ${host.name} leads there` };
  }

  /** Walks a packet from a host; at each host whose address it has, `arrived` says which addresses it goes on with, if it does. */
  private walk(
    start: Host,
    addresses: Partial<Addresses> & { readonly destination: string },
    order: readonly Station[],
    changed: (step: { readonly host: Host; readonly out: HostLeg; readonly packet: Addresses }) => Addresses,
    arrived: (host: Host, packet: Addresses) => Addresses | undefined,
  ): Way {
    const steps: Step[] = [];
    const visits = new Set<string>();
    let here = start;
    let entry: HostLeg | undefined;
    let packet: Addresses = { source: addresses.source ?? "", destination: addresses.destination };
    for (;;) {
      const before = packet;
      const own = here.legs.some(({ address }) => address === packet.destination);
      if (own) {
        const onwards = arrived(here, packet);
        if (!onwards) {
          steps.push({ host: here, ...(entry ? { in: entry } : {}), routed: false, before, after: before });
          return { steps };
        }
        packet = onwards;
      }
      const visit = `${here.machine?.id ?? here.name} ${packet.destination}`;
      const { next, out, neighbour, lost } = visits.has(visit)
        ? { next: undefined, out: undefined, neighbour: undefined, lost: "packets go in circles" }
        : this.next(here, packet.destination, order);
      visits.add(visit);
      if (packet.source === "") packet = { ...packet, source: out?.address ?? "" };
      const after = out ? changed({ host: here, out, packet }) : packet;
      steps.push({
        host: here,
        ...(entry ? { in: entry } : {}),
        ...(out ? { out } : {}),
        ...(neighbour === undefined ? {} : { neighbour }),
        routed: neighbour !== packet.destination,
        before: steps.length === 0 ? packet : before,
        after,
      });
      if (!next || !out) return { steps, lost: lost ?? "" };
      packet = after;
      entry = next.legs.find(({ network }) => network === out.network) ?? next.legs[0];
      here = next;
    }
  }

  /** The connection of one host to another, there and back. */
  connection(
    from: Host,
    to: Host,
    address: string,
    port: number | undefined,
    over: readonly PathFunction[],
    back: readonly PathFunction[],
  ): Connection {
    /** What each translator has put its own address in place of. */
    const hidden = new Map<Host, { readonly own: string; readonly source: string }>();
    const request = this.walk(
      from,
      { destination: address },
      this.there,
      ({ host, out, packet }) => {
        const translates = host !== from && over.some((one) => one.handling === "translate" && runsOn(one, host));
        if (!translates || out.address === undefined) return packet;
        hidden.set(host, { own: out.address, source: packet.source });
        return { ...packet, source: out.address };
      },
      () => undefined,
    );
    const last = request.steps.at(-1);
    const answer: Way =
      request.lost !== undefined || !last
        ? { steps: [], lost: "requests do not arrive" }
        : this.walk(
            last.host,
            { source: address, destination: last.before.source },
            this.back,
            ({ packet }) => packet,
            (host, packet) => {
              const mask = hidden.get(host);
              return mask && mask.own === packet.destination ? { ...packet, destination: mask.source } : undefined;
            },
          );
    return { from, to, address, ...(port === undefined ? {} : { port }), over, back, request, answer };
  }
}

const runsOn = (one: PathFunction, host: Host): boolean => host.functions.some(({ name }) => name === one.name);

/**
 * The connections that a published path is made of, with the way of their packets there and back: from each client to every place where the first
 * proxy runs, from each of these to what it balances over, and so on to the servers.
 */
export function connectionsOf(facts: PlannedPath): readonly Connection[] {
  const paths = new Paths(facts);
  const connections: Connection[] = [];
  const backOver = (over: readonly PathFunction[]): PathFunction[] => {
    const names = over.map(({ name }) => name);
    if (!facts.returnPath) return [...over].reverse();
    return facts.returnPath.filter((one) => names.includes(one.name));
  };
  let senders = paths.there[0]?.hosts ?? [];
  let proxy: PathFunction | undefined;
  let over: PathFunction[] = [];
  const connect = (to: Host, address: string | undefined, port: number | undefined): void => {
    if (address === undefined) return;
    for (const from of senders)
      if (from !== to) connections.push(paths.connection(from, to, address, port, over, backOver(over)));
  };
  const targets = (address: string | undefined, own: number | undefined): readonly (number | undefined)[] =>
    proxy?.backends
      ? proxy.backends.map(splitBackend).flatMap((one) => (one.address === address ? [one.port] : []))
      : [own];
  facts.hops.forEach((hop, at) => {
    if (hop.handling !== "proxy") {
      over.push(hop);
      return;
    }
    const hosts = paths.there[at + 1]?.hosts ?? [];
    hosts.forEach((to, place) => {
      const address = hop.instances[place]?.legs.find(({ network }) => network === hop.in.network)?.address;
      for (const port of targets(address, hop.port ?? 80)) connect(to, address, port);
    });
    senders = hosts;
    proxy = hop;
    over = [];
  });
  const ends = paths.there.at(-1)?.hosts ?? [];
  facts.servers.forEach(({ address }, place) => {
    const to = ends[place];
    for (const port of to ? targets(address, proxy ? undefined : 80) : []) if (to) connect(to, address, port);
  });
  return connections;
}

/** A backend's address and port, `ADDRESS` or `ADDRESS:PORT`. */
export function splitBackend(backend: string): { readonly address: string; readonly port: number } {
  const [address = "", port = "80"] = backend.split(":");
  return { address, port: Number(port) };
}
