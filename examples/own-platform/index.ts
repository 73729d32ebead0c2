import * as vnf from "hybrid-vnf";
import { Inventory, inventoryPlatform } from "./inventory";

vnf.platforms.register(inventoryPlatform);

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000000000000000000000000000000000000000";
const names = ["apache-1", "apache-2", "k8s-1", "swarm-1"];
const platform = new Inventory(
  Object.fromEntries(names.map((name) => [name, { hostKey, interfaces: ["ens3", "ens4"] }])),
);

const site = new vnf.Site("rack", { platform, transitCidr: "10.125.101.0/24" });
const clients = new vnf.Network("clients", { site, cidr: "10.125.100.0/24" });
const servers = new vnf.Network("servers", { site, cidr: "10.125.102.0/24" });
const apache = new vnf.WebServers("apache", { network: servers });
const k8s = new vnf.KubernetesCluster("k8s", { networks: [site.transit, servers] });
const swarm = new vnf.SwarmCluster("swarm", { networks: [site.transit, clients] });
const router = new vnf.QuaggaRouter("quagga", { cluster: k8s });
const balancer = new vnf.NginxLoadBalancer("nginx", { cluster: swarm, backends: apache.addresses });
const chain = new vnf.ServiceChain("web", { from: clients, functions: [balancer, router], to: apache });
export const url = chain.url;

/** Another program reads this, and makes machines in the same place. */
export const { contract, secrets } = vnf.publishSite(site.transit);
