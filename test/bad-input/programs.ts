import * as pulumi from "@pulumi/pulumi";
import {
  functionOf,
  Gateway,
  hosts,
  hybrid,
  KubernetesCluster,
  KubernetesLayer,
  lab,
  Machine,
  MachineScript,
  Network,
  NginxLoadBalancer,
  openStack,
  Problems,
  planPath,
  QuaggaRouter,
  Route,
  ServiceChain,
  ServiceLayer,
  Site,
  type SiteNetwork,
  SwarmCluster,
  SwarmLayer,
  WebServers,
} from "../../components";
import { withInput } from "../../components/script/script";
import {
  balancer,
  chain,
  clients,
  deployedKubernetes,
  deployedSwarm,
  ground,
  group,
  kubernetes,
  machine,
  moon,
  network,
  node,
  parts,
  type Row,
  router,
  running,
  servers,
  site,
  swarm,
  there,
  transit,
  web,
  wrong,
} from "./ground";

/** What comes of an output, or stands against it, which an apply would not hear of. The SDK keeps these promises to itself. */
const known = (output: unknown) => {
  const { isKnown, isSecret, promise, allResources } = output as Record<string, unknown> & {
    [name in "promise" | "allResources"]: () => Promise<unknown>;
  };
  return Promise.all([promise(), isKnown, isSecret, allResources()]);
};

