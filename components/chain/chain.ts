import * as pulumi from "@pulumi/pulumi";
import { claimWay, wayOf } from "../function/claims";
import { type NetworkFunction, PACKET_HANDLINGS } from "../function/function";
import { Cidr } from "../network/cidr";
import type { NetworkIdentity } from "../network/network";
import {
  A_NETWORK,
  listWhere,
  MACHINES,
  objectWith,
  optional,
  requireArguments,
  requireProperties,
  subjectOf,
} from "../problem/arguments";
import { Problems } from "../problem/problem";
import { Route } from "../route/route";
import { type Path, type PathArgs, type PathHop, type PathRoute, planPath, type ServerGroup } from "./path";

/** Where a chain begins, what its packets pass, and what serves at its end. */
export interface ServiceChainArgs extends PathArgs {}

/**
 * A chain of network functions between a network of clients and what serves them (RFC 7665: service function path). It owns the routes, there
 * and back, on whatever machines they are, and knows every hop.
 * @throws InvalidInput naming the two between which nothing leads, or whatever else is wrong with the path
 * @example
 * const chain = new vnf.ServiceChain("web", { from: clients, functions: [balancer, router], to: apache });
 * return { url: chain.url };
 */
export class ServiceChain extends pulumi.ComponentResource {
  /** Its logical name, by which messages speak of it when another chain wants the same packets elsewhere. */
  public readonly name: string;
  /** Where clients reach the service, known once all functions are at work and all routes are there. */
  public readonly url: pulumi.Output<string>;
  /** The functions in the order of a request, each with its addresses. */
  public readonly hops: readonly PathHop[];
  /** The static routes that it installs, there and back. */
  public readonly routes: readonly PathRoute[];
  /** The functions in the order of an answer; undefined where answers pass the same ones, the other way round. */
  public readonly returnPath?: readonly NetworkFunction[];
  /** The network that clients are in. */
  public readonly from: NetworkIdentity;
  /** Machines in it that requests can be sent from. */
  public readonly clients: NonNullable<PathArgs["clients"]>;
  /** The servers at its end, which get routes too where answers would not find back. */
  public readonly to: ServerGroup;

  constructor(name: string, args: ServiceChainArgs, opts?: pulumi.ComponentResourceOptions) {
    const aFunction = objectWith("a network function", "name", "handling", "instances");
    const functionList = listWhere(
      `a list of network functions, each of a handling that there is (${PACKET_HANDLINGS.join(", ")})`,
      (one) => aFunction.holds(one) && PACKET_HANDLINGS.includes((one as NetworkFunction).handling),
    );
    requireArguments(subjectOf("ServiceChain", name), args, "ServiceChainArgs", {
      from: A_NETWORK,
      functions: functionList,
      to: objectWith("a group of servers, such as WebServers", "name", "network", "machines"),
      returnPath: optional(functionList),
      clients: optional(MACHINES),
    });
    requireProperties(`ServiceChain "${name}": to`, args.to, { machines: MACHINES });
    const { from, functions, to, returnPath, clients = [] } = args;
    super(
      "hybrid-vnf:chain:ServiceChain",
      name,
      {
        from: from.id,
        functions: functions.map((one) => one.name),
        to: to.name,
        returnPath: returnPath?.map((one) => one.name),
      },
      opts,
    );
    const problems = new Problems(`ServiceChain "${name}"`);
    const path = planPath(args, problems);
    const crossed = new Map<string, string[]>();
    for (const { machine, destination, nextHop, targets } of path.ways) {
      const taken = claimWay(machine, {
        ...(destination === undefined ? {} : { route: Cidr.parse(destination) }),
        ...(nextHop === undefined ? {} : { nextHop }),
        targets: targets.map((target) => Cidr.parse(target)),
        by: `the chain ${name}`,
      });
      if (!taken) continue;
      const here = wayOf({ nextHop, by: "this one" });
      const where = `packets for ${taken.target} ${wayOf(taken.other)}, and would send them ${here}`;
      crossed.set(where, [...(crossed.get(where) ?? []), machine.name]);
    }
    for (const [where, machines] of crossed)
      problems.require(
        false,
        `${machines.join(" and ")} send${machines.length === 1 ? "s" : ""} ${where}: let both lead through the same neighbour, or give the chains machines of their own`,
      );
    problems.throwIfAny();
    for (const { function: one, in: from, out, ports } of path.hops)
      for (const port of ports) {
        const why = one.closes?.(from.network, out.network, port);
        if (why)
          void pulumi.log.warn(
            `The chain "${name}" is closed: requests to port ${port} end at ${one.name}, ${why}.`,
            this,
          );
      }
    this.name = name;
    this.hops = path.hops;
    this.routes = path.routes;
    this.returnPath = returnPath;
    this.from = from;
    this.clients = clients;
    this.to = to;
    const routes = path.routes.map(
      ({ machine, destination, nextHop }) =>
        new Route(
          `${name}-${machine.id.replace("/", "-")}-to-${destination.replaceAll(/[./]/g, "-")}`,
          { machine, destination, nextHop },
          { parent: this },
        ),
    );
    const ready = [...routes.map((route) => route.installed), ...functions.map((one) => one.ready)];
    this.url = pulumi.all(ready).apply(() => urlOf(path, to));
    this.registerOutputs({ url: this.url });
  }
}

/** Where clients send their requests: to the first function that ends connections, else to the first server. */
function urlOf({ hops }: Path, to: ServerGroup): string {
  const entry = hops.find((hop) => hop.function.handling === "proxy");
  const server = to.machines[0]?.legs.find((leg) => leg.network === to.network.id);
  const address = entry ? entry.in.address : server?.address;
  const port = entry?.function.port ?? 80;
  return `http://${address}${port === 80 ? "" : `:${port}`}`;
}
