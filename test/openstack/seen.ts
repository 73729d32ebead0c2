import type { Account, Cloud } from "./cloud";

// What is on the cloud, as its own client tells it, with names in place of ids: comparable with what was asked for.

export interface SeenNetwork {
  readonly name: string;
  readonly external: boolean;
  readonly portSecurity: boolean;
  readonly mtu: number;
}

export interface SeenSubnet {
  readonly name: string;
  readonly network: string;
  readonly cidr: string;
  /** Address of its gateway; none where there is none. */
  readonly gateway?: string;
  readonly dhcp: boolean;
  readonly nameservers: readonly string[];
  /** Ranges that addresses are given out from, `first-last`. */
  readonly pools: readonly string[];
  /** `destination via next hop`. */
  readonly hostRoutes: readonly string[];
}

export interface SeenRouter {
  readonly name: string;
  /** The external network that its gateway is in. */
  readonly external?: string;
  /** `subnet address` of each of its interfaces. */
  readonly interfaces: readonly string[];
  /** `destination via next hop`. */
  readonly routes: readonly string[];
}

export interface SeenPort {
  readonly id: string;
  readonly name: string;
  readonly network: string;
  readonly addresses: readonly string[];
  readonly mac: string;
  /** Addresses that it may send from besides its own; without a MAC of their own. */
  readonly pairs: readonly string[];
  readonly securityGroups: readonly string[];
  readonly portSecurity: boolean;
  /** The server it belongs to. */
  readonly server?: string;
  /** What Neutron says it is for: `compute:nova`, `network:dhcp`, `network:router_interface`, … */
  readonly owner: string;
}

export interface SeenRule {
  readonly direction: "ingress" | "egress";
  readonly ether: "IPv4" | "IPv6";
  /** `tcp`, `udp`, `icmp`, a number; none is every protocol. */
  readonly protocol?: string;
  /** `22` or `30000-32767`; none is every port. */
  readonly ports?: string;
  /** A CIDR, or `group <name>`; none is everyone. */
  readonly remote?: string;
}

export interface SeenSecurityGroup {
  readonly name: string;
  readonly description: string;
  readonly rules: readonly SeenRule[];
}

export interface SeenServer {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly flavor: string;
  readonly image: string;
  readonly keypair?: string;
  readonly zone: string;
  readonly configDrive: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  /** Its legs, by network and address. */
  readonly legs: readonly { readonly network: string; readonly address: string }[];
}

export interface SeenServerGroup {
  readonly name: string;
  readonly policy: string;
  readonly members: readonly string[];
}

