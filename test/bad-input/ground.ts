import {
  AddressPlan,
  Cidr,
  DeployedKubernetes,
  DeployedSwarm,
  KubernetesCluster,
  type KubernetesClusterArgs,
  lab,
  Machine,
  type MachineLike,
  Network,
  type NetworkFunction,
  type NetworkIdentity,
  NginxLoadBalancer,
  type NginxLoadBalancerArgs,
  type PacketHandling,
  type Platform,
  QuaggaRouter,
  type QuaggaRouterArgs,
  ServiceChain,
  type ServiceChainArgs,
  Site,
  type SiteNetwork,
  SwarmCluster,
  type SwarmClusterArgs,
  WebServers,
  type WebServersArgs,
} from "../../components";

/** A mistake in a program: what it is, a program that makes it and nothing else, and words of the one sentence that it is told in. */
export type Row = [mistake: string, program: () => unknown, words: string[]];

/** As a program without types, or one that reads its values from outside, would pass it. */
export const wrong = (value: unknown) => value as never;

export const transit = { id: "test/transit", name: "transit", cidr: "10.100.101.0/24" };
export const servers = { id: "test/servers", name: "servers", cidr: "10.100.102.0/24" };
export const clients = { id: "test/clients", name: "clients", cidr: "10.100.100.0/24" };
export const moon = { id: "test/moon", name: "moon", cidr: "10.9.9.0/24" };

/** A site as a contract tells of it, with nothing in it yet but transit: each program begins on one of its own. */
export function ground(platform: Platform = lab()) {
  const site = {
    name: "test",
    platform,
    key: { privateKey: "PRIVATE", publicKey: "ssh-ed25519 AAAA" },
    plan: new AddressPlan(),
  };
  const on = (name: string, cidr: string) => ({ id: `test/${name}`, name, cidr, ref: name, site });
  site.plan.addNetwork(transit);
  return {
    site,
    on,
    transit: on(transit.name, transit.cidr),
    servers: on(servers.name, servers.cidr),
    clients: on(clients.name, clients.cidr),
  };
}

/** A node as a contract tells of it, with a leg on transit and one beside the clients. */
export const node = (): MachineLike => ({
  id: "test/node-1",
  name: "node-1",
  legs: [
    { network: transit.id, cidr: transit.cidr, address: "10.100.101.10", interface: "eth0" },
    { network: clients.id, cidr: clients.cidr, address: "10.100.100.20", interface: "eth1" },
  ],
  ssh: { host: "10.100.101.10", port: 22, user: "root", privateKey: "PRIVATE", hostKey: "ssh-ed25519 AAAA" },
  identity: "1",
});
export const deployed = () => ({
  name: "cluster",
  networks: [transit, clients],
  nodes: [node()],
  endpoint: "https://10.100.101.10:6443",
});
export const deployedKubernetes = (given: object = {}, name = "k") =>
  new DeployedKubernetes(name, { ...deployed(), kubeconfig: "kubeconfig", ...given });
export const deployedSwarm = (given: object = {}) =>
  new DeployedSwarm("s", { ...deployed(), credentials: { ca: "", cert: "", key: "" }, ...given });

export const site = (transitCidr: string, siteName?: string) => () =>
  new Site("s", { platform: lab(), transitCidr, siteName });
export const network = (cidr: string, role?: string) => () => new Network("n", { site: ground().site, cidr, role });
export const machine = (name: string, on: SiteNetwork, host = 100) =>
  new Machine(name, { networks: [on], role: "client", host });
export const web = (args: Partial<WebServersArgs>) => () => new WebServers("w", { network: ground().servers, ...args });
export const kubernetes = (args: Partial<KubernetesClusterArgs>) => () =>
  new KubernetesCluster("k", { networks: [ground().transit], ...args });
export const swarm = (args: Partial<SwarmClusterArgs>) => () =>
  new SwarmCluster("s", { networks: [ground().transit], ...args });
export const router = (args: Partial<QuaggaRouterArgs>) => () =>
  new QuaggaRouter("quagga", { cluster: deployedKubernetes(), ...args });
export const balancer = (args: Partial<NginxLoadBalancerArgs>) => () =>
  new NginxLoadBalancer("nginx", { cluster: deployedSwarm(), backends: ["10.100.102.11"], ...args });
export const group = () => ({ name: "web", network: servers, machines: [node()] });
export const chain = (args: Partial<ServiceChainArgs>) => () =>
  new ServiceChain("c", { from: clients, functions: [], to: group(), ...args });

/** A machine that another stack made, with a leg in each of these networks. */
export const there = (
  name: string,
  number: number,
  networks: readonly NetworkIdentity[],
  openPorts?: readonly number[],
): MachineLike => ({
  ...node(),
  id: `test/${name}`,
  name,
  legs: networks.map(({ id, cidr }, at) => ({
    network: id,
    cidr,
    address: Cidr.parse(cidr).host(number).toString(),
    interface: `eth${at}`,
    ...(openPorts ? { openPorts } : {}),
  })),
});

/** A function that another stack made, on that machine. */
export const running = (name: string, handling: PacketHandling, on: MachineLike): NetworkFunction => ({
  name,
  handling,
  instances: [{ machine: on, legs: on.legs }],
});

/** A whole chain's parts, each as it should be; on a platform with access rules where ports are named. */
export const parts = (...ports: number[]) => {
  const open = ports.length > 0 ? ports : undefined;
  return {
    nginx: running("nginx", "proxy", there("swarm-1", 20, [transit, clients], open)),
    quagga: running("quagga", "route", there("k8s-1", 10, [transit, servers], open)),
    apache: {
      name: "apache",
      network: servers,
      machines: [there("apache-1", 11, [servers], open), there("apache-2", 12, [servers], open)],
    },
  };
};
