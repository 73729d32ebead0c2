import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { MachineLike } from "../machine/machine";
import type { NetworkLike } from "../network/network";

const text = z.string().min(1);

export const networkFacts = z.object({ name: text, cidr: text, ref: text });
export type NetworkFacts = z.infer<typeof networkFacts>;

export const jumpFacts = z.object({ host: text, port: z.number(), user: text, hostKey: text });

export const machineFacts = z.object({
  name: text,
  identity: text,
  legs: z.array(z.object({ network: text, cidr: text, address: text, interface: text })),
  ssh: z.object({ host: text, port: z.number(), user: text, hostKey: text, jump: jumpFacts.optional() }),
});
/** A machine without the key that opens it. */
export type MachineFacts = z.infer<typeof machineFacts>;

export function factsOfNetwork(network: NetworkLike): pulumi.Output<NetworkFacts> {
  return pulumi.output({ name: network.name, cidr: network.cidr, ref: network.ref });
}

export function factsOfMachine(machine: MachineLike): pulumi.Output<MachineFacts> {
  const { host, port, user, hostKey, jump } = machine.ssh;
  return pulumi.output({
    name: machine.name,
    identity: machine.identity,
    legs: [...machine.legs],
    ssh: { host, port, user, hostKey, ...(jump ? { jump } : {}) },
  });
}

export function machineOf(facts: MachineFacts, privateKey: pulumi.Output<string>): MachineLike {
  return { ...facts, ssh: { ...facts.ssh, privateKey } };
}
