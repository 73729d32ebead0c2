import * as path from "node:path";
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type MachineLike, readyAfter } from "../machine/machine";
import { Cidr } from "../network/cidr";
import { requireDisjoint } from "../network/disjoint";
import type { NetworkIdentity } from "../network/network";
import { platformOfLegs } from "../platform/platform";
import { NETWORKS, optional, requireArguments, SITE_NETWORKS, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { InvalidInput, Problems } from "../problem/problem";
import { MachineScript } from "../script/script";
import { machineOn, planGroup, siteOfNetworks } from "../site/legs";
import type { SiteNetwork } from "../site/network";
import { type Cni, isByManifest, requireCni } from "./cni";
import { Flannel } from "./flannel";
import { KubeRouter } from "./kube-router";
import { innerRangesOf, type KubernetesLike, workloadProvider } from "./kubernetes";
import { ManifestNetwork, readNetworkManifest, withoutWay } from "./manifest";
import { Multus } from "./multus";
import {
  CPU_MANAGER_POLICIES,
  type CpuManagerPolicy,
  TOPOLOGY_MANAGER_POLICIES,
  type TopologyManagerPolicy,
} from "./policies";
import { Whereabouts } from "./whereabouts";

/** How many nodes a cluster has, where they stand, and which addresses nodes, pods and services get. */
export interface KubernetesClusterArgs {
  /** Networks of one site that each node has a leg in; the first carries the cluster's own traffic. */
  networks: readonly SiteNetwork[];
  /** Networks that its nodes reach through a gateway: its pods and services stay clear of them too. @default none */
  remoteNetworks?: readonly NetworkIdentity[];
  /** How many nodes join the one with the control plane, from 0. @default 0 */
  workerCount?: number;
  /** How pods get their network. @default "bridge" for one node, "flannel" for several */
  cni?: Cni;
  /** Absolute path of the project's own manifest, of one release, for `calico` and `cilium`: its images are pulled by the nodes. @default none */
  cniManifest?: string;
  /**
   * Networks, of those that its nodes have a leg in or reach through a gateway, that see pods by their own addresses and know routes to them
   * (`PodRoutes`): with `kube-router`, which joins pods without an overlay. @default none: pods go out in their node's name
   */
  routedTo?: readonly NetworkIdentity[];
  /** Whether pods can be given further interfaces, by `NetworkAttachment`: Multus and what it calls are on its nodes then. @default false */
  attachments?: boolean;
  /** Whether attachments can give addresses away on all nodes, each once: whereabouts is on them then, beside `attachments`. @default false */
  whereabouts?: boolean;
  /** How its kubelets hand out processors; with "static" each node keeps at least one for what has none of its own. @default "none" */
  cpuManagerPolicy?: CpuManagerPolicy;
  /** Whether its kubelets keep what a pod has for itself on one NUMA node. @default "none" */
  topologyManagerPolicy?: TopologyManagerPolicy;
  /** Range of the pods' addresses, in CIDR notation. @default "10.244.0.0/16" */
  podCidr?: string;
  /** Range of the services' addresses, in CIDR notation. @default "10.96.0.0/16" */
  serviceCidr?: string;
  /** Number of the control plane's address in each network. @default 10 */
  firstHost?: number;
  /** Number of the first worker's address in each network; the others follow. @default 100 */
  firstWorkerHost?: number;
  /** Seconds that a node may take to become ready, and its API to answer; more on slow machines. @default 120 */
  readyTimeoutSeconds?: pulumi.Input<number>;
  /** What its nodes are called within their site: `NAME-1`, `NAME-2`. @default the component's name */
  machineName?: string;
}

const script = (file: string) => path.join(__dirname, file);

/**
 * A cluster made by kubeadm. A node with legs in two networks would forward between them on its own; here the way between its legs is
 * closed, for pods' own traffic is not, until a router function opens it.
 * @throws InvalidInput with everything that is wrong with its input
 * @example
 * const k8s = new vnf.KubernetesCluster("k8s", { networks: [site.transit, servers], workerCount: 2 });
 * const router = new vnf.QuaggaRouter("quagga", { cluster: k8s });
 */
export class KubernetesCluster extends pulumi.ComponentResource implements KubernetesLike {
  public readonly name: string;
  public readonly podCidr: string;
  public readonly serviceCidr: string;
  public readonly networks: readonly NetworkIdentity[];
  public readonly nodes: readonly MachineLike[];
  public readonly kubeconfig: pulumi.Output<string>;
  public readonly endpoint: pulumi.Output<string>;
  public readonly ranges: readonly Pick<NetworkIdentity, "name" | "cidr">[];
  public readonly attachments?: pulumi.Output<unknown>;
  public readonly whereabouts?: pulumi.Output<unknown>;
  public readonly cni: Cni;
  public readonly routedTo?: readonly NetworkIdentity[];
  public readonly cpuManagerPolicy: CpuManagerPolicy;
  public readonly topologyManagerPolicy: TopologyManagerPolicy;
  private made?: kubernetes.Provider;

  constructor(
    private readonly logicalName: string,
    args: KubernetesClusterArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const name = logicalName;
    requireArguments(subjectOf("KubernetesCluster", name), args, "KubernetesClusterArgs", {
      networks: SITE_NETWORKS,
      routedTo: optional(NETWORKS),
    });
    const { networks, remoteNetworks = [], routedTo = [], workerCount = 0, machineName = name } = args;
    const { cni = workerCount === 0 ? "bridge" : "flannel", firstHost = 10, firstWorkerHost = 100 } = args;
    const { podCidr = "10.244.0.0/16", serviceCidr = "10.96.0.0/16" } = args;
    super(
      "hybrid-vnf:kubernetes:KubernetesCluster",
      name,
      { networks: networks.map((network) => network.id), workerCount, cni, podCidr, serviceCidr, machineName },
      opts,
    );
    const numberOf = (at: number) => (at === 0 ? firstHost : firstWorkerHost + at - 1);

    const problems = new Problems(`KubernetesCluster "${name}"`);
    const counted = [
      problems.requireWhole("workerCount", workerCount, 0, 1000),
      problems.requireHost("firstHost", firstHost),
      problems.requireName("machineName", machineName),
      problems.requireHost("firstWorkerHost", firstWorkerHost),
    ].every(Boolean);
    requireCni(problems, cni, workerCount, args.cniManifest);
    const manifest =
      isByManifest(cni) && typeof args.cniManifest === "string"
        ? readNetworkManifest(problems, cni, args.cniManifest)
        : undefined;
    problems.require(
      routedTo.length === 0 || cni === "kube-router",
      `it is routed to ${routedTo.map((network) => `"${network.name}"`).join(", ")}, and cni ${describe(cni)} ${cni === "bridge" || cni === "flannel" ? "has pods go out in their node's name" : "has that in its own manifest"}: use cni "kube-router", or leave out routedTo`,
    );
    const elsewhere = routedTo.find(({ id }) => ![...networks, ...remoteNetworks].some((network) => network.id === id));
    problems.require(
      elsewhere === undefined,
      `routedTo names "${elsewhere?.id}", which is none of its networks (${[...networks, ...remoteNetworks].map(({ id }) => `"${id}"`).join(", ")}): name one of those, or give it that network`,
    );
    problems.require(
      args.attachments === undefined || typeof args.attachments === "boolean",
      `attachments is ${describe(args.attachments)}: it must be true or false`,
    );
    problems.require(
      args.whereabouts === undefined || typeof args.whereabouts === "boolean",
      `whereabouts is ${describe(args.whereabouts)}: it must be true or false`,
    );
    problems.require(
      args.whereabouts !== true || args.attachments === true,
      "whereabouts gives addresses to attachments, and attachments is not true: set both, or leave it out",
    );
    const { cpuManagerPolicy, topologyManagerPolicy } = args;
    const oneOf = (all: readonly string[]) => all.map((one) => `"${one}"`).join(" or ");
    problems.require(
      cpuManagerPolicy === undefined || CPU_MANAGER_POLICIES.includes(cpuManagerPolicy),
      `cpuManagerPolicy is ${describe(cpuManagerPolicy)}: it must be ${oneOf(CPU_MANAGER_POLICIES)}`,
    );
    problems.require(
      topologyManagerPolicy === undefined || TOPOLOGY_MANAGER_POLICIES.includes(topologyManagerPolicy),
      `topologyManagerPolicy is ${describe(topologyManagerPolicy)}: it must be ${oneOf(TOPOLOGY_MANAGER_POLICIES)}`,
    );
    const timeout = problems.requireSeconds("readyTimeoutSeconds", args.readyTimeoutSeconds);
    const site = siteOfNetworks(networks, problems);
    this.ranges = [
      { name: "pods", cidr: podCidr },
      { name: "services", cidr: serviceCidr },
    ];
    const others = [...(site?.plan.networks ?? [])]
      .filter(([id]) => ![...networks, ...remoteNetworks].some((network) => network.id === id))
      .map(([, { name: other, cidr }]) => ({ name: other, cidr: String(cidr) }));
    problems.gather(() => requireDisjoint(name, [...new Set(networks), ...remoteNetworks, ...others, ...this.ranges]));
    const pods = problems.gather(() => Cidr.parseUsable(podCidr));
    const services = problems.gather(() => Cidr.parseUsable(serviceCidr));
    problems.require(!pods || pods.prefix <= 24, `podCidr is ${podCidr}: it must be a range of /8 to /24`);
    problems.require(
      !services || (services.prefix >= 12 && services.prefix <= 24),
      `serviceCidr is ${serviceCidr}: it must be a range of /12 to /24`,
    );
    // The control plane gives each node a /24 of it.
    problems.require(
      !pods || pods.prefix > 24 || !(workerCount >= 2 ** (24 - pods.prefix)),
      `podCidr is ${podCidr}, which holds ${2 ** (24 - (pods?.prefix ?? 24))} nodes of a /24 each, and workerCount is ${workerCount}: take a larger range, or fewer workers`,
    );
    const hostnames = Array.from({ length: counted ? workerCount + 1 : 0 }, (_, at) => `${machineName}-${at + 1}`);
    const planned = site ? planGroup(site, hostnames, networks, numberOf, problems) : [];
    const plan = planned.map((one, at) => ({ ...one, name: `${name}-${at + 1}` }));
    problems.throwIfAny();
    if (!site) throw new RangeError(`${name}: a cluster belongs to a site`);
    const innerRanges = innerRangesOf({ name: machineName, podCidr, serviceCidr });
    for (const range of innerRanges) site.plan.addInnerRange(range);

    this.name = machineName;
    this.podCidr = podCidr;
    this.serviceCidr = serviceCidr;
    this.cni = cni;
    this.cpuManagerPolicy = cpuManagerPolicy ?? "none";
    this.topologyManagerPolicy = topologyManagerPolicy ?? "none";
    if (routedTo.length > 0) this.routedTo = routedTo.map(({ id, name: role, cidr }) => ({ id, name: role, cidr }));
    this.networks = networks.map(({ id, name: role, cidr }) => ({ id, name: role, cidr }));
    const group = { name, role: machineName };
    const logicalOf = new Map<MachineLike, string>();

    const limit: Record<string, pulumi.Input<string>> = timeout === undefined
      ? {}
      : { READY_TIMEOUT: pulumi.output(timeout).apply(String) };
    // Known once the way to the images is: what is made of it is not made where there is none.
    const key = manifest
      ? {
          ...site.key,
          publicKey: pulumi
            .all([site.key.publicKey, withoutWay(manifest, cni, platformOfLegs(site.platform, machineName, networks))])
            .apply(([known, against]) => {
              if (against.length > 0) throw new InvalidInput(`KubernetesCluster "${name}"`, against);
              return known;
            }),
        }
      : site.key;
    const prepared = new Map<MachineLike, pulumi.CustomResource>();
    const machines = plan.map(({ name: node, hostname, legs }) => {
      const machine = machineOn(
        site,
        node,
        { site: site.name, hostname, role: "kubernetes", legs, key, group },
        { parent: this },
      );
      const interfaces = pulumi.all(machine.legs.map((leg) => leg.interface));
      new MachineScript(
        `${node}-legs-filter`,
        {
          machine,
          file: script("legs-filter.sh"),
          input: { LEGS: interfaces.apply((all) => all.join(" ")) },
        },
        { parent: this },
      );
      const ready = new MachineScript(
        `${node}-node`,
        {
          machine,
          file: script("node.sh"),
          input: {
            ADDRESS: legs[0]?.address ?? "",
            CNI: manifest ? "manifest" : cni,
            POD_CIDR: podCidr,
            ...(cpuManagerPolicy === undefined ? {} : { CPU_MANAGER_POLICY: cpuManagerPolicy }),
            ...(topologyManagerPolicy === undefined ? {} : { TOPOLOGY_MANAGER_POLICY: topologyManagerPolicy }),
          },
        },
        { parent: this },
      );
      prepared.set(machine, ready);
      if (manifest)
        prepared.set(
          machine,
          new MachineScript(
            `${node}-images`,
            {
              machine,
              file: script("pull.sh"),
              input: { IMAGES: manifest.images.join(" "), CNI: cni, ...limit },
              undo: false,
            },
            { parent: this, dependsOn: ready },
          ),
        );
      logicalOf.set(machine, node);
      return machine;
    });
    const after = (machine: MachineLike) => [prepared.get(machine)].filter((one) => one !== undefined);
    const [control, ...joining] = machines;
    const address = plan[0]?.legs[0]?.address;
    if (!control || !address) throw new RangeError(`${name}: a cluster has at least one node`);
    const apiHost = control.ssh.host;
    this.endpoint = pulumi.interpolate`https://${apiHost}:6443`;

    const init = new MachineScript(
      `${name}-1-control-plane`,
      {
        machine: control,
        file: script("control-plane.sh"),
        input: {
          ADVERTISE_ADDRESS: address,
          SANS: apiHost,
          NODE_NAME: control.name,
          POD_CIDR: podCidr,
          SERVICE_CIDR: serviceCidr,
          CNI: manifest ? "manifest" : cni,
          SINGLE_NODE: String(workerCount === 0),
          ...limit,
        },
        replaceOnChanges: [address, podCidr, serviceCidr, cni],
      },
      { parent: this, dependsOn: after(control) },
    );
    const admin = new MachineScript(
      `${name}-kubeconfig`,
      {
        machine: control,
        file: script("kubeconfig.sh"),
        input: { ADDRESS: apiHost },
        secretOutput: true,
        undo: false,
        replaceOnChanges: [init.id],
      },
      { parent: this },
    );
    this.kubeconfig = pulumi.secret(admin.stdout);

    const joins = new Map<MachineLike, pulumi.CustomResource>();
    for (const node of joining) {
      const logical = logicalOf.get(node) ?? node.name;
      const ticket = new MachineScript(
        `${logical}-join-command`,
        {
          machine: { ...control, identity: pulumi.interpolate`${control.identity} ${node.identity}` },
          file: script("join-command.sh"),
          input: { NODE_NAME: node.name },
          secretOutput: true,
          replaceOnChanges: [init.id],
        },
        { parent: this },
      );
      const join = new MachineScript(
        `${logical}-join`,
        {
          machine: node,
          file: script("worker.sh"),
          input: {
            NODE_NAME: node.name,
            JOIN_COMMAND: pulumi.secret(ticket.stdout),
            ...limit,
          },
          replaceOnChanges: [init.id],
        },
        { parent: this, dependsOn: after(node) },
      );
      joins.set(node, join);
    }
    this.nodes = machines.map((machine) => ({
      ...readyAfter(machine, joins.get(machine) ?? init),
      runtimeIdentity: readyAfter(machine, ...after(machine)).identity,
      innerRanges,
    }));
    if (cni === "flannel") {
      new Flannel(
        `${name}-flannel`,
        { podCidr, apiAddress: address, deletedWith: control.resource },
        { parent: this, providers: [this.provider] },
      );
    }
    if (manifest) {
      new ManifestNetwork(
        `${name}-${cni}`,
        { objects: manifest.objects, deletedWith: control.resource },
        { parent: this, providers: [this.provider] },
      );
    }
    if (cni === "kube-router") {
      new KubeRouter(
        `${name}-kube-router`,
        {
          nodes: machines.map((machine) => readyAfter(machine, ...after(machine))),
          podCidr,
          serviceCidr,
          apiAddress: address,
          routedTo: routedTo.map((network) => network.cidr),
          deletedWith: control.resource,
        },
        { parent: this, providers: [this.provider] },
      );
    }
    if (args.attachments) {
      this.attachments = new Multus(
        `${name}-multus`,
        { nodes: this.nodes, deletedWith: control.resource },
        { parent: this, providers: [this.provider] },
      ).ready;
    }
    if (args.whereabouts) {
      this.whereabouts = new Whereabouts(
        `${name}-whereabouts`,
        { control, nodes: this.nodes, deletedWith: control.resource },
        { parent: this, providers: [this.provider] },
      ).ready;
    }
    this.registerOutputs({ endpoint: this.endpoint, kubeconfig: this.kubeconfig });
  }

  get provider(): kubernetes.Provider {
    this.made ??= workloadProvider(`${this.logicalName}-provider`, this.kubeconfig, { parent: this });
    return this.made;
  }
}
