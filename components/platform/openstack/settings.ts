import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { JumpHost } from "../../machine/access";
import type { Role } from "../../machine/machine";
import { Address } from "../../network/address";
import { Cidr } from "../../network/cidr";
import { nearest } from "../../problem/nearest";
import { Problems } from "../../problem/problem";
import { hostKey } from "../../ssh/host-key";

/** A value for each role of machines. */
type ByRole<T> = { readonly [role in Role]?: T };

/** What is particular to a network. */
export interface OpenStackNetworkSettings {
  /** Whether it has a router to the external network. @default true where there is an external network */
  readonly router?: boolean;
  /** Whether its ports admit only their own addresses and what their security group opens. @default true */
  readonly portSecurity?: boolean;
  /** Routes that DHCP gives to its machines (RFC 3442). @default none */
  readonly hostRoutes?: readonly HostRoute[];
}

/** A route that a subnet's DHCP server gives to its machines. */
export interface HostRoute {
  /** Range that it leads to, in CIDR notation. */
  readonly destination: string;
  /** IPv4 address of the neighbour in the network that packets for it are sent to. */
  readonly nextHop: string;
}

/** What says where on an OpenStack cloud machines are made, and how; plain data without a secret. */
export interface OpenStackSettings {
  /** Its entry in clouds.yaml. @default the one that OS_CLOUD names, or the OS_* variables themselves */
  cloud?: string;
  /** Region of the cloud. @default the cloud's own */
  region?: string;
  /** How the operator reaches machines: by a floating IP each, by a route to their networks, or through a jump host. */
  access:
    | "floating"
    | "direct"
    | {
        /** The host that SSH goes through to every machine; it must let in the site's key, which `jumpKey` sees to. */
        jump: JumpHost;
      };
  /** Ranges that SSH and the clusters' APIs may be reached from, in CIDR notation. */
  operators: string[];
  /** Name of the network that routers lead to and floating IPs come from. @default none: the networks have no router */
  externalNetwork?: string;
  /** IPv4 addresses of the machines' name servers. @default those of the cloud */
  dns?: string[];
  /** Availability zone of the machines. @default the cloud's choice */
  zone?: string;
  /** Name of the machines' flavor. A Kubernetes node's has 2 cores and 2 GiB at least (kubeadm's own condition). */
  flavor: string;
  /** Flavors of single roles. @default flavor */
  flavors?: ByRole<string>;
  /** Name of the machines' image: one made by images/disk, marked as such (see MachineImage). */
  image: string | pulumi.Output<string>;
  /** Images of single roles. @default image */
  images?: ByRole<string | pulumi.Output<string>>;
  /** GiB of a volume that each machine boots from. @default none: from its flavor's own disk */
  volumeGiB?: number;
  /** Whether machines get their first instructions on a drive besides the metadata service. @default true */
  configDrive?: boolean;
  /** Whether machines of a group must run on different hosts ("hard") or do where there are enough ("soft"). @default "soft" */
  antiAffinity?: "soft" | "hard";
  /** TCP ports that the service and its servers answer on. @default [80] */
  servicePorts?: number[];
  /** Ranges, besides those of its other legs, that a router or a Kubernetes node forwards packets from: transit's own, where a gateway leads to the servers. @default none */
  forwardedRanges?: string[];
  /** Seconds that a machine may take to boot. @default 600 */
  bootTimeoutSeconds?: number;
  /** Whether machines may be made anew by a change that can't be made in place, and lose what is on them; else the policy refuses it. @default false */
  replaceable?: boolean;
  /** What is particular to a network, by its role within the site. @default a router where there is an external network, and port security */
  networks?: Readonly<Record<string, OpenStackNetworkSettings>>;
}

const name = z.string({ error: "it must be a name" }).min(1, "it must not be empty");
const whole = (unit: string, least: number, most: number) => {
  const error = `it must be a whole number of ${unit} from ${least} to ${most}`;
  return z.int({ error }).min(least, error).max(most, error);
};
/** Text that `parse` takes; what it throws is the problem. */
const parsed = (parse: (text: string) => unknown, what: string) =>
  z.string({ error: `it must be ${what}` }).check((context) => {
    try {
      parse(context.value);
    } catch (error) {
      context.issues.push({ code: "custom", message: (error as Error).message, input: context.value });
    }
  });
