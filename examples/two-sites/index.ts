import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

/** Second number of each site's ranges, by its name: `pulumi config set --path sites.north 121`. */
const sites = new pulumi.Config().getObject<Record<string, number>>("sites") ?? { north: 121, south: 122 };

/** A whole chain on a site of its own: names begin with the site's, ranges with its number. */
function chainOn(name: string, number: number): vnf.ServiceChain {
  const site = new vnf.Site(name, { platform: vnf.lab(), transitCidr: `10.${number}.101.0/24` });
  const clients = new vnf.Network(`${name}-clients`, { site, cidr: `10.${number}.100.0/24`, role: "clients" });
  const servers = new vnf.Network(`${name}-servers`, { site, cidr: `10.${number}.102.0/24`, role: "servers" });
  const apache = new vnf.WebServers(`${name}-apache`, { network: servers, machineName: "apache" });
  const client = new vnf.Machine(`${name}-client`, {
    networks: [clients],
    role: "client",
    host: 100,
    hostname: "client",
  });
  const k8s = new vnf.KubernetesCluster(`${name}-k8s`, { networks: [site.transit, servers], machineName: "k8s" });
  const swarm = new vnf.SwarmCluster(`${name}-swarm`, { networks: [site.transit, clients], machineName: "swarm" });
  const router = new vnf.QuaggaRouter(`${name}-quagga`, { cluster: k8s });
  const balancer = new vnf.NginxLoadBalancer(`${name}-nginx`, { cluster: swarm, backends: apache.addresses });
  const functions = [balancer, router];
  return new vnf.ServiceChain(`${name}-web`, { from: clients, clients: [client], functions, to: apache });
}

export const urls = Object.fromEntries(
  Object.entries(sites).map(([name, number]) => [name, chainOn(name, number).url]),
);
