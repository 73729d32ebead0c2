import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { isStateful, type NetworkFunction, PACKET_HANDLINGS } from "../function/function";
import { factsOfMachine, machineFacts, machineOf } from "./machine";

const text = z.string().min(1);

export const functionFacts = z.object({
  name: text,
  handling: z.enum(PACKET_HANDLINGS),
  stateful: z.boolean(),
  /** Of a proxy: the TCP port that it answers on. */
  port: z.number().optional(),
  /** Of a proxy: what it opens connections to. */
  backends: z.array(text).optional(),
  instances: z
    .array(
      z.object({
        /** The machine that carries it, where it is ours. */
        machine: machineFacts.optional(),
        legs: z.array(z.object({ network: text, cidr: text, address: text.optional() })),
      }),
    )
    .min(1),
});
/** A network function, as another stack needs to know it. */
export type FunctionFacts = z.infer<typeof functionFacts>;

export function factsOfFunction(one: NetworkFunction): pulumi.Output<FunctionFacts> {
  const { name, handling, port, backends, instances } = one;
  return pulumi.output({
    name,
    handling,
    stateful: isStateful(one),
    ...(port === undefined ? {} : { port }),
    ...(backends ? { backends: [...backends] } : {}),
    instances: pulumi.all(
      instances.map(({ machine, legs }) =>
        pulumi.output({
          ...(machine ? { machine: factsOfMachine(machine) } : {}),
          legs: legs.map(({ network, cidr, address }) => ({ network, cidr, ...(address ? { address } : {}) })),
        }),
      ),
    ),
  });
}

/** A function that another stack published: it stands in a chain like one's own. */
export function functionOf(facts: FunctionFacts, privateKey: pulumi.Output<string>): NetworkFunction {
  return {
    ...facts,
    instances: facts.instances.map(({ machine, legs }) => ({
      ...(machine ? { machine: machineOf(machine, privateKey) } : {}),
      legs,
    })),
  };
}
