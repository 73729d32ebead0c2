import type { Seen, SeenPort, SeenRule, SeenServer, SeenSubnet } from "./seen";

// What the stacks named `openstack` ask a cloud for, written down by hand: two Apache servers, a Kubernetes and a Swarm node, a client,
// three networks.

/** What of it is a matter of settings. */
export interface Settings {
  readonly site: string;
  /** Ranges that SSH and the clusters' APIs may be reached from. */
  readonly operators: readonly string[];
  readonly flavor: string;
  readonly image: string;
}

/** A part of what is seen: of each thing only what was asked for. */
export type Asked = { readonly [K in keyof Seen]?: readonly Partial<Seen[K][number]>[] };

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

/** What each group of machines admits, and where they run in relation to each other. */
function groups(operators: readonly string[]): { name: string; policy?: string; admits: SeenRule[] }[] {
  const fromOperators = (port: string) => operators.map((range) => rule("tcp", port, range));
  const every = [...fromOperators("22"), rule("icmp", undefined, EVERYONE), rule("udp", "33434-33534", EVERYONE)];
  const service = rule("tcp", "80", EVERYONE);
  const transit = `${RANGES.transit}.0/24`;
  return [
    { name: "apache", policy: "soft-anti-affinity", admits: [...every, service] },
    { name: "client", admits: every },
    {
      name: "kubernetes",
      policy: "soft-anti-affinity",
      admits: [
        ...every,
        service,
        ...fromOperators("6443"),
        rule("tcp", "6443", transit),
        rule("tcp", "10250", transit),
        rule("udp", "8472", transit),
        rule("tcp", "179", transit),
      ],
    },
    {
      name: "swarm",
      policy: "soft-anti-affinity",
      admits: [
        ...every,
        service,
        ...fromOperators("2376"),
        rule("tcp", "2377", transit),
        rule("tcp", "7946", transit),
        rule("udp", "7946", transit),
        rule("udp", "4789", transit),
      ],
    },
  ];
}

/** What every security group is born with: anything may go out. */
const OUT: readonly SeenRule[] = (["IPv4", "IPv6"] as const).map(
  (ether) => ({ direction: "egress", ether }) as SeenRule,
);

/** All of it. */
export function asked({ site, operators, flavor, image }: Settings): Asked {
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
      ({ name, group, legs }): Partial<SeenServer> => ({
        name: title(name),
        status: "ACTIVE",
        flavor,
        image,
        keypair: title(group),
        configDrive: true,
        legs: expectedLegs(legs.map(({ network, address }) => ({ network: title(network), address }))),
      }),
    ),
    securityGroups: groups(operators).map(({ name, admits }) => ({
      name: title(name),
      rules: [...admits, ...OUT].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    })),
    serverGroups: groups(operators).flatMap(({ name, policy }) =>
      policy === undefined
        ? []
        : [
            {
              name: title(name),
              policy,
              members: MACHINES.filter((one) => one.group === name).map((one) => title(one.name)),
            },
          ],
    ),
    keypairs: groups(operators).map(({ name }) => title(name)),
    images: image === "machine" ? [] : [{ name: image, status: "active", format: "qcow2" }],
    floatingAddresses: MACHINES.map(({ legs }) => ({ fixed: legs[0]?.address })),
  };
}

function expectedLegs(legs: SeenServer["legs"][number][]): SeenServer["legs"] {
  return legs.sort((a, b) => (`${a.network} ${a.address}` < `${b.network} ${b.address}` ? -1 : 1));
}

/** What of a site's own is seen, without the operator's and what every project is born with. */
export function own(all: Seen, site: string): Seen {
  const ours = (one: { name: string }) => one.name.startsWith(`hybrid-vnf-${site}-`);
  // Nova counts a floating address among a server's own.
  const floating = new Set(all.floatingAddresses.map((one) => one.address));
  const ownLegs = (legs: SeenServer["legs"]) => legs.filter((leg) => !floating.has(leg.address));
  return {
    networks: all.networks.filter(ours),
    subnets: all.subnets.filter(ours),
    routers: all.routers.filter(ours),
    ports: all.ports.filter(ours),
    securityGroups: all.securityGroups.filter(ours),
    servers: all.servers.filter(ours).map((one) => ({ ...one, legs: ownLegs(one.legs) })),
    serverGroups: all.serverGroups.filter(ours),
    keypairs: all.keypairs.filter((name) => ours({ name })),
    // An image belongs to its bytes, not to a site.
    images: all.images.filter((one) => one.name.startsWith("hybrid-vnf-machine-")),
    floatingAddresses: all.floatingAddresses,
  };
}
