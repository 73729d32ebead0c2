import { expect } from "vitest";
import {
  Address,
  Cidr,
  type FunctionLeg,
  type MachineLike,
  type NetworkFunction,
  type PathArgs,
  type PathHop,
  type PathRoute,
} from "../../components";
import { isStateful } from "../../components/function/function";

/** What has legs in networks, and sends packets on by what is connected and by its routes. */
interface Host {
  readonly name: string;
  readonly legs: readonly FunctionLeg[];
  /** Of a function whose routes are somebody else's: the function. */
  readonly foreign?: NetworkFunction;
}

const within = (cidr: string, address: string): boolean => Cidr.parse(cidr).contains(Address.parse(address));

/** A host on a packet's way, and the leg that the packet left it by. */
interface Step {
  readonly host: string;
  readonly out?: FunctionLeg;
}

/** Where a packet goes next. */
interface Hop {
  readonly next: Host;
  readonly out: FunctionLeg;
}

/** A place in a chain, with its hosts; neighbours send to the first one. */
interface Station {
  readonly at?: NetworkFunction;
  readonly hosts: readonly string[];
}

/**
 * A program's networks as packets see them: hosts with their legs, all routes of all chains, and nothing else that a chain knows. What the
 * model can't see is what a function does with a packet, and whether it runs.
 */
export class Model {
  private readonly hosts = new Map<string, Host>();

  constructor(
    paths: readonly PathArgs[],
    private readonly routes: readonly PathRoute[],
    machines: readonly MachineLike[] = [],
  ) {
    const add = (machine: MachineLike) => this.hosts.set(machine.id, { name: machine.id, legs: machine.legs });
    for (const machine of machines) add(machine);
    for (const { clients = [], functions, to, returnPath = [] } of paths) {
      for (const machine of [...clients, ...to.machines]) add(machine);
      for (const one of [...functions, ...returnPath])
        for (const instance of one.instances) {
          if (instance.machine) add(instance.machine);
          else this.hosts.set(one.name, { name: one.name, legs: instance.legs, foreign: one });
        }
    }
  }

  /** What is wrong with addresses and routes as they are, whatever is sent. */
  faults(): string[] {
    const owners = new Map<string, string>();
    const twice = [...this.hosts.values()].flatMap(({ name, legs }) =>
      legs.flatMap(({ network, address }) => {
        const key = `${address} in ${network}`;
        const owner = address === undefined ? undefined : owners.get(key);
        owners.set(key, name);
        return owner === undefined ? [] : [`${owner} and ${name} both have ${key}`];
      }),
    );
    const shadowed = this.routes.flatMap(({ machine, destination, nextHop }) =>
      machine.legs
        .filter(({ cidr }) => Cidr.parse(cidr).overlaps(Cidr.parse(destination)))
        .map(({ cidr }) => `${machine.id} is connected to ${cidr}, and has a route to ${destination} via ${nextHop}`),
    );
    return [...twice, ...shadowed];
  }

  /** How a packet goes from a host to an address; a foreign host sends it to what follows it in `order`. @throws Error when it does not arrive */
  private way(from: string, to: string, order: readonly Station[]): Step[] {
    const steps: Step[] = [];
    const told = () => steps.map(({ host }) => host).join(", ");
    let here = this.hosts.get(from);
    while (here) {
      if (here.legs.some(({ address }) => address === to)) return [...steps, { host: here.name }];
      const hop = this.hop(here, to, order);
      const twice = steps.some(({ host }) => host === here?.name);
      steps.push({ host: here.name, out: hop?.out });
      if (twice) throw new Error(`a packet to ${to} goes in circles: ${told()}`);
      if (!hop) throw new Error(`a packet to ${to} is lost behind ${told()}`);
      here = hop.next;
    }
    throw new Error(`there is no ${from}`);
  }

