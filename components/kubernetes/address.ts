import * as path from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { ServerGroup } from "../chain/path";
import { providerFrom } from "../function/provider";
import type { MachineLike } from "../machine/machine";
import { Cidr } from "../network/cidr";
import { A_SITE_NETWORK, objectWith, requireArguments, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { Problems } from "../problem/problem";
import { MachineScript } from "../script/script";
import type { SiteNetwork } from "../site/network";
import type { KubernetesLike } from "./kubernetes";

/** Pods that serve alike, such as those of a VirtualMachine. */
export interface PodGroup {
  /** What they are called in the cluster. */
  readonly name: string;
  /** What all of them, and no others, are labelled with in their namespace. */
  readonly labels: Readonly<Record<string, string>>;
  /** The namespace that they are in. @default "default" */
  readonly namespace?: pulumi.Input<string>;
  /** TCP ports that they answer on. */
  readonly ports: readonly number[];
  /** Known once they are at work. @default they are at work already */
  readonly ready?: pulumi.Input<unknown>;
}

/** Which pods serve, and at which address of which network. */
export interface ServiceAddressArgs {
  /** The cluster that the pods run on; its nodes have a leg in the network, and no other leg. */
  cluster: KubernetesLike;
  /** What serves. */
  pods: PodGroup;
  /** The network that they serve in. */
  network: SiteNetwork;
  /** Number of their address in the network. @default 40 */
  host?: number;
  /** Name of the node that has the address, and hands requests to whichever pods are ready. @default the cluster's last one */
  node?: string;
}

/**
 * An address in a network of a site's machines, at which pods serve: a node has it besides its own, and the cluster's proxy leads from there to the
 * pods that are ready, wherever they run. In a chain it is a server like a machine beside it.
 * @throws InvalidInput with everything that is wrong with its input
 * @example
 * const guest = new vnf.VirtualMachine("guest", { cluster: k8s });
 * const address = new vnf.ServiceAddress("guest-address", { cluster: k8s, pods: guest, network: servers });
 * const backends = [...apache.addresses, ...address.addresses];
 * const to = { name: "web", network: servers, machines: [...apache.machines, ...address.machines] };
 */
export class ServiceAddress extends pulumi.ComponentResource implements ServerGroup {
  public readonly name: string;
  public readonly network: SiteNetwork;
  /** The node, as what has this address: a chain's routes back go there. */
  public readonly machines: readonly MachineLike[];
  /** The IPv4 address. */
  public readonly addresses: readonly string[];

  constructor(name: string, args: ServiceAddressArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("ServiceAddress", name), args, "ServiceAddressArgs", {
      cluster: objectWith("a KubernetesCluster, or what a contract tells of one", "nodes", "networks", "kubeconfig"),
      pods: objectWith("pods that serve alike, such as a VirtualMachine", "name", "labels", "ports"),
      network: A_SITE_NETWORK,
    });
    const { cluster, pods, network, host = 40 } = args;
    super("hybrid-vnf:kubernetes:ServiceAddress", name, { pods: pods.name, network: network.id, host }, opts);
    const problems = new Problems(`ServiceAddress "${name}"`);
    const node = args.node === undefined ? cluster.nodes.at(-1) : cluster.nodes.find((one) => one.name === args.node);
    problems.require(
      node !== undefined,
      args.node === undefined
        ? "its cluster has no node"
        : `its cluster ${cluster.name} has no node ${describe(args.node)} (it has: ${cluster.nodes.map((one) => `"${one.name}"`).join(", ")}): name one of those`,
    );
    const leg = node?.legs.find((one) => one.network === network.id);
    const other = node?.legs.find((one) => one.network !== network.id);
    problems.require(
      !node || leg !== undefined,
      `${node?.name} has no leg in network "${network.id}": give the cluster one there`,
    );
    problems.require(
      !leg || other === undefined,
      `${node?.name} has a leg in "${other?.network}" too, so answers could leave by it, past what requests have come by: let the cluster of what serves stand in "${network.id}" only`,
    );
    problems.require(pods.ports.length > 0, `${pods.name} has no port to serve on: name one`);
    const address = problems.requireHost("host", host)
      ? problems.gather(() => {
          const found = Cidr.parse(network.cidr).host(host).toString();
          network.site.plan.addAddress(network, found, pods.name);
          return found;
        })
      : undefined;
    problems.throwIfAny();
    if (!node || !leg || !address) throw new RangeError(`${name}: an address needs a node with a leg in its network`);

    const held = new MachineScript(
      `${name}-node`,
      {
        machine: node,
        file: path.join(__dirname, "address.sh"),
        input: { ADDRESS: `${address}/${Cidr.parse(network.cidr).prefix}`, INTERFACE: leg.interface },
        replaceOnChanges: [address],
      },
      { parent: this },
    );
    const service = new kubernetes.core.v1.Service(
      `${name}-service`,
      {
        metadata: { name: pods.name, namespace: pods.namespace ?? "default", labels: pods.labels },
        spec: {
          selector: pods.labels,
          externalIPs: [address],
          ports: pods.ports.map((port) => ({ name: `tcp-${port}`, port, targetPort: port, protocol: "TCP" })),
        },
      },
      {
        parent: this,
        provider: providerFrom(opts, kubernetes.Provider) ?? cluster.provider,
        deleteBeforeReplace: true,
      },
    );
    // Whoever asks there, such as a chain's balancer, is answered.
    const identity = pulumi
      .all([pulumi.output(node.identity), held.id, service.id, pods.ready])
      .apply(([known]) => known ?? "");
    this.name = pods.name;
    this.network = network;
    this.machines = [{ ...node, name: pods.name, identity, legs: [{ ...leg, address }] }];
    this.addresses = [address];
    this.registerOutputs({ addresses: this.addresses });
  }
}
