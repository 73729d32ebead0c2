import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "../machine/machine";
import { Address } from "../network/address";
import { Cidr } from "../network/cidr";
import { A_MACHINE, requireArguments } from "../problem/arguments";
import { Problems } from "../problem/problem";
import { MachineScript, OpenSshScript } from "../script/script";

export interface RouteArgs {
  /** The machine that gets the route. */
  machine: MachineLike;
  /** Which packets it steers, in CIDR notation. @example "10.100.102.0/24" */
  destination: string;
  /** The neighbour that they go to: an IPv4 address in a network that the machine has a leg in. */
  nextHop: string;
}

/**
 * A static route of a machine. It survives a reboot. Several of these may ask for the same route, in one program or in several: it is there once,
 * and goes with the last of them.
 */
export class Route extends pulumi.ComponentResource {
  /** Known once the route is there. */
  public readonly installed: pulumi.Output<unknown>;

  /** @throws InvalidInput when the destination or the next hop is malformed, or the next hop is no neighbour. */
  constructor(name: string, args: RouteArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(`Route "${name}"`, args, { machine: A_MACHINE });
    const { machine, destination, nextHop } = args;
    super("hybrid-vnf:route:Route", name, { machine: machine.id, destination, nextHop }, opts);
    const problems = new Problems(`Route "${name}"`);
    problems.gather(() => Cidr.parse(destination));
    const neighbour = problems.gather(() => Address.parse(nextHop));
    problems.require(
      !neighbour || machine.legs.some((leg) => Cidr.parse(leg.cidr).admits(neighbour)),
      `the next hop ${nextHop} is in no network that ${machine.name} has a leg in (${machine.legs.map((leg) => leg.cidr).join(", ")}): name a neighbour`,
    );
    problems.throwIfAny();
    const script = {
      machine,
      file: path.join(__dirname, "route.sh"),
      input: { DESTINATION: destination, NEXT_HOP: nextHop, OWNER: this.urn },
      replaceOnChanges: [destination, this.urn],
    };
    const child = { parent: this };
    const installed = machine.resource
      ? new MachineScript(`${name}-route`, script, child)
      : new OpenSshScript(`${name}-route`, script, child);
    this.installed = installed.id;
    this.registerOutputs({});
  }
}
