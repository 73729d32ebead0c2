import {
  attachPod,
  NetworkAttachment,
  type NetworkAttachmentArgs,
  type PodInterface,
  QuaggaRouter,
  type QuaggaRouterArgs,
} from "../../components";
import {
  clients,
  deployedKubernetes,
  ground,
  kubernetes,
  moon,
  node,
  type Row,
  servers,
  transit,
  wrong,
} from "./ground";

const ATTACHED = { attachments: true };
/** A cluster whose nodes agree on the addresses that they give away, and an attachment that has it do so. */
const agreeing = (given: object = {}) => deployedKubernetes({ ...ATTACHED, whereabouts: true, ...given });
const givenAway = (args: Partial<NetworkAttachmentArgs>) =>
  attachment({ cluster: agreeing(), ipam: "whereabouts", firstHost: 50, lastHost: 60, ...args });
const cluster = () => deployedKubernetes(ATTACHED);
const attachment = (args: Partial<NetworkAttachmentArgs>) => () =>
  new NetworkAttachment("a", { cluster: cluster(), network: transit, ...args });
/** One of a network that is none of the site's. */
const apart = (args: Partial<NetworkAttachmentArgs>) =>
  attachment({ network: undefined, cidr: "10.9.1.0/24", ...args });
/** Two attachments of one cluster, and what somebody does with them. */
const withTwo =
  (
    use: (given: {
      cluster: ReturnType<typeof cluster>;
      first: NetworkAttachment;
      second: NetworkAttachment;
    }) => unknown,
  ) =>
  () => {
    const given = cluster();
    const first = new NetworkAttachment("first", { cluster: given, network: transit });
    const second = new NetworkAttachment("second", { cluster: given, network: clients });
    return use({ cluster: given, first, second });
  };
const pod = (interfaces: (first: NetworkAttachment, second: NetworkAttachment) => readonly PodInterface[]) =>
  withTwo(({ first, second }) => attachPod("p", interfaces(first, second)));
const attachedRouter = (args: (first: NetworkAttachment, second: NetworkAttachment) => Partial<QuaggaRouterArgs>) =>
  withTwo(({ cluster: given, first, second }) => new QuaggaRouter("r", { cluster: given, ...args(first, second) }));
const both = (first: NetworkAttachment, second: NetworkAttachment) => [
  { attachment: first, host: 30 },
  { attachment: second, host: 30 },
];

