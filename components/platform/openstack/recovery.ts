import { setTimeout as delay } from "node:timers/promises";
import type { Addition, MadeResource, PlatformRecovery, UnfinishedCreation } from "../module";
import { credentials } from "./clouds";
import { type Service, Session } from "./session";

interface Kind {
  readonly service: Service;
  /** Where it is listed, and deleted by ID. */
  readonly path: string;
  /** Its name in a list, and in the answer about one. */
  readonly key: string;
  /** What a list is asked for, from what it was to be made with; undefined when nothing tells it from others. */
  readonly query: (inputs: UnfinishedCreation["inputs"]) => Readonly<Record<string, string>> | undefined;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const own = (name: string): boolean => name.startsWith("hybrid-vnf-");
const byName = ({ name }: UnfinishedCreation["inputs"]) => (own(text(name)) ? { name: text(name) } : undefined);
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

const ROUTER_INTERFACE = "openstack:networking/routerInterface:RouterInterface";

/** What an interrupted engine had begun on a cloud, or a cloud did without saying so. The cloud is logged in to when it is first needed. */
export class OpenStackRecovery implements PlatformRecovery {
  private session?: Promise<Session>;

  constructor(private readonly cloud: { readonly cloud?: string; readonly region?: string }) {}

  concerns({ type }: UnfinishedCreation): boolean {
    return type in KINDS || type === ROUTER_INTERFACE;
  }

  /** Nothing was heard, the connection broke, or something on the way gave up. A cloud that says no (status 4xx) has done nothing. */
  isUnanswered(error: string): boolean {
    return /nothing heard from|Client\.Timeout|i\/o timeout|connection reset|broken pipe|\bEOF\b|\b(but got|status code:?) 50\d|Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out/i.test(
      error,
    );
  }

  async remove(creation: UnfinishedCreation, known: ReadonlySet<string>): Promise<readonly string[]> {
    return removeUnfinished(await this.login(), creation, known);
  }

  async additions(made: readonly MadeResource[]): Promise<readonly Addition[]> {
    const groups = made.filter(({ type, id }) => type === SECURITY_GROUP && id !== undefined);
    return groups.length === 0
      ? []
      : addedRules(await this.login(), groups, new Set(made.flatMap(({ id }) => id ?? [])));
  }

