import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { KubernetesLike } from "../kubernetes/cluster";
import type { MachineLike } from "../machine/machine";
import type { NetworkLike } from "../network/network";
import type { WebServer } from "../webservers/webservers";
import { Contract, type Published, type Read } from "./contract";
import { factsOfMachine, factsOfNetwork, machineFacts, machineOf, networkFacts } from "./machine";

const apacheInfo = z.object({
  cidr: z.string().min(1),
  addresses: z.array(z.string().min(1)).min(1),
  servers: z.array(z.object({ name: z.string(), address: z.string() })).min(1),
});
const gateway = z.object({
  /** Its address on transit. */
  nextHop: z.string().min(1),
  /** Its address beside the servers, where they need a route back. */
  back: z.string().min(1).optional(),
});
/** What leads from transit to the servers' network where no node of the cluster has a leg in both. */
export type Gateway = z.infer<typeof gateway>;
const facts = z.object({
  apacheInfo,
  network: networkFacts,
  gateway: gateway.optional(),
  machines: z.array(machineFacts),
  endpoint: z.string().min(1),
  nodes: z.array(machineFacts).min(1),
});
const secrets = z.object({ kubeconfig: z.string().min(1), privateKey: z.string().min(1) });
export type KubernetesFacts = z.infer<typeof facts>;
export type KubernetesSecrets = z.infer<typeof secrets>;

/** What the kubernetes stack publishes: the cluster, and the web servers beside it. */
export const kubernetesContract = new Contract<KubernetesFacts, KubernetesSecrets>("kubernetes", 2, facts, secrets);

/** The kubernetes layer as the service layer sees it. */
export interface KubernetesSide {
  readonly cluster: KubernetesLike & { readonly endpoint: pulumi.Input<string> };
  readonly network: NetworkLike;
  readonly gateway?: Gateway;
  readonly servers: readonly WebServer[];
  readonly machines: readonly MachineLike[];
}

export function publishKubernetes(side: KubernetesSide, privateKey: pulumi.Input<string>): Published {
  return kubernetesContract.publish(
    pulumi.output({
      apacheInfo: {
        cidr: side.network.cidr,
        addresses: side.servers.map((server) => server.address),
        servers: side.servers.map((server) => ({ ...server })),
      },
      network: factsOfNetwork(side.network),
      ...(side.gateway ? { gateway: side.gateway } : {}),
      machines: pulumi.all(side.machines.map(factsOfMachine)),
      endpoint: side.cluster.endpoint,
      nodes: pulumi.all(side.cluster.nodes.map(factsOfMachine)),
    }),
    pulumi.output({ kubeconfig: side.cluster.kubeconfig, privateKey }),
  );
}

export function kubernetesSideOf({ facts, secrets }: Read<KubernetesFacts, KubernetesSecrets>): KubernetesSide {
  const key = secrets.apply((all) => all.privateKey);
  return {
    cluster: {
      nodes: facts.nodes.map((node) => machineOf(node, key)),
      kubeconfig: secrets.apply((all) => all.kubeconfig),
      endpoint: facts.endpoint,
    },
    network: facts.network,
    gateway: facts.gateway,
    servers: facts.apacheInfo.servers,
    machines: facts.machines.map((machine) => machineOf(machine, key)),
  };
}
