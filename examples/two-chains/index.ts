import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

/** Host number of each chain's cluster nodes, by its name: `pulumi config set --path chains.gold 40`. */
const chains = new pulumi.Config().getObject<Record<string, number>>("chains") ?? { gold: 40, silver: 60 };

const site = new vnf.Site("shared", { platform: vnf.lab(), transitCidr: "10.123.101.0/24" });
const clients = new vnf.Network("clients", { site, cidr: "10.123.100.0/24" });
const servers = new vnf.Network("servers", { site, cidr: "10.123.102.0/24" });
const apache = new vnf.WebServers("apache", { network: servers });
const client = new vnf.Machine("client", { networks: [clients], role: "client", host: 100 });

/** Another balancer and another router before the same servers; answers go back the way that their requests came. */
function chainOver(name: string, firstHost: number): vnf.ServiceChain {
  const k8s = new vnf.KubernetesCluster(`${name}-k8s`, { networks: [site.transit, servers], firstHost });
  const swarm = new vnf.SwarmCluster(`${name}-swarm`, { networks: [site.transit, clients], firstHost: firstHost + 1 });
  const router = new vnf.QuaggaRouter(`${name}-quagga`, { cluster: k8s });
  const balancer = new vnf.NginxLoadBalancer(`${name}-nginx`, { cluster: swarm, backends: apache.addresses });
  const functions = [balancer, router];
  return new vnf.ServiceChain(`${name}-web`, { from: clients, clients: [client], functions, to: apache });
}

export const urls = Object.fromEntries(
  Object.entries(chains).map(([name, firstHost]) => [name, chainOver(name, firstHost).url]),
);
