import * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "../machine/machine";
import { Cidr } from "../network/cidr";
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
    const address = problems.attempt(() =>
      Cidr.parse(args.network.cidr)
        .host(args.host ?? 100)
        .toString(),
    );
    problems.done();
    const { site } = args;
    this.machine = site.platform.machine(
      name,
      { site: site.name, role: "client", legs: [{ network: args.network, address: address ?? "" }], key: site.key },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
