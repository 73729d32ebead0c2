import type * as pulumi from "@pulumi/pulumi";
import { listOf, NETWORKS, objectWith, optional, requireProperties } from "../problem/arguments";
import type { Problems } from "../problem/problem";
import { type Bgp, bgpLines, type CheckedBgp, checkBgp, watches } from "./bgp";
import { type CheckedOspf, checkOspf, type Ospf, ospfLines } from "./ospf";
import { networksRouteMap, type RouterFacts, type RouterNetwork, SOURCES } from "./protocol";
import { type CheckedRip, checkRip, type Rip, ripLines } from "./rip";

/** The protocols that a router learns routes by, and tells its own. */
export interface RoutingProtocols {
  /** OSPF version 2 with the neighbours that it finds. @default none */
  ospf?: Ospf;
  /** RIP version 2 with the neighbours that it finds. @default none */
  rip?: Rip;
  /** BGP with the neighbours that are named. @default none */
  bgp?: Bgp;
}

/** The same, checked. */
export interface CheckedProtocols {
  readonly ospf?: CheckedOspf;
  readonly rip?: CheckedRip;
  readonly bgp?: CheckedBgp;
}

/** Refuses what is no description of a protocol. @throws InvalidInput naming each of them */
export function requireProtocols(subject: string, args: RoutingProtocols): void {
  const protocol = optional(objectWith("an object, such as {}"));
  requireProperties(subject, args, { ospf: protocol, rip: protocol, bgp: protocol });
  const { ospf, rip, bgp } = args;
  if (ospf)
    requireProperties(`${subject}: ospf`, ospf, {
      areas: optional(listOf("a list of {area, networks}", "area")),
      passive: optional(NETWORKS),
      redistribute: optional(SOURCES),
    });
  for (const { networks } of ospf?.areas ?? [])
    requireProperties(`${subject}: ospf.areas`, { networks }, { networks: optional(NETWORKS) });
  if (rip)
    requireProperties(`${subject}: rip`, rip, {
      networks: optional(NETWORKS),
      passive: optional(NETWORKS),
      redistribute: optional(SOURCES),
    });
  if (bgp)
    requireProperties(`${subject}: bgp`, bgp, {
      neighbours: listOf("a list of {address, asNumber}", "address", "asNumber"),
      networks: optional(listOf("a list of ranges")),
      redistribute: optional(SOURCES),
    });
}

/** What a router is told of protocols, checked; what is wrong goes to `problems`. */
export function checkProtocols(
  problems: Problems,
  { ospf, rip, bgp }: RoutingProtocols,
  known: Omit<RouterFacts, "protocols">,
): CheckedProtocols {
  const spoken = { ospf, rip, bgp };
  const protocols = (["ospf", "rip", "bgp"] as const).filter((name) => spoken[name] !== undefined);
  const facts = { ...known, protocols };
  return {
    ...(ospf ? { ospf: checkOspf(problems, ospf, facts) } : {}),
    ...(rip ? { rip: checkRip(problems, rip, facts) } : {}),
    ...(bgp ? { bgp: checkBgp(problems, bgp, facts) } : {}),
  };
}

/** FRR's daemons that these protocols need, beside those for static routes. */
export function daemonsOf({ ospf, rip, bgp }: CheckedProtocols): string[] {
  return [
    ...(ospf ? ["ospfd"] : []),
    ...(rip ? ["ripd"] : []),
    ...(bgp ? ["bgpd"] : []),
    ...(ospf?.bfd || (bgp && watches(bgp)) ? ["bfdd"] : []),
  ];
}

/** FRR's own lines for all of a router's protocols: what follows the static routes in its frr.conf. */
export function protocolLines(
  { ospf, rip, bgp }: pulumi.Unwrap<CheckedProtocols>,
  networks: readonly RouterNetwork[],
): string {
  const passesConnected = [ospf, rip, bgp].some((one) => one?.redistribute?.includes("connected"));
  return [
    ...(passesConnected ? networksRouteMap(networks) : []),
    ...(ospf ? ospfLines(ospf, networks) : []),
    ...(rip ? ripLines(rip, networks) : []),
    ...(bgp ? bgpLines(bgp, networks) : []),
  ].join("\n");
}
