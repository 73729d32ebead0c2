import { Cidr, type Role } from "../../components";
import type { BalancerSpec, ClusterSpec, MachineSpec, OwnSpec, ProgramSpec, RouterSpec, ServersSpec } from "./spec";

/** A sound program whose first chain leads through a balancer and a router, with legs in its networks only, and what can be added to it. */
class Base {
  private added = 0;
  readonly chain;
  readonly site;
  readonly balancer: BalancerSpec;
  readonly router: RouterSpec;
  readonly swarm: ClusterSpec;
  readonly kubernetes: ClusterSpec;
  /** The networks before the balancer, behind it, and behind the router, where the servers are. */
  readonly walk: readonly [string, string, string];

  constructor(readonly spec: ProgramSpec) {
    const [chain] = spec.chains;
    const [site] = spec.sites;
    const balancer = spec.functions.find((one) => one.name === chain?.functions[0]);
    const router = spec.functions.find((one) => one.name === chain?.functions[1]);
    if (!chain || !site || balancer?.kind !== "balancer" || router?.kind !== "router")
      throw new Error("no such program");
    this.chain = chain;
    this.site = site;
    this.balancer = balancer;
    this.router = router;
    const cluster = (name: string) => spec.clusters.find((one) => one.name === name) as ClusterSpec;
    this.swarm = cluster(balancer.cluster);
    this.kubernetes = cluster(router.cluster);
    const behind = ({ networks }: ClusterSpec, before: string) => networks.find((one) => one !== before) ?? "";
    const middle = behind(this.swarm, chain.from);
    this.walk = [chain.from, middle, behind(this.kubernetes, middle)];
  }

  get transit(): string {
    return `${this.site.name}-transit`;
  }

  name(noun: string): string {
    this.added++;
    return `${this.site.name}-${noun}-x${this.added}`;
  }

  cidr(network: string): string {
    const site = this.spec.sites.find(({ name }) => `${name}-transit` === network);
    return site?.transitCidr ?? this.spec.networks.find(({ name }) => name === network)?.cidr ?? "";
  }

  address(network: string, host: number): string {
    return Cidr.parse(this.cidr(network)).host(host).toString();
  }

  network(cidr?: string, role?: string): string {
    const name = this.name("net");
    this.spec.networks.push({
      name,
      site: this.site.name,
      cidr: cidr ?? `10.250.${this.added}.0/24`,
      role: role ?? name,
    });
    return name;
  }

  machine(more: Partial<MachineSpec> = {}): string {
    const name = this.name("box");
    this.spec.machines.push({ name, role: "server", networks: [this.transit], host: 48 + this.added, ...more });
    return name;
  }

  servers(more: Partial<ServersSpec>): string {
    const name = this.name("apache");
    this.spec.servers.push({ name, network: this.network(), serverCount: 1, firstHost: 2, ...more });
    return name;
  }

  cluster(kind: ClusterSpec["kind"], more: Partial<ClusterSpec>): string {
    const name = this.name(kind);
    this.spec.clusters.push({ name, kind, networks: [this.network()], firstHost: 2, workerCount: 0, ...more });
    return name;
  }

  /** Another balancer on the Swarm. */
  balance(more: Partial<BalancerSpec>): string {
    const name = this.name("nginx");
    const { cluster, backends } = this.balancer;
    this.spec.functions.push({ kind: "balancer", name, cluster, backends, port: 9090, ...more });
    return name;
  }

  /** Another router on the cluster. */
  route(more: Partial<RouterSpec>): string {
    const name = this.name("quagga");
    this.spec.functions.push({ kind: "router", name, cluster: this.router.cluster, ...more });
    return name;
  }

  own(networks: readonly string[], more: Partial<OwnSpec> = {}): string {
    const name = this.name("fn");
    const machines = more.machines ?? [this.machine({ networks: [...networks] })];
    this.spec.functions.push({ kind: "own", name, handling: "route", ...more, machines });
    return name;
  }

