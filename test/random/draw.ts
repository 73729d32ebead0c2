import fc from "fast-check";
import { Cidr, type PacketHandling } from "../../components";
import { type BalancerSpec, type ChainSpec, type FunctionSpec, machineNames, named, type ProgramSpec } from "./spec";

/** What programs are drawn from. */
export interface Bounds {
  /** The most sites. */
  readonly sites: number;
  /** The second octet of the first site's ranges; other sites have those after it. */
  readonly octet: number;
  /** What each site's name begins with. */
  readonly siteName: string;
  /** The most functions in a chain. */
  readonly functions: number;
  /** Whether it must run: nothing stands in it that only a model can do, or that others would have to make. */
  readonly runs: boolean;
  /** What the first chain of the first site leads through, at least; nothing has a leg that no chain passes then. @default whatever is drawn */
  readonly first?: readonly FunctionSpec["kind"][];
}

const PLATFORMS = ["lab", "own", "own"] as const;
const ROLES = ["clients", "servers", "core", "edge", "dmz", "office", "branch", "backup"] as const;

/** A function as those who put chains together need to know it. */
interface Part {
  readonly name: string;
  readonly handling: PacketHandling;
  readonly stateful: boolean;
  /** What carries it: a cluster, a machine, itself. Routes are there, whatever functions it carries. */
  readonly carrier: string;
  /** The networks that its carrier has legs in, those that no chain passes included. */
  readonly networks: readonly string[];
  /** The port that it answers on. */
  readonly port?: number;
  readonly addressIn: (network: string) => string;
  /** Of a gateway: whether its address in the network behind it is not said. */
  readonly unsaid?: boolean;
}

/** Which packets a carrier sends to whom. */
interface Demand {
  readonly carrier: string;
  /** The network that they go to, and what they are for there. */
  readonly network: string;
  readonly target: string;
  /** Whether only what they are for is meant, and not its whole network. */
  readonly host: boolean;
  /** The carrier that they are handed to; where it has no address that anybody knows, by a default route. */
  readonly hop: string;
  readonly byDefault: boolean;
}

/** Whether two demands on a carrier can't both be met, for routes go by the longest prefix. */
function cross(one: Demand, other: Demand): boolean {
  if (one.carrier !== other.carrier || one.network !== other.network || one.hop === other.hop) return false;
  if (one.host === other.host) return !one.host || one.target === other.target;
  const [narrow, wide] = one.host ? [one, other] : [other, one];
  return narrow.byDefault ? !wide.byDefault : narrow.target === wide.target;
}

/** What serves, likewise. */
interface Servers {
  readonly name: string;
  readonly network: string;
  readonly networks: readonly string[];
  readonly addresses: readonly string[];
}

/** A chain with the networks that it leads through: the clients', one behind each function. */
interface Walk {
  readonly walk: readonly string[];
  readonly parts: readonly Part[];
  readonly back: readonly Part[];
  readonly servers: Servers;
  readonly chain: ChainSpec;
}

/** Draws one site into a program. */
class SiteDraw {
  private nextHost = 2;
  private names = 0;
  private readonly networks: string[];
  private readonly ranges = new Map<string, Cidr>();
  private readonly walks: Walk[] = [];
  private readonly sent: Demand[] = [];
  private readonly ports = new Map<string, number>();
  private readonly clients = new Map<string, string[]>();
  /** Whether a network's machines have a default route that leads to a gateway: a machine in two such networks would have two. */
  private hasDefault = false;

