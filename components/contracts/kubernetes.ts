import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ServerGroup } from "../chain/path";
import { DeployedKubernetes, type KubernetesLike } from "../kubernetes/kubernetes";
import type { MachineLike } from "../machine/machine";
import type { NetworkIdentity } from "../network/network";
import { objectWith, requireArguments } from "../problem/arguments";
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

export interface KubernetesFacts {
  /** Range and addresses of the web servers. */
  readonly apacheInfo: { readonly cidr: string; readonly addresses: string[] };
  readonly servers: {
    readonly name: string;
    readonly network: NetworkIdentity;
    readonly machines: MachineFacts[];
  };
  readonly gateway?: Gateway;
  readonly cluster: ClusterFacts;
}

export interface KubernetesSecrets {
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

/** What the kubernetes stack publishes: the cluster, and the web servers beside it. */
export const kubernetesContract = new Contract<KubernetesFacts, KubernetesSecrets>("kubernetes", 3, facts, secrets);

/** The kubernetes layer, made here or read from its contract. */
export interface KubernetesLayerLike {
  readonly cluster: KubernetesLike;
  /** The web servers, and their IPv4 addresses in the order of their names. */
  readonly servers: ServerGroup & { readonly addresses: readonly string[] };
  readonly gateway?: Gateway;
}

/** What makes a layer of Kubernetes of an object. */
export const A_KUBERNETES_LAYER = {
  cluster: objectWith("a cluster", "networks", "nodes", "kubeconfig"),
  servers: objectWith("a group of servers", "name", "network", "machines", "addresses"),
};

export function publishKubernetes(layer: KubernetesLayerLike, privateKey: pulumi.Input<string>): Published {
  requireArguments("publishKubernetes", layer, A_KUBERNETES_LAYER);
  const { cluster, servers, gateway } = layer;
  return kubernetesContract.publish(
    pulumi.output({
      apacheInfo: { cidr: servers.network.cidr, addresses: [...servers.addresses] },
      servers: {
        name: servers.name,
        network: identityOf(servers.network),
        machines: pulumi.all(servers.machines.map(factsOfMachine)),
      },
      ...(gateway ? { gateway } : {}),
      cluster: factsOfCluster(cluster),
    }),
    pulumi.output({ kubeconfig: cluster.kubeconfig, privateKey }),
  );
}

/** The layer that a contract tells of. `name` begins the names of what is made for it here: its provider. */
export function kubernetesLayerOf(
  read: Read<KubernetesFacts, KubernetesSecrets>,
  name = "kubernetes",
): KubernetesLayerLike {
  requireRead("kubernetesLayerOf", "kubernetes", read, "cluster", "servers");
  const { facts, secrets } = read;
  const key = secrets.apply((all) => all.privateKey);
  const machines = (all: readonly MachineFacts[]): MachineLike[] => all.map((one) => machineOf(one, key));
  return {
    cluster: new DeployedKubernetes(name, {
      ...facts.cluster,
      nodes: machines(facts.cluster.nodes),
      kubeconfig: secrets.apply((all) => all.kubeconfig),
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
