import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

/** What the routers learn from each other by: `pulumi config set protocol rip`. */
const config = new pulumi.Config();
const protocol = config.get("protocol") ?? "ospf";
/** Whether they watch each other by BFD. */
const bfd = config.getBoolean("bfd") ?? false;

const site = new vnf.Site("routers", { platform: vnf.lab(), transitCidr: "10.151.1.0/24" });
const clients = new vnf.Network("clients", { site, cidr: "10.151.0.0/24" });
const servers = new vnf.Network("servers", { site, cidr: "10.151.2.0/24" });
const storage = new vnf.Network("storage", { site, cidr: "10.151.3.0/24" });

// clients - west - transit - middle (two nodes) - servers - east - storage
const west = new vnf.KubernetesCluster("west", { networks: [site.transit, clients], firstHost: 11 });
const middle = new vnf.KubernetesCluster("middle", {
  networks: [site.transit, servers],
  firstHost: 21,
  firstWorkerHost: 22,
  workerCount: 1,
});
const east = new vnf.KubernetesCluster("east", { networks: [servers, storage], firstHost: 31 });

/** What OSPF reckons a packet into one of their networks at. */
const cost = config.getNumber("cost");
/** Systems of their own, which neighbours know each other by. */
const asNumbers: Record<string, number> = { west: 65001, first: 65002, second: 65003, east: 65004 };
const password = config.getSecret("password");

/** A router on a node of a cluster, with the protocol that is asked for; and for BGP, its neighbours' addresses by their names. */
function routerOn(
  name: string,
  cluster: vnf.KubernetesCluster,
  node: string,
  neighbours: Record<string, string>,
): vnf.QuaggaRouter {
  const protocols: Record<string, vnf.RoutingProtocols> = {
    ospf: { ospf: { cost, helloSeconds: 1, deadSeconds: 3, bfd, password } },
    rip: { rip: { updateSeconds: 5, timeoutSeconds: 15, password } },
    bgp: {
      bgp: {
        asNumber: asNumbers[name] ?? 0,
        neighbours: Object.entries(neighbours).map(([other, address]) => ({
          address,
          asNumber: asNumbers[other] ?? 0,
          password,
        })),
        holdSeconds: 3,
        bfd,
      },
    },
  };
  return new vnf.QuaggaRouter(`${name}-router`, { cluster, node, ...protocols[protocol] });
}

const routers = [
  routerOn("west", west, "west-1", { first: "10.151.1.21", second: "10.151.1.22" }),
  routerOn("first", middle, "middle-1", { west: "10.151.1.11", east: "10.151.2.31" }),
  routerOn("second", middle, "middle-2", { west: "10.151.1.11", east: "10.151.2.31" }),
  routerOn("east", east, "east-1", { first: "10.151.2.21", second: "10.151.2.22" }),
];

// Those at the ends know one router each; what is beyond, the routers learn.
const client = new vnf.Machine("client", { networks: [clients], role: "client", host: 100 });
const web = new vnf.WebServers("web", { network: storage, serverCount: 1 });
new vnf.Route("client-route", { machine: client, destination: storage.cidr, nextHop: "10.151.0.11" });
for (const machine of web.machines)
  new vnf.Route(`${machine.id.replace("/", "-")}-route`, {
    machine,
    destination: clients.cidr,
    nextHop: "10.151.3.31",
  });
export const { addresses } = web;
export const names = routers.map((router) => router.name);