/** Programs of one part. */
const SINGLE: Row[] = [
  ["a transit range without a prefix", site("10.100.101.0"), ['did you mean "10.100.101.0/24"?']],
  ["a transit range with host bits", site("10.100.101.7/24"), ['did you mean "10.100.101.0/24"?']],
  ["a site's name in capitals", site(transit.cidr, "Edge"), ['the name "Edge"', "lower-case"]],
  ["a site's name and range at once", site("x/24", ""), ['the name ""', '"x" is not an IPv4 address']],
  ["a network of a role that is no name", network("10.1.0.0/24", "The Net"), ['its role is "The Net"']],
  [
    "a network on transit",
    network("10.100.101.128/25"),
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
  ["a cluster in no network", kubernetes({ networks: [] }), ["networks is empty"]],
  [
    "a cluster over two sites",
    () => {
      const other = ground().servers;
      const elsewhere = { ...other, id: "other/servers", site: { ...other.site, name: "other" } };
      return kubernetes({ networks: [ground().transit, elsewhere] })();
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
  ["an even number of managers", swarm({ managerCount: 2 }), ["managerCount is 2", "odd"]],
  ["no manager", swarm({ managerCount: 0 }), ["managerCount is 0"]],
  ["a swarm in no network", swarm({ networks: [] }), ["networks is empty"]],
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
      return new Machine("d", { networks: [network], role: "client", host: 101, hostname: "c" });
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
  ["a router on no node", router({ cluster: deployedKubernetes({ nodes: [] }) }), ["its cluster has no node"]],
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
  [
    "a backend that is named twice",
    balancer({ backends: ["10.100.102.11", "10.100.102.12", "10.100.102.11:80", "10.100.102.11"] }),
    ['backends names 10.100.102.11:80 twice ("10.100.102.11" and "10.100.102.11:80")', "name each of them once"],
  ],
  ["a backend with two ports", balancer({ backends: ["10.100.102.11:80:81"] }), ['the port "80:81" must be a number']],
  ...["10.100.100.7", "10.100.100.8"].map(
    (nextHop): Row => [
      `a router's second route to one network, by ${nextHop}`,
      router({
        routes: [
          { destination: "10.200.0.0/16", nextHop: "10.100.100.7" },
          { destination: "10.200.0.0/16", nextHop },
        ],
      }),
      [`routes names 10.200.0.0/16 twice (by 10.100.100.7 and by ${nextHop})`],
    ],
  ),
  [
    "pods' range without room for a node",
    kubernetes({ podCidr: "10.244.0.0/25" }),
    ["podCidr is 10.244.0.0/25: it must be a range of /8 to /24"],
  ],
  [
    "pods' range without room for each node",
    kubernetes({ workerCount: 3, podCidr: "10.244.0.0/23" }),
    ["podCidr is 10.244.0.0/23, which holds 2 nodes of a /24 each, and workerCount is 3", "take a larger range"],
  ],
  ...["172.32.0.0/11", "10.96.0.0/25"].map(
    (serviceCidr): Row => [
      `the services' range ${serviceCidr}`,
      kubernetes({ serviceCidr }),
      [`serviceCidr is ${serviceCidr}: it must be a range of /12 to /24`],
    ],
  ),
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
    "a gateway with the address of the machine that carries the lab",
    () => new Gateway("g", { legs: [{ network: ground().transit, address: "10.100.101.1" }, { network: servers }] }),
    ['10.100.101.1 in network "transit" belongs to the machine that carries the lab: give the gateway another one'],
  ],
  [
    "a layer's gateway with the address of the machine that carries the lab",
    () => new KubernetesLayer("kubernetes", { transit: ground().transit, gatewayAddress: "10.100.101.1" }),
    ["gatewayAddress is 10.100.101.1, which belongs to the machine that carries the lab"],
  ],
  [
    "a script's input that is a number only once it is known",
    () => known(withInput(__filename, { PORT: pulumi.output(wrong(80)) }, 'MachineScript "web"')),
    ['MachineScript "web"', 'input is an object whose "PORT" is 80: it must be texts by the names of shell variables'],
  ],
  [
    "a route to a malformed network",
    () => new Route("r", { machine: node(), destination: "10.100.102.1/24", nextHop: "10.100.101.1" }),
    ['did you mean "10.100.102.0/24"?'],
  ],
  [
    "a route over no neighbour",
    () => new Route("r", { machine: node(), destination: servers.cidr, nextHop: "10.9.9.9" }),
    ["the next hop 10.9.9.9 is in no network that node-1 has a leg in"],
  ],
  [
    "servers where the clients are",
    () =>
      new ServiceLayer("s", {
        kubernetes: {
          cluster: deployedKubernetes(),
          servers: { name: "apache", network: servers, machines: [], addresses: [] },
        },
        swarm: { cluster: deployedSwarm(), clients: { ...servers, name: "clients" }, client: node() },
      }),
    ['"servers" 10.100.102.0/24 overlaps network "clients"'],
  ],
];

/** What a node keeps to itself. */
const NODES_OWN: Row[] = [
  ...[22, 2376, 2377, 7946].map(
    (port): Row => [
      `port ${port}, which nodes use themselves`,
      balancer({ port }),
      [`port is ${port}, which belongs to`, "take another one"],
    ],
  ),
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
    () => new Machine("m", { networks: [ground().servers], role: wrong("hub"), host: 7 }),
    ['role is "hub"', "client, server"],
  ],
];

/** Programs of several parts, of which one is too many, and what only JavaScript lets through. */
const SEVERAL: Row[] = [
  [
    "two chains that contradict each other on a machine",
    () => {
      const { nginx, quagga, apache } = parts();
      const second = running("second", "route", there("other-1", 40, [transit, servers]));
      chain({ functions: [nginx, quagga], to: apache })();
      return new ServiceChain("more", { from: clients, functions: [nginx, second], to: apache });
    },
    [
      "swarm-1 sends packets for 10.100.102.0/24 to 10.100.101.10 for the chain c, and would send them to 10.100.101.40",
      "apache-1 and apache-2 send packets for 10.100.101.20/32 to 10.100.102.10 for the chain c",
    ],
  ],
  [
    "a chain whose route takes the answers that another one leaves to the servers' default route",
    () => {
      const { nginx, quagga, apache } = parts();
      const legs = [{ network: transit, address: "10.100.101.254" }, { network: servers }];
      chain({ functions: [nginx, new Gateway("vpn", { legs })], to: apache })();
      return new ServiceChain("more", { from: transit, functions: [quagga], to: apache });
    },
    [
      "apache-1 and apache-2 send packets for 10.100.101.20/32 by the default route for the chain c, and would send them to 10.100.102.10 for this one",
    ],
  ],
  [
    "a route beside another one of the same machine, to another neighbour",
    () => {
      const machine = there("other-1", 40, [transit, servers]);
      new Route("one", { machine, destination: "10.200.0.0/16", nextHop: "10.100.102.8" });
      return new Route("two", { machine, destination: "10.200.0.0/16", nextHop: "10.100.102.9" });
    },
    [
      'other-1 sends packets for 10.200.0.0/16 to 10.100.102.8 for Route "one", and would send them to 10.100.102.9 for this one',
    ],
  ],
  [
    "two balancers on one port of a Swarm",
    () => {
      const cluster = deployedSwarm();
      balancer({ cluster })();
      return new NginxLoadBalancer("more", { cluster, backends: ["10.100.102.11"] });
    },
    ["port is 80, which nginx has on the Swarm cluster already"],
  ],
  [
    "two routers of one name on a cluster",
    () => {
      const cluster = deployedKubernetes();
      router({ cluster })();
      return new QuaggaRouter("more", { cluster, functionName: "quagga" });
    },
    ['its cluster cluster runs "quagga" already, by quagga', "another functionName"],
  ],
  [
    "a function's name that no cluster takes",
    () => new QuaggaRouter("Q_1", { cluster: deployedKubernetes() }),
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
      const { nginx, apache } = parts();
      const gateway = new Gateway("vpn", { legs: [{ network: transit }, { network: servers }] });
      const last = running("r", "route", there("far-1", 40, [transit]));
      return chain({ functions: [nginx, last, gateway], to: apache })();
    },
    ["r sends packets to vpn, whose address in test/transit is not said"],
  ],
  [
    "servers that are no neighbours, and nothing on the way to them",
    () => {
      const { nginx, apache } = parts();
      return chain({ functions: [nginx], to: apache })();
    },
    ["nothing leads from nginx (test/transit, test/clients) to apache (test/servers)", "put a gateway between them"],
  ],
  [
    "a chain that leads away from its servers",
    () => {
      const { nginx, quagga, apache } = parts();
      return chain({ functions: [quagga, nginx], to: apache })();
    },
    ['nothing leads from the clients in "clients"', "nothing leads from nginx"],
  ],
  [
    "one host in two clusters",
    () => {
      const { transit: near, servers: far } = ground();
      new WebServers("apache", { network: far, machineName: "node" });
      return new KubernetesCluster("k8s", { networks: [near, far], machineName: "node" });
    },
    ['the site has a machine "node-1" already', "(machineName, or hostname of a Machine)"],
  ],
  [
    "two clusters at their defaults",
    () => {
      const { transit: near } = ground();
      new SwarmCluster("one", { networks: [near] });
      return new SwarmCluster("other", { networks: [near] });
    },
    ["other-1 would have the address 10.100.101.20", "which one-1 has"],
  ],
  [
    "a client on the first worker's address",
    () => {
      const { transit: near } = ground();
      machine("client", near);
      return new KubernetesCluster("k8s", { networks: [near], workerCount: 2 });
    },
    ["k8s-2 would have the address 10.100.101.100", "which client has"],
  ],
  [
    "a published port that the cloud's access rules do not open",
    () => balancer({ cluster: deployedSwarm({ nodes: [there("swarm-1", 20, [transit], [80, 443])] }), port: 8080 })(),
    ["port is 8080, which the access rules of swarm-1 do not open (they open 80, 443)", "servicePorts"],
  ],
  [
    "a chain's port that they do not open on the clients' side",
    () => {
      const { nginx, quagga, apache } = parts(80);
      return chain({ functions: [{ ...nginx, port: 8080 }, quagga], to: apache })();
    },
    ['requests to port 8080 can\'t reach nginx in "test/clients"', "open 80: open it there too (servicePorts)"],
  ],
  [
    "a port of the servers' that they do not open",
    () => {
      const { nginx, quagga, apache } = parts(80);
      const backends = ["10.100.102.11:8080"];
      return chain({ functions: [{ ...nginx, backends }, quagga], to: apache })();
    },
    ["requests to port 8080 can't reach quagga", "requests to port 8080 can't reach apache"],
  ],
  [
    "a network whose name is nearly one of a hybrid's",
    () => {
      const platform = hybrid({ networks: { server: lab() }, otherwise: lab() });
      return new Network("servers", { site: ground(platform).site, cidr: servers.cidr });
    },
    ['networks of the hybrid names "server", and this is "servers", which would be on lab', "Name both there"],
  ],
  [
    "one host under two names",
    () => {
      const hostKey = "ssh-ed25519 AAAA";
      const pool = {
        "kubernetes-1": { hostKey, host: "192.0.2.7", addresses: ["10.100.101.10"] },
        "swarm-1": { hostKey, host: "192.0.2.7", addresses: ["10.100.101.20"] },
      };
      return hosts({ hosts: pool });
    },
    ["SSH reaches swarm-1 and kubernetes-1 both at 192.0.2.7:22", "one machine of one cluster"],
  ],
  [
    "a thousand servers in a network for 254",
    web({ serverCount: 1000 }),
    ["has no host number 255", "w-246 and 754 more"],
  ],
  ["a first server past the network's end", web({ firstHost: 254 }), ["no host number 255"]],
  [
    "a worker on the control plane's address",
    kubernetes({ workerCount: 1, firstWorkerHost: 10 }),
    ["k-2 would have the address 10.100.101.10", "which k-1 has"],
  ],
  [
    "a machine on the address of the lab's own machine",
    () => machine("m", ground().servers, 1),
    [
      "would have the address 10.100.102.1",
      "which belongs to the machine that carries the lab: give it another host number",
    ],
  ],
  [
    "a machine's name of 64 letters",
    () => machine("m".repeat(64), ground().servers),
    ["is no host name", "at most 63"],
  ],
  [
    "a machine's name with a dot",
    () => new Machine("m", { networks: [ground().servers], role: "client", host: 7, hostname: "web.example" }),
    ['"web.example" is no host name'],
  ],
  ...["127.0.0.1", "0.0.0.0", "224.0.0.18", "255.255.255.255", "169.254.169.254"].map(
    (address): Row => [
      `the backend ${address}`,
      balancer({ backends: [address] }),
      [`the address ${address} is no machine's`],
    ],
  ),
  [
    "a host on its own loopback",
    () => hosts({ hosts: { client: { hostKey: "ssh-ed25519 AAAA", addresses: ["127.0.0.1"] } } }),
    ["the address 127.0.0.1 is no machine's"],
  ],
  ...[
    ["0.0.0.0/0", "own default route"],
    ["128.0.0.0/1", "larger than any network"],
    ["224.0.0.0/4", "larger than any network"],
    ["239.1.0.0/16", "is for multicast"],
    ["127.0.0.0/8", "own loopback"],
    ["169.254.169.254/32", "link-local"],
  ].flatMap(([destination = "", says = ""]): Row[] => [
    [`a router's route to ${destination}`, router({ routes: [{ destination, nextHop: "10.100.100.7" }] }), [says]],
    [
      `a machine's route to ${destination}`,
      () => new Route("r", { machine: node(), destination, nextHop: "10.100.100.7" }),
      ['Route "r"', says],
    ],
  ]),
  [
    "a machine's route over a network beside it",
    () => new Route("r", { machine: node(), destination: "10.100.0.0/16", nextHop: "10.100.100.7" }),
    ["would take the way to 10.100.101.0/24, which node-1 has a leg in"],
  ],
  [
    "a machine's route over itself",
    () => new Route("r", { machine: node(), destination: servers.cidr, nextHop: "10.100.101.10" }),
    ["10.100.101.10 is the address of node-1 itself"],
  ],
  ["a router's replicas in words", router({ replicas: wrong("1") }), ['replicas is "1"']],
  ["a router that is given no replicas", router({ replicas: wrong(null) }), ["replicas is null"]],
  ["a negative time of grace", router({ graceSeconds: -1 }), ["graceSeconds is -1", "from 0 to 9999"]],
  ...[7, null, pulumi.output("x"), {}].flatMap((name): Row[] => {
    const given =
      typeof name === "object" && name !== null
        ? pulumi.Output.isInstance(name)
          ? "an output"
          : "an object"
        : String(name);
    return [
      [`servers called by ${given}`, web({ machineName: wrong(name) }), [`machineName is ${given}`]],
      [`a cluster's nodes called by ${given}`, kubernetes({ machineName: wrong(name) }), [`machineName is ${given}`]],
      [`a Swarm's nodes called by ${given}`, swarm({ machineName: wrong(name) }), [`machineName is ${given}`]],
      [`a router called by ${given}`, router({ functionName: wrong(name) }), [`functionName is ${given}`]],
      [`a balancer called by ${given}`, balancer({ functionName: wrong(name) }), [`functionName is ${given}`]],
    ];
  }),
  ["a page that is the name of a file", web({ page: "./index.html" }), ['page is "./index.html", the name of a file']],
  ["a page that is no text", web({ page: wrong(7) }), ["page is 7: it must be a text"]],
  ["a registry that is no text", router({ registry: wrong(5000) }), ["registry is 5000: it must be a text"]],
  ["a time limit in words", kubernetes({ readyTimeoutSeconds: wrong("120") }), ['readyTimeoutSeconds is "120"']],
  [
    "a host number that is an output",
    web({ firstHost: wrong(pulumi.output(7)) }),
    ["firstHost is an output, whose value is known only later"],
  ],
  ...[7, "1", null].map(
    (value): Row => [
      `a number that is ${JSON.stringify(value)} only once it is known`,
      () => known(new Problems("it").requireSeconds("wait", pulumi.output(wrong(value)), 9)),
      [`it: wait is ${JSON.stringify(value)}: it must be a whole number of seconds from 9 to 9999`],
    ],
  ),
  ...[0, 70000, "80", null].map(
    (port): Row => [
      `a proxy of one's own on port ${JSON.stringify(port)}`,
      () => {
        const { nginx, quagga, apache } = parts();
        return chain({ functions: [{ ...nginx, port: wrong(port) }, quagga], to: apache })();
      },
      [`the port of nginx is ${JSON.stringify(port)}: it must be a whole number from 1 to 65535`],
    ],
  ),
  ...["", undefined, 7].flatMap((name): Row[] => {
    const told = `its name is ${JSON.stringify(name)}: it must be a text that is not empty`;
    return [
      [`a site called ${JSON.stringify(name)}`, () => new Site(wrong(name), wrong({})), [`Site: ${told}`]],
      [`a gateway called ${JSON.stringify(name)}`, () => new Gateway(wrong(name), wrong({})), [`Gateway: ${told}`]],
      [
        `servers called ${JSON.stringify(name)}`,
        () => new WebServers(wrong(name), { network: ground().servers }),
        [`WebServers: ${told}`],
      ],
      [`a route called ${JSON.stringify(name)}`, () => new Route(wrong(name), wrong({})), [`Route: ${told}`]],
    ];
  }),
  [
    "two networks of one role",
    () => {
      const { site } = ground();
      new Network("one", { site, cidr: "10.1.1.0/24", role: "servers" });
      return new Network("other", { site, cidr: "10.1.2.0/24", role: "servers" });
    },
    ['the site has a network "servers" already, 10.1.1.0/24', "another role"],
  ],
  ...Object.entries({
    machine: (networks: SiteNetwork[]) => new Machine("m", { networks, role: "client", host: 7 }),
    cluster: (networks: SiteNetwork[]) => new KubernetesCluster("k", { networks }),
    Swarm: (networks: SiteNetwork[]) => new SwarmCluster("s", { networks }),
  }).map(
    ([what, make]): Row => [
      `a ${what} with one network twice`,
      () => {
        const { servers: network } = ground();
        return make([network, network]);
      },
      ['networks names "test/servers" twice'],
    ],
  ),
  ["a site without a range", () => new Site("s", wrong({ platform: lab() })), ["transitCidr is undefined"]],
  [
    "a network without a range",
    () => new Network("n", wrong({ site: ground().site })),
    ["cidr is undefined: it must be a range in CIDR notation"],
  ],
  ...Object.entries({ "is undefined": undefined, "is an output": pulumi.output({}), "is an object": {} }).map(
    ([told, one]): Row => [
      `a function on the way that ${told}`,
      () => chain({ functions: [parts().nginx, wrong(one)] })(),
      [`functions is a list of 2, of which number 2 ${told}`],
    ],
  ),
  ...["a b;rm", "-oProxyCommand=x"].map(
    (host): Row => [
      `a host that SSH reaches at ${host}`,
      () => hosts({ hosts: { client: { hostKey: "ssh-ed25519 AAAA", host, addresses: ["10.100.100.100"] } } }),
      ["hosts.client.host: it must be an address or a host's name"],
    ],
  ),
  [
    "a host with two addresses in one network",
    () => {
      const addresses = ["10.100.102.7", "10.100.102.8"];
      const pool = hosts({ hosts: { m: { hostKey: "ssh-ed25519 AAAA", addresses } } });
      return machine("m", ground(pool).servers);
    },
    ['host m has two addresses in network "servers" 10.100.102.0/24, 10.100.102.7 and 10.100.102.8'],
  ],
  [
    "a host with one address twice",
    () => hosts({ hosts: { m: { hostKey: "ssh-ed25519 AAAA", addresses: ["10.1.1.1", "10.1.1.1"] } } }),
    ["m has 10.1.1.1 twice"],
  ],
  ...Object.entries({
    "10.9.9.9": "its address 10.9.9.9 is no machine's address in 10.100.101.0/24",
    firewall: '"firewall" is not an IPv4 address',
  }).map(
    ([address, told]): Row => [
      `a function of one's own at ${address}`,
      () => {
        const { nginx, apache } = parts();
        const legs = [
          { network: transit.id, cidr: transit.cidr, address },
          { network: servers.id, cidr: servers.cidr, address: "10.100.102.77" },
        ];
        return chain({ functions: [nginx, { name: "wall", handling: "route", instances: [{ legs }] }], to: apache })();
      },
      [`the leg of wall in "test/transit": ${told}`],
    ],
  ),
  ...Object.entries({
    "is a list of 1": ["80"],
    'is an object whose "A" is 5': { A: 5 },
    'is an object whose "A" is undefined': { A: undefined },
    'is an object whose "A-B" is "1"': { "A-B": "1" },
    'is an object whose "1A" is "1"': { "1A": "1" },
  }).map(
    ([told, input]): Row => [
      `a script's input that ${told}`,
      () => new MachineScript("s", { machine: node(), file: __filename, input: wrong(input) }),
      [`input ${told}: it must be texts by the names of shell variables`],
    ],
  ),
  [
    "a published function that is nothing",
    () => functionOf(wrong(undefined), pulumi.output("")),
    ["functionOf: its arg"],
  ],
  ["a path that is nothing", () => planPath(wrong(undefined), new Problems("it")), ["planPath: its arguments"]],
  ...Object.entries({ "is undefined": undefined, "is an object": {}, "is a promise": Promise.resolve() }).map(
    ([told, made]): Row => [
      `a platform of one's own whose machine ${told}`,
      () => {
        const own = { kind: "mine", facts: {}, network: () => "n", machine: () => wrong(made) };
        return machine("m", ground(own).servers);
      },
      ['Platform "mine"', `machine("m") ${told}`, "it must be a machine"],
    ],
  ),
  [
    "a gateway with one wrong leg twice",
    () => new Gateway("g", { legs: ["10.9.9.9", "10.9.9.9"].map((address) => ({ network: transit, address })) }),
    ["two legs in one network", "10.9.9.9 is no machine's address"],
  ],
  ["a chain to no server", chain({ to: { ...group(), machines: [] } }), ["web has no machine"]],
  ["hosts without arguments", () => hosts(wrong(undefined)), ["hosts: its arguments are undefined"]],
  ["a hybrid without networks", () => hybrid(wrong({ otherwise: lab() })), ["networks is undefined"]],
  ["a lab that is given a name", () => lab(wrong("mine")), ['lab: its arguments are "mine"']],
  ["a cloud without arguments", () => openStack(wrong(null)), ["OpenStack: its arguments are null"]],
];

export const PROGRAMS: Row[] = [...SINGLE, ...NODES_OWN, ...SEVERAL];
