import * as pulumi from "@pulumi/pulumi";
import { Address } from "../network/address";
import type { NetworkIdentity } from "../network/network";
import type { Expectation } from "../problem/arguments";
import { describe } from "../problem/describe";
import type { Problems } from "../problem/problem";

/** Where the routes that a protocol passes on come from. */
export const ROUTE_SOURCES = ["connected", "static", "ospf", "rip", "bgp"] as const;
/** `connected`: the router's own networks; `static`: its `routes`; else what it has learnt by another protocol. */
export type RouteSource = (typeof ROUTE_SOURCES)[number];

/** A list of them; which one is none is told by itself. */
export const SOURCES: Expectation = {
  what: 'a list, such as ["connected", "static"]',
  holds: (value) => Array.isArray(value),
};

/** A routing protocol by its name in FRR. */
export type ProtocolName = "ospf" | "rip" | "bgp";

/** A network of a router, as FRR is told of it. */
export interface RouterNetwork {
  readonly network: string;
  readonly cidr: string;
  readonly address: string;
  readonly interface: string;
}

/** What a protocol is checked against. */
export interface RouterFacts {
  /** The networks that it forwards between. */
  readonly networks: readonly NetworkIdentity[];
  /** Its node's addresses in them. */
  readonly addresses: readonly string[];
  /** Where its static routes lead, in CIDR notation. */
  readonly destinations: readonly string[];
  /** The protocols that it speaks. */
  readonly protocols: readonly ProtocolName[];
}

/** The names of networks, as a part of a sentence. */
const named = (networks: readonly NetworkIdentity[]): string =>
  networks.map((network) => `"${network.id}"`).join(", ") || "none";

/** Notes networks that a router does not forward between, and those that are named twice. */
export function checkNetworks(
  problems: Problems,
  name: string,
  networks: readonly NetworkIdentity[] | undefined,
  among: readonly NetworkIdentity[],
): void {
  const ids = networks?.map((network) => network.id) ?? [];
  for (const [at, id] of ids.entries()) {
    problems.require(ids.indexOf(id) === at, `${name} names network "${id}" twice: name each once`);
    problems.require(
      among.some((network) => network.id === id),
      `${name} names network "${id}", which is none of the router's there (${named(among)}): leave it out, or let the router forward there`,
    );
  }
}

/** Notes what cannot be passed on by a protocol. */
export function checkRedistribution(
  problems: Problems,
  own: ProtocolName,
  sources: readonly RouteSource[] = [],
  { protocols }: RouterFacts,
): void {
  for (const [at, source] of sources.entries()) {
    const known = problems.require(
      ROUTE_SOURCES.includes(source),
      `${own}.redistribute has ${describe(source)}: it must be one of ${ROUTE_SOURCES.filter((one) => one !== own)
        .map((one) => `"${one}"`)
        .join(", ")}`,
    );
    if (!known) continue;
    problems.require(sources.indexOf(source) === at, `${own}.redistribute has "${source}" twice: name each once`);
    if (source === "connected" || source === "static") continue;
    problems.require(
      source !== own && protocols.includes(source),
      source === own
        ? `${own}.redistribute has "${own}" itself, whose routes it passes on anyway: leave it out`
        : `${own}.redistribute has "${source}", which the router does not speak: leave it out, or give it ${source}`,
    );
  }
}

/** Notes a router ID that is none: it is written as an IPv4 address, and no other router has it. */
export function checkRouterId(problems: Problems, own: ProtocolName, routerId: string | undefined): void {
  if (routerId === undefined) return;
  const address = problems.gather(() => Address.parse(routerId));
  problems.require(
    address === undefined || address.value !== 0,
    `${own}.routerId is ${routerId}, which stands for none: take one that no other router has, such as its address`,
  );
}

/** A password, checked, as a secret: text without blanks, since FRR reads it as one word. Its value is told nowhere. */
export function checkPassword(
  problems: Problems,
  name: string,
  password: pulumi.Input<string> | undefined,
  most: number,
  why: string,
): pulumi.Output<string> | undefined {
  const checked = problems.checked<string>(password, (found, known) => {
    if (
      !found.require(
        typeof known === "string" && known !== "",
        `${name} is no text: it must be 1 to ${most} characters`,
      )
    )
      return;
    found.require(known.length <= most, `${name} has ${known.length} characters: ${why} takes at most ${most}`);
    found.require(
      /^[!-~]*$/.test(known) && !/^[!#]/.test(known),
      `${name} has a character that FRR can't be told: take letters, digits and signs of ASCII without blanks, neither ! nor # first`,
    );
  });
  return checked === undefined ? undefined : pulumi.secret(checked);
}

/** Lines that have FRR pass routes on; of its node's networks those that the router forwards between alone, not its pods'. */
export function redistributionLines(sources: readonly RouteSource[] = []): string[] {
  return sources.map((source) => `redistribute ${source}${source === "connected" ? " route-map networks" : ""}`);
}

/** What `redistribute connected` passes on. */
export function networksRouteMap(networks: readonly RouterNetwork[]): string[] {
  return [
    ...networks.map(({ cidr }, at) => `ip prefix-list networks seq ${5 * (at + 1)} permit ${cidr}`),
    "route-map networks permit 10",
    " match ip address prefix-list networks",
    "exit",
  ];
}

/** A block of FRR's configuration. */
export const block = (head: string, lines: readonly string[]): string[] => [
  head,
  ...lines.map((line) => ` ${line}`),
  "exit",
];
