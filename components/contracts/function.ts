import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import {
  type FunctionLeg,
  isStateful,
  type NetworkFunction,
  PACKET_HANDLINGS,
  type PacketHandling,
} from "../function/function";
import { A_TEXT, listOf, requireArguments } from "../problem/arguments";
import { factsOfMachine, type MachineFacts, machineFacts, machineOf } from "./machine";

/** A network function, as another stack needs to know it. */
export interface FunctionFacts {
  /** Its name in chains, here and where it was made. */
  readonly name: string;
  /** How it treats packets, which decides where routes end. */
  readonly handling: PacketHandling;
  /** Whether it remembers connections, so that the way back must pass it too. */
  readonly stateful: boolean;
  /** Of a proxy: the TCP port that it answers on. */
  readonly port?: number;
  /** Of a proxy: what it opens connections to. */
  readonly backends?: string[];
  /** Where it runs; neighbours send to the first one. */
  readonly instances: {
    /** The machine that carries it, where it is ours. */
    readonly machine?: MachineFacts;
    /** One in each of its networks, which are the same for all instances. */
    readonly legs: FunctionLeg[];
  }[];
}

const text = z.string().min(1);

/** @internal */
export const functionFacts = z.object({
  name: text,
  handling: z.enum(PACKET_HANDLINGS),
  stateful: z.boolean(),
  port: z.number().optional(),
  backends: z.array(text).optional(),
  instances: z
    .array(
      z.object({
        machine: machineFacts.optional(),
        legs: z.array(
          z.object({ network: text, cidr: text, address: text.optional(), openPorts: z.array(z.number()).optional() }),
        ),
      }),
    )
    .min(1),
});
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
          legs: legs.map(({ network, cidr, address, openPorts }) => ({
            network,
            cidr,
            ...(address ? { address } : {}),
            ...(openPorts ? { openPorts } : {}),
          })),
        }),
      ),
    ),
  });
}

/**
 * A function that another stack published: it stands in a chain like one's own.
 * @param privateKey opens the machines that it runs on; OpenSSH's format, secret
 * @example
 * const { facts, secrets } = await vnf.serviceContract.read("organization/hybrid-vnf-service/dev");
 * const key = secrets.apply(({ privateKey }) => privateKey ?? "");
 * const functions = facts.hops.map((hop) => vnf.functionOf(hop, key));
 */
export function functionOf(facts: FunctionFacts, privateKey: pulumi.Output<string>): NetworkFunction {
  requireArguments("functionOf", facts, {
    name: A_TEXT,
    instances: listOf("what a contract tells of where it runs", "legs"),
  });
  return {
    ...facts,
    instances: facts.instances.map(({ machine, legs }) => ({
      ...(machine ? { machine: machineOf(machine, privateKey) } : {}),
      legs,
    })),
  };
}
