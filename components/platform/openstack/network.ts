import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import { Address } from "../../network/address";
import { Cidr } from "../../network/cidr";
import type { NetworkIdentity } from "../../network/network";
import { Problems } from "../../problem/problem";
import type { NetworkArgs } from "../platform";
import type { Catalog } from "./catalog";
import { physicalName } from "./name";
import { type OpenStackSettings, routed } from "./settings";

export interface OpenStackNetworkArgs extends NetworkArgs {
  settings: OpenStackSettings;
  tags: string[];
  /** @default its range isn't checked against other networks */
  catalog?: Catalog;
}

/** The last quarter of a range, for what the cloud addresses itself: its DHCP servers, and ports that ask for no address. Machines have the rest. */
export function poolOf(cidr: Cidr): { start: string; end: string } {
  return { start: cidr.host(cidr.size - cidr.size / 4).toString(), end: cidr.host(cidr.size - 2).toString() };
}

/** @throws RangeError when a machine can't have that address in that network. */
export function requireAddress(network: NetworkIdentity, text: string): void {
  const cidr = Cidr.parse(network.cidr);
  const address = Address.parse(text);
  const { start, end } = poolOf(cidr);
  const where = `network "${network.name}" (${cidr})`;
  if (!cidr.admits(address)) throw new RangeError(`${text} is no address for a machine in ${where}: take one in it`);
  if (address.value === cidr.host(1).value)
    throw new RangeError(`${text} belongs to the gateway of ${where}: take the next one`);
  if (address.value >= Address.parse(start).value)
    throw new RangeError(
      `${text} is one of the addresses that the cloud gives out itself in ${where}, from ${start} to ${end}: the network is too small for the machines asked; give it a larger range, or take fewer machines`,
    );
}

/** A network with one subnet and, where there is an external network, a router of its own to it: no path leads from one network of the site to another but through the service. */
export class OpenStackNetwork extends pulumi.ComponentResource {
  /** `NETWORK-ID/SUBNET-ID`, known once its router is there. */
  public readonly ref: pulumi.Output<string>;
  /** What the cloud says of it; 0 where it says nothing. */
  public readonly mtu: pulumi.Output<number>;

  constructor(name: string, args: OpenStackNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    const { site, role, settings, tags } = args;
    super("hybrid-vnf:openstack:Network", name, { site, role, cidr: args.cidr }, opts);
    const physical = physicalName(site, role);
    const own = settings.networks?.[role] ?? {};
    const problems = new Problems(`Network "${role}"`);
    const cidr = problems.gather(() => Cidr.parse(args.cidr));
    if (cidr) {
      problems.require(
        cidr.prefix >= 8 && cidr.prefix <= 28,
        `its range ${cidr} must be /8 to /28: a smaller one has no room for gateway, DHCP servers and machines`,
      );
      for (const subnet of args.catalog?.subnets ?? []) {
        problems.require(
          subnet.network === physical || !overlaps(cidr, subnet.cidr),
          `its range ${cidr} overlaps ${subnet.cidr} of the network "${subnet.network}", which the project has already: give it another range, or delete that network`,
        );
      }
    }
    for (const { nextHop } of own.hostRoutes ?? []) {
      problems.require(
        !cidr || cidr.admits(Address.parse(nextHop)),
        `the next hop ${nextHop} of networks.${role}.hostRoutes is not in ${args.cidr}: name a neighbour`,
      );
    }
    problems.throwIfAny();
    if (!cidr) throw new RangeError(`${name}: a network has a range`);
    const child = { parent: this };
    const hasRouter = routed(settings, role);
    const network = new openstack.networking.Network(
      `${name}-network`,
      { name: physical, portSecurityEnabled: own.portSecurity ?? true, tags },
      child,
    );
    const subnet = new openstack.networking.Subnet(
      `${name}-subnet`,
      {
        name: physical,
        networkId: network.id,
        cidr: args.cidr,
        ipVersion: 4,
        allocationPools: [poolOf(cidr)],
        ...(hasRouter ? { gatewayIp: cidr.host(1).toString() } : { noGateway: true }),
        ...(settings.dns ? { dnsNameservers: settings.dns } : {}),
        tags,
      },
      child,
    );
    this.mtu = network.mtu;
    const after: pulumi.Output<string>[] = [];
    if (settings.externalNetwork !== undefined && hasRouter) {
      const external = openstack.networking.getNetworkOutput({ name: settings.externalNetwork, external: true }, child);
      const router = new openstack.networking.Router(
        `${name}-router`,
        { name: physical, externalNetworkId: external.id, tags },
        child,
      );
      const leg = new openstack.networking.RouterInterface(
        `${name}-router-interface`,
        { routerId: router.id, subnetId: subnet.id },
        child,
      );
      after.push(leg.id);
    }
    for (const { destination, nextHop } of own.hostRoutes ?? []) {
      const route = new openstack.networking.SubnetRoute(
        `${name}-route-${destination.replaceAll(/[./]/g, "-")}`,
        { subnetId: subnet.id, destinationCidr: destination, nextHop },
        child,
      );
      after.push(route.id);
    }
    this.ref = pulumi.all([network.id, subnet.id, ...after]).apply(([net, sub]) => `${net}/${sub}`);
    this.registerOutputs({ ref: this.ref });
  }
}

/** Whether an IPv4 range overlaps that of a subnet; those of IPv6 overlap none. */
function overlaps(cidr: Cidr, other: string): boolean {
  return !other.includes(":") && cidr.overlaps(Cidr.parse(other));
}
