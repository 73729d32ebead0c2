import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import {
  type FunctionLeg,
  isStateful,
  type NetworkFunction,
  PACKET_HANDLINGS,
  type PacketHandling,
} from "../function/function";
import { A_TEXT, listOf, requireProperties } from "../problem/arguments";
import { factsOfMachine, type MachineFacts, machineFacts, machineOf, textOrLater } from "./machine";

/** A network function, as another stack needs to know it. */
export interface FunctionFacts {
  /** Its name in chains, here and where it was made. */
  readonly name: string;
  /** How it treats packets, which decides where routes end. */
  readonly handling: PacketHandling;
  /** Whether it remembers connections, so that the way back must pass it too. */
  readonly stateful: boolean;
  /** Of one that translates: the network in which its packets go out with its own address. */
  readonly outside?: string;
  /** Of a proxy: the TCP port that it answers on. */
  readonly port?: number;
  /** Of a proxy: what it opens connections to. */
  readonly backends?: string[];
  /** Where it runs; neighbours send to the first one. */
  readonly instances: {
    /** The machine that carries it, where it is ours. */
    readonly machine?: MachineFacts;
    /** The pod that it is, where it has a network of its own. */
    readonly pod?: {
      /** The node that it runs on. */
      readonly node: MachineFacts;
      /** The Deployment that makes it. */
      readonly deployment: string;
      /** The Deployment's namespace, where it is not "default". */
      readonly namespace?: string;
      /** Whether its legs are those of a virtual machine in it. */
      readonly guest?: boolean;
    };
    /** One in each of its networks, which are the same for all instances. */
    readonly legs: FunctionLeg[];
  }[];
}

const text = z.string().min(1);

/** @internal */
export const functionFacts = z.object({
  name: text,
  handling: z.enum(PACKET_HANDLINGS, {
    error: `it must be ${PACKET_HANDLINGS.map((one) => `"${one}"`).join(" or ")}`,
  }),
  stateful: z.boolean(),
  outside: text.optional(),
  port: z.number().optional(),
  backends: z.array(text).optional(),
  instances: z
    .array(
      z.object({
        machine: machineFacts.optional(),
        pod: z
          .object({
            node: machineFacts,
            deployment: text,
            namespace: text.optional(),
            guest: z.boolean().optional(),
          })
          .optional(),
        legs: z.array(
          z.object({
            network: text,
            cidr: text,
            address: text.optional(),
            interface: textOrLater.optional(),
            openPorts: z.array(z.number()).optional(),
          }),
        ),
      }),
    )
    .min(1),
});
export function factsOfFunction(one: NetworkFunction): FunctionFacts {
  const { name, handling, outside, port, backends, instances } = one;
  return {
    name,
    handling,
    stateful: isStateful(one),
    ...(outside === undefined ? {} : { outside }),
    ...(port === undefined ? {} : { port }),
    ...(backends ? { backends: [...backends] } : {}),
    instances: instances.map(({ machine, pod, legs }) => ({
      ...(machine ? { machine: factsOfMachine(machine) } : {}),
      ...(pod ? { pod: { ...pod, node: factsOfMachine(pod.node) } } : {}),
      legs: legs.map(({ network, cidr, address, interface: name, openPorts }) => ({
        network,
        cidr,
        ...(address ? { address } : {}),
        // Of a machine, it stands beside the machine's own legs.
        ...(pod && name !== undefined ? { interface: name } : {}),
        ...(openPorts ? { openPorts } : {}),
      })),
    })),
  };
}

/**
 * A function that another stack published: it stands in a chain like one's own.
 * @param privateKey opens the machines that it runs on; OpenSSH's format, secret. Needed where there are any
 * @example
 * const { facts, secrets } = await vnf.serviceContract.read("organization/hybrid-vnf-service/dev");
 * const functions = facts.hops.map((hop) => vnf.functionOf(hop, secrets.privateKey));
 */
export function functionOf(
  facts: FunctionFacts,
  privateKey: pulumi.Output<string | undefined> = pulumi.secret(undefined),
): NetworkFunction {
  requireProperties("functionOf", facts, {
    name: A_TEXT,
    instances: listOf("what a contract tells of where it runs", "legs"),
  });
  const key = privateKey.apply((known) => known ?? "");
  return {
    ...facts,
    instances: facts.instances.map(({ machine, pod, legs }) => ({
      ...(machine ? { machine: machineOf(machine, key) } : {}),
      ...(pod ? { pod: { ...pod, node: machineOf(pod.node, key) } } : {}),
      legs,
    })),
  };
}
