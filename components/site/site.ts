import * as pulumi from "@pulumi/pulumi";
import { Cidr } from "../network/cidr";
import { type NetworkLike, requireDisjoint } from "../network/network";
import type { Platform } from "../platform/platform";
import { Problems } from "../problem/problem";
import { type KeyPair, SshKey } from "../ssh/key";

/** A site, made here or read from a contract. */
export interface SiteLike {
  /** Its name, part of the name of everything in it. */
  readonly name: string;
  readonly platform: Platform;
  /** The network that clusters and network functions reach each other over. */
  readonly transit: NetworkLike;
  /** The key that opens every machine of the site. */
  readonly key: KeyPair;
}

export interface SiteArgs {
  /** Where its machines and networks come from. */
  platform: Platform;
  /** Range of the transit network. @example "10.100.101.0/24" */
  transit: string;
  /** Its name outside; two sites on one platform need two. @default the component's name */
  name?: string;
}

/** The ground that everything stands on: a platform, the transit network and the key to its machines. */
export class Site extends pulumi.ComponentResource implements SiteLike {
  public readonly name: string;
  public readonly platform: Platform;
  public readonly transit: NetworkLike;
  public readonly key: KeyPair;

  constructor(name: string, args: SiteArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:site:Site", name, { transit: args.transit }, opts);
    const problems = new Problems(`Site "${name}"`);
    this.name = args.name ?? name;
    problems.require(
      /^[a-z][a-z0-9-]{0,30}$/.test(this.name),
      `the name "${this.name}" can't be used: take a lower-case letter, then up to 30 lower-case letters, digits or dashes`,
    );
    problems.attempt(() => Cidr.parse(args.transit));
    problems.done();
    this.platform = args.platform;
    const key = new SshKey(`${name}-key`, { parent: this });
    this.key = args.platform.admit?.(`${name}-key`, key, { parent: this }) ?? key;
    this.transit = args.platform.network("transit", { site: this.name, cidr: args.transit }, { parent: this });
    this.registerOutputs({ transit: args.transit });
  }

  /** A further network of the site. @throws InvalidInput when its range is malformed or overlaps transit. */
  network(name: string, cidr: string): NetworkLike {
    requireDisjoint(`Site "${this.name}"`, [{ name, cidr }, this.transit]);
    return this.platform.network(name, { site: this.name, cidr }, { parent: this });
  }
}
