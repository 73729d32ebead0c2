import {
  attachPod,
  Firewall,
  Gateway,
  hosts,
  Image,
  KubernetesMicroservice,
  lab,
  MachineScript,
  NatGateway,
  Route,
  Site,
  SwarmMicroservice,
  VirtualMachine,
} from "../../components";
import {
  balancer,
  chain,
  deployedKubernetes,
  deployedSwarm,
  kubernetes,
  type Row,
  router,
  servers,
  swarm,
  there,
  transit,
  web,
  wrong,
} from "./ground";

const wall = () => there("wall", 30, [transit, servers]);
const RULE = { name: "web", from: "transit", to: "servers" };
const BESIDE = { address: "10.100.101.9", asNumber: 65002 };
/** What JavaScript lets through: fields that there are not. */
const given = wrong as (fields: object) => never;

/** Fields of the arguments themselves. */
const ARGUMENTS: Row[] = [
  [
    "a Site with a misspelt field",
    () => new Site("s", given({ platform: lab(), transitCidr: transit.cidr, sitename: "edge" })),
    ['Site "s": there is no sitename: did you mean "siteName"? (there are: platform, transitCidr, siteName)'],
  ],
  ["servers with a misspelt field", web(given({ serverCont: 3 })), ['no serverCont: did you mean "serverCount"?']],
  ["a cluster with a misspelt field", kubernetes(given({ workers: 2 })), ["there is no workers: ", "workerCount"]],
  ["a Swarm with a misspelt field", swarm(given({ managercount: 3 })), ['did you mean "managerCount"?']],
  ["a router with a misspelt field", router(given({ route: [] })), ['there is no route: did you mean "routes"?']],
  ["a balancer with a misspelt field", balancer(given({ tasks: 2 })), ['there is no tasks: did you mean "taskCount"?']],
  ["a chain with a misspelt field", chain(given({ returnpath: [] })), ['did you mean "returnPath"?']],
  [
    "a firewall with a misspelt field",
    () => new Firewall("f", given({ machine: wall(), rules: [], zone: {} })),
    ['there is no zone: did you mean "zones"? (there are: machine, rules, zones, functionName)'],
  ],
  [
    "a field like no other",
    () => new NatGateway("n", given({ machine: wall(), outside: transit, masquerade: true })),
    ["there is no masquerade: leave it out (there are: machine, outside, portForwards, functionName)"],
  ],
  [
    "a field of every object",
    () => new Route("r", given({ machine: wall(), destination: "10.1.0.0/24", nextHop: "10.100.101.9", toString: 1 })),
    ["there is no toString: leave it out"],
  ],
  [
    "an image with a misspelt field",
    () => new Image("i", given({ folder: "quagga", runtime: "containerd", nodes: [wall()], registery: "r" })),
    ['there is no registery: did you mean "registry"?'],
  ],
  [
    "a script with a misspelt field",
    () => new MachineScript("m", given({ machine: wall(), file: __filename, inputs: {} })),
    ['there is no inputs: did you mean "input"?'],
  ],
  ["a lab with a misspelt field", () => lab(given({ machineimage: "m" })), ['did you mean "machineImage"?']],
  ["hosts with a misspelt field", () => hosts(given({ hosts: {}, key: "k" })), ["there is no key", "privateKey"]],
  [
    "a virtual machine with a misspelt field",
    () => new VirtualMachine("v", given({ cluster: deployedKubernetes(), memoryMib: 512 })),
    ['there is no memoryMib: did you mean "memoryMiB"?'],
  ],
];

/** Fields of what the arguments are made of. */
const PARTS: Row[] = [
  [
    "a rule with a misspelt field",
    () => new Firewall("f", { machine: wall(), rules: [RULE, given({ ...RULE, prots: [80], protocol: "tcp" })] }),
    [
      'Firewall "f": there is no rules[1].prots: did you mean "ports"? (there are: name, from, to, protocol, ports, action)',
    ],
  ],
  [
    "a forward with a misspelt field",
    () =>
      new NatGateway("n", {
        machine: wall(),
        outside: transit,
        portForwards: [given({ port: 80, address: "10.100.102.11", target: 8080 })],
      }),
    ['there is no portForwards[0].target: did you mean "targetPort"?'],
  ],
  [
    "a gateway's leg with a misspelt field",
    () => new Gateway("g", { legs: [{ network: transit }, given({ network: servers, adress: "10.100.102.1" })] }),
    ['there is no legs[1].adress: did you mean "address"?'],
  ],
  [
    "a route with a misspelt field",
    router({ routes: [given({ destination: "10.9.0.0/16", nextHop: "10.100.101.9", metric: 5 })] }),
    ["there is no routes[0].metric: leave it out (there are: destination, nextHop)"],
  ],
  [
    "OSPF with a misspelt field",
    router({ ospf: given({ passsive: [] }) }),
    ['no ospf.passsive: did you mean "passive"?'],
  ],
  [
    "an area with a misspelt field",
    router({ ospf: { areas: [given({ area: 0, network: [] })] } }),
    ["areas[0].network:"],
  ],
  [
    "BFD with a misspelt field",
    router({ ospf: { bfd: given({ interval: 100 }) } }),
    ["there is no ospf.bfd.interval: "],
  ],
  ["RIP with a misspelt field", router({ rip: given({ updateSecond: 5 }) }), ['did you mean "updateSeconds"?']],
  [
    "BGP with a field as it is spelt in America",
    router({ bgp: given({ asNumber: 65001, neighbours: [BESIDE], neighbors: [BESIDE] }) }),
    ['there is no bgp.neighbors: did you mean "neighbours"?'],
  ],
  [
    "a neighbour with a misspelt field",
    router({ bgp: { asNumber: 65001, neighbours: [given({ ...BESIDE, pasword: "p" })] } }),
    ['there is no bgp.neighbours[0].pasword: did you mean "password"?'],
  ],
  [
    "a seed with a misspelt field",
    () => new VirtualMachine("v", { cluster: deployedKubernetes(), seed: given({ userdata: "#!/bin/sh\n" }) }),
    ['there is no seed.userdata: did you mean "userData"?'],
  ],
  [
    "a volume with a misspelt field",
    () => new VirtualMachine("v", { cluster: deployedKubernetes(), volume: given({ sizeGib: 5 }) }),
    ['there is no volume.sizeGib: did you mean "sizeGiB"?'],
  ],
  [
    "an interface of a pod with a misspelt field",
    () => attachPod("p", [given({ attachment: {}, hots: 5 })]),
    ['interfaces[0]: there is no hots: did you mean "host"?'],
  ],
  [
    "an override with a misspelt field",
    () =>
      new KubernetesMicroservice("k", {
        cluster: deployedKubernetes(),
        manifests: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" } }],
        overrides: [given({ path: "data", value: {}, knd: "ConfigMap" })],
      }),
    ['there is no overrides[0].knd: did you mean "kind"?'],
  ],
  [
    "variables with a misspelt field",
    () =>
      new SwarmMicroservice("s", {
        cluster: deployedSwarm(),
        image: "nginx:1.27",
        env: [given({ variables: {}, services: "web" })],
      }),
    ['there is no env[0].services: did you mean "service"?'],
  ],
];

export const FIELDS: Row[] = [...ARGUMENTS, ...PARTS];