export interface SeenImage {
  readonly name: string;
  readonly status: string;
  readonly format: string;
  readonly visibility: string;
  /** Bytes. */
  readonly size: number;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface SeenFloatingAddress {
  readonly address: string;
  /** The address in a network of the project that it stands for. */
  readonly fixed?: string;
  /** Name of that port. */
  readonly port?: string;
}

/** All of it; each list is sorted by name. */
export interface Seen {
  readonly networks: readonly SeenNetwork[];
  readonly subnets: readonly SeenSubnet[];
  readonly routers: readonly SeenRouter[];
  readonly ports: readonly SeenPort[];
  readonly securityGroups: readonly SeenSecurityGroup[];
  readonly servers: readonly SeenServer[];
  readonly serverGroups: readonly SeenServerGroup[];
  readonly keypairs: readonly string[];
  readonly images: readonly SeenImage[];
  readonly floatingAddresses: readonly SeenFloatingAddress[];
}

type Row = Readonly<Record<string, unknown>>;
type Names = ReadonlyMap<unknown, string>;

const KINDS = ["network", "subnet", "router", "port", "security group", "server", "server group", "image"] as const;
type Kind = (typeof KINDS)[number];

/** Everything that an account sees: its project's own, and what it is shared. */
export async function seen(cloud: Cloud, as: Account = "member"): Promise<Seen> {
  const ids = await cloud.execAll<readonly Row[][]>(
    [...KINDS, "keypair", "floating ip"].map((kind) => [...kind.split(" "), "list"]),
    as,
  );
  const [keypairs = [], floating = []] = ids.slice(KINDS.length);
  const commands = KINDS.flatMap((kind, at) =>
    (ids[at] ?? []).map((row) => [...kind.split(" "), "show", text(row.ID ?? row.Id)]),
  );
  const shown = [...(await cloud.execAll<readonly Row[]>(commands, as))];
  const found = new Map<Kind, Row[]>(KINDS.map((kind, at) => [kind, shown.splice(0, ids[at]?.length ?? 0)]));
  const of = (kind: Kind): Row[] => found.get(kind) ?? [];
  const names: Names = new Map(KINDS.flatMap((kind) => of(kind).map((row) => [row.id, text(row.name)] as const)));
  const ports = sorted(of("port").map((row) => port(row, names)));
  return {
    networks: sorted(of("network").map(network)),
    subnets: sorted(of("subnet").map((row) => subnet(row, names))),
    routers: sorted(of("router").map((row) => router(row, names))),
    ports,
    securityGroups: sorted(of("security group").map((row) => securityGroup(row, names))),
    servers: sorted(of("server").map((row) => server(row))),
    serverGroups: sorted(of("server group").map((row) => serverGroup(row, names))),
    keypairs: keypairs.map((row) => text(row.Name)).sort(),
    images: sorted(of("image").map(image)),
    floatingAddresses: floating
      .map((row) => ({
        address: text(row["Floating IP Address"]),
        fixed: optional(row["Fixed IP Address"]),
        port: row.Port ? names.get(row.Port) : undefined,
      }))
      .sort((a, b) => (a.address < b.address ? -1 : 1)),
  };
}

function network(row: Row): SeenNetwork {
  return {
    name: text(row.name),
    external: row["router:external"] === true,
    portSecurity: row.port_security_enabled === true,
    mtu: Number(row.mtu),
  };
}

function subnet(row: Row, names: Names): SeenSubnet {
  return {
    name: text(row.name),
    network: named(row.network_id, names),
    cidr: text(row.cidr),
    gateway: optional(row.gateway_ip),
    dhcp: row.enable_dhcp === true,
    nameservers: list<string>(row.dns_nameservers),
    pools: list<{ start: string; end: string }>(row.allocation_pools).map(({ start, end }) => `${start}-${end}`),
    hostRoutes: routes(row.host_routes),
  };
}

function router(row: Row, names: Names): SeenRouter {
  const gateway = row.external_gateway_info as { network_id: string } | null;
  return {
    name: text(row.name),
    external: gateway ? named(gateway.network_id, names) : undefined,
    interfaces: list<{ subnet_id: string; ip_address: string }>(row.interfaces_info)
      .map((one) => `${named(one.subnet_id, names)} ${one.ip_address}`)
      .sort(),
    routes: routes(row.routes),
  };
}

function port(row: Row, names: Names): SeenPort {
  return {
    id: text(row.id),
    name: text(row.name),
    network: named(row.network_id, names),
    addresses: list<{ ip_address: string }>(row.fixed_ips).map((one) => one.ip_address),
    mac: text(row.mac_address),
    pairs: list<{ ip_address: string }>(row.allowed_address_pairs)
      .map((one) => one.ip_address)
      .sort(),
    securityGroups: list<string>(row.security_group_ids)
      .map((id) => named(id, names))
      .sort(),
    portSecurity: row.port_security_enabled === true,
    server: text(row.device_owner).startsWith("compute:") ? named(row.device_id, names) : undefined,
    owner: text(row.device_owner),
  };
}

function securityGroup(row: Row, names: Names): SeenSecurityGroup {
  const rules = list<Row>(row.rules).map((rule): SeenRule => {
    const [first, last] = [optional(rule.port_range_min), optional(rule.port_range_max)];
    return {
      direction: rule.direction as SeenRule["direction"],
      ether: rule.ethertype as SeenRule["ether"],
      protocol: optional(rule.protocol),
      ports: first === undefined || first === last ? first : `${first}-${last}`,
      remote: rule.remote_group_id ? `group ${named(rule.remote_group_id, names)}` : optional(rule.remote_ip_prefix),
    };
  });
  const order = (rule: SeenRule): string => JSON.stringify(rule);
  return {
    name: text(row.name),
    description: text(row.description),
    rules: rules.sort((a, b) => (order(a) < order(b) ? -1 : 1)),
  };
}

function server(row: Row): SeenServer {
  return {
    id: text(row.id),
    name: text(row.name),
    status: text(row.status),
    flavor: withoutId(row.flavor),
    image: withoutId(row.image),
    keypair: optional(row.key_name),
    zone: text(row["OS-EXT-AZ:availability_zone"]),
    configDrive: row.config_drive === "True" || row.config_drive === true,
    metadata: (row.properties ?? {}) as Record<string, string>,
    legs: Object.entries((row.addresses ?? {}) as Record<string, string[]>)
      .flatMap(([network, addresses]) => addresses.map((address) => ({ network, address })))
      .sort((a, b) => (`${a.network} ${a.address}` < `${b.network} ${b.address}` ? -1 : 1)),
  };
}

function serverGroup(row: Row, names: Names): SeenServerGroup {
  return {
    name: text(row.name),
    policy: text(row.policy ?? [row.policies].flat().join(" ")),
    members: [row.members]
      .flat()
      .flatMap((member) => text(member).split(/,\s*/))
      .filter((member) => member !== "")
      .map((member) => named(member, names))
      .sort(),
  };
}

function image(row: Row): SeenImage {
  return {
    name: text(row.name),
    status: text(row.status),
    format: text(row.disk_format),
    visibility: text(row.visibility),
    size: Number(row.size ?? 0),
    properties: (row.properties ?? {}) as Record<string, unknown>,
  };
}

function routes(value: unknown): string[] {
  return list<{ destination: string; nexthop: string }>(value)
    .map(({ destination, nexthop }) => `${destination} via ${nexthop}`)
    .sort();
}

function text(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}

function optional(value: unknown): string | undefined {
  return text(value) === "" || value === "None" ? undefined : text(value);
}

function list<T>(value: unknown): T[] {
  return Array.isArray(value) ? (value as T[]) : [];
}

/** The name behind an id; the id itself of what the account may not see. */
function named(id: unknown, names: Names): string {
  return names.get(id) || text(id);
}

/** The client writes `name (id)` for what a server was made from. */
function withoutId(value: unknown): string {
  return text(value).replace(/ \([^()]*\)$/, "");
}

function sorted<T extends { readonly name: string }>(all: T[]): T[] {
  return all.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
