import * as pulumi from "@pulumi/pulumi";
import type { KeyPair } from "../machine/access";
import { AddressPlan } from "../network/plan";
import type { Platform } from "../platform/platform";
import { A_PLATFORM, A_RANGE, requireArguments, subjectOf } from "../problem/arguments";
import { Problems } from "../problem/problem";
import { SshKey } from "../ssh/key";
import { Network } from "./network";
import type { SiteLike } from "./site-like";

/** Where a site is, and the range of its transit network. */
export interface SiteArgs {
  /** Where its machines and networks come from. @example vnf.lab() */
  platform: Platform;
  /** IPv4 range of the transit network, in CIDR notation. @example "10.100.101.0/24" */
  transitCidr: string;
  /** Its name on the platform; two sites on one platform need two. @default the component's name */
  siteName?: string;
}

/**
 * A place for machines: a platform, a transit network that clusters and network functions reach each other over, and the key to all machines.
 * @throws InvalidInput with everything that is wrong with its name and range
 * @example
 * const site = new vnf.Site("edge", { platform: vnf.lab(), transitCidr: "10.110.101.0/24" });
 * const clients = new vnf.Network("clients", { site, cidr: "10.110.100.0/24" });
 */
export class Site extends pulumi.ComponentResource implements SiteLike {
  public readonly name: string;
  public readonly platform: Platform;
  public readonly key: KeyPair;
  public readonly plan = new AddressPlan();
  /** The network that clusters and network functions reach each other over. */
  public readonly transit: Network;

  constructor(name: string, args: SiteArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("Site", name), args, "SiteArgs", {
      platform: A_PLATFORM,
      transitCidr: A_RANGE,
    });
    super("hybrid-vnf:site:Site", name, { transitCidr: args.transitCidr, siteName: args.siteName }, opts);
    this.name = args.siteName ?? name;
    this.platform = args.platform;
    const problems = new Problems(`Site "${name}"`);
    problems.require(
      !problems.requireName("siteName", this.name) || /^[a-z][a-z0-9-]{0,30}$/.test(this.name),
      `the name "${this.name}" can't be used: take a lower-case letter, then up to 30 lower-case letters, digits or dashes`,
    );
    problems.gather(() => new AddressPlan().addNetwork({ id: "transit", name: "transit", cidr: args.transitCidr }));
    problems.throwIfAny();
    const child = { parent: this };
    const key = new SshKey(`${name}-key`, child);
    this.key = args.platform.authorize?.(`${name}-key`, key, child) ?? key;
    this.transit = problems.make(
      () => new Network(`${name}-transit`, { site: this, cidr: args.transitCidr, role: "transit" }, child),
    );
    this.registerOutputs({ name: this.name, transit: this.transit.id });
  }
}
