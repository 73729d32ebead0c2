import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import type { Rule } from "./access";

export interface OpenStackGroupArgs {
  /** Its name on the cloud. */
  physicalName: string;
  tags: string[];
  rules: readonly Rule[];
  publicKey: pulumi.Input<string>;
  /** Policy of its server group. @default none: its machines run wherever */
  policy?: "soft-anti-affinity" | "anti-affinity";
}

/** What machines of one group share: security group, key pair, and where they run in relation to each other. */
export class OpenStackGroup extends pulumi.ComponentResource {
  public readonly securityGroup: pulumi.Output<string>;
  public readonly keyPair: pulumi.Output<string>;
  public readonly serverGroup?: pulumi.Output<string>;

  constructor(name: string, args: OpenStackGroupArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:openstack:Group", name, { physicalName: args.physicalName, policy: args.policy }, opts);
    const { physicalName, tags } = args;
    const child = { parent: this };
    const access = new openstack.networking.SecGroup(`${name}-access`, { name: physicalName, tags }, child);
    const rules = args.rules.map(
      ({ key, protocol, ports, range }) =>
        new openstack.networking.SecGroupRule(
          `${name}-${key}`,
          {
            securityGroupId: access.id,
            direction: "ingress",
            ethertype: "IPv4",
            protocol,
            ...(ports ? { portRangeMin: ports[0], portRangeMax: ports[1] } : {}),
            remoteIpPrefix: range,
          },
          { ...child, deletedWith: access },
        ),
    );
    // Known once its rules are there: a machine that boots behind half of them would not be reached.
    this.securityGroup = pulumi.all([access.id, ...rules.map((rule) => rule.id)]).apply(([id]) => id as string);
    this.keyPair = new openstack.compute.Keypair(
      `${name}-key-pair`,
      { name: physicalName, publicKey: args.publicKey },
      { ...child, deleteBeforeReplace: true },
    ).name;
    if (args.policy) {
      this.serverGroup = new openstack.compute.ServerGroup(
        `${name}-servers`,
        { name: physicalName, policies: [args.policy] },
        child,
      ).id;
    }
    this.registerOutputs({});
  }
}
