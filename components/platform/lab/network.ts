import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Cidr } from "../../network/cidr";
import type { NetworkArgs, NetworkLike } from "../../network/network";

/** A Docker bridge network. Its first address belongs to the machine that carries the lab. */
export class LabNetwork extends pulumi.ComponentResource implements NetworkLike {
  public readonly cidr: string;
  public readonly ref: pulumi.Output<string>;

  constructor(
    public readonly name: string,
    args: NetworkArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("hybrid-vnf:lab:Network", name, args, opts);
    this.cidr = args.cidr;
    const network = new docker.Network(
      `${name}-network`,
      {
        name: `hybrid-vnf-${args.site}-${name}`,
        driver: "bridge",
        ipamConfigs: [{ subnet: args.cidr, gateway: Cidr.parse(args.cidr).host(1).toString() }],
        labels: [{ label: "hybrid-vnf.site", value: args.site }],
      },
      { parent: this, deleteBeforeReplace: true },
    );
    this.ref = network.name;
    this.registerOutputs({ ref: this.ref });
  }
}