/** Mistakes in what gives pods further interfaces, and in what asks for them. */
export const ATTACHMENTS: Row[] = [
  ["attachments of a cluster that are a word", kubernetes({ attachments: wrong("yes") }), ['attachments is "yes"']],
  [
    "an attachment of a cluster that gives each pod one interface",
    attachment({ cluster: deployedKubernetes() }),
    ["cluster gives each pod one interface", "attachments: true"],
  ],
  ["an attachment that is called by a sentence", attachment({ attachmentName: "On transit" }), ['"On transit"']],
  [
    "two attachments of one name",
    () => {
      const given = cluster();
      new NetworkAttachment("a", { cluster: given, network: transit });
      return new NetworkAttachment("b", { cluster: given, network: clients, attachmentName: "a" });
    },
    ['has an attachment "a" already', "attachmentName"],
  ],
  ["a plugin that there is not", attachment({ plugin: wrong("macvlam") }), ['plugin is "macvlam"', '"macvlan"']],
  ["a mode that macvlan has not", attachment({ mode: "l2" }), ['mode is "l2"', 'macvlan has "bridge"']],
  [
    "a mode of what has none",
    apart({ plugin: "bridge", mode: "bridge" }),
    ['mode is "bridge", and bridge has no modes'],
  ],
  ["a bridge of a macvlan", attachment({ bridge: "br0" }), ['bridge is "br0", and plugin is "macvlan"']],
  [
    "a bridge whose name is too long",
    apart({ plugin: "bridge", bridge: "bridge-of-the-pods" }),
    ['bridge is "bridge-of-the-pods"', "at most 15"],
  ],
  ["the bridge of the pods' own network", apart({ plugin: "bridge", bridge: "cni0" }), ['bridge is "cni0"']],
  ["a VLAN of a macvlan", attachment({ vlan: 7 }), ["vlan is 7, and macvlan has none"]],
  ["a VLAN that there is not", apart({ plugin: "bridge", vlan: 4095 }), ["vlan is 4095", "from 1 to 4094"]],
  [
    "the length of packets of a virtual function",
    attachment({ plugin: "sriov", resourceName: "intel.com/fast", mtu: 9000 }),
    ['mtu is 9000, and plugin "sriov" hands over a device as it is'],
  ],
  ["packets of ten bytes", attachment({ mtu: 10 }), ["mtu is 10", "from 576 to 65535"]],
  [
    "a pool of virtual functions for a macvlan",
    attachment({ resourceName: "intel.com/fast" }),
    ['resourceName is "intel.com/fast", and plugin is "macvlan"'],
  ],
  ["virtual functions of no pool", attachment({ plugin: "sriov" }), ["resourceName is undefined", "intel.com/fast"]],
  [
    "virtual functions of a pool without a domain",
    attachment({ plugin: "sriov", resourceName: "fast" }),
    ['resourceName is "fast"'],
  ],
  [
    "a node's leg that a pod would take away",
    attachment({ plugin: "host-device" }),
    ['would take away the leg that each node has in "transit"'],
  ],
  [
    "a bridge that should lead to a network",
    attachment({ plugin: "bridge" }),
    ['plugin "bridge" joins pods of one node with each other'],
  ],
  ["a network that no node has a leg in", attachment({ network: moon }), ['no leg in network "test/moon"']],
  [
    "a network, and the range of another",
    attachment({ cidr: "10.9.1.0/24" }),
    ['it has a network, "transit", and cidr', "leave out one"],
  ],
  [
    "neither a network nor a range",
    attachment({ network: undefined, plugin: "bridge" }),
    ["neither a network nor a cidr"],
  ],
  ["a range on no interface", apart({}), ["interface is undefined", "macvlan needs the name of an interface"]],
  ["an interface of a bridge", apart({ plugin: "bridge", interface: "eth2" }), ['interface is "eth2"', "is on none"]],
  ["a range with host bits", apart({ plugin: "bridge", cidr: "10.9.1.7/24" }), ['did you mean "10.9.1.0/24"']],
  [
    "a range that a node has a leg in",
    apart({ plugin: "bridge", cidr: "10.100.101.0/25" }),
    ["overlaps 10.100.101.0/24, which node-1 has a leg in"],
  ],
  [
    "the range of the cluster's own pods",
    apart({
      plugin: "bridge",
      cidr: "10.244.7.0/24",
      cluster: deployedKubernetes({ ...ATTACHED, podCidr: "10.244.0.0/16" }),
    }),
    ["overlaps the range of the pods of cluster (10.244.0.0/16)"],
  ],
  [
    "addresses by DHCP",
    attachment({ ipam: wrong("dhcp") }),
    ['ipam is "dhcp"', '"static", "host-local", "whereabouts"', "the daemon is not installed"],
  ],
  ["a misspelt way to get addresses", attachment({ ipam: wrong("whereabout") }), ['ipam is "whereabout"']],
  [
    "whereabouts of a cluster that is a word",
    kubernetes({ attachments: true, whereabouts: wrong("yes") }),
    ['whereabouts is "yes": it must be true or false'],
  ],
  ["whereabouts without attachments", kubernetes({ whereabouts: true }), ["attachments is not true: set both"]],
  [
    "addresses of all nodes where nodes do not agree on any",
    attachment({ ipam: "whereabouts", firstHost: 50, lastHost: 60 }),
    ["is not on the nodes of cluster", "whereabouts: true"],
  ],
  ["addresses of all nodes without a first one", givenAway({ firstHost: undefined }), ["firstHost is undefined"]],
  [
    "addresses of all nodes the wrong way round",
    givenAway({ firstHost: 60, lastHost: 50 }),
    ["firstHost is 60 and lastHost is 50", "turn them round"],
  ],
  ["addresses of all nodes past the end of a network", givenAway({ lastHost: 300 }), ["no host number 300"]],
  [
    "addresses of all nodes of which a node has one",
    givenAway({ firstHost: 5, lastHost: 50 }),
    ["10.100.101.5 to 10.100.101.50 hold 10.100.101.10, which a node of cluster has"],
  ],
  [
    "addresses of all nodes of which a machine has one",
    () => {
      const { transit: planned } = ground();
      planned.site.plan.addAddress(planned, "10.100.101.55", "web-1");
      return givenAway({ network: planned })();
    },
    ['the attachment "a" would have the address 10.100.101.55', "which web-1 has"],
  ],
  [
    "addresses that two attachments give away",
    () => {
      const given = agreeing();
      givenAway({ cluster: given })();
      const args = { cluster: given, network: transit, ipam: "whereabouts", firstHost: 60, lastHost: 70 } as const;
      return new NetworkAttachment("b", args);
    },
    ['the attachment "b" would give away 10.100.101.60', 'which the attachment "a" has'],
  ],
  [
    "addresses that two clusters give away",
    () => {
      const { transit: planned } = ground();
      givenAway({ network: planned })();
      const args = { cluster: agreeing(), network: planned, ipam: "whereabouts", firstHost: 60, lastHost: 70 } as const;
      return new NetworkAttachment("b", args);
    },
    ['the attachment "b" would have the address 10.100.101.60', 'which the attachment "a" has'],
  ],
  [
    "an address that a pod asks for of what gives them away",
    () => attachPod("p", [{ attachment: givenAway({})(), host: 55 }]),
    ['in "a" has host 55, and ipam "whereabouts" gives addresses away itself: leave host out'],
  ],
  [
    "an address that is given away, for a pod of another attachment",
    () => {
      const given = agreeing();
      givenAway({ cluster: given })();
      const asked = new NetworkAttachment("b", { cluster: given, network: transit });
      return attachPod("p", [{ attachment: asked, host: 55 }]);
    },
    ["p would have the address 10.100.101.55", 'which the attachment "a" has'],
  ],
  [
    "a router whose address any node gives away",
    () => {
      const given = agreeing();
      const first = givenAway({ cluster: given })();
      const second = new NetworkAttachment("second", { cluster: given, network: clients });
      const attachments = [{ attachment: first }, { attachment: second, host: 30 }];
      return new QuaggaRouter("r", { cluster: given, attachments });
    },
    ['its interface in "a" has no host, and its neighbours send to its address', 'ipam "static", and say the number'],
  ],
  ["addresses to give away that pods ask for", attachment({ firstHost: 20 }), ['for ipam "host-local"']],
  ["addresses without a last one", attachment({ ipam: "host-local", firstHost: 50 }), ["lastHost is undefined"]],
  [
    "addresses the wrong way round",
    attachment({ ipam: "host-local", firstHost: 60, lastHost: 50 }),
    ["firstHost is 60 and lastHost is 50", "turn them round"],
  ],
  [
    "addresses past the end of a network",
    attachment({ ipam: "host-local", firstHost: 200, lastHost: 300 }),
    ["no host number 300"],
  ],
  [
    "addresses of which a node has one",
    attachment({ ipam: "host-local", firstHost: 5, lastHost: 50 }),
    ["10.100.101.5 to 10.100.101.50 hold 10.100.101.10"],
  ],
  [
    "addresses that each of two nodes would give away",
    attachment({
      ipam: "host-local",
      firstHost: 50,
      lastHost: 60,
      cluster: deployedKubernetes({ ...ATTACHED, nodes: [node(), { ...node(), id: "test/node-2", name: "node-2" }] }),
    }),
    ["counts on each of the 2 nodes", "two pods would get the same address"],
  ],
  ["a pod of no interface", pod(() => []), ["interfaces is empty"]],
  [
    "a pod's interfaces by their addresses",
    () => attachPod("p", wrong(["10.100.101.41"])),
    ["interfaces is", "a list of"],
  ],
  ["an interface without an address", pod((first) => [{ attachment: first }]), ['in "first" has no host']],
  ["an address that a network has not", pod((first) => [{ attachment: first, host: 255 }]), ["no host number 255"]],
  [
    "a node's address for a pod",
    pod((first) => [{ attachment: first, host: 10 }]),
    ["p would have the address 10.100.101.10", "which node-1 has"],
  ],
  [
    "one address for two pods",
    withTwo(({ first }) => {
      attachPod("q", [{ attachment: first, host: 41 }]);
      return attachPod("p", [{ attachment: first, host: 41 }]);
    }),
    ["p would have the address 10.100.101.41", "which q has"],
  ],
  [
    "an interface by the name of the cluster's own",
    pod((first) => [{ attachment: first, host: 41, interface: "eth0" }]),
    ['an interface is called "eth0"'],
  ],
  [
    "two interfaces of one name",
    pod((first, second) => [
      { attachment: first, host: 41, interface: "net2" },
      { attachment: second, host: 41 },
    ]),
    ['two of its interfaces are called "net2"'],
  ],
  [
    "two interfaces in one network",
    pod((first) => [
      { attachment: first, host: 41 },
      { attachment: first, host: 42 },
    ]),
    ['name the attachment "first" twice'],
  ],
  [
    "interfaces of two clusters",
    () => {
      const [one, other] = [cluster(), deployedKubernetes({ ...ATTACHED, name: "moon" }, "moon")];
      return attachPod("p", [
        { attachment: new NetworkAttachment("a", { cluster: one, network: transit }), host: 41 },
        { attachment: new NetworkAttachment("b", { cluster: other, network: clients }), host: 41 },
      ]);
    },
    ["its attachments are of 2 clusters (cluster, moon)"],
  ],
  [
    "a router between one attachment",
    attachedRouter((first) => ({ attachments: [{ attachment: first, host: 30 }] })),
    ["attachments names 1", "at least two"],
  ],
  [
    "a router of both legs and attachments",
    attachedRouter((first, second) => ({ attachments: both(first, second), networks: [transit] })),
    ["it has networks and attachments"],
  ],
  [
    "a router on another cluster than its attachments",
    withTwo(
      ({ first, second }) =>
        new QuaggaRouter("r", { cluster: deployedKubernetes({ name: "moon" }), attachments: both(first, second) }),
    ),
    ['the attachment "first" is one of the cluster cluster, and the router runs on moon'],
  ],
  [
    "a router whose address is given away",
    () => {
      const given = cluster();
      const pool = { ipam: "host-local", firstHost: 50, lastHost: 60 } as const;
      const first = new NetworkAttachment("first", { cluster: given, network: transit, ...pool });
      const second = new NetworkAttachment("second", { cluster: given, network: clients });
      return new QuaggaRouter("r", {
        cluster: given,
        attachments: [{ attachment: first }, { attachment: second, host: 30 }],
      });
    },
    ['its interface in "first" has no host, and its neighbours send to its address'],
  ],
  [
    "a route to what the router is in itself",
    attachedRouter((first, second) => ({
      attachments: both(first, second),
      routes: [{ destination: "10.100.100.0/25", nextHop: "10.100.101.7" }],
    })),
    ["overlaps 10.100.100.0/24, which the router has a leg in"],
  ],
  [
    "a route to the router's own address",
    attachedRouter((first, second) => ({
      attachments: both(first, second),
      routes: [{ destination: servers.cidr, nextHop: "10.100.101.30" }],
    })),
    ["is the address of the router itself"],
  ],
  [
    "a pod's address that a machine of the site has",
    () => {
      const { transit: planned } = ground();
      planned.site.plan.addAddress(planned, "10.100.101.41", "web-1");
      const first = new NetworkAttachment("first", { cluster: cluster(), network: planned });
      return attachPod("p", [{ attachment: first, host: 41 }]);
    },
    ["p would have the address 10.100.101.41", "which web-1 has"],
  ],
];
