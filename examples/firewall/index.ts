import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

/** Whether requests may pass: `pulumi config set open false` closes the chain. */
const open = new pulumi.Config().getBoolean("open") ?? true;

export = async () => {
  const site = new vnf.Site("walls", { platform: vnf.lab(), transitCidr: "10.130.101.0/24" });
  const clients = new vnf.Network("clients", { site, cidr: "10.130.100.0/24" });
  const inside = new vnf.Network("inside", { site, cidr: "10.130.103.0/24" });
  const servers = new vnf.Network("servers", { site, cidr: "10.130.102.0/24" });
  const apache = new vnf.WebServers("apache", { network: servers });
  const client = new vnf.Machine("client", { networks: [clients], role: "client", host: 100 });
  const swarm = new vnf.SwarmCluster("swarm", { networks: [site.transit, clients] });
  const wall = new vnf.Machine("wall", { networks: [site.transit, inside], role: "router", host: 30 });
  const k8s = new vnf.KubernetesCluster("k8s", { networks: [inside, servers] });

  const balancer = new vnf.NginxLoadBalancer("nginx", { cluster: swarm, backends: apache.addresses });
  const firewall = new vnf.Firewall("firewall", {
    machine: wall,
    zones: { outside: [site.transit], inside: [inside] },
    rules: [
      { name: "web", from: "outside", to: "inside", protocol: "tcp", ports: [80], action: open ? "accept" : "drop" },
    ],
  });
  const router = new vnf.QuaggaRouter("quagga", { cluster: k8s });
  const functions = [balancer, firewall, router];
  const chain = new vnf.ServiceChain("web", { from: clients, clients: [client], functions, to: apache });
  return { url: chain.url, table: firewall.table, ...vnf.publishChain(chain) };
};
