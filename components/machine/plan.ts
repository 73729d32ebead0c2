import { Cidr } from "../network/cidr";
import type { NetworkLike } from "../network/network";
import { type Platform, platformFor } from "../platform/platform";
import type { Problems } from "../problem/problem";

/**
 * The legs that a machine is to have, one in each network: the address that its platform knows beforehand, else the one of that number
 * in the network. They are all on one platform. What is wrong goes to `problems`.
 */
export function planLegs<N extends Pick<NetworkLike, "name" | "cidr">>(
  platform: Platform,
  machine: string,
  networks: readonly N[],
  number: number,
  problems: Problems,
): { network: N; address: string }[] {
  problems.attempt(() => platformFor(platform, machine, networks));
  return networks.flatMap((network) => {
    const address = problems.attempt(
      () => platform.addressOf?.(machine, network) ?? Cidr.parse(network.cidr).host(number).toString(),
    );
    return address ? [{ network, address }] : [];
  });
}