const address = parsed(Address.parse, "an IPv4 address, such as 10.0.0.53");
const cidr = parsed(Cidr.parse, "a range, such as 192.0.2.0/24");
const list = <T extends z.ZodType>(of: T, what: string) => z.array(of, { error: `it must be a list of ${what}` });
const flag = z.boolean({ error: "it must be true or false" });
/** A name, or one that another resource of the same program supplies. */
const supplied = z.union([name, z.custom<pulumi.Output<string>>((value) => pulumi.Output.isInstance(value))], {
  error: "it must be a name",
});
const byRole = <T extends z.ZodType>(of: T) =>
  z.strictObject({ client: of.optional(), server: of.optional(), kubernetes: of.optional(), swarm: of.optional() });

const jump = z
  .strictObject({ host: name, port: whole("TCP ports", 1, 65535).default(22), user: name, hostKey })
  .meta({ title: "JumpHost" });
const hostRoute = z.strictObject({ destination: cidr, nextHop: address }).meta({ title: "HostRoute" });
const network = z
  .strictObject({
    router: flag.optional(),
    portSecurity: flag.optional(),
    hostRoutes: list(hostRoute, "{destination, nextHop}").optional(),
  })
  .meta({ title: "OpenStackNetworkSettings" });

/** @internal */
export const openStackSettings = z
  .strictObject({
    cloud: name.optional(),
    region: name.optional(),
    access: z.union([z.literal("floating"), z.literal("direct"), z.strictObject({ jump })], {
      error: 'it must be "floating", "direct" or {"jump": {"host", "port", "user", "hostKey"}}',
    }),
    operators: list(cidr, "ranges").min(1, "name at least one range"),
    externalNetwork: name.optional(),
    dns: list(address, "IPv4 addresses").optional(),
    zone: name.optional(),
    flavor: name,
    flavors: byRole(name).optional(),
    image: supplied,
    images: byRole(supplied).optional(),
    volumeGiB: whole("GiB", 1, 65536).optional(),
    configDrive: flag.optional(),
    antiAffinity: z.enum(["soft", "hard"], { error: 'it must be "soft" or "hard"' }).optional(),
    servicePorts: list(whole("TCP ports", 1, 65535), "TCP ports").optional(),
    forwardedRanges: list(cidr, "ranges").optional(),
    bootTimeoutSeconds: whole("seconds", 1, 99999).optional(),
    replaceable: flag.optional(),
    networks: z.record(z.string(), network).optional(),
  })
  .meta({ title: "OpenStackSettings" });

/**
 * The settings, checked: their form, and whether they go together. No cloud is asked.
 * @throws InvalidInput with everything that is wrong with them.
 * @example
 * const settings = vnf.parseSettings(new pulumi.Config().requireObject("openstack"));
 */
export function parseSettings(given: unknown): OpenStackSettings {
  const problems = new Problems("OpenStack");
  const result = openStackSettings.safeParse(given);
  for (const issue of result.error?.issues ?? []) problems.require(false, sentence(given, issue));
  const { access, externalNetwork, networks } = (result.data ?? given ?? {}) as Partial<OpenStackSettings>;
  if (externalNetwork === undefined) {
    problems.require(
      access !== "floating",
      'access is "floating" and no externalNetwork is named: name the network that floating IPs come from, or use access "direct" or a jump host',
    );
    for (const [network, { router } = {}] of Object.entries(networks ?? {})) {
      problems.require(
        router !== true,
        `networks.${network}.router is true and no externalNetwork is named: name the network that it leads to, or take the router away`,
      );
    }
  }
  problems.throwIfAny();
  return result.data as OpenStackSettings;
}

/** Whether a network has a router to the external network. */
export function routed({ externalNetwork, networks }: OpenStackSettings, network: string): boolean {
  return externalNetwork !== undefined && networks?.[network]?.router !== false;
}

/** `networks.transit.portSecurity is "no": it must be true or false`. */
function sentence(given: unknown, issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    const where = issue.path.length > 0 ? `${issue.path.join(".")} has` : "there is";
    const known = issue.path.length > 0 ? [] : Object.keys(openStackSettings.shape);
    const near = issue.keys.flatMap((key) => nearest(key, known) ?? []).map((key) => `"${key}"`);
    return [
      `${where} no setting ${issue.keys.map((key) => `"${key}"`).join(", ")}`,
      ...(near.length > 0 ? [`did you mean ${near.join(", ")}?`] : []),
      ...(known.length > 0 ? [`there are ${known.join(", ")}`] : []),
    ].join(": ");
  }
  const value = issue.path.reduce<unknown>(
    (part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key],
    given,
  );
  return `${issue.path.join(".") || "its setting"} is ${value === undefined ? "missing" : JSON.stringify(value)}: ${issue.message}`;
}
