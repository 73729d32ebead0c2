import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AddressPlan,
  DeployedKubernetes,
  DeployedSwarm,
  Gateway,
  hosts,
  hybrid,
  InvalidInput,
  KubernetesCluster,
  type KubernetesClusterArgs,
  KubernetesLayer,
  lab,
  Machine,
  type MachineLike,
  Network,
  NginxLoadBalancer,
  type NginxLoadBalancerArgs,
  openStack,
  QuaggaRouter,
  type QuaggaRouterArgs,
  Route,
  ServiceChain,
  ServiceLayer,
  Site,
  type SiteNetwork,
  SwarmCluster,
  type SwarmClusterArgs,
  SwarmLayer,
  siteContract,
  WebServers,
  type WebServersArgs,
} from "../../components";
import { record, refusalOf, settled } from "./mocks";

beforeAll(() => {
  record();
});
afterAll(settled);

/** A site as a contract tells of it, with nothing in it yet but transit. */
function ground() {
  const site = {
    name: "test",
    platform: lab(),
    key: { privateKey: "PRIVATE", publicKey: "ssh-ed25519 AAAA" },
    plan: new AddressPlan(),
  };
  const on = (name: string, cidr: string) => ({ id: `test/${name}`, name, cidr, ref: name, site });
  const transit = on("transit", "10.100.101.0/24");
  site.plan.addNetwork(transit);
  return { site, transit, servers: on("servers", "10.100.102.0/24"), on };
}
const { transit, servers } = ground();
const clients = { id: "test/clients", name: "clients", cidr: "10.100.100.0/24" };
const moon = { id: "test/moon", name: "moon", cidr: "10.9.9.0/24" };
const node: MachineLike = {
  id: "test/node-1",
  name: "node-1",
  legs: [
    { network: transit.id, cidr: transit.cidr, address: "10.100.101.10", interface: "eth0" },
    { network: clients.id, cidr: clients.cidr, address: "10.100.100.20", interface: "eth1" },
  ],
  ssh: { host: "10.100.101.10", port: 22, user: "root", privateKey: "PRIVATE", hostKey: "ssh-ed25519 AAAA" },
  identity: "1",
};
const facts = { name: "cluster", networks: [transit, clients], nodes: [node], endpoint: "https://10.100.101.10:6443" };
const cluster = new DeployedKubernetes("k", { ...facts, kubeconfig: "kubeconfig" });
const swarm = new DeployedSwarm("s", { ...facts, credentials: { ca: "", cert: "", key: "" } });
const balancer = (args: Partial<NginxLoadBalancerArgs>) => () =>
  new NginxLoadBalancer("nginx", { cluster: swarm, backends: ["10.100.102.11"], ...args });
const router = (args: Partial<QuaggaRouterArgs>) => () => new QuaggaRouter("quagga", { cluster, ...args });
const web = (args: Partial<WebServersArgs>) => () => new WebServers("w", { network: ground().servers, ...args });
const kubernetes = (args: Partial<KubernetesClusterArgs>) => () =>
  new KubernetesCluster("k", { networks: [ground().transit], ...args });
const swarmCluster = (args: Partial<SwarmClusterArgs>) => () =>
  new SwarmCluster("s", { networks: [ground().transit], ...args });
const machine = (name: string, network: SiteNetwork, host = 100) =>
  new Machine(name, { networks: [network], role: "client", host });
const group = { name: "web", network: servers, machines: [node] };
const site = (transitCidr: string, siteName?: string) => () =>
  new Site("s", { platform: lab(), transitCidr, siteName });
/** As a program without types, or one that reads its values from outside, would pass it. */
const wrong = (value: unknown) => value as never;

