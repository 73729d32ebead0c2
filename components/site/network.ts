import * as pulumi from "@pulumi/pulumi";
import { type NetworkLike, networkId } from "../network/network";
import { A_RANGE, A_SITE, requireArguments, subjectOf } from "../problem/arguments";
import { Problems } from "../problem/problem";
import type { SiteLike } from "./site-like";

/** A network that machines of its site can be made in. */
export interface SiteNetwork extends NetworkLike {
  /** Where those machines are made, with the key that opens them. */
  readonly site: SiteLike;
}

/** A network's place and range. */
export interface NetworkArgs {
  /** The site that it belongs to. */
  site: SiteLike;
  /** Its IPv4 range in CIDR notation. @example "10.100.100.0/24" */
  cidr: string;
  /** What it is within the site, part of its name on the platform; settings of a platform speak of it by this. @default the component's name */
  role?: string;
}

/**
 * A network of a site, which the site's platform makes; machines and network functions get their legs in it.
 * @throws InvalidInput when its range is malformed or overlaps that of another network of the site, or its role is no name
 * @example
 * const servers = new vnf.Network("servers", { site, cidr: "10.110.102.0/24" });
 * const apache = new vnf.WebServers("apache", { network: servers });
 */
export class Network extends pulumi.ComponentResource implements SiteNetwork {
  public readonly id: string;
  public readonly name: string;
  public readonly cidr: string;
  public readonly ref: pulumi.Output<string>;
  public readonly mtu?: pulumi.Input<number>;
  public readonly site: SiteLike;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("Network", name), args, "NetworkArgs", { site: A_SITE, cidr: A_RANGE });
    const { site, cidr, role = name } = args;
    super("hybrid-vnf:site:Network", name, { site: site.name, cidr, role }, opts);
    const problems = new Problems(`Network "${name}"`);
    problems.require(
      !problems.requireName("role", role) || /^[a-z][a-z0-9-]{0,30}$/.test(role),
      `its role is "${role}": take a lower-case letter, then up to 30 lower-case letters, digits or dashes`,
    );
    this.id = networkId(site.name, role);
    this.name = role;
    this.cidr = cidr;
    this.site = site;
    problems.gather(() => site.plan.addNetwork(this));
    problems.throwIfAny();
    this.ref = pulumi.output(site.platform.network(name, { site: site.name, role, cidr }, { parent: this }));
    const mtu = site.platform.mtuOf?.(this);
    if (mtu !== undefined) this.mtu = mtu;
    this.registerOutputs({ id: this.id, cidr: this.cidr, ref: this.ref });
  }
}
