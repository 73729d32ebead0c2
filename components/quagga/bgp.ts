import type * as pulumi from "@pulumi/pulumi";
import { Address } from "../network/address";
import { Cidr } from "../network/cidr";
import type { Problems } from "../problem/problem";
import { type Bfd, bfdProfile, checkBfd } from "./bfd";
import {
  block,
  checkPassword,
  checkRedistribution,
  checkRouterId,
  type RouterFacts,
  type RouterNetwork,
  type RouteSource,
  redistributionLines,
} from "./protocol";

/** A router that one speaks BGP with. */
export interface BgpNeighbour {
  /** Its IPv4 address, in a network that both have a leg in. */
  address: string;
  /** The number of its autonomous system: another one's (eBGP), or the router's own (iBGP). */
  asNumber: number;
  /** What both prove themselves by (TCP MD5, RFC 2385), at most 80 characters. Kept as a secret. @default none */
  password?: pulumi.Input<string>;
  /** Whether both watch each other by BFD. @default what the router's `bgp.bfd` says */
  bfd?: boolean;
}

/** BGP version 4 (RFC 4271), for IPv4 unicast. Every route that a neighbour tells is taken, and every one is told: there is no policy. */
export interface Bgp {
  /** The number of the router's autonomous system, from 1 to 4294967294. @example 65001 */
  asNumber: number;
  /** What neighbours know it by, written as an IPv4 address. @default its node's address in the first of its networks */
  routerId?: string;
  /** Whom it speaks with, at least one. */
  neighbours: readonly BgpNeighbour[];
  /** What it tells them of, in CIDR notation: networks of its own, or destinations of its `routes`. @default all its networks */
  networks?: readonly string[];
  /** Seconds between two signs of life. @default a third of holdSeconds */
  keepaliveSeconds?: number;
  /** Seconds without one after which a neighbour is gone. @default 180 */
  holdSeconds?: number;
  /** Routes of others that it passes on. @default none */
  redistribute?: readonly RouteSource[];
  /** Whether neighbours watch each other by BFD. @default false */
  bfd?: boolean | Bfd;
}

/** The same, checked. */
export interface CheckedBgp extends Omit<Bgp, "networks"> {
  readonly networks: readonly string[];
}

/** Numbers of autonomous systems that no router has, and why. */
const NO_AUTONOMOUS_SYSTEM: Readonly<Record<number, string>> = {
  23456: "stands for longer numbers (RFC 6793)",
  65535: "is reserved (RFC 7300)",
};

function requireAsNumber(problems: Problems, name: string, asNumber: number): void {
  if (!problems.requireWhole(name, asNumber, 1, 2 ** 32 - 2)) return;
  const why = NO_AUTONOMOUS_SYSTEM[asNumber];
  problems.require(
    why === undefined,
    `${name} is ${asNumber}, which ${why}: take a private one, from 64512 to 65534 (RFC 6996)`,
  );
}