const CASES: [string, () => unknown, string[]][] = [
  ["a transit range without a prefix", site("10.100.101.0"), ['did you mean "10.100.101.0/24"?']],
  ["a transit range with host bits", site("10.100.101.7/24"), ['did you mean "10.100.101.0/24"?']],
  ["a site's name in capitals", site(transit.cidr, "Edge"), ['the name "Edge"', "lower-case"]],
  ["a site's name and range at once", site("x/24", ""), ['the name ""', '"x" is not an IPv4 address']],
  [
    "a network of a role that is no name",
    () => new Network("n", { site: ground().site, cidr: "10.1.0.0/24", role: "The Net" }),
    ['its role is "The Net"'],
  ],
  [
    "a network on transit",
    () => new Network("n", { site: ground().site, cidr: "10.100.101.128/25" }),
    ['network "n" 10.100.101.128/25 overlaps network "transit" 10.100.101.0/24'],
  ],
  ["no servers", web({ serverCount: 0 }), ["serverCount is 0", "from 1 to 1000"]],
  ["half a server", web({ serverCount: 1.5 }), ["serverCount is 1.5", "whole number"]],
  ["more servers than anybody has", web({ serverCount: 1e9 }), ["serverCount is 1000000000", "from 1 to 1000"]],
  [
    "more servers than the network holds",
    web({ network: ground().on("small", "10.100.103.0/28"), serverCount: 9 }),
    ["no host number 15", "1 to 14"],
  ],
  ["servers whose name no host can have", web({ machineName: "web_server" }), ['"web_server-1" is no host name']],
  ["a negative number of workers", kubernetes({ workerCount: -1 }), ["workerCount is -1", "from 0 to 1000"]],
  [
    "a cluster that is given no time",
    kubernetes({ readyTimeoutSeconds: 0.5 }),
    ["readyTimeoutSeconds is 0.5", "from 1 to 9999"],
  ],
  ["an unknown CNI", kubernetes({ cni: wrong("calico") }), ['cni is "calico"', '"bridge" or "flannel"']],
  [
    "a bridge over several nodes",
    kubernetes({ workerCount: 1, cni: "bridge" }),
    ['cni "bridge" joins the pods of one node only', 'use cni "flannel"'],
  ],
  ["a cluster in no network", kubernetes({ networks: [] }), ["networks is empty"]],
  [
    "a cluster over two sites",
    () => {
      const other = ground();
      return new KubernetesCluster("k", {
        networks: [transit, { ...other.servers, id: "other/servers", site: { ...other.site, name: "other" } }],
      });
    },
    ['networks "test/transit" and "other/servers" are of two sites'],
  ],
  ["pods' range on transit", kubernetes({ podCidr: "10.100.0.0/16" }), ['overlaps network "pods" 10.100.0.0/16']],
  [
    "services' range on the pods'",
    kubernetes({ serviceCidr: "10.244.1.0/24" }),
    ['"pods" 10.244.0.0/16 overlaps network "services"'],
  ],
  [
    "no room for the nodes",
    kubernetes({ networks: [ground().on("tiny", "10.100.104.0/29")] }),
    ["no host number 10", "1 to 6"],
  ],
  ["an even number of managers", swarmCluster({ managerCount: 2 }), ["managerCount is 2", "odd"]],
  ["no manager", swarmCluster({ managerCount: 0 }), ["managerCount is 0"]],
  ["a swarm in no network", swarmCluster({ networks: [] }), ["networks is empty"]],
  [
    "clients on transit",
    () => new SwarmLayer("s", { transit: ground().transit, clientsCidr: "10.100.0.0/16" }),
    ['"clients" 10.100.0.0/16 overlaps network "transit"'],
  ],
  ["a client beyond its network", () => machine("c", ground().on("tiny", "10.100.104.0/30")), ["no host number 100"]],
  [
    "two machines of one name",
    () => {
      const { servers: network } = ground();
      machine("c", network);
      return machine("c", network, 101);
    },
    ['has a machine "c" already'],
  ],
  [
    "two machines of one address",
    () => {
      const { servers: network } = ground();
      machine("a", network);
      return machine("b", network);
    },
    ["b would have the address 10.100.102.100", "which a has"],
  ],
  [
    "a network the router has no leg on",
    router({ networks: [transit, servers] }),
    ['node-1 has no leg in network "test/servers"', '"test/transit", "test/clients"'],
  ],
  ["a router from nowhere", router({ networks: [moon] }), ['no leg in network "test/moon"']],
  ["a router to nowhere", router({ networks: [] }), ["networks is empty"]],
  ["two routers on one node", router({ replicas: wrong(2) }), ["replicas is 2", "(1) or not at all (0)"]],
  [
    "a router's next hop out of reach",
    router({ routes: [{ destination: "10.200.0.0/16", nextHop: "192.168.0.1" }] }),
    ["the next hop 192.168.0.1 of 10.200.0.0/16", "name a neighbour"],
  ],
  [
    "a router's malformed destination",
    router({ routes: [{ destination: "10.200.0.1/16", nextHop: "10.100.100.7" }] }),
    ['did you mean "10.200.0.0/16"?'],
  ],
  [
    "a router on no node",
    router({ cluster: new DeployedKubernetes("none", { ...facts, nodes: [], kubeconfig: "" }) }),
    ["its cluster has no node"],
  ],
  ["no backend", balancer({ backends: [] }), ["backends is empty"]],
  ["a backend that is no address", balancer({ backends: ["apache"] }), ['"apache" is not an IPv4 address']],
  [
    "a backend's port out of range",
    balancer({ backends: ["10.100.102.11:70000"] }),
    ['the port "70000" must be a number from 1 to 65535'],
  ],
  ["a backend's port that is empty", balancer({ backends: ["10.100.102.11:"] }), ['the port "" must be a number']],
  [
    "a backend's port in another base",
    balancer({ backends: ["10.100.102.11:0x50"] }),
    ['the port "0x50" must be a number'],
  ],
  [
    "a balancer that is given no time",
    balancer({ readyTimeoutSeconds: 0 }),
    ["readyTimeoutSeconds is 0", "whole number of seconds from 1 to 9999"],
  ],
  ["the balancer's port out of range", balancer({ port: 0 }), ["port is 0", "1 to 65535"]],
  [
    "an unknown publish mode",
    balancer({ publishMode: wrong("mesh") }),
    ['publishMode is "mesh"', '"host" or "ingress"'],
  ],
  ["no balancer", balancer({ publishMode: "ingress", taskCount: 0 }), ["taskCount is 0"]],
  [
    "a registry with a scheme",
    balancer({ registry: "https://registry.example.org" }),
    ['registry is "https://registry.example.org"', 'without "https://"'],
  ],
  [
    "a registry without a host",
    router({ registry: "team/images" }),
    ['registry is "team/images"', "it must be a host"],
  ],
  [
    "more servers than fit before the workers",
    () => new KubernetesLayer("kubernetes", { transit: ground().transit, serverCount: 90, workerCount: 1 }),
    ["serverCount is 90 and workerCount is 1", "room for 89 servers"],
  ],
  [
    "a gateway's return address without the gateway",
    () => new KubernetesLayer("kubernetes", { transit: ground().transit, gatewayReturnAddress: "10.100.102.254" }),
    ["there is no gatewayAddress"],
  ],
  ["an empty registry", router({ registry: "" }), ['registry is ""']],
  [
    "a number of tasks where each node has one",
    balancer({ taskCount: 2 }),
    ['taskCount is 2: with publishMode "host" there is a task on every node', 'use "ingress"'],
  ],
  [
    "everything wrong with a balancer at once",
    balancer({ backends: ["x"], port: -1, publishMode: wrong("y"), taskCount: 0 }),
    ['"x"', "port is -1", '"y"', "taskCount is 0"],
  ],
  ["a gateway with one leg", () => new Gateway("g", { legs: [{ network: transit }] }), ["it has 1 leg(s)"]],
  [
    "a gateway's address elsewhere",
    () => new Gateway("g", { legs: [{ network: transit, address: "10.9.9.9" }, { network: servers }] }),
    ['10.9.9.9 is no machine\'s address in network "transit"'],
  ],
  [
    "a route to a malformed network",
    () => new Route("r", { machine: node, destination: "10.100.102.1/24", nextHop: "10.100.101.1" }),
    ['did you mean "10.100.102.0/24"?'],
  ],
  [
    "a route over no neighbour",
    () => new Route("r", { machine: node, destination: servers.cidr, nextHop: "10.9.9.9" }),
    ["the next hop 10.9.9.9 is in no network that node-1 has a leg in"],
  ],
  [
    "servers where the clients are",
    () =>
      new ServiceLayer("s", {
        kubernetes: { cluster, servers: { name: "apache", network: servers, machines: [], addresses: [] } },
        swarm: { cluster: swarm, clients: { ...servers, name: "clients" }, client: node },
      }),
    ['"servers" 10.100.102.0/24 overlaps network "clients"'],
  ],
  [
    "a stack that publishes nothing",
    () => siteContract.parse("o/site/dev", undefined, undefined),
    ['Stack "o/site/dev"', "publishes no contract", "bring up the site stack"],
  ],
  [
    "a contract of another layer",
    () => siteContract.parse("s", { layer: "swarm", version: 1 }, {}),
    ['it publishes the contract "swarm", and "site" is needed'],
  ],
  [
    "a contract of another version",
    () => siteContract.parse("s", { layer: "site", version: 9 }, {}),
    ["has version 9, and this program reads version 3"],
  ],
  [
    "a half-up stack",
    () => siteContract.parse("s", { layer: "site", version: 3, site: "dev" }, {}),
    ["contract.transit is missing", "secrets.privateKey is missing", "half up"],
  ],
];

