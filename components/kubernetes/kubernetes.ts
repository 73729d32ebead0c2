import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { InnerRange, MachineLike } from "../machine/machine";
import type { NetworkIdentity } from "../network/network";
import { A_TEXT, MACHINES, NETWORKS, requireProperties, subjectOf } from "../problem/arguments";
import type { CpuManagerPolicy, TopologyManagerPolicy } from "./policies";

/** A Kubernetes cluster, made here or read from a contract. */
export interface KubernetesLike {
  /** Its name within its site. */
  readonly name: string;
  /** Networks that each node has a leg in; the first carries the cluster's own traffic. */
  readonly networks: readonly NetworkIdentity[];
  /** Its nodes; the first one carries the control plane. */
  readonly nodes: readonly MachineLike[];
  /** Range of its pods' addresses, in CIDR notation. @default unknown */
  readonly podCidr?: string;
  /** Range of its services' addresses, in CIDR notation. @default unknown */
  readonly serviceCidr?: string;
  /** Where its API answers: `https://HOST:6443`. */
  readonly endpoint: pulumi.Input<string>;
  /** Administrator's kubeconfig (secret); its bytes stay the same as long as the cluster lives. */
  readonly kubeconfig: pulumi.Input<string>;
  /** The provider of what runs on it, one for all. */
  readonly provider: kubernetes.Provider;
  /** How its pods get their network. @default unknown */
  readonly cni?: string;
  /** Networks that see its pods by their own addresses, and reach them by routes. @default none: pods go out in their node's name */
  readonly routedTo?: readonly NetworkIdentity[];
  /** Known once its pods can be given further interfaces. @default they can't: it was made without `attachments` */
  readonly attachments?: pulumi.Input<unknown>;
  /** Known once these can get addresses that no other node gives away. @default they can't: it was made without `whereabouts` */
  readonly whereabouts?: pulumi.Input<unknown>;
  /** How its kubelets hand out processors. @default unknown */
  readonly cpuManagerPolicy?: CpuManagerPolicy;
  /** What its kubelets make of NUMA nodes. @default unknown */
  readonly topologyManagerPolicy?: TopologyManagerPolicy;
  /** Ranges of its pods and services, which no network may overlap. @default unknown */
  readonly ranges?: readonly Pick<NetworkIdentity, "name" | "cidr">[];
}

/** The provider of a cluster's workloads. An update that was cut off may have left some behind: it takes them over rather than stumble over them. */
export function workloadProvider(
  name: string,
  kubeconfig: pulumi.Input<string>,
  opts?: pulumi.ResourceOptions,
): kubernetes.Provider {
  return new kubernetes.Provider(name, { kubeconfig, upsertExistingObjects: true, enablePatchForce: true }, opts);
}

/** What each node of a cluster has within itself. */
export function innerRangesOf({
  name,
  podCidr,
  serviceCidr,
}: Pick<KubernetesLike, "name" | "podCidr" | "serviceCidr">): readonly InnerRange[] {
  return [
    ...(podCidr === undefined ? [] : [{ name: `the pods of ${name}`, cidr: podCidr }]),
    ...(serviceCidr === undefined ? [] : [{ name: `the services of ${name}`, cidr: serviceCidr }]),
  ];
}

/** A cluster that another program made, as its contract tells of it. */
export class DeployedKubernetes implements KubernetesLike {
  private made?: kubernetes.Provider;
  public readonly name: string;
  public readonly networks: readonly NetworkIdentity[];
  public readonly nodes: readonly MachineLike[];
  public readonly podCidr?: string;
  public readonly serviceCidr?: string;
  public readonly endpoint: pulumi.Input<string>;
  public readonly kubeconfig: pulumi.Input<string>;
  public readonly ranges?: KubernetesLike["ranges"];
  public readonly attachments?: pulumi.Input<unknown>;
  public readonly whereabouts?: pulumi.Input<unknown>;
  public readonly cni?: string;
  public readonly routedTo?: readonly NetworkIdentity[];

  /**
   * A cluster that another program made; its provider is made in this one.
   * @param logicalName begins the name of that provider
   * @example
   * const { name, networks, nodes, endpoint } = k8s;
   * const kubeconfig = new pulumi.Config().requireSecret("kubeconfig");
   * const theirs = new vnf.DeployedKubernetes("theirs", { name, networks, nodes, endpoint, kubeconfig });
   */
  constructor(
    private readonly logicalName: string,
    facts: Omit<KubernetesLike, "provider">,
  ) {
    requireProperties(subjectOf("Kubernetes", logicalName), facts, {
      name: A_TEXT,
      networks: NETWORKS,
      nodes: MACHINES,
    });
    this.name = facts.name;
    this.networks = facts.networks;
    const innerRanges = innerRangesOf(facts);
    this.nodes = facts.nodes.map((node) => ({ ...node, innerRanges }));
    this.podCidr = facts.podCidr;
    this.serviceCidr = facts.serviceCidr;
    this.endpoint = facts.endpoint;
    this.kubeconfig = facts.kubeconfig;
    this.ranges = facts.ranges;
    this.attachments = facts.attachments;
    this.whereabouts = facts.whereabouts;
    this.cni = facts.cni;
    this.routedTo = facts.routedTo;
  }

  get provider(): kubernetes.Provider {
    this.made ??= workloadProvider(`${this.logicalName}-provider`, this.kubeconfig);
    return this.made;
  }
}
