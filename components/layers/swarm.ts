import * as pulumi from "@pulumi/pulumi";
import { Client } from "../client/client";
import type { SwarmSide } from "../contracts/swarm";
import type { MachineLike } from "../machine/machine";
import { type NetworkLike, requireDisjoint } from "../network/network";
import type { SiteLike } from "../site/site";
import { SwarmCluster } from "../swarm/cluster";

export interface SwarmLayerArgs {
  site: SiteLike;
  /** Range of the clients' network. @default "10.100.100.0/24" */
  clients?: string;
  /** How many managers. @default 1 */
  managers?: number;
  /** How many nodes only work. @default 0 */
  workers?: number;
}

/** The swarm layer: the clients' network with a client on it, and a cluster with one leg on transit and one beside the clients. */
export class SwarmLayer extends pulumi.ComponentResource implements SwarmSide {
  public readonly cluster: SwarmCluster;
  public readonly network: NetworkLike;
  public readonly client: MachineLike;

  constructor(name: string, args: SwarmLayerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:layers:SwarmLayer", name, {}, opts);
    const { site } = args;
    const clients = { name: "clients", cidr: args.clients ?? "10.100.100.0/24" };
    requireDisjoint(`SwarmLayer "${name}"`, [clients, site.transit]);
    this.network = site.platform.network(clients.name, { site: site.name, cidr: clients.cidr }, { parent: this });
    this.cluster = new SwarmCluster(
      "swarm",
      { site, networks: [site.transit, this.network], managers: args.managers, workers: args.workers },
      { parent: this },
    );
    this.client = new Client("client", { site, network: this.network }, { parent: this }).machine;
    this.registerOutputs({});
  }
}