/** What JavaScript lets through where a component needs an object of its own. */
const NOT_OBJECTS: [string, unknown, string][] = [
  ["nothing", undefined, "is undefined"],
  ["null", null, "is null"],
  ["a text", "transit", 'is "transit"'],
  ["a number", 7, "is 7"],
  ["a function in place of its result", lab, "is a function (lab)"],
  ["an output", pulumi.output({}), "is an output, whose value is known only later"],
  ["a promise", Promise.resolve({}), "is a promise"],
  ["the wrong object of two alike", { id: "x" }, "is an object"],
];
const TAKERS: [string, string, (value: never) => unknown, string][] = [
  [
    "Site",
    "platform",
    (value) => new Site("s", { platform: value, transitCidr: transit.cidr }),
    "a platform, such as lab()",
  ],
  [
    "Network",
    "site",
    (value) => new Network("n", { site: value, cidr: "10.1.0.0/24" }),
    "a Site, or what a contract tells of one",
  ],
  [
    "Machine",
    "networks",
    (value) => new Machine("m", { networks: value, role: "client", host: 7 }),
    "a list of Networks of a site",
  ],
  ["WebServers", "network", (value) => new WebServers("w", { network: value }), "a Network of a site"],
  [
    "KubernetesCluster",
    "networks",
    (value) => new KubernetesCluster("k", { networks: value }),
    "a list of Networks of a site",
  ],
  ["SwarmCluster", "networks", (value) => new SwarmCluster("s", { networks: value }), "a list of Networks of a site"],
  ["QuaggaRouter", "cluster", (value) => new QuaggaRouter("q", { cluster: value }), "a KubernetesCluster"],
  [
    "NginxLoadBalancer",
    "cluster",
    (value) => new NginxLoadBalancer("n", { cluster: value, backends: [] }),
    "a SwarmCluster",
  ],
  [
    "NginxLoadBalancer",
    "backends",
    (value) => new NginxLoadBalancer("n", { cluster: swarm, backends: value }),
    "a list of",
  ],
  ["ServiceChain", "from", (value) => new ServiceChain("c", { from: value, functions: [], to: group }), "a Network"],
  [
    "ServiceChain",
    "functions",
    (value) => new ServiceChain("c", { from: clients, functions: value, to: group }),
    "a list of network functions",
  ],
  [
    "ServiceChain",
    "to",
    (value) => new ServiceChain("c", { from: clients, functions: [], to: value }),
    "a group of servers",
  ],
];
const WRONG_KINDS = TAKERS.flatMap(([taker, key, make, what]) =>
  NOT_OBJECTS.map(([name, value, told]): [string, () => unknown, string[]] => [
    `${taker} is given ${name} as its ${key}`,
    () => make(wrong(value)),
    [taker, `${key} ${told}`, `it must be ${what}`],
  ]),
);
const NO_ARGUMENTS: [string, () => unknown, string[]][] = [
  ["Site", () => new Site("s", wrong(undefined))],
  ["Network", () => new Network("n", wrong(undefined))],
  ["ServiceChain", () => new ServiceChain("c", wrong("web"))],
].map(([name, make]) => [`${name} is given no arguments`, make as () => unknown, ["its arguments are"]]);

