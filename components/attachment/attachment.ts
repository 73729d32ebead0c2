import * as path from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { claim } from "../function/claims";
import { providerFrom } from "../function/provider";
import type { KubernetesLike } from "../kubernetes/kubernetes";
import { requireOutside } from "../machine/inner";
import { legIn } from "../machine/leg";
import type { MachineLike } from "../machine/machine";
import { Address } from "../network/address";
import { Cidr } from "../network/cidr";
import type { NetworkIdentity } from "../network/network";
import { A_NETWORK, objectWith, optional, requireArguments, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { Problems } from "../problem/problem";
import { scriptOn } from "../script/script";
import type { SiteNetwork } from "../site/network";
import {
  ATTACHMENT_IPAMS,
  ATTACHMENT_PLUGINS,
  type AttachmentIpam,
  type AttachmentPlugin,
  cniConfiguration,
  MODES,
} from "./configuration";

/** Which network pods of a cluster get an interface in, and by what. */
export interface NetworkAttachmentArgs {
  /** The cluster, made with `attachments: true`. */
  cluster: KubernetesLike;
  /** The network that pods get an interface in; each node has a leg there. @default none: `cidr` says the range */
  network?: NetworkIdentity;
  /** What gives them the interface. @default "macvlan" */
  plugin?: AttachmentPlugin;
  /** Range of a network that is no Network, in CIDR notation: that of a `bridge`, or what is behind `interface`. @default that of `network` */
  cidr?: string;
  /** What the nodes call the interface that leads to `cidr`. @default the node's leg in `network` */
  interface?: string;
  /** How frames pass between pods' interfaces that are on the same one of the node's: of macvlan "bridge", "private", "vepa" or "passthru", of ipvlan "l2", "l3" or "l3s". @default "bridge", "l2" */
  mode?: string;
  /** What the nodes call the bridge. @default "br-" and the attachment's name, as far as 15 characters reach */
  bridge?: string;
  /** The 802.1Q VLAN that a bridge or a virtual function has its packets in. @default none */
  vlan?: number;
  /** The largest packet, in bytes; not of `host-device` and `sriov`. @default that of the node's interface */
  mtu?: number;
  /** The pool that the SR-IOV operator has on the nodes. @default none: `sriov` needs it @example "intel.com/fast" */
  resourceName?: string;
  /** What gives an interface its address. @default "static": the pod asks for it */
  ipam?: AttachmentIpam;
  /** Number of the first address that `host-local` or `whereabouts` gives away. @default none: these need it */
  firstHost?: number;
  /** Number of the last address that these give away. @default none: these need it */
  lastHost?: number;
  /** What it is called in the cluster. @default the component's name */
  attachmentName?: string;
}

/** The plugins that make an interface on one of the node's, or take it. */
const ON_AN_INTERFACE: readonly AttachmentPlugin[] = ["macvlan", "ipvlan", "host-device", "sriov"];
/** Those of which a pod gets the device itself. */
const AS_IT_IS: readonly AttachmentPlugin[] = ["host-device", "sriov"];
/** Names of interfaces (linux/if.h: IFNAMSIZ). */
const INTERFACE = /^[A-Za-z0-9_.-]{1,15}$/;
const listed = (all: readonly string[]) => all.map((one) => `"${one}"`).join(", ");

/**
 * A network that pods of a cluster can have an interface in beside the cluster's own: a NetworkAttachmentDefinition, which Multus reads. Each
 * node is asked beforehand whether its kernel and hardware have what it takes.
 * @throws InvalidInput with everything that is wrong with its input
 * @example
 * const cluster = new vnf.KubernetesCluster("nodes", { networks: [site.transit, servers], attachments: true });
 * const onTransit = new vnf.NetworkAttachment("on-transit", { cluster, network: site.transit });
 * const onServers = new vnf.NetworkAttachment("on-servers", { cluster, network: servers, plugin: "macvlan" });
 */
export class NetworkAttachment extends pulumi.ComponentResource {
  /** What it is called in the cluster. */
  public readonly name: string;
  /** The cluster whose pods can have it. */
  public readonly cluster: KubernetesLike;
  /** The network that its interfaces are in. */
  public readonly network: NetworkIdentity & Partial<Pick<SiteNetwork, "site">>;
  /** What gives them the interface. */
  public readonly plugin: AttachmentPlugin;
  /** What gives an interface its address. */
  public readonly ipam: AttachmentIpam;
  /** The nodes whose pods can have it: all of the cluster's. */
  public readonly nodes: readonly MachineLike[];
  /** The CNI configuration. */
  public readonly configuration: pulumi.Output<string>;
  /** Known once pods can ask for it. */
  public readonly ready: pulumi.Output<unknown>;

  constructor(name: string, args: NetworkAttachmentArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("NetworkAttachment", name), args, "NetworkAttachmentArgs", {
      cluster: objectWith("a KubernetesCluster, or what a contract tells of one", "nodes", "networks", "kubeconfig"),
      network: optional(A_NETWORK),
    });
    const { cluster, network, plugin = "macvlan", ipam = "static", attachmentName = name, mtu, vlan } = args;
    const { mode = MODES[plugin]?.[0] } = args;
    super(
      "hybrid-vnf:attachment:NetworkAttachment",
      name,
      { network: network?.id ?? args.cidr, plugin, ipam, attachmentName },
      opts,
    );
    const problems = new Problems(`NetworkAttachment "${name}"`);
    problems.require(
      cluster.attachments !== undefined && cluster.attachments !== false,
      `its cluster ${cluster.name} gives each pod one interface: make it with attachments: true`,
    );
    const isNamed = problems.require(
      problems.requireName("attachmentName", attachmentName) &&
        /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(attachmentName),
      `its name ${describe(attachmentName)} can't be used: take at most 63 lower-case letters, digits and dashes (attachmentName)`,
    );
    const twin = isNamed ? claim(cluster, `attachment ${attachmentName}`, name) : undefined;
    problems.require(
      twin === undefined,
      `its cluster ${cluster.name} has an attachment "${attachmentName}" already, by ${twin}: give one of the two another attachmentName`,
    );
    const isPlugin = problems.require(
      ATTACHMENT_PLUGINS.includes(plugin),
      `plugin is ${describe(plugin)}: it must be one of ${listed(ATTACHMENT_PLUGINS)}`,
    );
    if (isPlugin) checkPlugin(problems, args, plugin);
    const legs = network ? cluster.nodes.flatMap((node) => problems.gather(() => legIn(node, network)) ?? []) : [];
    const cidr = checkRange(problems, args, plugin);
    problems.require(
      ATTACHMENT_IPAMS.includes(ipam),
      `ipam is ${describe(ipam)}: it must be one of ${listed(ATTACHMENT_IPAMS)}; of "dhcp", the daemon is not installed`,
    );
    problems.require(
      ipam !== "whereabouts" || (cluster.whereabouts !== undefined && cluster.whereabouts !== false),
      `ipam is "whereabouts", which is not on the nodes of ${cluster.name}: make the cluster with whereabouts: true, or take "static"`,
    );
    const pool = cidr ? checkPool(problems, { ...args, ipam, plugin, name }, cidr) : undefined;
    problems.throwIfAny();
    if (!cidr) throw new RangeError(`${name}: an attachment has a range`);

    this.name = attachmentName;
    this.cluster = cluster;
    this.plugin = plugin;
    this.ipam = ipam;
    this.nodes = cluster.nodes;
    this.network = network ?? { id: `${cluster.name}/${attachmentName}`, name: attachmentName, cidr: String(cidr) };
    const bridge = args.bridge ?? bridgeOf(attachmentName);
    const interfaces = cluster.nodes.map((_, at) => pulumi.output(args.interface ?? legs[at]?.interface ?? ""));
    const parent = pulumi
      .all(interfaces)
      .apply((all) => commonInterface(name, this, new Map(all.map((one, at) => [cluster.nodes[at]?.name ?? "", one]))));
    this.configuration = parent.apply((known) =>
      cniConfiguration({
        ...{ name: attachmentName, plugin, parent: known, bridge, ipam, subnet: String(cidr) },
        ...{ mode, mtu, vlan, first: pool?.first, last: pool?.last },
      }),
    );
    const asked = cluster.nodes.map((node) =>
      scriptOn(
        `${name}-on-${node.id.replace("/", "-")}`,
        {
          machine: node,
          file: path.join(__dirname, "attachment.sh"),
          input: { PLUGIN: plugin, PARENT: parent, BRIDGE: bridge, NAME: attachmentName },
          replaceOnChanges: [plugin, bridge, attachmentName],
        },
        { parent: this },
      ),
    );
    const provider = providerFrom(opts, kubernetes.Provider) ?? cluster.provider;
    const definition = new kubernetes.apiextensions.CustomResource(
      `${name}-definition`,
      {
        apiVersion: "k8s.cni.cncf.io/v1",
        kind: "NetworkAttachmentDefinition",
        metadata: {
          name: attachmentName,
          namespace: "default",
          ...(args.resourceName ? { annotations: { "k8s.v1.cni.cncf.io/resourceName": args.resourceName } } : {}),
        },
        spec: {
          config: pulumi.all([this.configuration, cluster.attachments, cluster.whereabouts]).apply(([text]) => text),
        },
      },
      { parent: this, provider, dependsOn: asked, deleteBeforeReplace: true },
    );
    this.ready = definition.id;
    this.registerOutputs({ configuration: this.configuration });
  }
}

