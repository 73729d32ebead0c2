import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ServerGroup } from "../chain/path";
import { DeployedKubernetes, type KubernetesLike } from "../kubernetes/kubernetes";
import type { MachineLike } from "../machine/machine";
import { Contract, type Published, type Read } from "./contract";
import { factsOfMachine, identityOf, machineFacts, machineOf, networkIdentity } from "./machine";

const apacheInfo = z.object({ cidr: z.string().min(1), addresses: z.array(z.string().min(1)).min(1) });
const gateway = z.object({
  /** Its IPv4 address on transit. */
  address: z.string().min(1),
  /** Its IPv4 address beside the servers, where they need a route back. */
  returnAddress: z.string().min(1).optional(),
});
/** What leads from transit to the servers' network where no node of the cluster has a leg in both. */
export type Gateway = z.infer<typeof gateway>;
const facts = z.object({
  apacheInfo,
  servers: z.object({ name: z.string().min(1), network: networkIdentity, machines: z.array(machineFacts).min(1) }),
  gateway: gateway.optional(),
  cluster: z.object({
    name: z.string().min(1),
    networks: z.array(networkIdentity).min(1),
    endpoint: z.string().min(1),
    nodes: z.array(machineFacts).min(1),
  }),
});
const secrets = z.object({ kubeconfig: z.string().min(1), privateKey: z.string().min(1) });
export type KubernetesFacts = z.infer<typeof facts>;
export type KubernetesSecrets = z.infer<typeof secrets>;

/** What the kubernetes stack publishes: the cluster, and the web servers beside it. */
export const kubernetesContract = new Contract<KubernetesFacts, KubernetesSecrets>("kubernetes", 3, facts, secrets);

/** The kubernetes layer, made here or read from its contract. */
export interface KubernetesLayerLike {
  readonly cluster: KubernetesLike;
  /** The web servers, and their IPv4 addresses in the order of their names. */
  readonly servers: ServerGroup & { readonly addresses: readonly string[] };
  readonly gateway?: Gateway;
}

export function publishKubernetes(
  { cluster, servers, gateway }: KubernetesLayerLike,
  privateKey: pulumi.Input<string>,
): Published {
  return kubernetesContract.publish(
    pulumi.output({
      apacheInfo: { cidr: servers.network.cidr, addresses: [...servers.addresses] },
      servers: {
        name: servers.name,
        network: identityOf(servers.network),
        machines: pulumi.all(servers.machines.map(factsOfMachine)),
      },
      ...(gateway ? { gateway } : {}),
      cluster: {
        name: cluster.name,
        networks: cluster.networks.map(identityOf),
        endpoint: cluster.endpoint,
        nodes: pulumi.all(cluster.nodes.map(factsOfMachine)),
      },
    }),
    pulumi.output({ kubeconfig: cluster.kubeconfig, privateKey }),
  );
}

/** The layer that a contract tells of. `name` begins the names of what is made for it here: its provider. */
export function kubernetesLayerOf(
  { facts, secrets }: Read<KubernetesFacts, KubernetesSecrets>,
  name = "kubernetes",
): KubernetesLayerLike {
  const key = secrets.apply((all) => all.privateKey);
  const machines = (all: KubernetesFacts["cluster"]["nodes"]): MachineLike[] => all.map((one) => machineOf(one, key));
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