const RANGES: [string, string][] = [
  ["0.0.0.0/0", "larger than any network"],
  ["10.0.0.0/7", "larger than any network"],
  ["8.0.0.0/7", "larger than any network"],
  ["0.1.0.0/16", "this very network"],
  ["127.0.0.0/8", "loopback"],
  ["127.8.0.0/24", "loopback"],
  ["169.254.0.0/16", "link-local"],
  ["169.254.7.0/24", "link-local"],
  ["224.0.0.0/24", "multicast"],
  ["239.255.255.0/24", "multicast"],
  ["240.0.0.0/24", "reserved"],
  ["255.255.255.0/24", "reserved"],
  ["10.1.2.0/31", "no room for two machines"],
  ["10.1.2.3/32", "no room for two machines"],
  ["10.1.2.0/33", "from 0 to 32"],
  ["10.1.2.0/-1", "from 0 to 32"],
  ["10.1.2.0/024", "from 0 to 32"],
  ["10.1.2.0/", "from 0 to 32"],
  ["10.1.2.0/24/24", "not a CIDR"],
  ["10.1.2/24", "not an IPv4 address"],
  ["10.1.2.0.0/24", "not an IPv4 address"],
  ["010.1.2.0/24", "not an IPv4 address"],
  ["0x0a.1.2.0/24", "not an IPv4 address"],
  ["10.1.2.256/24", "not an IPv4 address"],
  [" 10.1.2.0/24", "not an IPv4 address"],
  ["10.1.2.0 /24", "not an IPv4 address"],
  ["fd00::/64", "not a CIDR"],
  ["", "not a CIDR"],
  ["transit", "not a CIDR"],
];
const BAD_RANGES = RANGES.flatMap(([range, says]): [string, () => unknown, string[]][] => [
  [`"${range}" as transit's range`, site(range), ['Site "s"', says]],
  [
    `"${range}" as a network's range`,
    () => new Network("n", { site: ground().site, cidr: range }),
    ['Network "n"', says],
  ],
  [`"${range}" as the pods' range`, kubernetes({ podCidr: range }), ['KubernetesCluster "k"', says]],
]);
const NUMBERS: [unknown, string][] = [
  [Number.NaN, "is NaN"],
  [Number.POSITIVE_INFINITY, "is Infinity"],
  [-1, "is -1"],
  [1.5, "is 1.5"],
  [1e9, "is 1000000000"],
  ["2", 'is "2"'],
  [null, "is null"],
  [pulumi.output(2), "is an output, whose value is known only later"],
  [[2], "is a list of 1"],
];
const BAD_NUMBERS = NUMBERS.flatMap(([number, says]): [string, () => unknown, string[]][] => [
  [
    `${says}: serverCount`,
    web({ serverCount: wrong(number) }),
    [`serverCount ${says}: it must be a whole number from 1 to 1000`],
  ],
  [`${says}: workerCount`, swarmCluster({ workerCount: wrong(number) }), [`workerCount ${says}`]],
  [`${says}: managerCount`, swarmCluster({ managerCount: wrong(number) }), [`managerCount ${says}`]],
  [`${says}: port`, balancer({ port: wrong(number) }), [`port ${says}`]],
  [`${says}: taskCount`, balancer({ publishMode: "ingress", taskCount: wrong(number) }), [`taskCount ${says}`]],
  [`${says}: host`, () => machine("m", ground().servers, wrong(number)), [says]],
]);
const NODES_OWN: [string, () => unknown, string[]][] = [
  ...[22, 2376, 2377, 7946].map((port): [string, () => unknown, string[]] => [
    `port ${port}, which nodes use themselves`,
    balancer({ port }),
    [`port is ${port}, which belongs to`, "take another one"],
  ]),
  [
    "a router's default route",
    router({ routes: [{ destination: "0.0.0.0/0", nextHop: "10.100.100.7" }] }),
    ["would take the node's own default route"],
  ],
  [
    "a router's route to a network beside it",
    router({ routes: [{ destination: "10.100.100.0/24", nextHop: "10.100.101.7" }] }),
    ["overlaps 10.100.100.0/24, which node-1 has a leg in"],
  ],
  [
    "a router's route over a network beside it",
    router({ routes: [{ destination: "10.100.0.0/16", nextHop: "10.100.101.7" }] }),
    ["overlaps 10.100.101.0/24, which node-1 has a leg in"],
  ],
  [
    "a router's route without a next hop",
    router({ routes: wrong([{ destination: "10.200.0.0/16" }]) }),
    ["a list of {destination, nextHop}"],
  ],
  [
    "a backend that is an output",
    balancer({ backends: wrong([pulumi.output("10.1.1.1")]) }),
    ["a backend is an output"],
  ],
  [
    "a role that there is not",
    () => new Machine("m", { networks: [ground().servers], role: wrong("router"), host: 7 }),
    ['role is "router"', "client, server"],
  ],
];

