import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "../machine/machine";
import { ElsewhereScript, MachineScript } from "../machine/script";
import { Address } from "../network/address";
import { Cidr } from "../network/cidr";
import { Problems } from "../problem/problem";

export interface RouteArgs {
  /** The machine that gets the route. */
  machine: MachineLike;
  /** Which packets it steers. @example "10.100.102.0/24" */
  destination: string;
  /** The neighbour that they go to: an address in a network that the machine has a leg in. */
  nextHop: string;
}

/** A static route of a machine. It survives a reboot, and goes with its resource. */
export class Route extends pulumi.ComponentResource {
  constructor(name: string, args: RouteArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:route:Route", name, { destination: args.destination, nextHop: args.nextHop }, opts);
    const problems = new Problems(`Route "${name}"`);
    problems.attempt(() => Cidr.parse(args.destination));
    const nextHop = problems.attempt(() => Address.parse(args.nextHop));
    const reachable = nextHop && args.machine.legs.some((leg) => Cidr.parse(leg.cidr).admits(nextHop));
    problems.require(
      reachable !== false,
      `the next hop ${args.nextHop} is in no network that ${args.machine.name} has a leg in (${args.machine.legs.map((leg) => leg.cidr).join(", ")}): name a neighbour`,
    );
    problems.done();
    const script = {
      machine: args.machine,
      file: path.join(__dirname, "route.sh"),
      input: { DESTINATION: args.destination, NEXT_HOP: args.nextHop },
      replaceOn: [args.destination],
    };
    const child = { parent: this };
    if (args.machine.resource) new MachineScript(`${name}-route`, script, child);
    else new ElsewhereScript(`${name}-route`, script, child);
    this.registerOutputs({});
  }
}
