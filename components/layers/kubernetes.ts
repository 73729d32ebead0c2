import * as pulumi from "@pulumi/pulumi";
import type { Gateway, KubernetesSide } from "../contracts/kubernetes";
import { type Cni, KubernetesCluster } from "../kubernetes/cluster";
import type { MachineLike } from "../machine/machine";
import { Address } from "../network/address";
import { Cidr } from "../network/cidr";
import type { NetworkLike } from "../network/network";
import { Problems } from "../problem/problem";
import type { SiteLike } from "../site/site";
import { type WebServer, WebServers } from "../webservers/webservers";

export interface KubernetesLayerArgs {
  site: SiteLike;
  /** Range of the web servers' network. @default "10.100.102.0/24" */
  servers?: string;
  /** The gateway to that network: its address on transit. Needed where the two are on different platforms. @default none: the cluster's nodes have a leg in both */
  gateway?: string;
  /** The same gateway's address in that network, for the way back. @default none: the servers' default route leads back */
  back?: string;
  /** How many web servers. @default 2 */
  replicas?: number;
  /** What their index.html says; `{name}` stands for the server's name. */
  index?: string;
  /** How many nodes join the one with the control plane. @default 0 */
  workers?: number;
  /** How pods get their network. @default "bridge" for one node, "flannel" for several */
  cni?: Cni;
  /** Seconds that a node may take to become ready, and its API to answer. @default 120 */
  readyTimeout?: number;
}

/** Where the servers' addresses begin in the network that they share with the cluster's nodes, and where the workers' do. */
const FIRST_SERVER = 11;
const FIRST_WORKER = 100;

/** The kubernetes layer: web servers on their network, and a cluster with one leg on transit and, unless a gateway leads to them, one beside them. */
export class KubernetesLayer extends pulumi.ComponentResource implements KubernetesSide {
  public readonly cluster: KubernetesCluster;
  public readonly network: NetworkLike;
  public readonly gateway?: Gateway;
  public readonly servers: readonly WebServer[];
  public readonly machines: readonly MachineLike[];

  constructor(name: string, args: KubernetesLayerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:layers:KubernetesLayer", name, {}, opts);
    const { site, gateway, back } = args;
    const servers = args.servers ?? "10.100.102.0/24";
    const { transit, platform } = site;
    const most = FIRST_WORKER - FIRST_SERVER;
    const problems = new Problems(`KubernetesLayer "${name}"`);
    problems.require(
      (args.replicas ?? 0) <= most || (args.workers ?? 0) === 0,
      `replicas is ${args.replicas} and workers is ${args.workers}: beside workers there is room for ${most} servers; take fewer of them, or no workers`,
    );
    problems.require(
      gateway !== undefined || platform.of?.(transit.name) === platform.of?.("servers"),
      `the servers' network ${servers} and transit ${transit.cidr} are on different platforms: set gateway to the address on transit that leads to the servers`,
    );
    problems.require(
      back === undefined || gateway !== undefined,
      `back is ${back}, and there is no gateway: set both, or neither`,
    );
    requireInside(problems, "gateway", gateway, "transit", transit.cidr);
    requireInside(problems, "back", back, "the servers' network", servers);
    problems.done();
    const web = new WebServers(
      "apache",
      {
        site,
        cidr: servers,
        replicas: args.replicas,
        index: args.index,
        firstHost: FIRST_SERVER,
      },
      { parent: this },
    );
    this.cluster = new KubernetesCluster(
      "kubernetes",
      {
        site,
        ...(gateway === undefined
          ? { networks: [transit, web.network] }
          : { networks: [transit], beyond: [web.network] }),
        workers: args.workers,
        cni: args.cni,
        readyTimeout: args.readyTimeout,
        firstWorker: FIRST_WORKER,
      },
      { parent: this },
    );
    this.network = web.network;
    if (gateway !== undefined) this.gateway = { nextHop: gateway, ...(back === undefined ? {} : { back }) };
    this.servers = web.servers;
    this.machines = web.machines;
    this.registerOutputs({});
  }
}

function requireInside(problems: Problems, what: string, text: string | undefined, where: string, range: string): void {
  if (text === undefined) return;
  const address = problems.attempt(() => Address.parse(text));
  const cidr = problems.attempt(() => Cidr.parse(range));
  problems.require(
    !address || !cidr || cidr.admits(address),
    `${what} is ${text}, which is no machine's address in ${where} (${range}): take one in it`,
  );
}
