import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import {
  Client,
  InvalidInput,
  KubernetesCluster,
  KubernetesLayer,
  type KubernetesLike,
  lab,
  type MachineLike,
  NginxLoadBalancer,
  type NginxLoadBalancerArgs,
  QuaggaRouter,
  type QuaggaRouterArgs,
  Route,
  ServiceLayer,
  Site,
  SwarmCluster,
  SwarmLayer,
  type SwarmLike,
  siteContract,
  WebServers,
} from "../../components";
import { settings } from "../../stacks/settings";
import { record, refusalOf } from "./mocks";

beforeAll(() => {
  record();
});

const transit = { name: "transit", cidr: "10.100.101.0/24", ref: "transit" };
const servers = { name: "servers", cidr: "10.100.102.0/24", ref: "servers" };
const site = { name: "test", platform: lab(), transit, key: { privateKey: "PRIVATE", publicKey: "ssh-ed25519 AAAA" } };
const node: MachineLike = {
  name: "node-1",
  legs: [
    { network: "transit", cidr: transit.cidr, address: "10.100.101.10", interface: "eth0" },
    { network: "clients", cidr: "10.100.100.0/24", address: "10.100.100.20", interface: "eth1" },
  ],
  ssh: { host: "10.100.101.10", port: 22, user: "root", privateKey: "PRIVATE", hostKey: "ssh-ed25519 AAAA" },
  identity: "1",
};
const cluster: KubernetesLike = { nodes: [node], kubeconfig: "kubeconfig" };
const swarm: SwarmLike = {
  nodes: [node],
  endpoint: "tcp://10.100.101.10:2376",
  credentials: { ca: "", cert: "", key: "" },
};
const balancer = (args: Partial<NginxLoadBalancerArgs>) => () =>
  new NginxLoadBalancer("nginx", { swarm, servers: ["10.100.102.11"], ...args });
const router = (args: Partial<QuaggaRouterArgs>) => () =>
  new QuaggaRouter("quagga", { cluster, reach: [{ name: "clients", cidr: "10.100.100.0/24" }], ...args });
/** As a program without types, or one that reads its values from outside, would pass it. */
const wrong = (value: unknown) => value as never;

