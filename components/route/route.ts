import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { claimWay, wayOf } from "../function/claims";
import { requireOutside } from "../machine/inner";
import type { MachineLike } from "../machine/machine";
import { Address } from "../network/address";
import { Cidr } from "../network/cidr";
import { A_MACHINE, requireArguments, subjectOf } from "../problem/arguments";
import { Problems } from "../problem/problem";
import { scriptOn } from "../script/script";

/** Which packets of a machine go to which neighbour. */
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
 * @throws InvalidInput when the destination or the next hop is malformed, or the next hop is no neighbour
 * @example
 * for (const machine of apache.machines)
 *   new vnf.Route(`${machine.name}-branch`, { machine, destination: "10.200.0.0/16", nextHop: "10.110.102.254" });
 */
export class Route extends pulumi.ComponentResource {
  /** Known once the route is there. */
  public readonly installed: pulumi.Output<unknown>;

  constructor(name: string, args: RouteArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("Route", name), args, "RouteArgs", { machine: A_MACHINE });
    const { machine, destination, nextHop } = args;
    super("hybrid-vnf:route:Route", name, { machine: machine.id, destination, nextHop }, opts);
    const problems = new Problems(`Route "${name}"`);
    const isDefault = !problems.require(
      destination !== "0.0.0.0/0",
      `the route to ${destination} would take ${machine.name}'s own default route: name a smaller network`,
    );
    const range = isDefault ? undefined : problems.gather(() => Cidr.parseDestination(destination));
    const beside = machine.legs.find(({ cidr }) => {
      const own = Cidr.parse(cidr);
      return range !== undefined && range.prefix <= own.prefix && range.overlaps(own);
    });
    problems.require(
      beside === undefined,
      `the route to ${destination} would take the way to ${beside?.cidr}, which ${machine.name} has a leg in: no route is needed there`,
    );
    if (range) requireOutside(problems, `the route to ${destination}`, range, machine, true);
    const neighbour = problems.gather(() => Address.parse(nextHop));
    problems.require(
      !neighbour || machine.legs.some((leg) => Cidr.parse(leg.cidr).admits(neighbour)),
      `the next hop ${nextHop} is in no network that ${machine.name} has a leg in (${machine.legs.map((leg) => leg.cidr).join(", ")}): name a neighbour`,
    );
    problems.require(
      !machine.legs.some((leg) => leg.address === nextHop),
      `the next hop ${nextHop} is the address of ${machine.name} itself: name a neighbour's`,
    );
    // Whom its packets are for is not said: it may lead elsewhere than a shorter route of others, and longer ones elsewhere than it.
    const taken = range && claimWay(machine, { route: range, nextHop, targets: [], by: `Route "${name}"` });
    problems.require(
      taken === undefined,
      `${machine.name} sends packets for ${taken?.target} ${taken && wayOf(taken.other)}, and would send them to ${nextHop} for this one: let both lead to the same neighbour`,
    );
    problems.throwIfAny();
    const installed = scriptOn(
      `${name}-route`,
      {
        machine,
        file: path.join(__dirname, "route.sh"),
        input: { DESTINATION: destination, NEXT_HOP: nextHop, OWNER: this.urn },
        replaceOnChanges: [destination, this.urn],
      },
      { parent: this },
    );
    this.installed = installed.id;
    this.registerOutputs({});
  }
}
