/** What can give a pod an interface (CNI plugins of the reference implementation, and sriov-cni). */
export const ATTACHMENT_PLUGINS = ["macvlan", "ipvlan", "bridge", "host-device", "sriov"] as const;
/**
 * What gives a pod an interface: `macvlan` and `ipvlan` one of its own on its node's, with a MAC address of its own or the node's; `bridge` one
 * on a bridge of its node; `host-device` an interface of the node itself; `sriov` a virtual function of the node's hardware.
 */
export type AttachmentPlugin = (typeof ATTACHMENT_PLUGINS)[number];

/** What can give an interface its address. */
export const ATTACHMENT_IPAMS = ["static", "host-local", "whereabouts"] as const;
/**
 * What gives an interface its address: `static` the one that the pod asks for, `host-local` the next free one of some on its node, `whereabouts` the next free
 * one of some in its cluster.
 */
export type AttachmentIpam = (typeof ATTACHMENT_IPAMS)[number];

/** The modes of the plugins that have several, the default first (their documentation: Network configuration reference). */
export const MODES: Readonly<Partial<Record<AttachmentPlugin, readonly string[]>>> = {
  macvlan: ["bridge", "private", "vepa", "passthru"],
  ipvlan: ["l2", "l3", "l3s"],
};

/** Where nodes say how whereabouts asks their cluster (kubernetes/whereabouts.sh). */
const WHEREABOUTS_FILE = "/etc/hybrid-vnf/whereabouts/whereabouts.conf";

/** What a CNI configuration is made of, checked. */
export interface CniArgs {
  readonly name: string;
  readonly plugin: AttachmentPlugin;
  /** The node's interface that it is made on, or that it is. */
  readonly parent: string;
  readonly bridge: string;
  readonly mode?: string;
  readonly mtu?: number;
  readonly vlan?: number;
  readonly ipam: AttachmentIpam;
  /** The network's range, and the first and last address that `host-local` or `whereabouts` gives away. */
  readonly subnet: string;
  readonly first?: string;
  readonly last?: string;
}

/** The CNI configuration of an attachment. It leads nowhere by default: a pod's own way out stays with the cluster's network. */
export function cniConfiguration(args: CniArgs): string {
  const { name, plugin, parent, bridge, mode, mtu, vlan, ipam, subnet, first, last } = args;
  const own: Readonly<Record<AttachmentPlugin, Readonly<Record<string, unknown>>>> = {
    macvlan: { master: parent, mode },
    ipvlan: { master: parent, mode },
    bridge: { bridge, isGateway: false, ...(vlan === undefined ? {} : { vlan }) },
    "host-device": { device: parent },
    sriov: vlan === undefined ? {} : { vlan },
  };
  const ipamOf: Readonly<Record<AttachmentIpam, object>> = {
    static: {},
    "host-local": { ranges: [[{ subnet, rangeStart: first, rangeEnd: last }]] },
    whereabouts: { range: subnet, range_start: first, range_end: last, configuration_path: WHEREABOUTS_FILE },
  };
  return JSON.stringify({
    cniVersion: "1.0.0",
    name,
    plugins: [
      {
        type: plugin,
        ...own[plugin],
        ...(mtu === undefined ? {} : { mtu }),
        // A pod asks for an address by this.
        capabilities: { ips: true },
        ipam: { type: ipam, ...ipamOf[ipam] },
      },
    ],
  });
}
