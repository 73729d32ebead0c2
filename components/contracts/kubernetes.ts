import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ServerGroup } from "../chain/path";
import { DeployedKubernetes, type KubernetesLike } from "../kubernetes/kubernetes";
import type { MachineLike } from "../machine/machine";
import type { NetworkIdentity } from "../network/network";
import { objectWith, requireProperties } from "../problem/arguments";
import { type ClusterFacts, clusterFacts, factsOfCluster } from "./cluster";
import { Contract, type Published, type Read, requireRead } from "./contract";
import { factsOfMachine, identityOf, type MachineFacts, machineFacts, machineOf, networkIdentity } from "./machine";

/** What leads from transit to the servers' network where no node of the cluster has a leg in both. */
export interface Gateway {
  /** Its IPv4 address on transit. */
  readonly address: string;
  /** Its IPv4 address beside the servers, where they need a route back. */
  readonly returnAddress?: string;
}

/** What a program on the kubernetes stack builds on: a cluster for routers, and the servers of a chain. */
export interface KubernetesFacts {
  /** Range and addresses of the web servers. */
  readonly apacheInfo: {
    /** Range of the network that they answer in, in CIDR notation. */
    readonly cidr: string;
    /** Their IPv4 addresses, in the order of their names. */
    readonly addresses: string[];
  };
  /** The web servers, without the key that opens them. */
  readonly servers: {
    /** What their host names begin with. */
    readonly name: string;
    /** The network that they answer in. */
    readonly network: NetworkIdentity;
    /** In the order of their names. */
    readonly machines: MachineFacts[];
  };
  /** What leads to the servers; left out where the cluster's nodes have a leg beside them. */
  readonly gateway?: Gateway;
  /** The cluster, without its kubeconfig. */
  readonly cluster: ClusterFacts;
}

/** What opens the cluster, its nodes and the web servers. */
export interface KubernetesSecrets {
  /** The administrator's; its bytes stay the same as long as the cluster lives. */
  readonly kubeconfig: string;
  /** The key that opens the machines. */
  readonly privateKey: string;
}

const text = z.string().min(1);
const facts = z.object({
  apacheInfo: z.object({ cidr: text, addresses: z.array(text).min(1) }),
  servers: z.object({ name: text, network: networkIdentity, machines: z.array(machineFacts).min(1) }),
  gateway: z.object({ address: text, returnAddress: text.optional() }).optional(),
  cluster: clusterFacts,
});
const secrets = z.object({ kubeconfig: text, privateKey: text });

/**
 * What the kubernetes stack publishes: the cluster, and the web servers beside it.
 * @example
 * const read = await vnf.kubernetesContract.read("organization/hybrid-vnf-kubernetes/dev");
 * const { cluster, servers } = vnf.kubernetesLayerOf(read);
 */
export const kubernetesContract = new Contract<KubernetesFacts, KubernetesSecrets>("kubernetes", 3, facts, secrets);

/** The kubernetes layer, made here or read from its contract. */
export interface KubernetesLayerLike {
  /** The first of its networks is transit. */
  readonly cluster: KubernetesLike;
  /** The web servers, and their IPv4 addresses in the order of their names. */
  readonly servers: ServerGroup & {
    /** What a balancer takes for its backends. */
    readonly addresses: readonly string[];
  };
  /** What leads from transit to the servers; left out where the cluster's nodes have a leg beside them. */
  readonly gateway?: Gateway;
}

/** What makes a layer of Kubernetes of an object. */
export const A_KUBERNETES_LAYER = {
  cluster: objectWith("a cluster", "networks", "nodes", "kubeconfig"),
  servers: objectWith("a group of servers", "name", "network", "machines", "addresses"),
};

/**
 * What a program exports for `kubernetesContract` to read.
 * @param privateKey the site's, which opens nodes and servers
 * @example
 * return vnf.publishKubernetes({ cluster: k8s, servers: apache }, site.key.privateKey);
 */
export function publishKubernetes(layer: KubernetesLayerLike, privateKey: pulumi.Input<string>): Published {
  requireProperties("publishKubernetes", layer, A_KUBERNETES_LAYER);
  const { cluster, servers, gateway } = layer;
  return kubernetesContract.publish(
    {
      apacheInfo: { cidr: servers.network.cidr, addresses: [...servers.addresses] },
      servers: {
        name: servers.name,
        network: identityOf(servers.network),
        machines: servers.machines.map(factsOfMachine),
      },
      ...(gateway ? { gateway } : {}),
      cluster: factsOfCluster(cluster),
    },
    { kubeconfig: cluster.kubeconfig, privateKey },
  );
}

/**
 * The layer that a contract tells of.
 * @param name begins the names of what is made for it here: its provider. "kubernetes" unless it is given
 * @example
 * const read = await vnf.kubernetesContract.read("organization/hybrid-vnf-kubernetes/dev");
 * const router = new vnf.QuaggaRouter("second", { cluster: vnf.kubernetesLayerOf(read).cluster });
 */
export function kubernetesLayerOf(
  read: Read<KubernetesFacts, KubernetesSecrets>,
  name = "kubernetes",
): KubernetesLayerLike {
  requireRead("kubernetesLayerOf", "kubernetes", read, "cluster", "servers");
  const { facts, secrets } = read;
  const machines = (all: readonly MachineFacts[]): MachineLike[] =>
    all.map((one) => machineOf(one, secrets.privateKey));
  return {
    cluster: new DeployedKubernetes(name, {
      ...facts.cluster,
      nodes: machines(facts.cluster.nodes),
      kubeconfig: secrets.kubeconfig,
    }),
    servers: {
      name: facts.servers.name,
      network: facts.servers.network,
      machines: machines(facts.servers.machines),
      addresses: facts.apacheInfo.addresses,
    },
    gateway: facts.gateway,
  };
}