/** A whole chain's parts, and one more of something that they have already. */
function parts() {
  const { site: where, transit: near, servers: far, on } = ground();
  const asking = on("clients", "10.100.100.0/24");
  const apache = new WebServers("apache", { network: far });
  const k8s = new KubernetesCluster("k8s", { networks: [near, far] });
  const docker = new SwarmCluster("swarm", { networks: [near, asking] });
  const quagga = new QuaggaRouter("quagga", { cluster: k8s });
  const nginx = new NginxLoadBalancer("nginx", { cluster: docker, backends: apache.addresses });
  return { where, near, far, asking, apache, k8s, docker, quagga, nginx };
}
const TWICE: [string, () => unknown, string[]][] = [
  [
    "two chains that contradict each other on a machine",
    () => {
      const { near, far, asking, apache, quagga, nginx } = parts();
      const other = new KubernetesCluster("other", { networks: [near, far], firstHost: 40 });
      const second = new QuaggaRouter("second", { cluster: other });
      new ServiceChain("web", { from: asking, functions: [nginx, quagga], to: apache });
      return new ServiceChain("more", { from: asking, functions: [nginx, second], to: apache });
    },
    [
      "swarm-1 sends packets for 10.100.102.0/24 to 10.100.101.10 for the chain web, and would send them to 10.100.101.40",
    ],
  ],
  [
    "two balancers on one port of a Swarm",
    () => {
      const { docker, apache } = parts();
      return new NginxLoadBalancer("more", { cluster: docker, backends: apache.addresses });
    },
    ["port is 80, which nginx has on the Swarm swarm already"],
  ],
  [
    "two routers of one name on a cluster",
    () => new QuaggaRouter("more", { cluster: parts().k8s, functionName: "quagga" }),
    ['its cluster k8s runs "quagga" already, by quagga', "another functionName"],
  ],
  [
    "a function's name that no cluster takes",
    () => new QuaggaRouter("Q_1", { cluster: parts().k8s }),
    ['"Q_1" can\'t be used'],
  ],
  [
    "a gateway with two legs in one network",
    () => new Gateway("g", { legs: [{ network: transit }, { network: transit }] }),
    ["two legs in one network"],
  ],
  [
    "a gateway that packets are sent to, whose address is not said",
    () => {
      const { near, far, asking, apache, nginx } = parts();
      const cluster = new KubernetesCluster("far", { networks: [near], firstHost: 40 });
      const gateway = new Gateway("vpn", { legs: [{ network: near }, { network: far }] });
      const functions = [nginx, new QuaggaRouter("r", { cluster }), gateway];
      return new ServiceChain("web", { from: asking, functions, to: apache });
    },
    ["r sends packets to vpn, whose address in test/transit is not said"],
  ],
  ["a page that is no text", web({ page: wrong(7) }), ["page is 7: it must be a text"]],
  ["a registry that is no text", router({ registry: wrong(5000) }), ["registry is 5000: it must be a text"]],
  ["a time limit in words", kubernetes({ readyTimeoutSeconds: wrong("120") }), ['readyTimeoutSeconds is "120"']],
  [
    "a host number that is an output",
    web({ firstHost: wrong(pulumi.output(7)) }),
    ["firstHost is an output, whose value is known only later"],
  ],
  ["hosts without arguments", () => hosts(wrong(undefined)), ["hosts: its arguments are undefined"]],
  ["a hybrid without networks", () => hybrid(wrong({ otherwise: lab() })), ["networks is undefined"]],
  ["a lab that is given a name", () => lab(wrong("mine")), ['lab: its arguments are "mine"']],
  ["a cloud without arguments", () => openStack(wrong(null)), ["OpenStack: its arguments are null"]],
];

