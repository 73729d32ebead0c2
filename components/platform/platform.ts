import type * as pulumi from "@pulumi/pulumi";
import type { KeyPair } from "../machine/access";
import type { MachineArgs, MachineLike } from "../machine/machine";
import type { NetworkIdentity } from "../network/network";

/** The network that a platform is to make. */
export interface NetworkArgs {
  /** Name of the site that it belongs to; part of its name on the platform. */
  site: string;
  /** Its role within the site, the rest of its name on the platform. @example "transit" */
  role: string;
  /** Its IPv4 range in CIDR notation. */
  cidr: string;
}

/**
 * Where machines and networks come from. A provider of its own is for what no provider of that package is named for: a caller's, on a component
 * or on what that is part of, is never overridden. Nothing outside components/platform/ knows of a particular one.
 */
export interface Platform {
  /** What settings and contracts call it: the name that its PlatformModule is registered under. */
  readonly kind: string;
  /** What another program needs to make machines in the same place: plain data without a secret. The site publishes it, so that it is said once. */
  readonly facts: pulumi.Input<unknown>;
  /** Makes a network. What comes back is what it needs to attach a leg to it (NetworkLike.ref). */
  network(name: string, args: NetworkArgs, opts: pulumi.ComponentResourceOptions): pulumi.Input<string>;
  /** Most bytes of an IPv4 packet (MTU) in a network that it made. @default not known */
  mtuOf?(network: NetworkIdentity): pulumi.Input<number> | undefined;
  /** Makes a machine with these legs that lets the site's key in, or sets up one that is there; `name` begins the names of its resources. */
  machine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): MachineLike;
  /** The platform that carries the site's network of this role. @default this one */
  platformOf?(role: string): Platform;
  /**
   * The address that a machine has in a network, where that is decided before anything is made.
   * @param hostname the machine's name within its site
   * @throws RangeError when it has none there
   */
  addressOf?(hostname: string, network: NetworkIdentity): string | undefined;
  /** The address in a network that no machine of the site, and nobody else's, can have: what carries the platform has it. @default there is none */
  ownAddress?(network: NetworkIdentity): string | undefined;
  /** What keeps machines that it is to make from a server, such as a registry; undefined where nothing does. @default not known beforehand */
  unreachable?(origin: string): Promise<string | undefined>;
  /** Authorizes the site's key on machines that are there already. What comes back is the same key, known once they let it in. */
  authorize?(name: string, key: KeyPair, opts: pulumi.ComponentResourceOptions): KeyPair;
}

/** The platform that a machine with legs in these networks comes from. @throws RangeError when they are on several */
export function platformOfLegs(platform: Platform, hostname: string, networks: readonly NetworkIdentity[]): Platform {
  const carrier = (role: string) => platform.platformOf?.(role) ?? platform;
  const carriers = new Set(networks.map((network) => carrier(network.name)));
  if (carriers.size > 1) {
    const legs = networks.map(({ name }) => `"${name}" on ${carrier(name).kind}`).join(", ");
    throw new RangeError(
      `${hostname} would have legs on ${carriers.size} platforms (${legs}): give it legs on one of them, and reach the other through a gateway`,
    );
  }
  return [...carriers][0] ?? platform;
}