  constructor(
    private readonly g: fc.GeneratorValue,
    private readonly bounds: Bounds,
    private readonly spec: ProgramSpec,
    private readonly site: string,
    octet: number,
    private readonly isFirst: boolean,
  ) {
    const count = this.number(bounds.runs ? 2 : 4, bounds.runs ? 3 : ROLES.length);
    const ranges = [0, ...Array(count).keys()].map((_, third) => {
      const prefix = this.oneOf([24, 24, 25, 26]);
      const block = this.number(0, 2 ** (prefix - 24) - 1) * 2 ** (32 - prefix);
      return Cidr.parse(`10.${octet}.${third}.${block}/${prefix}`);
    });
    spec.sites.push({
      name: site,
      transitCidr: String(ranges[0]),
      platform: bounds.runs ? "lab" : this.oneOf(PLATFORMS),
    });
    const roles = this.shuffled(ROLES).slice(0, count);
    spec.networks.push(
      ...roles.map((role, at) => ({ name: `${site}-${role}`, site, cidr: String(ranges[at + 1]), role })),
    );
    this.networks = [`${site}-transit`, ...roles.map((role) => `${site}-${role}`)];
    this.networks.forEach((network, at) => {
      const range = ranges[at];
      if (range) this.ranges.set(network, range);
    });
  }

  private number(min: number, max: number): number {
    return this.g(fc.integer, { min, max });
  }

  private chance(percent: number): boolean {
    return this.number(1, 100) <= percent;
  }

  private oneOf<T>(all: readonly T[]): T {
    return all[this.number(0, all.length - 1)] as T;
  }

  private shuffled<T>(all: readonly T[]): T[] {
    const left = [...all];
    return all.map(() => left.splice(this.number(0, left.length - 1), 1)[0] as T);
  }

  private fresh(noun: string): string {
    this.names++;
    return `${this.site}-${noun}${this.names}`;
  }

  /** Numbers for so many machines: no other machine has them in any network. */
  private hosts(count: number): number {
    const first = this.nextHost + this.number(0, 1);
    this.nextHost = first + count;
    return first;
  }

  private address(network: string, host: number): string {
    return this.ranges.get(network)?.host(host).toString() ?? "";
  }

  /** A network's identity, such as "site/transit". */
  private id(network: string): string {
    return `${this.site}/${network.slice(this.site.length + 1)}`;
  }

  /** The legs of what stands in these networks, in any order, with one more where `spare` has a network that nobody minds. */
  private legs(networks: readonly string[], spare: readonly string[], most = 1): string[] {
    const more = !this.bounds.first && this.chance(30) ? this.shuffled(spare).slice(0, this.number(1, most)) : [];
    return this.shuffled([...new Set([...networks, ...more])]);
  }

  private drawServers(network: string, spare: readonly string[]): Servers {
    const count = this.number(1, this.bounds.runs ? 2 : 3);
    if (this.bounds.runs || this.chance(70)) {
      const name = this.fresh("apache");
      const firstHost = this.hosts(count);
      this.spec.servers.push({ name, network, serverCount: count, firstHost });
      const addresses = Array.from({ length: count }, (_, at) => this.address(network, firstHost + at));
      return { name, network, networks: [network], addresses };
    }
    const name = this.fresh("pool");
    const networks = this.legs([network], spare);
    const hosts = Array.from({ length: count }, () => this.hosts(1));
    const machines = hosts.map((host, at) => {
      this.spec.machines.push({ name: `${name}-${at + 1}`, role: "server", networks, host });
      return `${name}-${at + 1}`;
    });
    this.spec.groups.push({ name, network, machines });
    return { name, network, networks, addresses: hosts.map((host) => this.address(network, host)) };
  }