  private login(): Promise<Session> {
    this.session ??= Session.open(credentials(this.cloud.cloud, this.cloud.region));
    return this.session;
  }
}

const SECURITY_GROUP = "openstack:networking/secGroup:SecGroup";

/** A rule as Neutron lists it (Networking API v2: security group rules). */
interface ListedRule {
  readonly id: string;
  readonly direction: string;
  readonly ethertype: string;
  readonly protocol: string | null;
  readonly port_range_min: number | null;
  readonly port_range_max: number | null;
  readonly remote_ip_prefix: string | null;
  readonly remote_group_id: string | null;
}

/**
 * The rules of security groups that let in more than their stack asked for. What a group lets out is the cloud's own choice at its creation.
 * @param known IDs of all that the state knows
 */
export async function addedRules(
  session: Session,
  groups: readonly MadeResource[],
  known: ReadonlySet<string>,
): Promise<readonly Addition[]> {
  const all = await Promise.all(
    groups.map(async ({ urn, id = "", inputs }) => {
      const query = new URLSearchParams({ security_group_id: id, direction: "ingress" });
      const path = `/security-group-rules`;
      const rules = await session.all<ListedRule>("network", `${path}?${query}`, "security_group_rules");
      const added = rules.filter((rule) => rule.direction === "ingress" && !known.has(rule.id));
      return added.map((rule) => ({
        urn,
        sentence: `the security group ${text(inputs?.name) || id} lets in ${whatOf(rule)}; it did not.`,
        remove: async () => {
          const { status } = await session.ask("DELETE", "network", `${path}/${rule.id}`);
          if (status >= 400 && status !== 404)
            throw new Error(
              `The rule ${rule.id} of the security group ${text(inputs?.name) || id} could not be removed (status ${status}): remove it with OpenStack's own client and run the command again.`,
            );
        },
      }));
    }),
  );
  return all.flat();
}

/** What a rule lets in, in words: "tcp 22 from 0.0.0.0/0". */
function whatOf(rule: ListedRule): string {
  const {
    protocol,
    port_range_min: least,
    port_range_max: most,
    remote_ip_prefix: range,
    remote_group_id: group,
  } = rule;
  const ports = least === null ? "" : ` ${least === most || most === null ? least : `${least} to ${most}`}`;
  const from = range ?? (group === null ? `any ${rule.ethertype} address` : `the group ${group}`);
  return `${protocol ?? "any protocol"}${ports} from ${from}`;
}

/** Milliseconds that a server may take to be gone. */
const DELETION_TIMEOUT = 120_000;

/**
 * Takes away what a killed engine had made without noting it, for the next creation would meet it: an address that is taken, a name that
 * is there twice. `known` are the IDs of all that is noted, which stays. What it removed, in words.
 */
export async function removeUnfinished(
  session: Session,
  creation: UnfinishedCreation,
  known: ReadonlySet<string>,
): Promise<string[]> {
  if (creation.type === ROUTER_INTERFACE) return removeRouterInterface(session, creation, known);
  const kind = KINDS[creation.type];
  const query = kind?.query(creation.inputs);
  if (!kind || !query) return [];
  const { service, path, key } = kind;
  type Listed = { id?: string; name?: string; keypair?: { name: string } };
  const listed = await session.all<Listed>(service, `${path}?${new URLSearchParams(query)}`, key);
  const removed: string[] = [];
  for (const one of listed) {
    const name = one.keypair?.name ?? one.name ?? "";
    // Not every list can be asked for a name.
    if (creation.inputs.name !== undefined && name !== creation.inputs.name) continue;
    const id = one.id ?? name;
    if (known.has(id)) continue;
    const { status } = await session.ask("DELETE", service, `${path}/${encodeURIComponent(id)}`);
    if (status >= 400 && status !== 404) throw new Error(failure(creation, name || id, status));
    if (creation.type.startsWith("openstack:compute/instance:")) await gone(session, `${path}/${id}`, name);
    removed.push(`${nounOf(creation)} ${name || id}`);
  }
  return removed;
}

/** A leg that a router has in a subnet is a port; it goes by the way it came. */
async function removeRouterInterface(
  session: Session,
  creation: UnfinishedCreation,
  known: ReadonlySet<string>,
): Promise<string[]> {
  const router = text(creation.inputs.routerId);
  const subnet = text(creation.inputs.subnetId);
  if (router === "" || subnet === "") return [];
  const query = new URLSearchParams({ device_id: router, fixed_ips: `subnet_id=${subnet}` });
  const ports = await session.all<{ id: string }>("network", `/ports?${query}`, "ports");
  if (!ports.some(({ id }) => !known.has(id))) return [];
  const path = `/routers/${router}/remove_router_interface`;
  const { status } = await session.ask("PUT", "network", path, { subnet_id: subnet });
  if (status >= 400 && status !== 404) throw new Error(failure(creation, router, status));
  return [`${nounOf(creation)} of ${router}`];
}

async function gone(session: Session, path: string, name: string): Promise<void> {
  for (
    const end = Date.now() + DELETION_TIMEOUT;
    (await session.ask("GET", "compute", path)).status !== 404;
    await delay(500)
  ) {
    if (Date.now() > end)
      throw new Error(
        `The unfinished server ${name} is still there ${DELETION_TIMEOUT / 1000} s after its deletion: delete it (openstack server delete ${name}) and run the command again.`,
      );
  }
}

/** "port" of "openstack:networking/port:Port". */
function nounOf({ type }: UnfinishedCreation): string {
  return (type.split(":").at(-1) ?? type).replace(/(?<=[a-z])[A-Z]/g, " $&").toLowerCase();
}

function failure(creation: UnfinishedCreation, name: string, status: number): string {
  return `The unfinished ${nounOf(creation)} ${name} could not be removed (status ${status}): remove it with OpenStack's own client and run the command again.`;
}
