import * as pulumi from "@pulumi/pulumi";
import type { SwarmLayerLike } from "../contracts/swarm";
import type { MachineLike } from "../machine/machine";
import { A_SITE_NETWORK, requireArguments, subjectOf } from "../problem/arguments";
import { Problems } from "../problem/problem";
import { Machine } from "../site/machine";
import { Network, type SiteNetwork } from "../site/network";
import { SwarmCluster } from "../swarm/cluster";

/** The settings of stacks/swarm, and the network that the layer stands on. */
export interface SwarmLayerArgs {
  /** The network between the clusters. */
  transit: SiteNetwork;
  /** Range of the clients' network, in CIDR notation. @default "10.100.100.0/24" */
  clientsCidr?: string;
  /** How many managers: an odd number, from 1. @default 1 */
  managerCount?: number;
  /** How many worker nodes, from 0. @default 0 */
  workerCount?: number;
}

/**
 * The swarm layer: the clients' network with a client on it, and a cluster with one leg on transit and one beside the clients.
 * @throws InvalidInput with everything that is wrong with its input
 * @example
 * const { cluster, clients, client } = new vnf.SwarmLayer("swarm", { transit: site.transit, managerCount: 3 });
 */
export class SwarmLayer extends pulumi.ComponentResource implements SwarmLayerLike {
  public readonly cluster: SwarmCluster;
  public readonly clients: Network;
  public readonly client: MachineLike;

  constructor(name: string, args: SwarmLayerArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("SwarmLayer", name), args, "SwarmLayerArgs", { transit: A_SITE_NETWORK });
    const { transit, clientsCidr = "10.100.100.0/24", managerCount, workerCount } = args;
    super("hybrid-vnf:layers:SwarmLayer", name, { transit: transit.id, clientsCidr, managerCount, workerCount }, opts);
    const { site } = transit;
    const child = { parent: this };
    const problems = new Problems(`SwarmLayer "${name}"`);
    this.clients = problems.make(
      () => new Network(`${name}-clients`, { site, cidr: clientsCidr, role: "clients" }, child),
    );
    this.cluster = problems.make(
      () =>
        new SwarmCluster(
          `${name}-cluster`,
          { networks: [transit, this.clients], managerCount, workerCount, machineName: "swarm" },
          child,
        ),
    );
    this.client = problems.make(
      () =>
        new Machine(
          `${name}-client`,
          { networks: [this.clients], role: "client", host: 100, hostname: "client" },
          child,
        ),
    );
    this.registerOutputs({ endpoint: this.cluster.endpoint });
  }
}
