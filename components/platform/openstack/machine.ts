import * as path from "node:path";
import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import { GENERATION, MACHINE_ROLE, REPLACEABLE } from "../../labels";
import type { SshAccess } from "../../machine/access";
import { type Leg, legsFound } from "../../machine/leg";
import { type MachineArgs, type MachineLike, machineId } from "../../machine/machine";
import type { NetworkLike } from "../../network/network";
import { OpenSshScript, printedBy } from "../../script/script";
import { quote } from "../../script/text";
import { SshKey } from "../../ssh/key";
import { forwardedFrom, servedPorts } from "./access";
import type { OpenStackGroup } from "./group";
import { physicalName } from "./name";
import { type OpenStackSettings, routed } from "./settings";
import { userData } from "./user-data";

export interface OpenStackMachineArgs extends MachineArgs {
  settings: OpenStackSettings;
  /** What it shares with the machines of its group. */
  shared: OpenStackGroup;
  flavor: string;
  image: pulumi.Input<string>;
  /** Counts the servers that were made for this machine, from 1: another number replaces the server. */
  generation: number;
  tags: string[];
}

/** A server with a port in each network it is asked to be in. */
export class OpenStackMachine extends pulumi.ComponentResource implements MachineLike {
  public readonly id: string;
  public readonly name: string;
  public readonly legs: readonly Leg[];
  public readonly ssh: SshAccess;
  public readonly identity: pulumi.Output<string>;
  public readonly resource: pulumi.Resource;

  constructor(name: string, args: OpenStackMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    const { site, hostname, role, settings, shared, tags, key } = args;
    super("hybrid-vnf:openstack:Machine", name, { site, hostname, role }, opts);
    this.id = machineId(site, hostname);
    this.name = hostname;
    const physical = physicalName(site, hostname);
    const child = { parent: this };
    const hostKey = new SshKey(`${name}-host-key`, child);
    const sources = args.legs.map((leg) => {
      const secure = settings.networks?.[leg.network.name]?.portSecurity ?? true;
      return secure ? forwardedFrom(role, leg, args.legs, settings.forwardedRanges ?? []) : undefined;
    });
    const ports = args.legs.map((leg, at) => {
      const [networkId, subnetId] = idsOf(leg.network.ref);
      const allowed = sources[at];
      return new openstack.networking.Port(
        `${name}-${leg.network.name}-port`,
        {
          name: `${physical}-${leg.network.name}`,
          networkId,
          fixedIps: [{ subnetId, ipAddress: leg.address }],
          ...(allowed
            ? {
                securityGroupIds: [shared.securityGroup],
                allowedAddressPairs: allowed.map((ipAddress) => ({ ipAddress })),
              }
            : { noSecurityGroups: true }),
          ...(at > 0 && routed(settings, leg.network.name)
            ? { extraDhcpOptions: [{ name: "classless-static-route", value: routesBeside(leg.network, settings) }] }
            : {}),
          tags,
        },
        { ...child, deleteBeforeReplace: true },
      );
    });
    const [first] = ports;
    const [leg] = args.legs;
    if (!first || !leg) throw new RangeError(`${name}: a machine has at least one leg`);

    const instance = new openstack.compute.Instance(
      `${name}-instance`,
      {
        name: physical,
        flavorName: args.flavor,
        ...this.disk(args.image, settings),
        keyPair: shared.keyPair,
        networks: ports.map((port) => ({ port: port.id })),
        userData: pulumi
          .all([key.publicKey, hostKey.privateKey, hostKey.publicKey])
          .apply(([authorizedKey, privateKey, publicKey]) =>
            userData({ hostname, authorizedKey, hostKey: { privateKey, publicKey } }),
          ),
        configDrive: settings.configDrive ?? true,
        ...(settings.zone ? { availabilityZone: settings.zone } : {}),
        ...(shared.serverGroup ? { schedulerHints: [{ group: shared.serverGroup }] } : {}),
        metadata: {
          "hybrid-vnf.site": site,
          [MACHINE_ROLE]: role,
          ...(settings.replaceable ? { [REPLACEABLE]: "true" } : {}),
          ...(args.generation > 1 ? { [GENERATION]: String(args.generation) } : {}),
        },
      },
      { ...child, deleteBeforeReplace: true, replacementTrigger: args.generation },
    );
    this.resource = instance;
    this.ssh = {
      host: settings.access === "floating" ? this.floatingAddress(name, first, settings, tags) : leg.address,
      port: 22,
      user: "root",
      privateKey: key.privateKey,
      hostKey: hostKey.publicKey,
      ...(typeof settings.access === "object" ? { jump: settings.access.jump } : {}),
    };
    const limit = settings.bootTimeoutSeconds ?? 600;
    const found = new OpenSshScript(
      `${name}-boot`,
      {
        machine: { id: this.id, name: hostname, legs: [], ssh: this.ssh, identity: instance.id },
        file: path.join(__dirname, "../../machine/legs.sh"),
        input: { BOOT_TIMEOUT: String(limit) },
        undo: false,
        waitSeconds: limit,
        consoleCommand: pulumi.interpolate`${clientOf(settings)} console log show --lines 20 ${instance.id}`,
        advice: `How far it has booted is on its console: openstack console log show ${physical}.`,
      },
      child,
    );
    this.identity = pulumi.all([instance.id, found.id]).apply(([id]) => id);
    const opened = servedPorts(role, settings);
    this.legs = legsFound(hostname, args.legs, printedBy(found)).map((leg, at) => {
      const allowedSources = sources[at];
      return allowedSources ? { ...leg, openPorts: opened, allowedSources } : leg;
    });
    this.registerOutputs({ id: this.id, identity: this.identity });
  }

