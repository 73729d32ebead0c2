import type { Bgp, KubernetesClusterArgs, Ospf, Rip } from "../../components";
import { KubernetesCluster, Network, QuaggaRouter } from "../../components";
import {
  clients,
  deployedKubernetes,
  ground,
  kubernetes,
  moon,
  type Row,
  router,
  servers,
  there,
  transit,
  wrong,
} from "./ground";

const BESIDE = { address: "10.100.101.20", asNumber: 65002 };
/** A cluster of the same program. */
const made = (args: Partial<KubernetesClusterArgs>) => {
  const { site, transit: first } = ground();
  const servers = new Network("servers", { site, cidr: "10.100.102.0/24" });
  return new KubernetesCluster("k8s", { networks: [first, servers], ...args });
};
const ospf = (args: Partial<Ospf>) => router({ ospf: args });
const rip = (args: Partial<Rip>) => router({ rip: args });
const bgp = (args: Partial<Bgp>) => router({ bgp: { asNumber: 65001, neighbours: [BESIDE], ...args } });
const neighbour = (args: Partial<Bgp["neighbours"][number]>) => bgp({ neighbours: [{ ...BESIDE, ...args }] });

const LONG = "x".repeat(81);

const OSPF: Row[] = [
  ["OSPF that is no object", router({ ospf: wrong("yes") }), ['ospf is "yes": it must be an object']],
  ["OSPF areas that are no list", ospf({ areas: wrong(0) }), ["areas is 0: it must be a list of {area, networks}"]],
  ["no OSPF area", ospf({ areas: [] }), ["ospf.areas is empty"]],
  ["an OSPF area's number", ospf({ areas: [{ area: 2 ** 32 }] }), ["area number 1 is 4294967296"]],
  ["an OSPF area by a text", ospf({ areas: [{ area: wrong("0.0.0.0") }] }), ['area number 1 is "0.0.0.0"']],
  [
    "an OSPF area that is named twice",
    ospf({
      areas: [
        { area: 1, networks: [transit] },
        { area: 1, networks: [clients] },
      ],
    }),
    ["ospf.areas names area 1 twice"],
  ],
  ["two OSPF areas for all the rest", ospf({ areas: [{ area: 0 }, { area: 1 }] }), ["2 areas without networks"]],
  ["an OSPF area without a network", ospf({ areas: [{ area: 1, networks: [] }] }), ["area 1 has no network"]],
  ["OSPF networks that are none", ospf({ areas: [{ area: 1, networks: wrong(["n"]) }] }), ["a list of Networks"]],
  [
    "an OSPF network of somebody else",
    ospf({ areas: [{ area: 1, networks: [moon] }] }),
    ['area 1 names network "test/moon", which is none of the router\'s there ("test/transit", "test/clients")'],
  ],
  [
    "a network in two OSPF areas",
    ospf({
      areas: [
        { area: 0, networks: [transit] },
        { area: 1, networks: [transit, clients] },
      ],
    }),
    ['network "test/transit" is in area 0 and in area 1'],
  ],
  [
    "a network twice in an OSPF area",
    ospf({ areas: [{ area: 0, networks: [transit, transit] }] }),
    ['area 0 names network "test/transit" twice'],
  ],
  [
    "a passive OSPF network in no area",
    ospf({ areas: [{ area: 0, networks: [transit] }], passive: [clients] }),
    ['ospf.passive names network "test/clients", which is none of the router\'s there ("test/transit")'],
  ],
  ["a passive OSPF network twice", ospf({ passive: [clients, clients] }), ["ospf.passive names"]],
  ["an OSPF router ID that is no address", ospf({ routerId: "west" }), ['"west" is not an IPv4 address']],
  ["an OSPF router ID that stands for none", ospf({ routerId: "0.0.0.0" }), ["ospf.routerId is 0.0.0.0"]],
  ["an OSPF cost of nothing", ospf({ cost: 0 }), ["ospf.cost is 0: it must be a whole number"]],
  ["an OSPF hello that never comes", ospf({ helloSeconds: 0 }), ["ospf.helloSeconds is 0"]],
  ["an OSPF hello of half a second", ospf({ helloSeconds: 0.5 }), ["ospf.helloSeconds is 0.5"]],
  [
    "an OSPF neighbour that is dead at once",
    ospf({ helloSeconds: 5, deadSeconds: 5 }),
    ["ospf.deadSeconds is 5 and ospf.helloSeconds is 5: every neighbour would be gone"],
  ],
  ["an OSPF dead interval past all", ospf({ deadSeconds: 65536 }), ["ospf.deadSeconds is 65536"]],
  ["an OSPF redistribution of nothing known", ospf({ redistribute: wrong(["kernel"]) }), ['redistribute has "kernel"']],
  ["an OSPF redistribution twice", ospf({ redistribute: ["static", "static"] }), ['redistribute has "static" twice']],
  ["an OSPF redistribution of OSPF", ospf({ redistribute: ["ospf"] }), ['redistribute has "ospf" itself']],
  [
    "an OSPF redistribution of what the router does not speak",
    ospf({ redistribute: ["bgp"] }),
    ['ospf.redistribute has "bgp", which the router does not speak'],
  ],
  ["an OSPF redistribution that is no list", ospf({ redistribute: wrong("static") }), ["it must be a list, such as"]],
  [
    "an OSPF password that is too long",
    ospf({ password: LONG.slice(0, 17) }),
    ["has 17 characters: OSPF's MD5 authentication (RFC 2328) takes at most 16"],
  ],
  ["an OSPF password of nothing", ospf({ password: "" }), ["ospf.password is no text"]],
  ["an OSPF password of two words", ospf({ password: "two words" }), ["a character that FRR can't be told"]],
  ["an OSPF password that is a number", ospf({ password: wrong(12) }), ["ospf.password is no text"]],
  ["OSPF's BFD by a word", ospf({ bfd: wrong("fast") }), ['ospf.bfd is "fast": it must be true, false or an object']],
  ["BFD faster than FRR", ospf({ bfd: { intervalMilliseconds: 9 } }), ["ospf.bfd.intervalMilliseconds is 9"]],
  ["BFD that takes one packet for all", ospf({ bfd: { multiplier: 1 } }), ["ospf.bfd.multiplier is 1"]],
];