  /** Where a host sends a packet: by the longest prefix of what is connected and of its routes, else by its default route. */
  private hop({ name, legs, foreign }: Host, to: string, order: readonly Station[]): Hop | undefined {
    const known = [
      ...legs.map(({ cidr }) => ({ destination: cidr, nextHop: to })),
      ...this.routes.filter(({ machine }) => machine.id === name),
    ].filter(({ destination }) => within(destination, to));
    const [best] = known.sort((a, b) => Cidr.parse(b.destination).prefix - Cidr.parse(a.destination).prefix);
    const neighbours = (fits: (leg: FunctionLeg, host: Host) => boolean): Hop[] =>
      [...this.hosts.values()].flatMap((next) =>
        next.legs.flatMap((leg) => {
          const out = legs.find(({ network }) => network === leg.network);
          return out && next.name !== name && fits(leg, next) ? [{ next, out }] : [];
        }),
      );
    if (best) return neighbours(({ cidr, address }) => address === best.nextHop && within(cidr, best.nextHop))[0];
    if (foreign) {
      const behind = order[order.findIndex(({ at }) => at === foreign) + 1]?.hosts ?? [];
      return neighbours((_, { name: other }) => other === behind[0])[0];
    }
    // Where a gateway does not say its address, the default routes of that network's machines lead to it.
    return neighbours(({ address }) => address === undefined)[0];
  }

  private hostsOf(one: NetworkFunction): string[] {
    return one.instances.map(({ machine }) => machine?.id ?? one.name);
  }

  /** Sends every request over a chain, and every answer back; fails at the first that goes another way than the chain says. */
  walk(name: string, { clients = [], functions, to, returnPath }: PathArgs, hops: readonly PathHop[]): void {
    const station = (one: NetworkFunction): Station => ({ at: one, hosts: this.hostsOf(one) });
    const client: Station = { hosts: clients.map(({ id }) => id) };
    const server: Station = { hosts: to.machines.map(({ id }) => id) };
    const there = [client, ...functions.map(station), server];
    const back = [server, ...(returnPath ?? [...functions].reverse()).map(station), client];
    const addresses = to.machines.flatMap(({ legs }) =>
      legs.filter(({ network }) => network === to.network.id).map(({ address }) => address),
    );
    // Stretch by stretch: from those who open connections to those who end them.
    let start = client;
    let between: Station[] = [];
    for (const end of there.slice(1)) {
      if (end !== server && end.at?.handling !== "proxy") {
        between.push(end);
        continue;
      }
      const entry = hops.find((hop) => hop.function === end.at)?.in.address;
      const known = start.at?.backends?.map((backend) => backend.split(":")[0] ?? "");
      for (const sender of start.hosts)
        for (const target of known ?? (entry === undefined ? addresses : [entry])) {
          const request = this.way(sender, target, there);
          expect(end.hosts, `${name}: a request to ${target} ends there`).toContain(request.at(-1)?.host);
          expect(
            request.slice(1, -1).map(({ host }) => host),
            `${name}: what a request from ${sender} to ${target} passes`,
          ).toEqual(between.map(({ hosts: [first] }) => first));
          this.answer(name, request, between, back);
        }
      start = end;
      between = [];
    }
  }

  /** Sends an answer back to whom its request came from, over each who has put an address of its own in. */
  private answer(name: string, request: readonly Step[], between: readonly Station[], back: readonly Station[]): void {
    const masks = [0, ...between.flatMap(({ at }, number) => (at?.handling === "translate" ? [number + 1] : []))];
    let here = request.length - 1;
    for (const mask of masks.reverse()) {
      const { host = "", out } = request[mask] ?? {};
      const sender = request[here]?.host ?? "";
      if (sender === host) continue;
      const answer = this.way(sender, out?.address ?? "", back).map((step) => step.host);
      const says = `${name}: an answer from ${sender} to ${host} passes ${answer.slice(1, -1).join(", ") || "nobody"}`;
      expect(answer.at(-1), says).toBe(host);
      const passed = answer.slice(1, -1).map((one) => back.find(({ hosts }) => hosts[0] === one)?.at);
      expect(passed, `${says}, not all of it the chain's`).not.toContain(undefined);
      expect(
        passed.filter((one) => one && isStateful(one)).map((one) => one?.name),
        says,
      ).toEqual(
        between
          .slice(mask, here - 1)
          .reverse()
          .flatMap(({ at }) => (at && isStateful(at) ? [at.name] : [])),
      );
      here = mask;
    }
  }
}