  /** What it boots from: an image by its name, or a volume of the image that has that name now. */
  private disk(image: pulumi.Input<string>, settings: OpenStackSettings): Partial<openstack.compute.InstanceArgs> {
    if (settings.volumeGiB === undefined) return { imageName: image };
    const { id } = openstack.images.getImageOutput({ name: image, mostRecent: true }, { parent: this });
    return {
      blockDevices: [
        {
          uuid: id,
          sourceType: "image",
          destinationType: "volume",
          volumeSize: settings.volumeGiB,
          bootIndex: 0,
          deleteOnTermination: true,
        },
      ],
    };
  }

  private floatingAddress(name: string, port: openstack.networking.Port, settings: OpenStackSettings, tags: string[]) {
    const address = new openstack.networking.FloatingIp(
      `${name}-address`,
      { pool: settings.externalNetwork ?? "", portId: port.id, tags },
      { parent: this, deleteBeforeReplace: true },
    );
    return address.address;
  }
}

/** OpenStack's own client, on the cloud that the settings name. */
function clientOf({ cloud, region }: OpenStackSettings): string {
  return [
    "openstack",
    ...(cloud ? ["--os-cloud", quote(cloud)] : []),
    ...(region ? ["--os-region-name", quote(region)] : []),
  ].join(" ");
}

/**
 * Routes that DHCP gives to a leg beside the first one, in place of its network's gateway, for a machine has one way out. Who is given
 * classless routes ignores the gateway (RFC 3442), and one route there must be: the one to the network itself.
 */
function routesBeside({ name, cidr }: NetworkLike, settings: OpenStackSettings): string {
  const routes = settings.networks?.[name]?.hostRoutes ?? [];
  return [{ destination: cidr, nextHop: "0.0.0.0" }, ...routes]
    .map(({ destination, nextHop }) => `${destination},${nextHop}`)
    .join(",");
}

/** A network's and its subnet's ID, from the network's `ref`. */
function idsOf(ref: pulumi.Input<string>): [pulumi.Output<string>, pulumi.Output<string>] {
  const part = (at: number) => pulumi.output(ref).apply((text) => text.split("/")[at] ?? "");
  return [part(0), part(1)];
}
