import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { MachineLike } from "../machine/machine";
import type { NetworkIdentity } from "../network/network";
import { factsOfMachine, identityOf, type MachineFacts, machineFacts, networkIdentity } from "./machine";

/** A cluster of either kind, as another stack needs to know it. */
export interface ClusterFacts {
  /** Its name within its site. */
  readonly name: string;
  /** Networks that each node has a leg in; the first carries the cluster's own traffic. */
  readonly networks: NetworkIdentity[];
  /** Where its API answers: `https://HOST:6443` of Kubernetes, `tcp://HOST:2376` of a Swarm. */
  readonly endpoint: string;
  /** The first one is what the endpoint names: the control plane, or a manager. */
  readonly nodes: MachineFacts[];
}

const text = z.string().min(1);

/** @internal */
export const clusterFacts = z.object({
  name: text,
  networks: z.array(networkIdentity).min(1),
  endpoint: text,
  nodes: z.array(machineFacts).min(1),
});

export function factsOfCluster(cluster: {
  readonly name: string;
  readonly networks: readonly NetworkIdentity[];
  readonly endpoint: pulumi.Input<string>;
  readonly nodes: readonly MachineLike[];
}): pulumi.Output<ClusterFacts> {
  return pulumi.output({
    name: cluster.name,
    networks: cluster.networks.map(identityOf),
    endpoint: cluster.endpoint,
    nodes: pulumi.all(cluster.nodes.map(factsOfMachine)),
  });
}
