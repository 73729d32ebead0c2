import type * as pulumi from "@pulumi/pulumi";
import type { NetworkIdentity } from "../network/network";
import type { Problems } from "../problem/problem";
import { type Bfd, bfdProfile, checkBfd } from "./bfd";
import {
  block,
  checkNetworks,
  checkPassword,
  checkRedistribution,
  checkRouterId,
  type RouterFacts,
  type RouterNetwork,
  type RouteSource,
  redistributionLines,
} from "./protocol";

/** A part of an OSPF domain whose routers know each other's links. */
export interface OspfArea {
  /** Its number; 0 is the backbone, which all others are joined by. @example 0 */
  area: number;
  /** Networks of the router that are in it. @default all that are in no other area */
  networks?: readonly NetworkIdentity[];
}

/** OSPF version 2 (RFC 2328). Defaults are FRR's. */
export interface Ospf {
  /** What other routers know it by, written as an IPv4 address. @default its node's address in the first of its networks */
  routerId?: string;
  /** Which of its networks are in which area. @default all are in area 0 */
  areas?: readonly OspfArea[];
  /** Networks that it tells others of, and looks for no neighbour in. @default none */
  passive?: readonly NetworkIdentity[];
  /** What it costs to send a packet into one of its networks: of two ways, the cheaper one is taken. @default by the interface's speed */
  cost?: number;
  /** Seconds between two hellos; the same at all neighbours. @default 10 */
  helloSeconds?: number;
  /** Seconds without a hello after which a neighbour is gone; the same at all neighbours. @default four times helloSeconds */
  deadSeconds?: number;
  /** Routes of others that it passes on. @default none */
  redistribute?: readonly RouteSource[];
  /** What neighbours prove themselves by (MD5, RFC 2328 D.4.3), at most 16 characters. Kept as a secret. @default none: any neighbour is believed */
  password?: pulumi.Input<string>;
  /** Whether neighbours watch each other by BFD. @default false */
  bfd?: boolean | Bfd;
}

/** The same, checked. */
export interface CheckedOspf extends Omit<Ospf, "areas" | "passive"> {
  /** The area of each network, by its identity. */
  readonly areaOf: Readonly<Record<string, number>>;
  readonly passiveIn: readonly string[];
}

/** What a router is told of OSPF, checked; what is wrong goes to `problems`. */
export function checkOspf(problems: Problems, ospf: Ospf, facts: RouterFacts): CheckedOspf {
  const { areas = [{ area: 0 }], passive = [], helloSeconds = 10, deadSeconds = 4 * helloSeconds, ...rest } = ospf;
  checkRouterId(problems, "ospf", ospf.routerId);
  problems.require(areas.length > 0, "ospf.areas is empty: name an area, or leave it out");
  const open = areas.filter((one) => one.networks === undefined);
  problems.require(
    open.length < 2,
    `ospf.areas has ${open.length} areas without networks: name the networks of all but one`,
  );
  const areaOf: Record<string, number> = {};
  for (const [at, { area, networks }] of areas.entries()) {
    if (!problems.requireWhole(`ospf.areas: area number ${at + 1}`, area, 0, 2 ** 32 - 1)) continue;
    problems.require(
      areas.findIndex((one) => one.area === area) === at,
      `ospf.areas names area ${area} twice: name all its networks at once`,
    );
    problems.require(
      networks === undefined || networks.length > 0,
      `area ${area} has no network: name one, or leave it out`,
    );
    checkNetworks(problems, `area ${area}`, networks, facts.networks);
    for (const { id } of new Set(networks)) {
      const other = areaOf[id];
      problems.require(
        other === undefined || other === area,
        `network "${id}" is in area ${other} and in area ${area}: a network is in one`,
      );
      areaOf[id] = area;
    }
  }
  for (const { area } of open) for (const { id } of facts.networks) areaOf[id] ??= area;
  checkNetworks(
    problems,
    "ospf.passive",
    passive,
    facts.networks.filter(({ id }) => areaOf[id] !== undefined || areas.length === 0),
  );
  if (ospf.cost !== undefined) problems.requireWhole("ospf.cost", ospf.cost, 1, 65535);
  const timed = [
    problems.requireWhole("ospf.helloSeconds", helloSeconds, 1, 65535, "seconds"),
    ospf.deadSeconds === undefined || problems.requireWhole("ospf.deadSeconds", ospf.deadSeconds, 1, 65535, "seconds"),
  ].every(Boolean);
  problems.require(
    !timed || deadSeconds > helloSeconds,
    `ospf.deadSeconds is ${deadSeconds} and ospf.helloSeconds is ${helloSeconds}: every neighbour would be gone before its next hello; take at least three times as long`,
  );
  checkRedistribution(problems, "ospf", ospf.redistribute, facts);
  checkBfd(problems, "ospf.bfd", ospf.bfd);
  const password = checkPassword(problems, "ospf.password", ospf.password, 16, "OSPF's MD5 authentication (RFC 2328)");
  return { ...rest, helloSeconds, deadSeconds, password, areaOf, passiveIn: passive.map(({ id }) => id) };
}

/** FRR's lines for OSPF; what is FRR's own default is not said, since FRR does not say it either. */
export function ospfLines(ospf: pulumi.Unwrap<CheckedOspf>, networks: readonly RouterNetwork[]): string[] {
  const { areaOf, passiveIn, cost, helloSeconds = 10, deadSeconds = 40, password, bfd } = ospf;
  const interfaces = networks.flatMap(({ network, interface: name }) => {
    const area = areaOf[network];
    if (area === undefined) return [];
    return block(`interface ${name}`, [
      `ip ospf area ${area}`,
      ...(password === undefined
        ? []
        : ["ip ospf authentication message-digest", `ip ospf message-digest-key 1 md5 ${password}`]),
      ...(bfd ? ["ip ospf bfd"] : []),
      ...(typeof bfd === "object" ? ["ip ospf bfd profile ospf"] : []),
      ...(cost === undefined ? [] : [`ip ospf cost ${cost}`]),
      ...(deadSeconds === 40 ? [] : [`ip ospf dead-interval ${deadSeconds}`]),
      ...(helloSeconds === 10 ? [] : [`ip ospf hello-interval ${helloSeconds}`]),
      ...(passiveIn.includes(network) ? ["ip ospf passive"] : []),
    ]);
  });
  return [
    ...interfaces,
    ...block("router ospf", [
      `ospf router-id ${ospf.routerId ?? networks[0]?.address}`,
      ...redistributionLines(ospf.redistribute),
    ]),
    ...bfdProfile("ospf", bfd),
  ];
}