const RIP: Row[] = [
  ["RIP that is no object", router({ rip: wrong(true) }), ["rip is true: it must be an object"]],
  ["no RIP network", rip({ networks: [] }), ["rip.networks is empty"]],
  ["a RIP network of somebody else", rip({ networks: [moon] }), ['rip.networks names network "test/moon"']],
  ["a RIP network twice", rip({ networks: [transit, transit] }), ['rip.networks names network "test/transit" twice']],
  [
    "a passive RIP network that RIP does not tell of",
    rip({ networks: [transit], passive: [clients] }),
    ['rip.passive names network "test/clients"'],
  ],
  ["RIP updates too soon", rip({ updateSeconds: 4 }), ["rip.updateSeconds is 4"]],
  ["a RIP timeout that is none", rip({ timeoutSeconds: wrong("long") }), ['rip.timeoutSeconds is "long"']],
  ["a RIP garbage time past all", rip({ garbageSeconds: 1e6 }), ["rip.garbageSeconds is 1000000"]],
  [
    "RIP routes that are gone before their update",
    rip({ updateSeconds: 30, timeoutSeconds: 30 }),
    ["rip.timeoutSeconds is 30 and rip.updateSeconds is 30: every route would be gone"],
  ],
  ["RIP's BFD", rip(wrong({ bfd: true })), ["rip.bfd is set, and FRR 8.4"]],
  ["a RIP redistribution of RIP", rip({ redistribute: ["rip"] }), ['rip.redistribute has "rip" itself']],
  ["a RIP redistribution of OSPF", rip({ redistribute: ["ospf"] }), ["give it ospf"]],
  ["a RIP password that is too long", rip({ password: LONG.slice(0, 20) }), ["rip.password has 20 characters"]],
  ["a RIP password with a blank", rip({ password: "a b" }), ["rip.password has a character"]],
];