/**
 * What all nodes call their interface, for one object tells of it.
 * @param called what each calls it, by the node's name
 * @throws InvalidInput where they call it by different names
 */
export function commonInterface(
  name: string,
  { cluster, network }: Pick<NetworkAttachment, "cluster" | "network">,
  called: ReadonlyMap<string, string>,
): string {
  const problems = new Problems(`NetworkAttachment "${name}"`);
  const names = [...new Set(called.values())];
  problems.require(
    names.length === 1,
    `the nodes of ${cluster.name} call their legs in "${network.name}" by different names (${[...called].map((one) => one.join(": ")).join(", ")}), and an attachment has one for all: let the nodes have the same networks in the same order`,
  );
  problems.throwIfAny();
  return names[0] ?? "";
}

function bridgeOf(attachmentName: string): string {
  return `br-${attachmentName}`.slice(0, 15).replace(/-$/, "");
}

/** Whether what is said of a plugin is for that plugin. */
function checkPlugin(problems: Problems, args: NetworkAttachmentArgs, plugin: AttachmentPlugin): void {
  const { mode, bridge, vlan, mtu, resourceName, network } = args;
  const modes = MODES[plugin];
  problems.require(
    mode === undefined || (modes?.includes(mode) ?? false),
    modes
      ? `mode is ${describe(mode)}: ${plugin} has ${listed(modes)}`
      : `mode is ${describe(mode)}, and ${plugin} has no modes: leave it out, or take macvlan or ipvlan`,
  );
  problems.require(
    bridge === undefined || plugin === "bridge",
    `bridge is ${describe(bridge)}, and plugin is "${plugin}": leave it out, or take plugin "bridge"`,
  );
  problems.require(
    bridge === undefined || (typeof bridge === "string" && INTERFACE.test(bridge)),
    `bridge is ${describe(bridge)}: an interface's name is at most 15 letters, digits, ".", "_" and "-"`,
  );
  problems.require(bridge !== "cni0", `bridge is "cni0", which is that of the pods' own network: give it another name`);
  problems.require(
    vlan === undefined || plugin === "bridge" || plugin === "sriov",
    `vlan is ${describe(vlan)}, and ${plugin} has none: leave it out, or take plugin "bridge" or "sriov"`,
  );
  if (vlan !== undefined) problems.requireWhole("vlan", vlan, 1, 4094);
  problems.require(
    mtu === undefined || !AS_IT_IS.includes(plugin),
    `mtu is ${describe(mtu)}, and plugin "${plugin}" hands over a device as it is: leave it out, and set it on the node`,
  );
  if (mtu !== undefined) problems.requireWhole("mtu", mtu, 576, 65535, "bytes");
  problems.require(
    plugin === "sriov" || resourceName === undefined,
    `resourceName is ${describe(resourceName)}, and plugin is "${plugin}": leave it out, or take plugin "sriov"`,
  );
  problems.require(
    plugin !== "sriov" ||
      (typeof resourceName === "string" && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?\/[A-Za-z0-9_.-]{1,63}$/.test(resourceName)),
    `resourceName is ${describe(resourceName)}: of plugin "sriov" it must be the operator's pool, such as "intel.com/fast"`,
  );
  problems.require(
    !(plugin === "host-device" && network),
    `plugin "host-device" would take away the leg that each node has in "${network?.name}": name another interface of the nodes, and its cidr, in place of network`,
  );
  problems.require(
    !(plugin === "bridge" && network),
    `plugin "bridge" joins pods of one node with each other, and leads to no network: name a cidr in place of network, or take macvlan`,
  );
}

