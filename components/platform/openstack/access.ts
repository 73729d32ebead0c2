import type { LegArgs } from "../../machine/leg";
import type { Role } from "../../machine/machine";

/**
 * Who may begin to talk to a machine: the operator (SSH, the clusters' APIs), its peers (machines in the network of its first leg, which
 * carries its cluster's own traffic) or anyone (the service). Answers need no opening, for security groups keep track of connections.
 */
type Source = "operator" | "peers" | "anyone";
interface Opening {
  readonly what: string;
  readonly protocol: "tcp" | "udp" | "icmp";
  /** First and last port. @default all */
  readonly ports?: readonly [number, number];
  readonly from: Source;
}

const EVERY: readonly Opening[] = [
  { what: "ssh", protocol: "tcp", ports: [22, 22], from: "operator" },
  // Path MTU discovery (RFC 1191) and ping; traceroute(8) sends to ports from 33434 on.
  { what: "icmp", protocol: "icmp", from: "anyone" },
  { what: "traceroute", protocol: "udp", ports: [33434, 33534], from: "anyone" },
];

/**
 * What each role needs besides (Kubernetes: Ports and Protocols; flannel: backends; kube-router: BGP; Docker: swarm mode's ports). etcd's 2379 and 2380 are
 * not among them: the only control plane talks to its etcd within its own machine. A router and a Kubernetes node admit the service's ports as
 * well, for what a function there forwards comes in through its legs like its own traffic.
 */
const OPENINGS: Record<Role, { readonly service: boolean; readonly openings: readonly Opening[] }> = {
  client: { service: false, openings: [] },
  server: { service: true, openings: [] },
  router: { service: true, openings: [] },
  kubernetes: {
    service: true,
    openings: [
      { what: "api", protocol: "tcp", ports: [6443, 6443], from: "operator" },
      { what: "api-peers", protocol: "tcp", ports: [6443, 6443], from: "peers" },
      { what: "kubelet", protocol: "tcp", ports: [10250, 10250], from: "peers" },
      { what: "flannel", protocol: "udp", ports: [8472, 8472], from: "peers" },
      { what: "kube-router", protocol: "tcp", ports: [179, 179], from: "peers" },
    ],
  },
  swarm: {
    service: true,
    openings: [
      { what: "docker", protocol: "tcp", ports: [2376, 2376], from: "operator" },
      { what: "managers", protocol: "tcp", ports: [2377, 2377], from: "peers" },
      { what: "gossip-tcp", protocol: "tcp", ports: [7946, 7946], from: "peers" },
      { what: "gossip-udp", protocol: "udp", ports: [7946, 7946], from: "peers" },
      { what: "overlay", protocol: "udp", ports: [4789, 4789], from: "peers" },
    ],
  },
};

/** A security group's rule for IPv4 that comes in. */
export interface Rule {
  /** What it is known by among its group's rules. */
  readonly key: string;
  readonly protocol: string;
  readonly ports?: readonly [number, number];
  readonly range: string;
}

/** TCP ports that a role's machines open to anyone. */
export function servedPorts(
  role: Role,
  { servicePorts = [80] }: { servicePorts?: readonly number[] },
): readonly number[] {
  return OPENINGS[role].service ? servicePorts : [];
}

/** The rules of a role's machines. No two open the same, which Neutron refuses. */
export function rulesOf(
  role: Role,
  around: { operators: readonly string[]; peers: string; servicePorts: readonly number[] },
): Rule[] {
  const { openings } = OPENINGS[role];
  const ranges: Record<Source, readonly string[]> = {
    operator: around.operators,
    peers: [around.peers],
    anyone: ["0.0.0.0/0"],
  };
  const served = servedPorts(role, around).map(
    (port): Opening => ({ what: `service-${port}`, protocol: "tcp", ports: [port, port], from: "anyone" }),
  );
  const rules = new Map<string, Rule>();
  for (const { what, protocol, ports, from } of [...EVERY, ...openings, ...served]) {
    for (const range of ranges[from]) {
      const same = `${protocol} ${ports?.join("-")} ${range}`;
      const key = from === "operator" ? `${what}-from-${range.replaceAll(/[./]/g, "-")}` : what;
      if (!rules.has(same)) rules.set(same, { key, protocol, ports, range });
    }
  }
  return [...rules.values()];
}

/**
 * Ranges, besides its own address, that a leg's port must let out: what a function on a router or a Kubernetes node forwards from the
 * machine's other legs and from beyond. Nothing else in a chain forwards: a balancer on Swarm answers and asks in its own node's name.
 */
export function forwardedFrom(
  role: Role,
  leg: LegArgs,
  legs: readonly LegArgs[],
  forwarded: readonly string[],
): string[] {
  if (role !== "kubernetes" && role !== "router") return [];
  return [...legs.filter((other) => other !== leg).map((other) => other.network.cidr), ...forwarded];
}
