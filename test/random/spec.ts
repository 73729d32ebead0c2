import type { FunctionFacts, PacketHandling, PublishMode, Role } from "../../components";

/** A program as plain data, so that it can be printed, and handed to a stack. What refers to something else does so by its name. */
export interface ProgramSpec {
  sites: SiteSpec[];
  networks: NetworkSpec[];
  machines: MachineSpec[];
  servers: ServersSpec[];
  groups: GroupSpec[];
  clusters: ClusterSpec[];
  functions: FunctionSpec[];
  chains: ChainSpec[];
}

export interface SiteSpec {
  name: string;
  /** Of its transit network, whose name is the site's with "-transit" behind it. */
  transitCidr: string;
  /** The lab, or a platform of the program's own. */
  platform: "lab" | "own";
}

export interface NetworkSpec {
  name: string;
  site: string;
  cidr: string;
  role: string;
}

export interface MachineSpec {
  name: string;
  role: Role;
  networks: string[];
  host: number;
  hostname?: string;
}

/** Apache servers. */
export interface ServersSpec {
  name: string;
  network: string;
  serverCount: number;
  firstHost: number;
  machineName?: string;
}

/** Machines of one's own in a chain's server's place. */
export interface GroupSpec {
  name: string;
  network: string;
  machines: string[];
}

export interface ClusterSpec {
  name: string;
  kind: "kubernetes" | "swarm";
  networks: string[];
  firstHost: number;
  firstWorkerHost?: number;
  workerCount: number;
  managerCount?: number;
  cni?: "bridge" | "flannel";
  podCidr?: string;
  serviceCidr?: string;
  machineName?: string;
}

export interface RouterSpec {
  kind: "router";
  name: string;
  cluster: string;
  networks?: string[];
  routes?: { destination: string; nextHop: string }[];
  replicas?: number;
  functionName?: string;
}

export interface BalancerSpec {
  kind: "balancer";
  name: string;
  cluster: string;
  backends: string[];
  port?: number;
  publishMode?: PublishMode;
  taskCount?: number;
  functionName?: string;
}

/** A function of the program's own, on machines of its own. */
export interface OwnSpec {
  kind: "own";
  name: string;
  handling: PacketHandling;
  machines: string[];
  stateful?: boolean;
  port?: number;
}

export interface GatewaySpec {
  kind: "gateway";
  name: string;
  legs: { network: string; address?: string }[];
}

/** A function that another stack published. */
export interface PublishedSpec {
  kind: "published";
  name: string;
  facts: FunctionFacts;
}

export type FunctionSpec = RouterSpec | BalancerSpec | OwnSpec | GatewaySpec | PublishedSpec;

export interface ChainSpec {
  name: string;
  from: string;
  clients: string[];
  functions: string[];
  to: string;
  returnPath?: string[];
}

/** The only one of that name. */
export function named<T extends { name: string }>(all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name);
  if (!found) throw new Error(`the program has no "${name}"`);
  return found;
}

/** The names of all machines that it makes, with every number that one of a cluster or of a set of servers has. */
export function machineNames({ machines, servers, clusters }: ProgramSpec): string[] {
  const numbered = (name: string, count: number) =>
    Array.from({ length: Math.max(0, Math.floor(count)) }, (_, at) => `${name}-${at + 1}`);
  return [
    ...machines.map(({ name }) => name),
    ...servers.flatMap(({ name, serverCount }) => numbered(name, serverCount)),
    ...clusters.flatMap(({ name, kind, workerCount, managerCount = 1 }) =>
      numbered(name, workerCount + (kind === "swarm" ? managerCount : 1)),
    ),
  ];
}
