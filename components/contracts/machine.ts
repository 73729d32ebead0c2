import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { JumpHost } from "../machine/access";
import type { MachineLike } from "../machine/machine";
import type { NetworkIdentity, NetworkLike } from "../network/network";

/** A network, as another stack needs to know it. */
export interface NetworkFacts extends NetworkIdentity {
  /** What its platform needs to attach a leg to it. */
  readonly ref: pulumi.Input<string>;
  /** Most bytes of an IPv4 packet there (MTU), as its platform tells. @default not known */
  readonly mtu?: pulumi.Input<number>;
}

/** A machine's leg, as another stack needs to know it. */
export interface LegFacts {
  /** The network's identity, such as "dev/transit". */
  readonly network: string;
  /** The network's IPv4 range in CIDR notation. */
  readonly cidr: string;
  /** The machine's IPv4 address in it. */
  readonly address: string;
  /** What the machine's system calls the interface, such as "eth1". */
  readonly interface: pulumi.Input<string>;
  /** TCP ports that its platform's access rules open to anyone. @default all: there are no such rules */
  readonly openPorts?: readonly number[];
  /** Ranges that it may send packets from, besides its own address, in CIDR notation: what port security lets out. @default any: there is none */
  readonly allowedSources?: readonly string[];
  /** Most bytes of an IPv4 packet in the network (MTU), as its platform tells. @default not known */
  readonly mtu?: pulumi.Input<number>;
}

/** A machine without the key that opens it. */
export interface MachineFacts {
  /** Its site's name and its host name, such as "dev/apache-1". */
  readonly id: string;
  /** Its host name, which is its name within its site. */
  readonly name: string;
  /** Changes exactly when the machine is made anew. */
  readonly identity: pulumi.Input<string>;
  /** One in each of its networks. */
  readonly legs: LegFacts[];
  /** How to reach it, beside the key. */
  readonly ssh: {
    /** The address or name that the operator reaches it at; it need not be one that the machine itself has. */
    readonly host: pulumi.Input<string>;
    /** TCP port of its SSH server. */
    readonly port: number;
    /** The user that logs in: root. */
    readonly user: string;
    /** Its public host key, which every connection is checked against. */
    readonly hostKey: pulumi.Input<string>;
    /** The host that connections go through; left out where it is reached directly. */
    readonly jump?: JumpHost;
  };
}

const text = z.string().min(1);

/**
 * A text that the preview of several stacks may know only once it is made: then it is an output that is not known.
 * @internal
 */
export const textOrLater = z.custom<pulumi.Input<string>>(
  (value) => (typeof value === "string" && value !== "") || pulumi.Output.isInstance(value),
  { error: "it must be a text that is not empty" },
);

/** The same of a number. */
const numberOrLater = z.custom<pulumi.Input<number>>(
  (value) => typeof value === "number" || pulumi.Output.isInstance(value),
  { error: "it must be a number" },
);

/** @internal */
export const networkIdentity = z.object({ id: text, name: text, cidr: text });

/** @internal */
export const networkFacts = networkIdentity.extend({ ref: textOrLater, mtu: numberOrLater.optional() });

const jumpFacts = z.object({ host: text, port: z.number(), user: text, hostKey: text });

/** @internal */
export const machineFacts = z.object({
  id: text,
  name: text,
  identity: textOrLater,
  legs: z.array(
    z.object({
      network: text,
      cidr: text,
      address: text,
      interface: textOrLater,
      openPorts: z.array(z.number()).optional(),
      allowedSources: z.array(text).optional(),
      mtu: numberOrLater.optional(),
    }),
  ),
  ssh: z.object({
    host: textOrLater,
    port: z.number(),
    user: text,
    hostKey: textOrLater,
    jump: jumpFacts.optional(),
  }),
});

/** What identifies a network, without whatever else its object holds. */
export function identityOf({ id, name, cidr }: NetworkIdentity): NetworkIdentity {
  return { id, name, cidr };
}

export function factsOfNetwork(network: NetworkLike): NetworkFacts {
  const { ref, mtu } = network;
  return { ...identityOf(network), ref, ...(mtu === undefined ? {} : { mtu }) };
}

export function factsOfMachine(machine: MachineLike): MachineFacts {
  const { host, port, user, hostKey, jump } = machine.ssh;
  return {
    id: machine.id,
    name: machine.name,
    identity: machine.identity,
    legs: [...machine.legs],
    ssh: { host, port, user, hostKey, ...(jump ? { jump } : {}) },
  };
}

export function machineOf(facts: MachineFacts, privateKey: pulumi.Output<string>): MachineLike {
  return { ...facts, ssh: { ...facts.ssh, privateKey } };
}