const CASES: [string, () => unknown, string[]][] = [
  [
    "a transit range without a prefix",
    () => new Site("s", { platform: lab(), transit: "10.100.101.0" }),
    ['did you mean "10.100.101.0/24"?'],
  ],
  [
    "a transit range with host bits",
    () => new Site("s", { platform: lab(), transit: "10.100.101.7/24" }),
    ['did you mean "10.100.101.0/24"?'],
  ],
  [
    "a site's name in capitals",
    () => new Site("s", { platform: lab(), transit: transit.cidr, name: "Edge" }),
    ['the name "Edge"', "lower-case"],
  ],
  [
    "a site's name and range at once",
    () => new Site("s", { platform: lab(), transit: "x/24", name: "" }),
    ['the name ""', '"x" is not an IPv4 address'],
  ],
  ["no servers", () => new WebServers("w", { site, cidr: servers.cidr, replicas: 0 }), ["replicas is 0", "at least 1"]],
  [
    "half a server",
    () => new WebServers("w", { site, cidr: servers.cidr, replicas: 1.5 }),
    ["replicas is 1.5", "whole number"],
  ],
  [
    "more servers than the network holds",
    () => new WebServers("w", { site, cidr: "10.100.102.0/28", replicas: 9 }),
    ["no host number 15", "1 to 14"],
  ],
  [
    "servers on transit",
    () => new WebServers("w", { site, cidr: "10.100.101.128/25" }),
    ['"servers" 10.100.101.128/25 overlaps network "transit" 10.100.101.0/24'],
  ],
  [
    "servers' range out of bounds",
    () => new WebServers("w", { site, cidr: "10.100.300.0/24" }),
    ['"10.100.300.0" is not an IPv4 address'],
  ],
  [
    "a negative number of workers",
    () => new KubernetesCluster("k", { site, networks: [transit], workers: -1 }),
    ["workers is -1", "0 or more"],
  ],
  [
    "a cluster that is given no time",
    () => new KubernetesCluster("k", { site, networks: [transit], readyTimeout: 0.5 }),
    ["readyTimeout is 0.5", "from 1 to 9999"],
  ],
  [
    "an unknown CNI",
    () => new KubernetesCluster("k", { site, networks: [transit], cni: wrong("calico") }),
    ['cni is "calico"', '"bridge" or "flannel"'],
  ],
  [
    "a bridge over several nodes",
    () => new KubernetesCluster("k", { site, networks: [transit], workers: 1, cni: "bridge" }),
    ['cni "bridge" joins the pods of one node only', 'use cni "flannel"'],
  ],
  ["a cluster in no network", () => new KubernetesCluster("k", { site, networks: [] }), ["networks is empty"]],
  [
    "pods' range on transit",
    () => new KubernetesCluster("k", { site, networks: [transit], podCidr: "10.100.0.0/16" }),
    ['overlaps network "pods" 10.100.0.0/16'],
  ],
  [
    "services' range on the pods'",
    () => new KubernetesCluster("k", { site, networks: [transit], serviceCidr: "10.244.1.0/24" }),
    ['"pods" 10.244.0.0/16 overlaps network "services"'],
  ],
  [
    "no room for the nodes",
    () => new KubernetesCluster("k", { site, networks: [{ ...transit, cidr: "10.100.101.0/29" }] }),
    ["no host number 10", "1 to 6"],
  ],
  [
    "an even number of managers",
    () => new SwarmCluster("s", { site, networks: [transit], managers: 2 }),
    ["managers is 2", "odd"],
  ],
  ["no manager", () => new SwarmCluster("s", { site, networks: [transit], managers: 0 }), ["managers is 0"]],
  ["a swarm in no network", () => new SwarmCluster("s", { site, networks: [] }), ["networks is empty"]],
  [
    "clients on transit",
    () => new SwarmLayer("s", { site, clients: "10.100.0.0/16" }),
    ['"clients" 10.100.0.0/16 overlaps network "transit"'],
  ],
  [
    "a client beyond its network",
    () => new Client("c", { site, network: { ...servers, cidr: "10.100.102.0/30" } }),
    ["no host number 100"],
  ],
  [
    "a network the router has no leg on",
    router({ reach: [servers] }),
    ['node-1 has no leg in network "servers"', '"transit", "clients"'],
  ],
  ["a router from nowhere", router({ from: "moon" }), ['no leg in network "moon"']],
  ["a router to nowhere", router({ reach: [] }), ["reach is empty"]],
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
  ["a router on no node", router({ cluster: { nodes: [], kubeconfig: "" } }), ["its cluster has no node"]],
  ["SERVERS empty", balancer({ servers: [] }), ["servers is empty"]],
  ["a server that is no address", balancer({ servers: ["apache"] }), ['"apache" is not an IPv4 address']],
  [
    "a server's port out of range",
    balancer({ servers: ["10.100.102.11:70000"] }),
    ['the port "70000" must be a number from 1 to 65535'],
  ],
  [
    "a balancer that is given no time",
    balancer({ readyTimeout: 0 }),
    ["readyTimeout is 0", "whole number of seconds from 1 to 9999"],
  ],
  ["the balancer's port out of range", balancer({ port: 0 }), ["port is 0", "1 to 65535"]],
  ["an unknown publish mode", balancer({ publish: wrong("mesh") }), ['publish is "mesh"', '"host" or "ingress"']],
  ["no balancer", balancer({ replicas: 0 }), ["replicas is 0"]],
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
    () => new KubernetesLayer("kubernetes", { site, replicas: 90, workers: 1 }),
    ["replicas is 90 and workers is 1", "room for 89 servers"],
  ],
  ["an empty registry", router({ registry: "" }), ['registry is ""']],
  [
    "more host-published tasks than nodes",
    balancer({ replicas: 2 }),
    ["replicas is 2 on 1 node(s)", 'publish "ingress"'],
  ],
  [
    "clients in a network that the swarm isn't in",
    balancer({ clients: "moon" }),
    ['node-1 has no leg in network "moon"'],
  ],
  [
    "everything wrong with a balancer at once",
    balancer({ servers: ["x"], port: -1, publish: wrong("y"), replicas: 0 }),
    ['"x"', "port is -1", '"y"', "replicas is 0"],
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
        transit,
        kubernetes: { cluster: { ...cluster, endpoint: "" }, network: servers, servers: [], machines: [] },
        swarm: { cluster: swarm, network: { ...servers, name: "clients" }, client: node },
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
    ["has version 9, and this program reads version 2"],
  ],
  [
    "a half-up stack",
    () => siteContract.parse("s", { layer: "site", version: 2, site: "dev" }, {}),
    ["contract.transit is missing", "secrets.privateKey is missing", "half up"],
  ],
  [
    "an unknown platform",
    () => configured("platform", "vmware"),
    ['hybrid-vnf:platform is "vmware"', "lab", "pulumi config set platform"],
  ],
  ["an unknown CNI in the configuration", () => configured("cni", "calico"), ['"calico"', "bridge, flannel"]],
  ["replicas in words", () => configured("replicas", "two"), ['hybrid-vnf:replicas is "two"', "number"]],
  ["a port in parts", () => configured("port", "80.5"), ['"80.5"', "whole number"]],
  ["routers out of range", () => configured("routers", "7"), ['"7"', "0 or 1"]],
  ["routes that are no list", () => configured("routes", "10.0.0.0/8"), ['"destination": CIDR']],
];

function configured(key: "platform" | "cni" | "replicas" | "port" | "routers" | "routes", text: string) {
  pulumi.runtime.setAllConfig({ [`hybrid-vnf:${key}`]: text });
  return settings(key);
}

describe("bad input is refused in plain sentences", () => {
  test.each(CASES)("%s", (_, make, says) => {
    const { message } = refusalOf(make);
    for (const words of says) expect(message).toContain(words);
  });

  test("a refusal is an error that Pulumi prints without a stack trace", () => {
    expect(pulumi.RunError.isInstance(new InvalidInput("x", ["y"]))).toBe(true);
  });

  test("no secret is told with what a contract lacks", () => {
    expect(() => siteContract.parse("s", { layer: "site", version: 2 }, { privateKey: 12345678 })).toThrow(
      /^(?!.*12345678)/s,
    );
  });
});
