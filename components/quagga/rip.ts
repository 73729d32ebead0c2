import type * as pulumi from "@pulumi/pulumi";
import type { NetworkIdentity } from "../network/network";
import type { Problems } from "../problem/problem";
import {
  block,
  checkNetworks,
  checkPassword,
  checkRedistribution,
  type RouterFacts,
  type RouterNetwork,
  type RouteSource,
  redistributionLines,
} from "./protocol";

/** RIP version 2 (RFC 2453). Defaults are FRR's. */
export interface Rip {
  /** Networks of the router that it tells others of, and finds neighbours in. @default all */
  networks?: readonly NetworkIdentity[];
  /** Those of them that it looks for no neighbour in. @default none */
  passive?: readonly NetworkIdentity[];
  /** Seconds between two updates. @default 30 */
  updateSeconds?: number;
  /** Seconds after which a route that nobody tells of any more is gone. @default six times updateSeconds */
  timeoutSeconds?: number;
  /** Seconds in which neighbours are told that it is gone. @default four times updateSeconds */
  garbageSeconds?: number;
  /** Routes of others that it passes on. @default none */
  redistribute?: readonly RouteSource[];
  /** What neighbours prove themselves by (MD5, RFC 2082), at most 16 characters. Kept as a secret. @default none: any neighbour is believed */
  password?: pulumi.Input<string>;
  /** Not to be had: FRR 8.4, which the image has, watches no neighbour of RIP by BFD. @default none */
  bfd?: never;
}

/** The same, checked. */
export interface CheckedRip extends Omit<Rip, "networks" | "passive"> {
  readonly networkIds: readonly string[];
  readonly passiveIn: readonly string[];
}

/** What a router is told of RIP, checked; what is wrong goes to `problems`. */
export function checkRip(problems: Problems, rip: Rip, facts: RouterFacts): CheckedRip {
  const { networks = facts.networks, passive = [], updateSeconds = 30, ...rest } = rip;
  const { timeoutSeconds = 6 * updateSeconds, garbageSeconds = 4 * updateSeconds } = rip;
  problems.require(networks.length > 0, "rip.networks is empty: name a network, or leave it out");
  checkNetworks(problems, "rip.networks", networks, facts.networks);
  checkNetworks(
    problems,
    "rip.passive",
    passive,
    facts.networks.filter(({ id }) => networks.length === 0 || networks.some((one) => one.id === id)),
  );
  const timed = Object.entries({
    updateSeconds,
    timeoutSeconds: rip.timeoutSeconds,
    garbageSeconds: rip.garbageSeconds,
  }).map(
    ([name, seconds]) => seconds === undefined || problems.requireWhole(`rip.${name}`, seconds, 5, 65535, "seconds"),
  );
  problems.require(
    !timed.every(Boolean) || timeoutSeconds > updateSeconds,
    `rip.timeoutSeconds is ${timeoutSeconds} and rip.updateSeconds is ${updateSeconds}: every route would be gone before its next update; take at least three times as long`,
  );
  problems.require(
    !("bfd" in rip) || rip.bfd === false || rip.bfd === undefined,
    "rip.bfd is set, and FRR 8.4, which the image has, watches no neighbour of RIP by BFD: leave it out, take shorter timers, or OSPF or BGP",
  );
  checkRedistribution(problems, "rip", rip.redistribute, facts);
  const password = checkPassword(problems, "rip.password", rip.password, 16, "RIP's MD5 authentication (RFC 2082)");
  return {
    ...rest,
    updateSeconds,
    timeoutSeconds,
    garbageSeconds,
    password,
    networkIds: networks.map(({ id }) => id),
    passiveIn: passive.map(({ id }) => id),
  };
}

/** FRR's lines for RIP; what is FRR's own default is not said, since FRR does not say it either. */
export function ripLines(rip: pulumi.Unwrap<CheckedRip>, networks: readonly RouterNetwork[]): string[] {
  const { updateSeconds, timeoutSeconds, garbageSeconds, password } = rip;
  const own = networks.filter(({ network }) => rip.networkIds.includes(network));
  const timers = `${updateSeconds} ${timeoutSeconds} ${garbageSeconds}`;
  const passive = own.filter(({ network }) => rip.passiveIn.includes(network));
  return [
    ...(password === undefined ? [] : ["key chain rip", " key 1", `  key-string ${password}`, " exit", "exit"]),
    ...(password === undefined
      ? []
      : own.flatMap((one) =>
          block(`interface ${one.interface}`, [
            "ip rip authentication key-chain rip",
            "ip rip authentication mode md5",
          ]),
        )),
    ...block("router rip", [
      ...own.map((one) => `network ${one.interface}`),
      ...passive.map((one) => `passive-interface ${one.interface}`),
      ...redistributionLines(rip.redistribute),
      ...(timers === "30 180 120" ? [] : [`timers basic ${timers}`]),
      "version 2",
    ]),
  ];
}
