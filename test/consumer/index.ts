// A program of somebody else, outside this workspace, on the published package.
import * as vnf from "hybrid-vnf";

const site = new vnf.Site("edge", { platform: vnf.lab(), transit: "10.110.101.0/24" });
const web = new vnf.WebServers("apache", { site, cidr: "10.110.102.0/24", replicas: 2 });
const clients = site.network("clients", "10.110.100.0/24");
const cluster = new vnf.KubernetesCluster("kubernetes", { site, networks: [site.transit, web.network] });
const swarm = new vnf.SwarmCluster("swarm", { site, networks: [site.transit, clients] });
const router = new vnf.QuaggaRouter("quagga", { cluster, reach: [web.network] });
const lb = new vnf.NginxLoadBalancer("nginx", { swarm, servers: web.addresses, via: router, back: web.machines });
export const url = lb.url;