  /** A function between two networks, which may be the same one. */
  private drawPart(
    kind: FunctionSpec["kind"],
    before: string,
    behind: string,
    backends: readonly string[],
    spare: readonly string[],
    startsBack: boolean,
  ): Part {
    const name = this.fresh(kind === "own" ? "fn" : kind);
    const add = (one: FunctionSpec) => this.spec.functions.push(one);
    const ends = [...new Set([before, behind])];
    switch (kind) {
      case "router": {
        const cluster = `${name}-k8s`;
        const networks = this.legs(ends, spare, 2);
        const workerCount = !this.bounds.runs && this.chance(20) ? this.number(1, 2) : 0;
        const firstHost = this.hosts(1 + workerCount);
        this.spec.clusters.push({
          ...{ name: cluster, kind: "kubernetes", networks, workerCount },
          ...{ firstHost, firstWorkerHost: firstHost + 1 },
        });
        add({ kind, name, cluster, ...(this.chance(30) ? { networks: this.shuffled(ends) } : {}) });
        const addressIn = (network: string) => this.address(network, firstHost);
        return { name, handling: "route", stateful: false, carrier: cluster, networks, addressIn };
      }
      case "balancer": {
        const cluster = `${name}-swarm`;
        const networks = this.legs(ends, spare);
        const managerCount = !this.bounds.runs && this.chance(20) ? 3 : 1;
        const workerCount = !this.bounds.runs && this.chance(10) ? 1 : 0;
        const firstHost = this.hosts(managerCount + workerCount);
        this.spec.clusters.push({ name: cluster, kind: "swarm", networks, managerCount, workerCount, firstHost });
        const addressIn = (network: string) => this.address(network, firstHost);
        return this.drawBalancer(name, cluster, networks, backends, addressIn);
      }
      case "own": {
        const handling = this.oneOf<PacketHandling>(
          this.bounds.runs
            ? ["route", "translate"]
            : ["route", "translate", ...(before === behind ? [] : ["proxy" as const])],
        );
        const stateful = handling === "route" && this.chance(40) ? { stateful: this.chance(70) } : {};
        const networks = this.legs(ends, spare);
        const hosts = Array.from({ length: !this.bounds.runs && this.chance(25) ? 2 : 1 }, () => this.hosts(1));
        const machines = hosts.map((_, at) => `${name}-${at + 1}`);
        this.spec.machines.push(
          ...machines.map((machine, at) => ({
            name: machine,
            role: "server" as const,
            networks,
            host: hosts[at] ?? 0,
          })),
        );
        add({ kind, name, handling, machines, ...stateful });
        const addressIn = (network: string) => this.address(network, hosts[0] ?? 0);
        return {
          name,
          handling,
          stateful: stateful.stateful ?? handling !== "route",
          carrier: name,
          networks,
          addressIn,
        };
      }
      case "gateway": {
        const host = this.hosts(1);
        const unsaid = startsBack && !this.hasDefault && this.chance(50);
        if (unsaid) this.hasDefault = true;
        const addressIn = (network: string) => this.address(network, host);
        const legs = ends.map((network) =>
          unsaid && network === behind ? { network } : { network, address: addressIn(network) },
        );
        add({ kind, name, legs: this.shuffled(legs) });
        return { name, handling: "route", stateful: false, carrier: name, networks: ends, addressIn, unsaid };
      }
      case "published": {
        const handling = this.oneOf<PacketHandling>(["route", "route", "translate"]);
        const stateful = handling !== "route" || this.chance(40);
        const networks = this.legs(ends, spare);
        const host = this.hosts(1);
        const addressIn = (network: string) => this.address(network, host);
        const legs = networks.map((network) => ({
          ...{ network: this.id(network), cidr: String(this.ranges.get(network)), address: addressIn(network) },
        }));
        const ssh = { host: legs[0]?.address ?? "", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" };
        const machine = {
          ...{ id: `${this.site}/${name}-1`, name: `${name}-1`, identity: "1", ssh },
          legs: legs.map((leg, at) => ({ ...leg, interface: `eth${at}` })),
        };
        add({ kind, name, facts: { name, handling, stateful, instances: [{ machine, legs }] } });
        return { name, handling, stateful, carrier: name, networks, addressIn };
      }
    }
  }

  /** A balancer on a Swarm that may carry others. */
  private drawBalancer(
    name: string,
    cluster: string,
    networks: readonly string[],
    addresses: readonly string[],
    addressIn: Part["addressIn"],
  ): Part {
    const others = this.ports.get(cluster) ?? 0;
    this.ports.set(cluster, others + 1);
    const port = others > 0 ? 8080 + others : this.oneOf([undefined, undefined, 80, 8080]);
    const some = this.shuffled(addresses).slice(0, this.number(1, addresses.length));
    const one: BalancerSpec = { kind: "balancer", name, cluster, backends: some };
    if (port !== undefined) one.port = port;
    if (!this.bounds.runs && this.chance(20)) {
      one.publishMode = "ingress";
      if (this.chance(50)) one.taskCount = this.number(1, 3);
    }
    this.spec.functions.push(one);
    return { name, handling: "proxy", stateful: true, carrier: cluster, networks, port, addressIn };
  }

  /** Where a balancer before these parts sends: to the next that ends connections, or to the servers. */
  private backendsOf(parts: readonly Part[], walk: readonly string[], servers: Servers): string[] {
    const at = parts.findIndex(({ handling }) => handling === "proxy");
    const next = parts[at];
    if (!next) return [...servers.addresses];
    const port = next.port === undefined || next.port === 80 ? "" : `:${next.port}`;
    return [`${next.addressIn(walk[at] ?? "")}${port}`];
  }

  /** The parts between the networks of a walk, drawn from the servers backwards, before those that are there already. */
  private drawParts(
    walk: readonly string[],
    there: readonly Part[],
    rest: readonly string[],
    servers: Servers,
  ): Part[] {
    const taken = new Set([...walk, ...rest, ...servers.networks, ...there.flatMap(({ networks }) => networks)]);
    const spare = this.networks.filter((network) => !taken.has(network));
    const parts = [...there];
    const wanted = [...(this.isFirst && this.walks.length === 0 ? (this.bounds.first ?? []) : [])];
    for (let at = walk.length - 1; at > 0; at--) {
      const [before = "", behind = ""] = walk.slice(at - 1);
      const next = parts[0];
      const kinds: FunctionSpec["kind"][] = this.bounds.runs
        ? ["router", "balancer", "own"]
        : ["router", "router", "balancer", "balancer", "own", "own", "gateway", "published"];
      const drawn = this.oneOf(before === behind ? (["balancer"] as const) : kinds);
      const kind = wanted.length >= at ? (wanted[at - 1] ?? drawn) : drawn;
      const backends = this.backendsOf(parts, [behind, ...walk.slice(at + 1), ...rest], servers);
      const startsBack = next === undefined || next.handling !== "route";
      const part = this.drawPart(kind, before, behind, backends, spare, startsBack);
      // Two stations of a chain may share a network that it does not pass, and no more than two.
      for (const network of part.networks) {
        const shared = spare.indexOf(network);
        const holders = parts.filter(({ networks }) => networks.includes(network)).length;
        if (shared >= 0 && holders > 0) spare.splice(shared, 1);
      }
      parts.unshift(part);
    }
    return parts;
  }

  /** What each carrier on a chain must send where: a chain whose packets would leave another one's way can't stand beside it. */
  private demands({ walk, parts, back, servers, chain }: Omit<Walk, "chain"> & { chain: ChainSpec }): Demand[] {
    const demanded: Demand[] = [];
    type End = Pick<Demand, "network" | "target" | "host">;
    const along = (
      stations: readonly {
        carriers: readonly string[];
        hop: string;
        byDefault?: boolean;
        end?: End;
        networks: readonly string[];
      }[],
    ) => {
      stations.forEach(({ carriers, networks }, at) => {
        const end = stations.slice(at + 1).find((station) => station.end !== undefined)?.end;
        const { hop = "", byDefault = false } = stations[at + 1] ?? {};
        if (end && !networks.includes(end.network))
          demanded.push(...carriers.map((carrier) => ({ carrier, ...end, hop, byDefault })));
      });
    };
    const from = walk[0] ?? "";
    const client = { carriers: chain.clients, hop: "clients", networks: [from] };
    const server = { carriers: [servers.name], hop: servers.name, networks: servers.networks };
    const station = ({ carrier, networks }: Part) => ({ carriers: [carrier], hop: carrier, networks });
    along([
      client,
      ...parts.map((part, at) => ({
        ...station(part),
        ...(part.handling === "proxy" ? { end: { network: walk[at] ?? "", target: part.carrier, host: false } } : {}),
      })),
      { ...server, end: { network: servers.network, target: servers.name, host: false } },
    ]);
    along([
      server,
      ...back.map((part) => ({
        ...station(part),
        ...(part.unsaid ? { byDefault: true } : {}),
        ...(part.handling === "route"
          ? {}
          : { end: { network: walk[parts.indexOf(part) + 1] ?? "", target: part.carrier, host: true } }),
      })),
      { ...client, end: { network: from, target: "clients", host: false } },
    ]);
    return demanded;
  }

  /** Puts a chain into the program, unless it would send another one's packets elsewhere. */
  private add(walk: Omit<Walk, "chain">): void {
    const from = walk.walk[0] ?? "";
    const known = this.clients.get(from) ?? [];
    const name = this.fresh("chain");
    const plain = { from, functions: walk.parts.map((part) => part.name), to: walk.servers.name };
    const reversed = [...walk.parts].reverse();
    const returns = walk.back.some((part, at) => part !== reversed[at]) || this.chance(25);
    const chain: ChainSpec = {
      ...{ name, clients: [], ...plain },
      ...(returns ? { returnPath: walk.back.map((part) => part.name) } : {}),
    };
    const fits = (clients: string[]) =>
      !this.demands({ ...walk, chain: { ...chain, clients } }).some((one) =>
        this.sent.some((other) => cross(one, other)),
      );
    if (!fits([])) return;
    chain.clients.push(...known.filter((client) => this.chance(50) && fits([client])));
    const more = this.bounds.runs ? (chain.clients.length > 0 ? 0 : 1) : this.number(0, 2);
    for (let at = 0; at < more; at++) {
      const client = this.fresh("client");
      this.spec.machines.push({ name: client, role: "client", networks: [from], host: this.hosts(1) });
      this.clients.set(from, [...(this.clients.get(from) ?? []), client]);
      chain.clients.push(client);
    }
    this.sent.push(...this.demands({ ...walk, chain }));
    this.spec.chains.push(chain);
    this.walks.push({ ...walk, chain });
  }

  /** Other routers for the way back, in the place of some that remember nothing. */
  private drawBack(walk: readonly string[], parts: readonly Part[]): Part[] {
    const replaced = !this.bounds.runs && !this.bounds.first && this.chance(20);
    const back = parts.map((part, at) => {
      const replaceable = replaced && part.handling === "route" && !part.stateful && this.chance(60);
      return replaceable ? this.drawRouter(walk[at] ?? "", walk[at + 1] ?? "") : part;
    });
    return back.reverse();
  }

  /** A router that remembers nothing. */
  private drawRouter(before: string, behind: string): Part {
    if (this.chance(50)) return this.drawPart("router", before, behind, [], [], false);
    const name = this.fresh("back");
    const networks = this.shuffled([before, behind]);
    const host = this.hosts(1);
    this.spec.machines.push({ name: `${name}-1`, role: "server", networks, host });
    this.spec.functions.push({ kind: "own", name, handling: "route", machines: [`${name}-1`] });
    const addressIn = (network: string) => this.address(network, host);
    return { name, handling: "route", stateful: false, carrier: name, networks, addressIn };
  }

  /** A chain of its own, or over servers that another one leads to. */
  private drawFresh(): void {
    const known = this.walks.length > 0 && this.chance(40) ? this.oneOf(this.walks).servers : undefined;
    const last = known?.network ?? this.oneOf(this.networks);
    const others = this.shuffled(this.networks.filter((network) => !(known?.networks ?? [last]).includes(network)));
    const wanted = this.isFirst && this.walks.length === 0 ? (this.bounds.first?.length ?? 0) : 0;
    const least = Math.max(wanted, this.bounds.runs ? 1 : 0);
    const functions = Math.min(others.length, this.number(least, Math.max(least, this.bounds.functions)));
    const walk = [...others.slice(0, functions), last];
    // A proxy may have a single leg, which its packets come in and go out by.
    const armed = this.number(0, walk.length - 1);
    if (wanted === 0 && this.chance(15)) walk.splice(armed, 0, walk[armed] ?? last);
    const servers = known ?? this.drawServers(last, others.slice(functions));
    const parts = this.drawParts(walk, [], [], servers);
    this.add({ walk, parts, back: this.drawBack(walk, parts), servers });
  }

  /** A chain that joins another one at a function, and shares what follows with it. */
  private drawJoining(base: Walk): void {
    const at = this.number(0, base.parts.length - 1);
    const suffix = base.parts.slice(at);
    const rest = base.walk.slice(at + 1);
    const join = base.walk[at] ?? "";
    const taken = new Set([...base.walk, ...base.servers.networks, ...suffix.flatMap(({ networks }) => networks)]);
    const free = this.shuffled(this.networks.filter((network) => !taken.has(network)));
    const walk = [...free.slice(0, this.number(0, this.bounds.runs ? 1 : 2)), join];
    const parts = this.drawParts(walk, suffix, rest, base.servers);
    this.add({ walk: [...walk, ...rest], parts, back: [...parts].reverse(), servers: base.servers });
  }

  /** A chain over the same clusters as another one, with routers and balancers of its own on them. */
  private drawTwin(base: Walk): void {
    const parts: Part[] = [];
    for (let at = base.parts.length - 1; at >= 0; at--) {
      const part = base.parts[at] as Part;
      const twin = named(this.spec.functions, part.name);
      const backends = this.backendsOf(parts, base.walk.slice(at + 1), base.servers);
      const name = this.fresh("twin");
      if (twin.kind === "balancer")
        parts.unshift(this.drawBalancer(name, twin.cluster, part.networks, backends, part.addressIn));
      else if (twin.kind === "router") {
        this.spec.functions.push({ ...twin, name });
        parts.unshift({ ...part, name });
      } else parts.unshift(part);
    }
    this.add({ walk: base.walk, parts, back: [...parts].reverse(), servers: base.servers });
  }

  draw(): void {
    this.drawFresh();
    const chains = this.oneOf(this.bounds.runs ? [1, 1, 2] : [1, 2, 2, 3]);
    for (let at = 1; at < chains && this.nextHost < 30; at++) {
      const shareable = this.walks.filter(({ parts }) => parts.length > 0);
      const how = this.number(0, 2);
      if (how === 0 || shareable.length === 0) this.drawFresh();
      else if (how === 1) this.drawJoining(this.oneOf(shareable));
      else this.drawTwin(this.oneOf(shareable));
    }
  }
}

/** Sound programs within bounds. */
export function soundProgram(bounds: Bounds): fc.Arbitrary<ProgramSpec> {
  return fc.gen().map((g) => {
    const spec: ProgramSpec = {
      ...{ sites: [], networks: [], machines: [], servers: [], groups: [] },
      ...{ clusters: [], functions: [], chains: [] },
    };
    const sites = Math.max(1, g(fc.integer, { min: -1, max: bounds.sites }));
    for (let at = 0; at < sites; at++) {
      const name = bounds.sites === 1 ? bounds.siteName : `${bounds.siteName}${at}`;
      new SiteDraw(g, bounds, spec, name, bounds.octet + at, at === 0).draw();
    }
    return spec;
  });
}

/** Programs of at most five machines that the lab can bring up beside each other, each with a site's name and ranges of its own. */
export function labPrograms(count: number, seed: number): ProgramSpec[] {
  const small = (spec: ProgramSpec) =>
    machineNames(spec).length <= 5 && spec.clusters.filter(({ kind }) => kind === "kubernetes").length < 2;
  return Array.from({ length: count }, (_, at) => {
    const bounds = { sites: 1, octet: 126 + at, siteName: `random${at}`, functions: 3, runs: true };
    const found = fc.sample(soundProgram(bounds), { seed, numRuns: 100 }).filter(small)[at];
    if (!found) throw new Error(`HYBRID_VNF_SEED=${seed} draws no ${at + 1} small programs`);
    return found;
  });
}
