import type { FunctionInstance, NetworkFunction } from "../function/function";
import { Address } from "../network/address";
import { Cidr } from "../network/cidr";
import type { NetworkIdentity } from "../network/network";
import { listOf, requireArguments, subjectOf } from "../problem/arguments";
import { Problems } from "../problem/problem";
import type { SiteNetwork } from "../site/network";

/** One of a gateway's interfaces. */
export interface GatewayLeg {
  /** A network that packets come from or go to; a gateway has one leg in each. */
  network: NetworkIdentity;
  /** Its IPv4 address in that network. @default unknown: the default route of that network's machines leads to it */
  address?: string;
}

/** Where a gateway stands. */
export interface GatewayArgs {
  /** Its interfaces: at least two, of which those that packets are sent to have an address. */
  legs: readonly GatewayLeg[];
}

/**
 * A router that is there already and is somebody else's, such as what joins a cloud and a lab. A chain sends through it, and installs nothing on it.
 * @throws InvalidInput with everything that is wrong with its legs
 * @example
 * const vpn = new vnf.Gateway("vpn", { legs: [{ network: site.transit, address: "10.110.101.254" }, { network: servers }] });
 * new vnf.ServiceChain("web", { from: clients, functions: [balancer, router, vpn], to: apache });
 */
export class Gateway implements NetworkFunction {
  public readonly handling = "route";
  public readonly instances: readonly FunctionInstance[];

  constructor(
    public readonly name: string,
    args: GatewayArgs,
  ) {
    requireArguments(subjectOf("Gateway", name), args, "GatewayArgs", {
      legs: listOf("a list of {network, address}", "network"),
    });
    const problems = new Problems(`Gateway "${name}"`);
    problems.require(args.legs.length >= 2, `it has ${args.legs.length} leg(s): a gateway joins at least two networks`);
    problems.require(
      new Set(args.legs.map(({ network }) => network.id)).size === args.legs.length,
      "it has two legs in one network: a gateway has one in each",
    );
    for (const { network, address } of args.legs) {
      if (address === undefined) continue;
      const parsed = problems.gather(() => Address.parse(address));
      const cidr = problems.gather(() => Cidr.parse(network.cidr));
      problems.require(
        !parsed || !cidr || cidr.admits(parsed),
        `its address ${address} is no machine's address in network "${network.name}" (${network.cidr}): take one in it`,
      );
      // Of a network that another program made, its platform is not known here.
      const { site } = network as Partial<SiteNetwork>;
      problems.require(
        !cidr || site?.platform.ownAddress?.(network) !== address,
        `its address ${address} in network "${network.name}" belongs to the machine that carries the ${site?.platform.kind}: give the gateway another one`,
      );
    }
    problems.throwIfAny();
    this.instances = [
      { legs: args.legs.map(({ network, address }) => ({ network: network.id, cidr: network.cidr, address })) },
    ];
  }
}
