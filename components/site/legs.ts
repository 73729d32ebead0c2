import type * as pulumi from "@pulumi/pulumi";
import type { MachineArgs, MachineLike } from "../machine/machine";
import { Cidr } from "../network/cidr";
import type { NetworkIdentity } from "../network/network";
import { platformOfLegs } from "../platform/platform";
import { A_MACHINE, requireProperties } from "../problem/arguments";
import { Problems } from "../problem/problem";
import type { SiteNetwork } from "./network";
import type { SiteLike } from "./site-like";

/** The site that networks of a cluster belong to; notes a cluster without a network, one that is named twice, and networks of several sites. */
export function siteOfNetworks(networks: readonly SiteNetwork[], problems: Problems): SiteLike | undefined {
  const [first] = networks;
  problems.require(first !== undefined, "networks is empty: name at least one, such as the transit network");
  const other = networks.find((network) => network.site.name !== first?.site.name);
  problems.require(
    other === undefined,
    `networks "${first?.id}" and "${other?.id}" are of two sites: machines have their legs in networks of one`,
  );
  const twice = networks.find(({ id }, at) => networks.findIndex((one) => one.id === id) < at);
  const isSound = problems.require(
    twice === undefined,
    `networks names "${twice?.id}" twice: a machine has one leg in each, so name it once`,
  );
  return isSound ? first?.site : undefined;
}

/** Makes a machine on the site's platform. @throws InvalidInput when the platform, such as one of a program's own, makes none */
export function machineOn(
  { platform }: SiteLike,
  name: string,
  args: MachineArgs,
  opts: pulumi.ComponentResourceOptions,
): MachineLike {
  const machine = platform.machine(name, args, opts);
  const asked = `machine("${name}")`;
  requireProperties(`Platform "${platform.kind}"`, { [asked]: machine }, { [asked]: A_MACHINE });
  return machine;
}

/**
 * The legs that a machine is to have, one in each network: the address that its platform knows beforehand, else the one of that number
 * in the network. They are all on one platform. What is wrong goes to `problems`.
 * @param number of its address in each network: 1 is the first that a machine may have
 */
export function planLegs<N extends NetworkIdentity>(
  { platform, plan }: SiteLike,
  hostname: string,
  networks: readonly N[],
  number: number,
  problems: Problems,
): { network: N; address: string }[] {
  problems.gather(() => plan.addMachine(hostname));
  problems.gather(() => platformOfLegs(platform, hostname, networks));
  return networks.flatMap((network) => {
    const address = problems.gather(() => {
      const found = platform.addressOf?.(hostname, network) ?? Cidr.parse(network.cidr).host(number).toString();
      plan.addAddress(network, found, hostname);
      return found;
    });
    return address ? [{ network, address }] : [];
  });
}

/**
 * The legs of machines of one kind, as `planLegs` plans each. What stands against one of them mostly stands against those after it: it is told of the
 * first one, and the others are named.
 * @param numberOf the number of the addresses of the machine in this place, from 0
 */
export function planGroup<N extends NetworkIdentity>(
  site: SiteLike,
  hostnames: readonly string[],
  networks: readonly N[],
  numberOf: (place: number) => number,
  problems: Problems,
): { hostname: string; legs: { network: N; address: string }[] }[] {
  const refused: string[] = [];
  let told: readonly string[] = [];
  const planned = hostnames.map((hostname, place) => {
    const own = new Problems(hostname);
    const legs = planLegs(site, hostname, networks, numberOf(place), own);
    if (own.all.length > 0) {
      if (refused.length === 0) told = own.all;
      refused.push(hostname);
    }
    return { hostname, legs };
  });
  const [, ...others] = refused;
  const named = others.length > 2 ? `${others[0]} and ${others.length - 1} more` : others.join(" and ");
  told.forEach((sentence, at) => {
    const isLast = at === told.length - 1;
    problems.require(false, isLast && named !== "" ? `${sentence}; ${named} can't be planned either` : sentence);
  });
  return planned;
}