/** The range of the network, and what leads there; undefined where something is wrong with it. */
function checkRange(
  problems: Problems,
  { cluster, network, cidr: text, interface: parent }: NetworkAttachmentArgs,
  plugin: AttachmentPlugin,
): Cidr | undefined {
  problems.require(
    network === undefined || (text === undefined && parent === undefined),
    `it has a network, "${network?.name}", and ${[...(text === undefined ? [] : ["cidr"]), ...(parent === undefined ? [] : ["interface"])].join(" and ")}: the network says these; leave out one or the other`,
  );
  problems.require(
    network !== undefined || text !== undefined,
    "it has neither a network nor a cidr: name the network, or the range of what is none",
  );
  if (network) return problems.gather(() => Cidr.parseUsable(network.cidr));
  const onInterface = ON_AN_INTERFACE.includes(plugin);
  problems.require(
    onInterface ? typeof parent === "string" && INTERFACE.test(parent) : parent === undefined,
    onInterface
      ? `interface is ${describe(parent)}: without a network, ${plugin} needs the name of an interface of the nodes, such as "eth2"`
      : `interface is ${describe(parent)}, and plugin "${plugin}" is on none: leave it out`,
  );
  const cidr = text === undefined ? undefined : problems.gather(() => Cidr.parseUsable(text));
  for (const node of cidr ? cluster.nodes.slice(0, 1) : []) {
    requireOutside(problems, `its range ${text}`, cidr as Cidr, node);
    const leg = node.legs.find((one) => Cidr.parse(one.cidr).overlaps(cidr as Cidr));
    problems.require(
      leg === undefined,
      `its range ${text} overlaps ${leg?.cidr}, which ${node.name} has a leg in: name that network, or take another range`,
    );
  }
  return cidr;
}