const BGP: Row[] = [
  ["BGP that is no object", router({ bgp: wrong(65001) }), ["bgp is 65001: it must be an object"]],
  ["BGP neighbours by addresses", bgp({ neighbours: wrong(["10.100.101.20"]) }), ["a list of {address, asNumber}"]],
  ["no BGP neighbour", bgp({ neighbours: [] }), ["bgp.neighbours is empty"]],
  ["an AS number of 0", bgp({ asNumber: 0 }), ["bgp.asNumber is 0"]],
  ["an AS number past all", bgp({ asNumber: 2 ** 32 - 1 }), ["bgp.asNumber is 4294967295"]],
  ["an AS number by a text", bgp({ asNumber: wrong("AS65001") }), ['bgp.asNumber is "AS65001"']],
  [
    "the AS number of longer ones",
    bgp({ asNumber: 23456 }),
    ["bgp.asNumber is 23456, which stands for longer numbers"],
  ],
  ["a reserved AS number", bgp({ asNumber: 65535 }), ["bgp.asNumber is 65535, which is reserved"]],
  ["a neighbour's AS number", neighbour({ asNumber: -1 }), ["the asNumber of the BGP neighbour 10.100.101.20 is -1"]],
  ["a BGP router ID that is no address", bgp({ routerId: "1" }), ['"1" is not an IPv4 address']],
  ["a BGP neighbour that is no address", neighbour({ address: "west" }), ['"west" is not an IPv4 address']],
  [
    "a BGP neighbour in no network of the router",
    neighbour({ address: "10.9.9.9" }),
    [
      "the BGP neighbour 10.9.9.9 is in none of the router's networks (10.100.101.0/24, 10.100.100.0/24): name one in a network that both have a leg in",
    ],
  ],
  ["a BGP neighbour that is a network's own address", neighbour({ address: "10.100.101.0" }), ["is in none of"]],
  ["a router that is its own BGP neighbour", neighbour({ address: "10.100.101.10" }), ["is the router itself"]],
  ["a BGP neighbour twice", bgp({ neighbours: [BESIDE, BESIDE] }), ["bgp.neighbours names 10.100.101.20 twice"]],
  ["a BGP neighbour's password", neighbour({ password: LONG }), ["password has 81 characters"]],
  ["a BGP neighbour's BFD timers", neighbour({ bfd: wrong({ multiplier: 3 }) }), ["its timers are those of bgp.bfd"]],
  ["BGP networks that are no list", bgp({ networks: wrong("10.1.0.0/16") }), ["it must be a list of ranges"]],
  ["a BGP network that is no range", bgp({ networks: ["10.100.101.1/24"] }), ["it has host bits set"]],
  [
    "a BGP network twice",
    bgp({ networks: [transit.cidr, transit.cidr] }),
    ["bgp.networks names 10.100.101.0/24 twice"],
  ],
  [
    "a BGP network that the router has no route to",
    bgp({ networks: ["10.200.0.0/16"] }),
    ["bgp.networks names 10.200.0.0/16, which the router has no route to"],
  ],
  ["a BGP hold time that FRR takes for none", bgp({ holdSeconds: 2 }), ["bgp.holdSeconds is 2"]],
  [
    "a BGP hold time that one lost packet ends",
    bgp({ keepaliveSeconds: 60, holdSeconds: 90 }),
    ["bgp.holdSeconds is 90 and bgp.keepaliveSeconds is 60: hold at least three times as long"],
  ],
  ["a BGP keepalive that never comes", bgp({ keepaliveSeconds: 0 }), ["bgp.keepaliveSeconds is 0"]],
  ["a BGP redistribution of BGP", bgp({ redistribute: ["bgp"] }), ['bgp.redistribute has "bgp" itself']],
  ["a BGP redistribution that is no source", bgp({ redistribute: wrong([1]) }), ["bgp.redistribute has 1"]],
  ["BGP's BFD of nothing", bgp({ bfd: wrong(null) }), ["bgp.bfd is null"]],
];

