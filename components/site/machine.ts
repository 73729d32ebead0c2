import * as pulumi from "@pulumi/pulumi";
import type { SshAccess } from "../machine/access";
import type { Leg } from "../machine/leg";
import { type MachineLike, ROLES, type Role } from "../machine/machine";
import { requireArguments, SITE_NETWORKS, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { Problems } from "../problem/problem";
import { machineOn, planLegs, siteOfNetworks } from "./legs";
import type { SiteNetwork } from "./network";

/** Where a machine stands, and what it is for. */
export interface MachineArgs {
  /** Networks of one site that it has a leg in; the first one is where SSH reaches it. */
  networks: readonly SiteNetwork[];
  /** What it is for: image, size and access rules go by it. @example "client" */
  role: Role;
  /** Number of its address in each network: 1 is the first that a machine may have. */
  host: number;
  /** Its name within its site. @default the component's name */
  hostname?: string;
}

/**
 * A machine of a site, by itself: a client with curl, traceroute and a load generator on it, or one that a function of your own runs on.
 * @throws InvalidInput with everything that is wrong with its input
 * @example
 * const client = new vnf.Machine("client", { networks: [clients], role: "client", host: 100 });
 * new vnf.ServiceChain("web", { from: clients, clients: [client], functions: [balancer, router], to: apache });
 */
export class Machine extends pulumi.ComponentResource implements MachineLike {
  public readonly id: string;
  public readonly name: string;
  public readonly legs: readonly Leg[];
  public readonly ssh: SshAccess;
  public readonly identity: pulumi.Output<string>;
  public readonly resource?: pulumi.Resource;

  constructor(name: string, args: MachineArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("Machine", name), args, "MachineArgs", { networks: SITE_NETWORKS });
    const { networks, role, host, hostname = name } = args;
    super("hybrid-vnf:site:Machine", name, { networks: networks.map(({ id }) => id), role, host, hostname }, opts);
    const problems = new Problems(`Machine "${name}"`);
    const site = siteOfNetworks(networks, problems);
    problems.require(ROLES.includes(role), `role is ${describe(role)}: it must be one of ${ROLES.join(", ")}`);
    const numbered = [problems.requireHost("host", host), problems.requireName("hostname", hostname)].every(Boolean);
    const legs = site && numbered ? planLegs(site, hostname, networks, host, problems) : [];
    problems.throwIfAny();
    if (!site) throw new RangeError(`${name}: a machine belongs to a site`);
    const made = machineOn(site, name, { site: site.name, hostname, role, legs, key: site.key }, { parent: this });
    this.id = made.id;
    this.name = made.name;
    this.legs = made.legs;
    this.ssh = made.ssh;
    this.identity = pulumi.output(made.identity);
    this.resource = made.resource;
    this.registerOutputs({ id: this.id, identity: this.identity });
  }
}