  gateway(...legs: { network: string; address?: string }[]): string {
    const name = this.name("gateway");
    this.spec.functions.push({ kind: "gateway", name, legs });
    return name;
  }

  otherSite(): string {
    const name = this.name("site");
    this.spec.sites.push({ name, transitCidr: "10.251.0.0/24", platform: "lab" });
    return `${name}-transit`;
  }

  /** The first chain over other functions. */
  over(...functions: string[]): void {
    this.chain.functions = functions;
    delete this.chain.returnPath;
  }
}

/** What a program can get wrong, each of which makes it unsound by itself; some words of what it is told; and how it is done. */
export const FLAWS: readonly (readonly [string, string, (base: Base) => unknown])[] = [
  [
    "a network inside another one",
    'overlaps network "transit"',
    (p) => {
      const [address, prefix] = p.site.transitCidr.split("/");
      return p.network(`${address}/${Number(prefix) + 1}`);
    },
  ],
  ["a network on a reserved range", "link-local", (p) => p.network("169.254.7.0/24")],
  ["a network without a prefix length", "its prefix length is missing", (p) => p.network("10.250.0.0")],
  ["a network with host bits", "it has host bits set", (p) => p.network("10.250.0.7/24")],
  ["a network without room", "has no room for two machines", (p) => p.network("10.250.0.0/31")],
  [
    "two networks of one role",
    "give one of the two another role",
    (p) => p.network(undefined, p.spec.networks[0]?.role),
  ],
  ["a network whose role is no name", 'its role is "The Net"', (p) => p.network(undefined, "The Net")],
  [
    "a site whose name is no name",
    "can't be used",
    (p) => p.spec.sites.push({ name: `${p.site.name}_2`, transitCidr: "10.251.0.0/24", platform: "lab" }),
  ],
  ["a machine outside its network", "has no host number 4000", (p) => p.machine({ host: 4000 })],
  ["a machine with the network's own address", "host is 0", (p) => p.machine({ host: 0 })],
  [
    "a machine with the lab's address",
    "belongs to the machine that carries the lab",
    (p) => p.machine({ networks: [p.otherSite()], host: 1 }),
  ],
  ["a machine of no role", 'role is "hub"', (p) => p.machine({ role: "hub" as Role })],
  ["a machine whose name no host can have", "is no host name", (p) => p.machine({ hostname: `${p.site.name}_box` })],
  ["a machine on two sites", "are of two sites", (p) => p.machine({ networks: [p.transit, p.otherSite()] })],
  ["a machine in no network", "networks is empty", (p) => p.machine({ networks: [] })],
  [
    "a machine twice in one network",
    "a machine has one leg in each",
    (p) => p.machine({ networks: [p.transit, p.transit] }),
  ],
  [
    "two machines on one address",
    "would have the address",
    (p) => p.machine({ networks: p.kubernetes.networks.slice(0, 1), host: p.kubernetes.firstHost }),
  ],
  ["two machines of one name", "the site has a machine", (p) => p.machine({ hostname: `${p.swarm.name}-1` })],
  ["no server", "serverCount is 0", (p) => p.servers({ serverCount: 0 })],
  ["half a server", "serverCount is 1.5", (p) => p.servers({ serverCount: 1.5 })],
  ["more servers than the network holds", "has no host number 255", (p) => p.servers({ serverCount: 300 })],
  ["an even number of managers", "managerCount is 2", (p) => p.cluster("swarm", { managerCount: 2 })],
  ["fewer workers than none", "workerCount is -1", (p) => p.cluster("kubernetes", { workerCount: -1 })],
  [
    "a bridge over several nodes",
    "joins the pods of one node only",
    (p) => p.cluster("kubernetes", { cni: "bridge", workerCount: 1 }),
  ],
  ["pods on a network", 'overlaps network "pods"', (p) => p.cluster("kubernetes", { podCidr: "10.250.0.0/16" })],
  [
    "services among the pods",
    'overlaps network "services"',
    (p) => p.cluster("kubernetes", { serviceCidr: "10.244.3.0/24" }),
  ],
  [
    "a cluster twice in one network",
    "a machine has one leg in each",
    (p) => p.cluster("kubernetes", { networks: [p.transit, p.transit], firstHost: 60 }),
  ],
  ["a port of the nodes' own", "port is 2377, which belongs to", (p) => p.balance({ port: 2377 })],
  ["a port that another balancer has", "has on the Swarm", (p) => p.balance({ port: p.balancer.port ?? 80 })],
  ["a port that is none", "port is 65536", (p) => p.balance({ port: 65536 })],
  ["no backend", "backends is empty", (p) => p.balance({ backends: [] })],
  ["a backend that is no address", "is not an IPv4 address", (p) => p.balance({ backends: [p.chain.to] })],
  ["a backend's port that is none", 'the port "70000"', (p) => p.balance({ backends: ["10.250.0.1:70000"] })],
  ["tasks counted where each node has one", "taskCount is 3", (p) => p.balance({ publishMode: "host", taskCount: 3 })],
  ["two functions of one name", "already, by", (p) => p.route({ functionName: p.router.name })],
  ["a function whose name is none", 'its name "Router!"', (p) => p.route({ functionName: "Router!" })],
  ["a router away from its cluster", "has no leg in network", (p) => p.route({ networks: [p.network()] })],
  ["a router twice over", "replicas is 2", (p) => p.route({ replicas: 2 })],
  [
    "a route to a connected network",
    "no route is needed there",
    (p) => p.route({ routes: [{ destination: p.cidr(p.walk[1]), nextHop: p.address(p.walk[2], 61) }] }),
  ],
  [
    "a route over no neighbour",
    "in none of the node's networks",
    (p) => p.route({ routes: [{ destination: "10.252.0.0/24", nextHop: "10.253.0.1" }] }),
  ],
  [
    "a route of the node's own",
    "the node's own default route",
    (p) => p.route({ routes: [{ destination: "0.0.0.0/0", nextHop: p.address(p.walk[2], 61) }] }),
  ],
  [
    "a gateway with one leg",
    "joins at least two networks",
    (p) => p.gateway({ network: p.transit, address: p.address(p.transit, 61) }),
  ],
  [
    "a gateway outside its network",
    "is no machine's address in network",
    (p) => p.gateway({ network: p.transit, address: "10.253.0.1" }, { network: p.network() }),
  ],
  [
    "a gateway twice in one network",
    "two legs in one network",
    (p) => p.gateway({ network: p.transit }, { network: p.transit }),
  ],
  ["functions the other way round", "nothing leads from the clients", (p) => p.over(p.router.name, p.balancer.name)],
  ["a function left out", "nothing leads from", (p) => p.over(p.balancer.name)],
  ["a function twice", "a function stands in it twice", (p) => p.over(p.balancer.name, p.router.name, p.router.name)],
  [
    "a function of another site",
    "nothing leads from",
    (p) => {
      const other = p.otherSite();
      p.over(p.balancer.name, p.gateway({ network: other, address: "10.251.0.9" }, { network: p.walk[2] }));
    },
  ],
  ["a function that runs nowhere", "runs nowhere", (p) => p.over(p.balancer.name, p.own([], { machines: [] }))],
  [
    "a function on machines that differ",
    "legs in different networks",
    (p) =>
      p.over(
        p.balancer.name,
        p.own([], {
          machines: [p.machine({ networks: [p.walk[1], p.walk[2]] }), p.machine({ networks: [p.walk[1]] })],
        }),
      ),
  ],
  [
    "a balancer over others' servers",
    "balances over 10.253.0.1, which is no address of",
    (p) => {
      p.balancer.backends = ["10.253.0.1"];
    },
  ],
  [
    "a balancer over another one's far address",
    "which is no address of",
    (p) => {
      const front = p.network();
      const cluster = p.cluster("swarm", { networks: [front, p.walk[0]], firstHost: 59 });
      const port = p.balancer.port ?? 80;
      const backends = [`${p.address(p.walk[1], p.swarm.firstHost)}:${port}`];
      const functions = [p.balance({ cluster, backends }), p.balancer.name, p.router.name];
      p.spec.chains.push({ name: p.name("chain"), from: front, clients: [], functions, to: p.chain.to });
    },
  ],
  [
    "a balancer over another one's closed port",
    ":9999, and",
    (p) => {
      const front = p.network();
      const cluster = p.cluster("swarm", { networks: [front, p.walk[0]], firstHost: 59 });
      const backends = [`${p.address(p.walk[0], p.swarm.firstHost)}:9999`];
      const functions = [p.balance({ cluster, backends }), p.balancer.name, p.router.name];
      p.spec.chains.push({ name: p.name("chain"), from: front, clients: [], functions, to: p.chain.to });
    },
  ],
  [
    "servers without a machine",
    "has no machine",
    (p) => {
      const name = p.name("pool");
      p.spec.groups.push({ name, network: p.walk[2], machines: [] });
      p.chain.to = name;
    },
  ],
  [
    "servers in a network that nothing leads to",
    "nothing leads from",
    (p) => {
      p.chain.to = p.servers({});
    },
  ],
  [
    "a leg beside the servers",
    "has a leg in the network that its packets go to",
    (p) => p.swarm.networks.push(p.walk[2]),
  ],
  [
    "a router whose node has a leg beside the servers",
    "would go past what follows it",
    (p) => {
      const [, middle, last] = p.walk;
      const next = p.network();
      const cluster = p.cluster("kubernetes", { networks: [middle, next, last], firstHost: 59 });
      p.over(p.balancer.name, p.route({ cluster, networks: [middle, next] }), p.own([next, last]));
    },
  ],
  [
    "a leg past a firewall",
    "answers past",
    (p) => {
      const [, middle, last] = p.walk;
      const next = p.network();
      p.over(p.balancer.name, p.own([middle, next], { stateful: true }), p.own([next, last, middle]));
    },
  ],
  [
    "clients of another network",
    "legs in different networks",
    (p) => {
      for (const network of p.walk.slice(0, 2))
        p.chain.clients.push(p.machine({ role: "client", networks: [network] }));
    },
  ],
  [
    "two ways to one network",
    "let both lead through the same neighbour",
    (p) => {
      const from = p.network();
      for (let at = 0; at < 2; at++)
        p.spec.chains.push({
          ...{ name: p.name("chain"), from, clients: [], to: p.chain.to },
          functions: [p.own([from, p.walk[2]])],
        });
    },
  ],
  [
    "a way back past the balancer",
    "returnPath leaves out",
    (p) => {
      p.chain.returnPath = [p.router.name];
    },
  ],
  [
    "a way back in the order of the way there",
    "nothing leads from",
    (p) => {
      p.chain.returnPath = [p.balancer.name, p.router.name];
    },
  ],
  [
    "a function twice on the way back",
    "stands in returnPath twice",
    (p) => {
      p.chain.returnPath = [p.router.name, p.router.name, p.balancer.name];
    },
  ],
  [
    "a firewall that sees answers alone",
    "requests do not pass it",
    (p) => {
      p.chain.returnPath = [p.own([p.walk[1], p.walk[2]], { stateful: true }), p.balancer.name];
    },
  ],
  [
    "a gateway with a router's address",
    "give one of the two another",
    (p) => {
      const [, middle, last] = p.walk;
      const address = p.address(middle, p.kubernetes.firstHost);
      p.over(p.balancer.name, p.gateway({ network: middle, address }, { network: last }));
      p.chain.returnPath = [p.router.name, p.balancer.name];
    },
  ],
];

/** The program with one flaw. */
export function withFlaw(sound: ProgramSpec, spoil: (base: Base) => unknown): ProgramSpec {
  const spec = structuredClone(sound);
  spoil(new Base(spec));
  return spec;
}
