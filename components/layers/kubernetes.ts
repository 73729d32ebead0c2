import * as pulumi from "@pulumi/pulumi";
import type { Gateway, KubernetesLayerLike } from "../contracts/kubernetes";
import { KubernetesCluster } from "../kubernetes/cluster";
import type { Cni } from "../kubernetes/cni";
import { Address } from "../network/address";
import { Cidr } from "../network/cidr";
import { networkId } from "../network/network";
import { A_SITE_NETWORK, requireArguments, subjectOf } from "../problem/arguments";
import { Problems } from "../problem/problem";
import { Network, type SiteNetwork } from "../site/network";
import { WebServers } from "../webservers/webservers";

/** The settings of stacks/kubernetes, and the network that the layer stands on. */
export interface KubernetesLayerArgs {
  /** The network between the clusters. */
  transit: SiteNetwork;
  /** Range of the web servers' network, in CIDR notation. @default "10.100.102.0/24" */
  serversCidr?: string;
  /** The gateway to that network: its IPv4 address on transit. Needed where the two are on different platforms. @default none: the cluster's nodes have a leg in both */
  gatewayAddress?: string;
  /** The same gateway's IPv4 address in that network, for the way back. @default none: the servers' default route leads back */
  gatewayReturnAddress?: string;
  /** How many web servers, from 1. @default 2 */
  serverCount?: number;
  /** HTML of their index page; `{name}` stands for the server's name. @default the name in a heading */
  page?: pulumi.Input<string>;
  /** How many nodes join the one with the control plane, from 0. @default 0 */
  workerCount?: number;
  /** How pods get their network. @default "bridge" for one node, "flannel" for several */
  cni?: Cni;
  /** Absolute path of the project's own manifest, for `calico` and `cilium`. @default none */
  cniManifest?: string;
  /** Seconds that a node may take to become ready, and its API to answer. @default 120 */
  readyTimeoutSeconds?: pulumi.Input<number>;
}

/** Where the servers' addresses begin in the network that they share with the cluster's nodes, and where the workers' do. */
const FIRST_SERVER = 11;
const FIRST_WORKER = 100;

/**
 * The kubernetes layer: web servers on their network, and a cluster with one leg on transit and, unless a gateway leads to them, one beside them.
 * @throws InvalidInput with everything that is wrong with its input
 * @example
 * const { cluster, servers } = new vnf.KubernetesLayer("kubernetes", { transit: site.transit, serverCount: 3 });
 */
export class KubernetesLayer extends pulumi.ComponentResource implements KubernetesLayerLike {
  public readonly cluster: KubernetesCluster;
  public readonly servers: WebServers;
  public readonly gateway?: Gateway;

  constructor(name: string, args: KubernetesLayerArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("KubernetesLayer", name), args, "KubernetesLayerArgs", { transit: A_SITE_NETWORK });
    const { transit, serversCidr = "10.100.102.0/24", gatewayAddress, gatewayReturnAddress, ...rest } = args;
    super(
      "hybrid-vnf:layers:KubernetesLayer",
      name,
      { transit: transit.id, serversCidr, gatewayAddress, gatewayReturnAddress, ...rest },
      opts,
    );
    const { site } = transit;
    const { platform } = site;
    const most = FIRST_WORKER - FIRST_SERVER;
    const problems = new Problems(`KubernetesLayer "${name}"`);
    problems.require(
      (args.serverCount ?? 0) <= most || (args.workerCount ?? 0) === 0,
      `serverCount is ${args.serverCount} and workerCount is ${args.workerCount}: beside workers there is room for ${most} servers; take fewer of them, or no workers`,
    );
    problems.require(
      gatewayAddress !== undefined || platform.platformOf?.(transit.name) === platform.platformOf?.("servers"),
      `the servers' network ${serversCidr} and transit ${transit.cidr} are on different platforms: set gatewayAddress to the address on transit that leads to the servers`,
    );
    problems.require(
      gatewayReturnAddress === undefined || gatewayAddress !== undefined,
      `gatewayReturnAddress is ${gatewayReturnAddress}, and there is no gatewayAddress: set both, or neither`,
    );
    requireInside(problems, "gatewayAddress", gatewayAddress, "transit", transit.cidr);
    requireInside(problems, "gatewayReturnAddress", gatewayReturnAddress, "the servers' network", serversCidr);
    const servers = { id: networkId(site.name, "servers"), name: "servers", cidr: serversCidr };
    for (const [key, address, network] of [
      ["gatewayAddress", gatewayAddress, transit],
      ["gatewayReturnAddress", gatewayReturnAddress, servers],
    ] as const)
      problems.require(
        address === undefined || problems.all.length > 0 || platform.ownAddress?.(network) !== address,
        `${key} is ${address}, which belongs to the machine that carries the lab: take the gateway's own address in "${network.name}"`,
      );
    problems.throwIfAny();
    const child = { parent: this };
    const network = problems.make(
      () => new Network(`${name}-servers`, { site, cidr: serversCidr, role: "servers" }, child),
    );
    this.servers = problems.make(
      () =>
        new WebServers(
          `${name}-apache`,
          {
            network,
            serverCount: args.serverCount,
            page: args.page,
            firstHost: FIRST_SERVER,
            machineName: "apache",
          },
          child,
        ),
    );
    this.cluster = problems.make(
      () =>
        new KubernetesCluster(
          `${name}-cluster`,
          {
            ...(gatewayAddress === undefined
              ? { networks: [transit, network] }
              : { networks: [transit], remoteNetworks: [network] }),
            workerCount: args.workerCount,
            cni: args.cni,
            cniManifest: args.cniManifest,
            readyTimeoutSeconds: args.readyTimeoutSeconds,
            firstWorkerHost: FIRST_WORKER,
            machineName: "kubernetes",
          },
          child,
        ),
    );
    if (gatewayAddress !== undefined) this.gateway = { address: gatewayAddress, returnAddress: gatewayReturnAddress };
    this.registerOutputs({ addresses: this.servers.addresses, endpoint: this.cluster.endpoint });
  }
}

function requireInside(problems: Problems, what: string, text: string | undefined, where: string, range: string): void {
  if (text === undefined) return;
  const address = problems.gather(() => Address.parse(text));
  const cidr = problems.gather(() => Cidr.parse(range));
  problems.require(
    !address || !cidr || cidr.admits(address),
    `${what} is ${text}, which is no machine's address in ${where} (${range}): take one in it`,
  );
}
