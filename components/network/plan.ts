import { Address } from "./address";
import { Cidr } from "./cidr";
import type { NetworkIdentity } from "./network";

/**
 * The ranges, host names and addresses of a site that this program gives away: no two of them may meet.
 * @example
 * const plan = new vnf.AddressPlan();
 * plan.addNetwork(site.transit);
 * plan.addAddress(site.transit, "10.110.101.10", "k8s-1");
 */
export class AddressPlan {
  private readonly ranges = new Map<string, { readonly name: string; readonly cidr: Cidr }>();
  private readonly inner: { readonly name: string; readonly cidr: Cidr }[] = [];
  private readonly owners = new Map<string, string>();
  private readonly hostnames = new Set<string>();

  /** Plans a network's range. @throws RangeError when the range is malformed, none that machines can have, or overlaps that of another network of the site */
  addNetwork({ id, name, cidr: text }: NetworkIdentity): void {
    const cidr = Cidr.parseUsable(text);
    for (const [other, planned] of this.ranges) {
      if (other === id && planned.cidr.toString() === text) return;
      if (other === id)
        throw new RangeError(
          `the site has a network "${name}" already, ${planned.cidr}: give one of the two another role`,
        );
      if (planned.cidr.overlaps(cidr))
        throw new RangeError(
          `network "${name}" ${cidr} overlaps network "${planned.name}" ${planned.cidr}: give one of them a range of its own`,
        );
    }
    const own = this.inner.find((range) => range.cidr.overlaps(cidr));
    if (own)
      throw new RangeError(
        `network "${name}" ${cidr} overlaps the range of ${own.name}, ${own.cidr}, and would not be reached from there: give one of them a range of its own`,
      );
    this.ranges.set(id, { name, cidr });
  }

  /**
   * The networks that have been planned, by their identities.
   * @internal
   */
  get networks(): ReadonlyMap<string, { readonly name: string; readonly cidr: Cidr }> {
    return this.ranges;
  }

  /**
   * Plans a range that machines have within themselves, such as a cluster's pods: no network planned from here on may have addresses of it.
   * @internal
   */
  addInnerRange({ name, cidr }: { readonly name: string; readonly cidr: string }): void {
    this.inner.push({ name, cidr: Cidr.parseUsable(cidr) });
  }

  /** Plans a machine's name. @throws RangeError when the site has a machine of that name already, or no host can have it */
  addMachine(hostname: string): void {
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(hostname))
      throw new RangeError(
        `"${hostname}" is no host name: take at most 63 lower-case letters, digits and dashes (RFC 1123)`,
      );
    if (this.hostnames.has(hostname))
      throw new RangeError(
        `the site has a machine "${hostname}" already: give one of the two another name (machineName, or hostname of a Machine)`,
      );
    this.hostnames.add(hostname);
  }

  /** Plans a machine's address. @throws RangeError when another machine has it already */
  addAddress(network: NetworkIdentity, address: string, hostname: string): void {
    const key = `${network.id} ${Address.parse(address)}`;
    const owner = this.owners.get(key);
    if (owner !== undefined)
      throw new RangeError(
        `${hostname} would have the address ${address} in network "${network.name}", which ${owner} has: give one of the two another host number`,
      );
    this.owners.set(key, hostname);
  }
}
