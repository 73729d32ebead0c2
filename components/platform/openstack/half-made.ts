import { setTimeout as delay } from "node:timers/promises";
import type { Service, Session } from "./session";

/** Something whose creation was under way when its engine was killed. */
export interface Begun {
  /** Its type, such as "openstack:networking/port:Port". */
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

interface Kind {
  readonly service: Service;
  /** Where it is listed, and deleted by ID. */
  readonly path: string;
  /** Its name in a list, and in the answer about one. */
  readonly key: string;
  /** What a list is asked for, from what it was to be made with; undefined when nothing tells it from others. */
  readonly query: (inputs: Begun["inputs"]) => Readonly<Record<string, string>> | undefined;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const own = (name: string): boolean => name.startsWith("hybrid-vnf-");
const byName = ({ name }: Begun["inputs"]) => (own(text(name)) ? { name: text(name) } : undefined);
/** By inputs, `PARAMETER: INPUT`; the first of them says what it belongs to, without which it isn't looked for. */
const by =
  (parameters: Readonly<Record<string, string>>): Kind["query"] =>
  (inputs) => {
    const given = Object.entries(parameters).map(
      ([parameter, input]) => [parameter, String(inputs[input] ?? "")] as const,
    );
    return given[0]?.[1] === "" ? undefined : Object.fromEntries(given.filter(([, value]) => value !== ""));
  };
const network = (path: string, key: string, query: Kind["query"] = byName): Kind => ({
  service: "network",
  path: `/${path}`,
  key,
  query,
});

const KINDS: Readonly<Record<string, Kind>> = {
  "openstack:networking/network:Network": network("networks", "networks"),
  "openstack:networking/subnet:Subnet": network("subnets", "subnets"),
  "openstack:networking/router:Router": network("routers", "routers"),
  "openstack:networking/port:Port": network("ports", "ports"),
  "openstack:networking/secGroup:SecGroup": network("security-groups", "security_groups"),
  "openstack:networking/secGroupRule:SecGroupRule": network(
    "security-group-rules",
    "security_group_rules",
    // All that it says, for a new group has rules of the cloud's own.
    by({
      security_group_id: "securityGroupId",
      direction: "direction",
      protocol: "protocol",
      port_range_min: "portRangeMin",
      port_range_max: "portRangeMax",
      remote_ip_prefix: "remoteIpPrefix",
    }),
  ),
  "openstack:networking/floatingIp:FloatingIp": network("floatingips", "floatingips", by({ port_id: "portId" })),
  "openstack:compute/instance:Instance": {
    service: "compute",
    path: "/servers",
    key: "servers",
    query: (inputs) => byName(inputs) && { name: `^${text(inputs.name)}$` },
  },
  "openstack:compute/serverGroup:ServerGroup": {
    service: "compute",
    path: "/os-server-groups",
    key: "server_groups",
    query: byName,
  },
  "openstack:compute/keypair:Keypair": { service: "compute", path: "/os-keypairs", key: "keypairs", query: byName },
  "openstack:images/image:Image": { service: "image", path: "/images", key: "images", query: byName },
};

/** Whether anything may be left of it on a cloud. */
export function leaves({ type }: Begun): boolean {
  return type in KINDS || type === ROUTER_INTERFACE;
}

const ROUTER_INTERFACE = "openstack:networking/routerInterface:RouterInterface";

/** Milliseconds that a server may take to be gone. */
const PATIENCE = 120_000;

/**
 * Takes away what a killed engine had made without noting it, for the next creation would meet it: an address that is taken, a name that
 * is there twice. `known` are the IDs of all that is noted, which stays. What it removed, in words.
 */
export async function removeBegun(session: Session, begun: Begun, known: ReadonlySet<string>): Promise<string[]> {
  if (begun.type === ROUTER_INTERFACE) return removeRouterInterface(session, begun, known);
  const kind = KINDS[begun.type];
  const query = kind?.query(begun.inputs);
  if (!kind || !query) return [];
  const { service, path, key } = kind;
  type Listed = { id?: string; name?: string; keypair?: { name: string } };
  const listed = await session.all<Listed>(service, `${path}?${new URLSearchParams(query)}`, key);
  const removed: string[] = [];
  for (const one of listed) {
    const name = one.keypair?.name ?? one.name ?? "";
    // Not every list can be asked for a name.
    if (begun.inputs.name !== undefined && name !== begun.inputs.name) continue;
    const id = one.id ?? name;
    if (known.has(id)) continue;
    const { status } = await session.ask("DELETE", service, `${path}/${encodeURIComponent(id)}`);
    if (status >= 400 && status !== 404) throw new Error(failure(begun, name || id, status));
    if (begun.type.startsWith("openstack:compute/instance:")) await gone(session, `${path}/${id}`, name);
    removed.push(`${nounOf(begun)} ${name || id}`);
  }
  return removed;
}

/** A leg that a router has in a subnet is a port; it goes by the way it came. */
async function removeRouterInterface(session: Session, begun: Begun, known: ReadonlySet<string>): Promise<string[]> {
  const router = text(begun.inputs.routerId);
  const subnet = text(begun.inputs.subnetId);
  if (router === "" || subnet === "") return [];
  const query = new URLSearchParams({ device_id: router, fixed_ips: `subnet_id=${subnet}` });
  const ports = await session.all<{ id: string }>("network", `/ports?${query}`, "ports");
  if (!ports.some(({ id }) => !known.has(id))) return [];
  const path = `/routers/${router}/remove_router_interface`;
  const { status } = await session.ask("PUT", "network", path, { subnet_id: subnet });
  if (status >= 400 && status !== 404) throw new Error(failure(begun, router, status));
  return [`${nounOf(begun)} of ${router}`];
}

async function gone(session: Session, path: string, name: string): Promise<void> {
  for (
    const end = Date.now() + PATIENCE;
    (await session.ask("GET", "compute", path)).status !== 404;
    await delay(500)
  ) {
    if (Date.now() > end)
      throw new Error(
        `The half-made server ${name} is still there ${PATIENCE / 1000} s after its deletion: delete it (openstack server delete ${name}) and run the command again.`,
      );
  }
}

/** "port" of "openstack:networking/port:Port". */
function nounOf({ type }: Begun): string {
  return (type.split(":").at(-1) ?? type).replace(/(?<=[a-z])[A-Z]/g, " $&").toLowerCase();
}

function failure(begun: Begun, name: string, status: number): string {
  return `The half-made ${nounOf(begun)} ${name} could not be removed (status ${status}): remove it with OpenStack's own client and run the command again.`;
}
