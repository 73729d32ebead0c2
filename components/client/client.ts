import * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "../machine/machine";
import { planLegs } from "../machine/plan";
import type { NetworkLike } from "../network/network";
import { Problems } from "../problem/problem";
import type { SiteLike } from "../site/site";

export interface ClientArgs {
  site: SiteLike;
  network: NetworkLike;
  /** Number of its address in the network. @default 100 */
  host?: number;
}

/** A machine that uses the service, as a customer would: curl, traceroute and a load generator on it. */
export class Client extends pulumi.ComponentResource {
  public readonly machine: MachineLike;

  constructor(name: string, args: ClientArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:client:Client", name, {}, opts);
    const problems = new Problems(`Client "${name}"`);
    const { site } = args;
    const legs = planLegs(site.platform, name, [args.network], args.host ?? 100, problems);
    problems.done();
    this.machine = site.platform.machine(
      name,
      { site: site.name, role: "client", legs, key: site.key },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