const STACKS = ["dev", "", "hybrid-vnf-site/dev", "a/b/c/d", "a//c", "a/b/ c", undefined, 7, pulumi.output("a/b/c")];

describe("the same, of all kinds that JavaScript lets through", () => {
  test.each([...WRONG_KINDS, ...NO_ARGUMENTS, ...BAD_RANGES, ...BAD_NUMBERS, ...NODES_OWN, ...TWICE])(
    "%s",
    (_, make, says) => {
      const { message } = refusalOf(make);
      for (const words of says) expect(message).toContain(words);
      expect(message).not.toContain("Calling [toString]");
    },
  );

  test.each(STACKS)("a stack named %s is not read", async (stack) => {
    await expect(siteContract.read(wrong(stack))).rejects.toThrow("it must be named with organization and project");
  });
});

describe("bad input is refused in plain sentences", () => {
  test.each(CASES)("%s", (_, make, says) => {
    const { message } = refusalOf(make);
    for (const words of says) expect(message).toContain(words);
  });

  test("a refusal is an error that Pulumi prints without a stack trace", () => {
    expect(pulumi.RunError.isInstance(new InvalidInput("x", ["y"]))).toBe(true);
  });

  test("no secret is told with what a contract lacks", () => {
    expect(() => siteContract.parse("s", { layer: "site", version: 3 }, { privateKey: 12345678 })).toThrow(
      /^(?!.*12345678)/s,
    );
  });
});
