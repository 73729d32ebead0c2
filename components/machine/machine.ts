import * as pulumi from "@pulumi/pulumi";
import type { NetworkLike } from "../network/network";
import type { KeyPair } from "../ssh/key";

/** What a machine is for: a platform chooses image, size and access rules by it. */
export type Role = "client" | "server" | "kubernetes" | "swarm";

/** Image of the operator's Docker engine that holds what a machine needs (images/machine/build.sh gives it this name). */
export const MACHINE_IMAGE = "hybrid-vnf/machine:v1.34.4";

/** One foot of a machine in a network. */
export interface Leg {
  /** The network's name within the site. */
  readonly network: string;
  /** The network's IPv4 range. */
  readonly cidr: string;
  /** The machine's address in it. */
  readonly address: string;
  /** The interface's name as found on the machine after boot, by its address. */
  readonly interface: pulumi.Input<string>;
}

/** A host that SSH connections go through; it lets in the same key as the machines behind it. */
export interface JumpHost {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Its public host key. */
  readonly hostKey: string;
}

/** How to reach a machine by SSH. */
export interface SshAccess {
  /** The address that the operator reaches the machine at, for its cluster's API too; it need not be one that the machine itself has. */
  readonly host: pulumi.Input<string>;
  readonly port: number;
  readonly user: string;
  /** OpenSSH private key (secret). */
  readonly privateKey: pulumi.Input<string>;
  /** The machine's public host key, known before the first connection. */
  readonly hostKey: pulumi.Input<string>;
  /** Where the way to it leads through. @default none: it is reached directly */
  readonly jump?: JumpHost;
}

/** A machine that answers SSH, made here or read from a contract. */
export interface MachineLike {
  readonly name: string;
  readonly legs: readonly Leg[];
  readonly ssh: SshAccess;
  /** Changes exactly when the machine is made anew: what was set up on it is then set up again. */
  readonly identity: pulumi.Input<string>;
  /** The resource whose end takes all that is on the machine with it. */
  readonly resource?: pulumi.Resource;
}

/** A leg that a machine is asked to have. */
export interface LegArgs {
  network: NetworkLike;
  /** Its address in the network. */
  address: string;
}

/** What a machine is asked to be. */
export interface MachineArgs {
  /** The site it belongs to; part of its name outside. */
  site: string;
  role: Role;
  /** The first one is where SSH reaches it. */
  legs: LegArgs[];
  /** The key that opens it. */
  key: KeyPair;
  /** Machines of one group run on different hosts where the platform has several; all of a group have one parent. @default a group of its own */
  group?: string;
}

/** @throws RangeError when the machine has no leg in that network; the message lists those it has. */
export function legIn(machine: { name: string; legs: readonly Leg[] }, network: string): Leg {
  const leg = machine.legs.find((candidate) => candidate.network === network);
  if (!leg) {
    const has = machine.legs.map((candidate) => `"${candidate.network}"`).join(", ") || "none";
    throw new RangeError(
      `${machine.name} has no leg in network "${network}" (it has: ${has}): give it one, or ask for a network it has a leg in`,
    );
  }
  return leg;
}

/**
 * A machine's legs as it was asked to have them, with their interfaces by what legs.sh printed on it.
 * @throws RunError when no interface has one of the addresses; the message lists those that there are.
 */
export function legsFound(machine: string, asked: readonly LegArgs[], printed: pulumi.Output<string>): Leg[] {
  return asked.map(({ network, address }) => ({
    network: network.name,
    cidr: network.cidr,
    address,
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

/** The same machine, known to others only once these are done: what is set up on it then waits for them. */
export function once(machine: MachineLike, ...done: pulumi.CustomResource[]): MachineLike {
  const { name, legs, ssh, resource } = machine;
  const identity = pulumi
    .all([pulumi.output(machine.identity), ...done.map((one) => one.id)])
    .apply(([known]) => known ?? "");
  return { name, legs, ssh, identity, resource };
}