/** What a router is told of BGP, checked; what is wrong goes to `problems`. */
export function checkBgp(problems: Problems, bgp: Bgp, facts: RouterFacts): CheckedBgp {
  const { neighbours, holdSeconds = 180, ...rest } = bgp;
  const { networks = facts.networks.map(({ cidr }) => cidr), keepaliveSeconds = Math.floor(holdSeconds / 3) } = bgp;
  requireAsNumber(problems, "bgp.asNumber", bgp.asNumber);
  checkRouterId(problems, "bgp", bgp.routerId);
  problems.require(neighbours.length > 0, "bgp.neighbours is empty: name a neighbour, for BGP finds none by itself");
  const checked = neighbours.map((neighbour, at): BgpNeighbour => {
    const { asNumber } = neighbour;
    const address = problems.gather(() => Address.parse(neighbour.address));
    const name = `bgp.neighbours: ${neighbour.address}`;
    if (address) {
      problems.require(
        neighbours.findIndex((one) => one.address === neighbour.address) === at,
        `bgp.neighbours names ${neighbour.address} twice: name each neighbour once`,
      );
      problems.require(
        facts.networks.some(({ cidr }) => Cidr.parse(cidr).admits(address)),
        `the BGP neighbour ${address} is in none of the router's networks (${facts.networks.map(({ cidr }) => cidr).join(", ")}): name one in a network that both have a leg in`,
      );
      problems.require(
        !facts.addresses.includes(neighbour.address),
        `the BGP neighbour ${address} is the router itself: name another router`,
      );
    }
    requireAsNumber(problems, `the asNumber of the BGP neighbour ${neighbour.address}`, asNumber);
    problems.require(
      neighbour.bfd === undefined || typeof neighbour.bfd === "boolean",
      `the bfd of the BGP neighbour ${neighbour.address} must be true or false; its timers are those of bgp.bfd`,
    );
    const password = checkPassword(
      problems,
      `${name}: password`,
      neighbour.password,
      80,
      "TCP's MD5 signature (RFC 2385)",
    );
    return { ...neighbour, ...(password === undefined ? {} : { password }), bfd: neighbour.bfd ?? Boolean(bgp.bfd) };
  });
  for (const [at, network] of networks.entries()) {
    const cidr = problems.gather(() => Cidr.parseDestination(network));
    problems.require(networks.indexOf(network) === at, `bgp.networks names ${network} twice: name each network once`);
    const own = [...facts.networks.map((one) => one.cidr), ...facts.destinations];
    problems.require(
      !cidr || own.includes(network),
      `bgp.networks names ${network}, which the router has no route to (it has: ${own.join(", ")}): FRR would tell nobody; add a route, or leave it out`,
    );
  }
  const timed = [
    problems.requireWhole("bgp.holdSeconds", holdSeconds, 3, 65535, "seconds"),
    bgp.keepaliveSeconds === undefined ||
      problems.requireWhole("bgp.keepaliveSeconds", bgp.keepaliveSeconds, 1, 65535, "seconds"),
  ].every(Boolean);
  problems.require(
    !timed || 3 * keepaliveSeconds <= holdSeconds,
    `bgp.holdSeconds is ${holdSeconds} and bgp.keepaliveSeconds is ${keepaliveSeconds}: hold at least three times as long, so that a lost one does no harm`,
  );
  checkRedistribution(problems, "bgp", bgp.redistribute, facts);
  checkBfd(problems, "bgp.bfd", bgp.bfd);
  return { ...rest, neighbours: checked, networks, keepaliveSeconds, holdSeconds };
}

/** Whether one of its neighbours is watched by BFD. */
export const watches = ({ neighbours }: Pick<CheckedBgp, "neighbours">): boolean =>
  neighbours.some(({ bfd }) => bfd === true);

/** FRR's lines for BGP; what is FRR's own default is not said, since FRR does not say it either. */
export function bgpLines(bgp: pulumi.Unwrap<CheckedBgp>, networks: readonly RouterNetwork[]): string[] {
  const { asNumber, neighbours, keepaliveSeconds, holdSeconds } = bgp;
  const timers =
    keepaliveSeconds === 60 && holdSeconds === 180 ? [] : [`timers bgp ${keepaliveSeconds} ${holdSeconds}`];
  return [
    ...block(`router bgp ${asNumber}`, [
      `bgp router-id ${bgp.routerId ?? networks[0]?.address}`,
      // Else FRR, as RFC 8212 asks, tells other systems nothing until a policy says what.
      "no bgp ebgp-requires-policy",
      ...timers,
      ...neighbours.flatMap(({ address, asNumber: other, password, bfd }) => [
        `neighbor ${address} remote-as ${other}`,
        ...(password === undefined ? [] : [`neighbor ${address} password ${password}`]),
        ...(bfd ? [`neighbor ${address} bfd`] : []),
        ...(bfd && typeof bgp.bfd === "object" ? [`neighbor ${address} bfd profile bgp`] : []),
        // A neighbour that was away is tried again after these seconds; FRR waits 120.
        `neighbor ${address} timers connect 10`,
      ]),
      "address-family ipv4 unicast",
      ...[
        ...bgp.networks.map((network) => `network ${network}`),
        ...redistributionLines(bgp.redistribute),
        // Of one's own system, nobody but the router itself knows the way to another system's next hop.
        ...neighbours
          .filter((neighbour) => neighbour.asNumber === asNumber)
          .map(({ address }) => `neighbor ${address} next-hop-self`),
      ].map((line) => ` ${line}`),
      "exit-address-family",
    ]),
    ...bfdProfile("bgp", bgp.bfd),
  ];
}
