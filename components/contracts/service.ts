import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ServiceChain } from "../chain/chain";
import type { PathAddress } from "../chain/path";
import type { NetworkFunction } from "../function/function";
import { legIn } from "../machine/leg";
import { objectWith, requireProperties } from "../problem/arguments";
import { Contract, type Published, type Read, requireRead } from "./contract";
import { type FunctionFacts, factsOfFunction, functionFacts, functionOf } from "./function";
import { factsOfMachine, type MachineFacts, machineFacts, textOrLater } from "./machine";

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
  readonly url: pulumi.Input<string>;
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
    /** The machine that it is, where it is ours. */
    readonly machine?: MachineFacts;
  }[];
  /** The functions in the order of an answer; left out where answers pass the same ones, the other way round. */
  readonly returnPath?: FunctionFacts[];
  /** The static routes that the chain installed, there and back. @default none */
  readonly routes?: {
    /** The identity of the machine that sends these packets, such as "dev/apache-1". */
    readonly machine: string;
    /** Where they go, in CIDR notation. */
    readonly destination: string;
    /** IPv4 address of the neighbour that they are sent to. */
    readonly nextHop: string;
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
  url: textOrLater,
  from: text,
  clients: z.array(machineFacts),
  hops: z.array(functionFacts.extend({ in: pathAddress, out: pathAddress })),
  servers: z.array(z.object({ name: text, address: text, machine: machineFacts.optional() })).min(1),
  returnPath: z.array(functionFacts).optional(),
  routes: z.array(z.object({ machine: text, destination: text, nextHop: text })).optional(),
});
const secrets = z.object({ privateKey: text.optional() });

/**
 * What the service stack publishes: where the service answers, and the path of its requests.
 * @example
 * const { facts } = await vnf.serviceContract.read("organization/hybrid-vnf-service/dev");
 * return { url: facts.url, through: facts.hops.map((hop) => hop.name) };
 */
export const serviceContract = new Contract<ServiceFacts, ServiceSecrets>("service", 3, facts, secrets);

/**
 * What a program exports for `serviceContract` and for `status`, `graph`, `report` and `verify` to read: a chain's path, and the key that opens the
 * machines on it. A program whose exports are its module's names them: `export const { contract, secrets } = vnf.publishChain(chain);`.
 * @example
 * return { url: chain.url, ...vnf.publishChain(chain) };
 */
export function publishChain(chain: ServiceChain): Published {
  requireProperties("publishChain", { chain }, { chain: objectWith("a ServiceChain", "url", "hops", "from", "to") });
  const { url, from, clients, hops, to, returnPath, routes } = chain;
  return serviceContract.publish(
    {
      url,
      from: from.id,
      clients: clients.map(factsOfMachine),
      hops: hops.map(({ function: one, in: ingress, out }) => ({ ...factsOfFunction(one), in: ingress, out })),
      servers: to.machines.map((machine) => ({
        name: machine.name,
        address: legIn(machine, to.network).address,
        machine: factsOfMachine(machine),
      })),
      ...(returnPath ? { returnPath: returnPath.map(factsOfFunction) } : {}),
      routes: routes.map(({ machine, destination, nextHop }) => ({ machine: machine.id, destination, nextHop })),
    },
    { privateKey: (clients[0] ?? to.machines[0])?.ssh.privateKey },
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
  return facts.hops.map((one) => functionOf(one, secrets.privateKey));
}
