import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { MachineLike } from "../machine/machine";
import type { NetworkIdentity, NetworkLike } from "../network/network";

const text = z.string().min(1);

export const networkIdentity = z.object({ id: text, name: text, cidr: text });

export const networkFacts = networkIdentity.extend({ ref: text });
export type NetworkFacts = z.infer<typeof networkFacts>;

export const jumpFacts = z.object({ host: text, port: z.number(), user: text, hostKey: text });

export const machineFacts = z.object({
  id: text,
  name: text,
  identity: text,
  legs: z.array(z.object({ network: text, cidr: text, address: text, interface: text })),
  ssh: z.object({ host: text, port: z.number(), user: text, hostKey: text, jump: jumpFacts.optional() }),
});
/** A machine without the key that opens it. */
export type MachineFacts = z.infer<typeof machineFacts>;

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
