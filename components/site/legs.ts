import { Cidr } from "../network/cidr";
import type { NetworkIdentity } from "../network/network";
import { platformOfLegs } from "../platform/platform";
import type { Problems } from "../problem/problem";
import type { SiteNetwork } from "./network";
import type { SiteLike } from "./site-like";

/** The site that networks of a cluster belong to; notes a cluster without a network, and networks of several sites. */
export function siteOfNetworks(networks: readonly SiteNetwork[], problems: Problems): SiteLike | undefined {
  const [first] = networks;
  problems.require(first !== undefined, "networks is empty: name at least one, such as the transit network");
  const other = networks.find((network) => network.site.name !== first?.site.name);
  problems.require(
    other === undefined,
    `networks "${first?.id}" and "${other?.id}" are of two sites: machines have their legs in networks of one`,
  );
  return first?.site;
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
