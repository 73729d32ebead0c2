import type { Seen, SeenPort, SeenRule, SeenServer, SeenSubnet } from "./seen";

// What the stacks with the settings in Pulumi.openstack.yaml ask a cloud for, written down by hand: two Apache servers, a Kubernetes and a
// Swarm node, a client, three networks.

/** A part of what is seen: of each thing only what was asked for. */
export type Asked = { readonly [K in keyof Seen]?: readonly Partial<Seen[K][number]>[] };

const OPERATORS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
const EVERYONE = "0.0.0.0/0";

/** Each network's subnet has its last quarter for what Neutron addresses itself. */
const RANGES: Readonly<Record<string, string>> = {
  clients: "10.100.100",
  transit: "10.100.101",
  servers: "10.100.102",
};

interface Machine {
  readonly name: string;
  readonly group: string;
  readonly legs: readonly { readonly network: string; readonly address: string; readonly pairs?: readonly string[] }[];
}

const MACHINES: readonly Machine[] = [
  { name: "apache-1", group: "apache", legs: [{ network: "servers", address: "10.100.102.11" }] },
  { name: "apache-2", group: "apache", legs: [{ network: "servers", address: "10.100.102.12" }] },
  { name: "client", group: "client", legs: [{ network: "clients", address: "10.100.100.100" }] },
  {
    name: "kubernetes-1",
    group: "kubernetes",
    // The router function on it forwards from one leg to the other.
    legs: [
      { network: "transit", address: "10.100.101.10", pairs: ["10.100.102.0/24"] },
      { network: "servers", address: "10.100.102.10", pairs: ["10.100.101.0/24"] },
    ],
  },
  {
    name: "swarm-1",
    group: "swarm",
    legs: [
      { network: "transit", address: "10.100.101.20" },
      { network: "clients", address: "10.100.100.20" },
    ],
  },
];

function rule(protocol: string, ports: string | undefined, remote: string): SeenRule {
  return { direction: "ingress", ether: "IPv4", protocol, ports, remote };
}

/** What every machine admits. */
const EVERY: readonly SeenRule[] = [
  ...OPERATORS.map((range) => rule("tcp", "22", range)),
  rule("icmp", undefined, EVERYONE),
  rule("udp", "33434-33534", EVERYONE),
];

/** What a server of pages admits: nothing else may be open on it. */
export const SERVER_RULES: readonly SeenRule[] = [...EVERY, rule("tcp", "80", EVERYONE)];

/** All of it, for a site of that name. */
export function asked(site = "dev"): Asked {
  const title = (name: string) => `hybrid-vnf-${site}-${name}`;
  const networks = Object.keys(RANGES).sort();
  return {
    networks: networks.map((name) => ({ name: title(name), external: false, portSecurity: true })),
    subnets: networks.map(
      (name): Partial<SeenSubnet> => ({
        name: title(name),
        network: title(name),
        cidr: `${RANGES[name]}.0/24`,
        gateway: `${RANGES[name]}.1`,
        dhcp: true,
        pools: [`${RANGES[name]}.192-${RANGES[name]}.254`],
      }),
    ),
    routers: networks.map((name) => ({
      name: title(name),
      external: "public",
      interfaces: [`${title(name)} ${RANGES[name]}.1`],
    })),
    ports: MACHINES.flatMap(({ name, group, legs }) =>
      legs.map(
        ({ network, address, pairs = [] }): Partial<SeenPort> => ({
          name: title(`${name}-${network}`),
          network: title(network),
          addresses: [address],
          pairs,
          securityGroups: [title(group)],
          portSecurity: true,
          server: title(name),
        }),
      ),
    ).sort((a, b) => ((a.name ?? "") < (b.name ?? "") ? -1 : 1)),
    servers: MACHINES.map(
      ({ name, legs }): Partial<SeenServer> => ({
        name: title(name),
        status: "ACTIVE",
        flavor: "m1.medium",
        image: "machine",
        configDrive: true,
        legs: expectedLegs(legs.map(({ network, address }) => ({ network: title(network), address }))),
      }),
    ),
    floatingAddresses: MACHINES.map(({ legs }) => ({ fixed: legs[0]?.address })),
  };
}

function expectedLegs(legs: SeenServer["legs"][number][]): SeenServer["legs"] {
  return legs.sort((a, b) => (`${a.network} ${a.address}` < `${b.network} ${b.address}` ? -1 : 1));
}

/** What of a project's own is seen, without the operator's and what every project is born with. */
export function own(all: Seen, site = "dev"): Seen {
  const ours = (one: { name: string }) => one.name.startsWith(`hybrid-vnf-${site}-`);
  return {
    networks: all.networks.filter(ours),
    subnets: all.subnets.filter(ours),
    routers: all.routers.filter(ours),
    ports: all.ports.filter(ours),
    securityGroups: all.securityGroups.filter(ours),
    servers: all.servers.filter(ours),
    serverGroups: all.serverGroups.filter(ours),
    keypairs: all.keypairs.filter((name) => ours({ name })),
    images: all.images.filter(ours),
    floatingAddresses: all.floatingAddresses,
  };
}
