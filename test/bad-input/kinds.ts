import * as pulumi from "@pulumi/pulumi";
import {
  KubernetesCluster,
  lab,
  Machine,
  Network,
  NginxLoadBalancer,
  QuaggaRouter,
  ServiceChain,
  Site,
  SwarmCluster,
  WebServers,
} from "../../components";
import { chain, deployedSwarm, type Row, transit, wrong } from "./ground";

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
    (value) => new NginxLoadBalancer("n", { cluster: deployedSwarm(), backends: value }),
    "a list of",
  ],
  ["ServiceChain", "from", (value) => chain({ from: value })(), "a Network"],
  ["ServiceChain", "functions", (value) => chain({ functions: value })(), "a list of network functions"],
  ["ServiceChain", "to", (value) => chain({ to: value })(), "a group of servers"],
];
const WRONG_KINDS = TAKERS.flatMap(([taker, key, make, what]) =>
  NOT_OBJECTS.map(
    ([name, value, told]): Row => [
      `${taker} is given ${name} as its ${key}`,
      () => make(wrong(value)),
      [taker, `${key} ${told}`, `it must be ${what}`],
    ],
  ),
);
const NO_ARGUMENTS: Row[] = [
  ["Site", () => new Site("s", wrong(undefined))],
  ["Network", () => new Network("n", wrong(undefined))],
  ["ServiceChain", () => new ServiceChain("c", wrong("web"))],
].map(([name, make]) => [`${name} is given no arguments`, make as () => unknown, ["its arguments are"]]);

export const KINDS: Row[] = [...WRONG_KINDS, ...NO_ARGUMENTS];
