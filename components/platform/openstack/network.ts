import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import { Address } from "../../network/address";
import { Cidr } from "../../network/cidr";
import type { NetworkArgs, NetworkLike } from "../../network/network";
import { Problems } from "../../problem/problem";
import type { Catalog } from "./catalog";
import { titleOf } from "./machine";
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
export function requireAddress(network: NetworkLike, text: string): void {
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

/** A network with one subnet and, where there is an external network, a router of its own to it: no way leads from one network of the site to another but through the service. */
export class OpenStackNetwork extends pulumi.ComponentResource implements NetworkLike {
  public readonly cidr: string;
  /** `NETWORK-ID/SUBNET-ID`, known once its router is there. */
  public readonly ref: pulumi.Output<string>;

  constructor(
    public readonly name: string,
    args: OpenStackNetworkArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("hybrid-vnf:openstack:Network", name, { site: args.site, cidr: args.cidr }, opts);
    const { settings, tags } = args;
    const title = titleOf(args.site, name);
    const own = settings.networks?.[name] ?? {};
    const problems = new Problems(`Network "${name}"`);
    const cidr = problems.attempt(() => Cidr.parse(args.cidr));
    if (cidr) {
      problems.require(
        cidr.prefix >= 8 && cidr.prefix <= 28,
        `its range ${cidr} must be /8 to /28: a smaller one has no room for gateway, DHCP servers and machines`,
      );
      for (const subnet of args.catalog?.subnets ?? []) {
        problems.require(
          subnet.network === title || !overlaps(cidr, subnet.cidr),
          `its range ${cidr} overlaps ${subnet.cidr} of the network "${subnet.network}", which the project has already: give it another range, or delete that network`,
        );
      }
    }
    for (const { nextHop } of own.hostRoutes ?? []) {
      problems.require(
        !cidr || cidr.admits(Address.parse(nextHop)),
        `the next hop ${nextHop} of networks.${name}.hostRoutes is not in ${args.cidr}: name a neighbour`,
      );
    }
    problems.done();
    if (!cidr) throw new RangeError(`${name}: a network has a range`);
    this.cidr = args.cidr;

    const child = { parent: this };
    const hasRouter = routed(settings, name);
    const network = new openstack.networking.Network(
      `${name}-network`,
      { name: title, portSecurityEnabled: own.portSecurity ?? true, tags },
      child,
    );
    const subnet = new openstack.networking.Subnet(
      `${name}-subnet`,
      {
        name: title,
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
    const after: pulumi.Output<string>[] = [];
    if (settings.externalNetwork !== undefined && hasRouter) {
      const external = openstack.networking.getNetworkOutput({ name: settings.externalNetwork, external: true }, child);
      const router = new openstack.networking.Router(
        `${name}-router`,
        { name: title, externalNetworkId: external.id, tags },
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
