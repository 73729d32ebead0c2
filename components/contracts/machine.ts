import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { JumpHost } from "../machine/access";
import type { MachineLike } from "../machine/machine";
import type { NetworkIdentity, NetworkLike } from "../network/network";

/** A network, as another stack needs to know it. */
export interface NetworkFacts extends NetworkIdentity {
  /** What its platform needs to attach a leg to it. */
  readonly ref: string;
}

/** A machine's leg, as another stack needs to know it. */
export interface LegFacts {
  readonly network: string;
  readonly cidr: string;
  readonly address: string;
  readonly interface: string;
}

/** A machine without the key that opens it. */
export interface MachineFacts {
  readonly id: string;
  readonly name: string;
  readonly identity: string;
  readonly legs: LegFacts[];
  readonly ssh: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly hostKey: string;
    readonly jump?: JumpHost;
  };
}

const text = z.string().min(1);

/** @internal */
export const networkIdentity = z.object({ id: text, name: text, cidr: text });

/** @internal */
export const networkFacts = networkIdentity.extend({ ref: text });

const jumpFacts = z.object({ host: text, port: z.number(), user: text, hostKey: text });

/** @internal */
export const machineFacts = z.object({
  id: text,
  name: text,
  identity: text,
  legs: z.array(z.object({ network: text, cidr: text, address: text, interface: text })),
  ssh: z.object({ host: text, port: z.number(), user: text, hostKey: text, jump: jumpFacts.optional() }),
});

/** What identifies a network, without whatever else its object holds. */
export function identityOf({ id, name, cidr }: NetworkIdentity): NetworkIdentity {
  return { id, name, cidr };
}

export function factsOfNetwork(network: NetworkLike): pulumi.Output<NetworkFacts> {
  return pulumi.output({ ...identityOf(network), ref: network.ref });
}

export function factsOfMachine(machine: MachineLike): pulumi.Output<MachineFacts> {
  const { host, port, user, hostKey, jump } = machine.ssh;
  return pulumi.output({
    id: machine.id,
    name: machine.name,
    identity: machine.identity,
    legs: [...machine.legs],
    ssh: { host, port, user, hostKey, ...(jump ? { jump } : {}) },
  });
}

export function machineOf(facts: MachineFacts, privateKey: pulumi.Output<string>): MachineLike {
  return { ...facts, ssh: { ...facts.ssh, privateKey } };
}
