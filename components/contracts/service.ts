import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ServiceChain } from "../chain/chain";
import type { PathAddress } from "../chain/path";
import type { NetworkFunction } from "../function/function";
import { legIn } from "../machine/leg";
import { objectWith, requireArguments } from "../problem/arguments";
import { Contract, type Published, type Read, requireRead } from "./contract";
import { type FunctionFacts, factsOfFunction, functionFacts, functionOf } from "./function";
import { factsOfMachine, type MachineFacts, machineFacts } from "./machine";

/** A function on the path of a request, with its addresses. */
export interface Hop extends FunctionFacts {
  /** Where packets of a request come in. */
  readonly in: PathAddress;
  /** Where they go out. */
  readonly out: PathAddress;
}

/** What it takes to ask the service, to trace a request, and to build another chain over the same functions. */
export interface ServiceFacts {
  /** Where clients reach the service. */
  readonly url: string;
  /** The identity of the network that clients are in. */
  readonly from: string;
  /** Machines that requests can be sent from. */
  readonly clients: MachineFacts[];
  /** The functions in the order of a request. */
  readonly hops: Hop[];
  /** What stands at the end of the path. */
  readonly servers: {
    /** Its host name, which its index page shows. */
    readonly name: string;
    /** Its IPv4 address in the network that it answers in. */
    readonly address: string;
  }[];
}

/** What opens the machines that the service runs on. */
export interface ServiceSecrets {
  /** The key that opens the machines on the path. */
  readonly privateKey?: string;
}

const text = z.string().min(1);
const pathAddress = z.object({ network: text, address: text.optional() });
const facts = z.object({
  url: text,
  from: text,
  clients: z.array(machineFacts),
  hops: z.array(functionFacts.extend({ in: pathAddress, out: pathAddress })),
  servers: z.array(z.object({ name: text, address: text })).min(1),
});
const secrets = z.object({ privateKey: text.optional() });

/**
 * What the service stack publishes: where the service answers, and the path of its requests.
 * @example
 * const { facts } = await vnf.serviceContract.read("organization/hybrid-vnf-service/dev");
 * return { url: facts.url, through: facts.hops.map((hop) => hop.name) };
 */
export const serviceContract = new Contract<ServiceFacts, ServiceSecrets>("service", 2, facts, secrets);

/**
 * What a program exports for `serviceContract` to read: a chain's path, and the key that opens the machines on it.
 * @example
 * return { url: chain.url, ...vnf.publishChain(chain) };
 */
export function publishChain(chain: ServiceChain): Published {
  requireArguments("publishChain", { chain }, { chain: objectWith("a ServiceChain", "url", "hops", "from", "to") });
  const { url, from, clients, hops, to } = chain;
  return serviceContract.publish(
    pulumi.output({
      url,
      from: from.id,
      clients: pulumi.all(clients.map(factsOfMachine)),
      hops: pulumi.all(
        hops.map(({ function: one, in: ingress, out }) =>
          factsOfFunction(one).apply((known) => ({ ...known, in: ingress, out })),
        ),
      ),
      servers: to.machines.map((machine) => ({ name: machine.name, address: legIn(machine, to.network).address })),
    }),
    pulumi.output({ privateKey: (clients[0] ?? to.machines[0])?.ssh.privateKey }),
  );
}

/**
 * The functions of a chain that another stack published, in its order: they stand in a chain here like one's own.
 * @example
 * const functions = vnf.functionsOf(await vnf.serviceContract.read("organization/hybrid-vnf-service/dev"));
 * const routers = functions.filter((one) => one.handling === "route");
 */
export function functionsOf(read: Read<ServiceFacts, ServiceSecrets>): NetworkFunction[] {
  requireRead("functionsOf", "service", read, "hops");
  const { facts, secrets } = read;
  const key = pulumi.secret(secrets.apply((all) => all.privateKey ?? ""));
  return facts.hops.map((one) => functionOf(one, key));
}
