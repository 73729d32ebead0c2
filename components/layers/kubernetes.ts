import * as pulumi from "@pulumi/pulumi";
import type { KubernetesSide } from "../contracts/kubernetes";
import { type Cni, KubernetesCluster } from "../kubernetes/cluster";
import type { MachineLike } from "../machine/machine";
import type { NetworkLike } from "../network/network";
import { Problems } from "../problem/problem";
import type { SiteLike } from "../site/site";
import { type WebServer, WebServers } from "../webservers/webservers";

export interface KubernetesLayerArgs {
  site: SiteLike;
  /** Range of the web servers' network. @default "10.100.102.0/24" */
  servers?: string;
  /** How many web servers. @default 2 */
  replicas?: number;
  /** What their index.html says; `{name}` stands for the server's name. */
  index?: string;
  /** How many nodes join the one with the control plane. @default 0 */
  workers?: number;
  /** How pods get their network. @default "bridge" for one node, "flannel" for several */
  cni?: Cni;
}

/** Where the servers' addresses begin in the network that they share with the cluster's nodes, and where the workers' do. */
const FIRST_SERVER = 11;
const FIRST_WORKER = 100;

/** The kubernetes layer: web servers on their network, and a cluster with one leg on transit and one beside them. */
export class KubernetesLayer extends pulumi.ComponentResource implements KubernetesSide {
  public readonly cluster: KubernetesCluster;
  public readonly network: NetworkLike;
  public readonly servers: readonly WebServer[];
  public readonly machines: readonly MachineLike[];

  constructor(name: string, args: KubernetesLayerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:layers:KubernetesLayer", name, {}, opts);
    const { site } = args;
    const most = FIRST_WORKER - FIRST_SERVER;
    const problems = new Problems(`KubernetesLayer "${name}"`);
    problems.require(
      (args.replicas ?? 0) <= most || (args.workers ?? 0) === 0,
      `replicas is ${args.replicas} and workers is ${args.workers}: beside workers there is room for ${most} servers; take fewer of them, or no workers`,
    );
    problems.done();
    const web = new WebServers(
      "apache",
      {
        site,
        cidr: args.servers ?? "10.100.102.0/24",
        replicas: args.replicas,
        index: args.index,
        firstHost: FIRST_SERVER,
      },
      { parent: this },
    );
    this.cluster = new KubernetesCluster(
      "kubernetes",
      { site, networks: [site.transit, web.network], workers: args.workers, cni: args.cni, firstWorker: FIRST_WORKER },
      { parent: this },
    );
    this.network = web.network;
    this.servers = web.servers;
    this.machines = web.machines;
    this.registerOutputs({});
  }
}