const NODES: Row[] = [
  [
    "a node that the router's cluster has not",
    router({ node: "node-2" }),
    ['its cluster cluster has no node "node-2" (it has: "node-1"): name one of those'],
  ],
  ["a router's runtime class in capitals", router({ runtimeClass: "Kata" }), ['runtimeClass is "Kata": it must be']],
  ["privileges by a text", router({ privileged: wrong("no") }), ['privileged is "no": it must be true or false']],
  ["a processor by a share", router({ dedicatedCores: 0.5 }), ["dedicatedCores is 0.5: it must be a whole number"]],
  ["no processor for itself", router({ dedicatedCores: 0 }), ["dedicatedCores is 0", "from 1 to 1024"]],
  ["processors by a text", router({ dedicatedCores: wrong("2") }), ['dedicatedCores is "2"']],
  ["processors by their numbers", router({ dedicatedCores: wrong([2, 3]) }), ["dedicatedCores is a list"]],
  [
    "processors for itself, and a share of others",
    router({ dedicatedCores: 2, cpuRequest: 0.5 }),
    ["cpuRequest is 0.5 beside dedicatedCores, which decides it", "leave cpuRequest out"],
  ],
  [
    "processors for itself, and a limit",
    router({ dedicatedCores: 2, cpuLimit: 2 }),
    ["cpuLimit is 2 beside dedicatedCores"],
  ],
  [
    "processors for itself, and memory that comes later",
    router({ dedicatedCores: 1, memoryRequestMiB: 64 }),
    ["memoryRequestMiB is 64 beside dedicatedCores"],
  ],
  [
    "a processor where the program's own cluster hands out none",
    () => new QuaggaRouter("quagga", { cluster: made({}), dedicatedCores: 2 }),
    ['dedicatedCores is 2, and the cluster k8s has the cpuManagerPolicy "none"', 'cpuManagerPolicy: "static"'],
  ],
  [
    "one NUMA node where the program's own cluster looks for none",
    () =>
      new QuaggaRouter("quagga", {
        cluster: made({ cpuManagerPolicy: "static" }),
        dedicatedCores: 2,
        singleNumaNode: true,
      }),
    ['singleNumaNode is true, and the cluster k8s has the topologyManagerPolicy "none"'],
  ],
  ["one NUMA node by a text", router({ dedicatedCores: 1, singleNumaNode: wrong("0") }), ['singleNumaNode is "0"']],
  [
    "one NUMA node for shared processors",
    router({ singleNumaNode: true }),
    ["singleNumaNode is true, and dedicatedCores is left out"],
  ],
  [
    "a static CPU manager by true",
    kubernetes({ cpuManagerPolicy: wrong(true) }),
    ['cpuManagerPolicy is true: it must be "none" or "static"'],
  ],
  [
    "a CPU manager's policy of another manager",
    kubernetes({ cpuManagerPolicy: wrong("best-effort") }),
    ['cpuManagerPolicy is "best-effort"'],
  ],
  [
    "a NUMA policy in capitals",
    kubernetes({ topologyManagerPolicy: wrong("Restricted") }),
    ['topologyManagerPolicy is "Restricted": it must be "none" or "best-effort" or'],
  ],
  ["a NUMA policy by a number", kubernetes({ topologyManagerPolicy: wrong(0) }), ["topologyManagerPolicy is 0"]],
  ["a node by its machine", router({ node: wrong({ name: "node-1" }) }), ["has no node an object"]],
  [
    "two routers that speak with neighbours, on one node",
    () => {
      const on = there("k8s-1", 10, [transit, servers]);
      const cluster = deployedKubernetes({ nodes: [on], networks: [transit, servers] });
      router({ cluster, ospf: {} })();
      return new QuaggaRouter("more", { cluster, rip: {} });
    },
    ["its node k8s-1 has a router that speaks with neighbours already, quagga"],
  ],
];

/** Routing protocols, and the nodes that speak them. */
export const ROUTING: Row[] = [...OSPF, ...RIP, ...BGP, ...NODES];