/** The addresses that are given away by themselves; undefined where pods ask for theirs, or something is wrong. */
function checkPool(
  problems: Problems,
  args: NetworkAttachmentArgs & {
    readonly ipam: AttachmentIpam;
    readonly plugin: AttachmentPlugin;
    readonly name: string;
  },
  cidr: Cidr,
): { readonly first: string; readonly last: string } | undefined {
  const { cluster, network, ipam, plugin, firstHost, lastHost } = args;
  if (ipam !== "host-local" && ipam !== "whereabouts") {
    problems.require(
      firstHost === undefined && lastHost === undefined,
      `firstHost and lastHost are for ipam "host-local" and "whereabouts", and ipam is ${describe(ipam)}: leave them out`,
    );
    return undefined;
  }
  problems.require(
    ipam === "whereabouts" || plugin === "bridge" || cluster.nodes.length === 1,
    `ipam "host-local" counts on each of the ${cluster.nodes.length} nodes of ${cluster.name} by itself, and two pods would get the same address: take "whereabouts", or "static"`,
  );
  const counted = [
    problems.requireHost("firstHost", firstHost as number),
    problems.requireHost("lastHost", lastHost as number),
  ].every(Boolean);
  if (!counted) return undefined;
  const [first, last] = [firstHost, lastHost].map((host) => problems.gather(() => cidr.host(host as number)));
  problems.require(
    (firstHost as number) <= (lastHost as number),
    `firstHost is ${firstHost} and lastHost is ${lastHost}: turn them round`,
  );
  if (!first || !last) return undefined;
  const given = network ? cluster.nodes.flatMap((node) => problems.gather(() => legIn(node, network)) ?? []) : [];
  for (const { address } of given) {
    const number = Address.parse(address).value;
    problems.require(
      number < first.value || number > last.value,
      `the addresses ${first} to ${last} hold ${address}, which a node of ${cluster.name} has: leave it out`,
    );
  }
  if (ipam === "whereabouts") takeRange(problems, args, first.value, last.value);
  return { first: String(first), last: String(last) };
}

/** Gives nobody else in the program the addresses that are given away on all nodes. */
function takeRange(
  problems: Problems,
  { cluster, network, name }: Pick<NetworkAttachmentArgs, "cluster" | "network"> & { readonly name: string },
  first: number,
  last: number,
): void {
  const range: (NetworkIdentity & Partial<Pick<SiteNetwork, "site">>) | undefined = network;
  const owner = `the attachment "${name}"`;
  for (let value = first; range && value <= last; value++) {
    const address = String(Address.of(value));
    if (range.site) {
      const { plan } = range.site;
      if (problems.gather(() => plan.addAddress(range, address, owner) ?? true) === undefined) return;
    } else {
      const holder = claim(cluster, `${range.id} ${address}`, owner);
      const isFree = problems.require(
        holder === undefined,
        `${owner} would give away ${address} in network "${range.name}", which ${holder} has: take other hosts`,
      );
      if (!isFree) return;
    }
  }
}
