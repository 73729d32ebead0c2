import * as pulumi from "@pulumi/pulumi";
import type { NetworkIdentity, NetworkLike } from "../network/network";

/** A machine's interface in one network, with its address there. */
export interface Leg {
  /** The network's identity, such as "dev/transit". */
  readonly network: string;
  /** The network's IPv4 range in CIDR notation. */
  readonly cidr: string;
  /** The machine's IPv4 address in it. */
  readonly address: string;
  /** The interface's name as found on the machine after boot, by its address. */
  readonly interface: pulumi.Input<string>;
  /** TCP ports that its platform's access rules open to anyone. @default all: there are no such rules */
  readonly openPorts?: readonly number[];
  /** Ranges that it may send packets from, besides its own address, in CIDR notation: what port security lets out. @default any: there is none */
  readonly allowedSources?: readonly string[];
  /** Most bytes of an IPv4 packet in the network (MTU), as its platform tells. @default not known */
  readonly mtu?: pulumi.Input<number>;
}

/** A leg that a machine is to have. */
export interface LegArgs {
  /** The network that it is attached to. */
  network: NetworkLike;
  /** Its IPv4 address in the network. */
  address: string;
}

/** @throws RangeError when there is no leg in that network; the message lists those that there are. */
export function legIn(owner: { name: string; legs: readonly Leg[] }, network: NetworkIdentity): Leg {
  const leg = owner.legs.find((candidate) => candidate.network === network.id);
  if (leg) return leg;
  const legs = owner.legs.map((candidate) => `"${candidate.network}"`).join(", ") || "none";
  throw new RangeError(
    `${owner.name} has no leg in network "${network.id}" (it has: ${legs}): give it one, or name a network that it has a leg in`,
  );
}

/**
 * A machine's legs with their interfaces, from what legs.sh printed on it.
 * @throws RunError when no interface has one of the addresses; the message lists those that there are.
 */
export function legsFound(machine: string, planned: readonly LegArgs[], printed: pulumi.Output<string>): Leg[] {
  return planned.map(({ network, address }) => ({
    network: network.id,
    cidr: network.cidr,
    address,
    ...(network.mtu === undefined ? {} : { mtu: network.mtu }),
    interface: printed.apply((text) => {
      const all = JSON.parse(text) as { interface: string; address: string }[];
      const own = all.find((one) => one.address === address);
      if (own) return own.interface;
      throw new pulumi.RunError(
        `${machine}: no interface has its address ${address} (found: ${all.map((one) => `${one.interface} ${one.address}`).join(", ")})`,
      );
    }),
  }));
}
