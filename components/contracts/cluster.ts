import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { MachineLike } from "../machine/machine";
import type { NetworkIdentity } from "../network/network";
import { factsOfMachine, identityOf, type MachineFacts, machineFacts, networkIdentity, textOrLater } from "./machine";

/** A cluster of either kind, as another stack needs to know it. */
export interface ClusterFacts {
  /** Its name within its site. */
  readonly name: string;
  /** Networks that each node has a leg in; the first carries the cluster's own traffic. */
  readonly networks: NetworkIdentity[];
  /** Of Kubernetes: range of its pods' addresses, in CIDR notation. */
  readonly podCidr?: string;
  /** Of Kubernetes: range of its services' addresses, in CIDR notation. */
  readonly serviceCidr?: string;
  /** Where its API answers: `https://HOST:6443` of Kubernetes, `tcp://HOST:2376` of a Swarm. */
  readonly endpoint: pulumi.Input<string>;
  /** The first one is what the endpoint names: the control plane, or a manager. */
  readonly nodes: MachineFacts[];
  /** Of Kubernetes: how its pods get their network. */
  readonly cni?: string;
  /** Of Kubernetes: networks that reach its pods by routes. @default none */
  readonly routedTo?: NetworkIdentity[];
  /** Of Kubernetes: whether its pods can be given further interfaces. @default false */
  readonly attachments?: boolean;
  /** Of Kubernetes: whether these can get addresses that no other node gives away. @default false */
  readonly whereabouts?: boolean;
  /** Ranges that it gives addresses of to what runs on it, such as pods: no network may overlap them. @default none */
  readonly ranges?: Pick<NetworkIdentity, "name" | "cidr">[];
}

const text = z.string().min(1);

/** @internal */
export const clusterFacts = z.object({
  name: text,
  networks: z.array(networkIdentity).min(1),
  podCidr: text.optional(),
  serviceCidr: text.optional(),
  cni: text.optional(),
  routedTo: z.array(networkIdentity).optional(),
  attachments: z.boolean().optional(),
  whereabouts: z.boolean().optional(),
  endpoint: textOrLater,
  nodes: z.array(machineFacts).min(1),
  ranges: z.array(z.object({ name: text, cidr: text })).optional(),
});

export function factsOfCluster(cluster: {
  readonly name: string;
  readonly networks: readonly NetworkIdentity[];
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly cni?: string;
  readonly routedTo?: readonly NetworkIdentity[];
  readonly attachments?: pulumi.Input<unknown>;
  readonly whereabouts?: pulumi.Input<unknown>;
  readonly endpoint: pulumi.Input<string>;
  readonly nodes: readonly MachineLike[];
  readonly ranges?: readonly Pick<NetworkIdentity, "name" | "cidr">[];
}): ClusterFacts {
  const { podCidr, serviceCidr, cni, routedTo, attachments, whereabouts } = cluster;
  return {
    name: cluster.name,
    networks: cluster.networks.map(identityOf),
    ...(podCidr === undefined ? {} : { podCidr }),
    ...(serviceCidr === undefined ? {} : { serviceCidr }),
    ...(cni === undefined ? {} : { cni }),
    ...(routedTo ? { routedTo: routedTo.map(identityOf) } : {}),
    ...(attachments === undefined || attachments === false ? {} : { attachments: true }),
    ...(whereabouts === undefined || whereabouts === false ? {} : { whereabouts: true }),
    endpoint: cluster.endpoint,
    nodes: cluster.nodes.map(factsOfMachine),
    ...(cluster.ranges ? { ranges: cluster.ranges.map(({ name, cidr }) => ({ name, cidr })) } : {}),
  };
}
