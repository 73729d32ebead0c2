import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

const config = new pulumi.Config();
/** How many virtual machines serve beside the Apache machine: `pulumi config set guests 2` makes two of one. */
const guests = config.getNumber("guests") ?? 1;

/** What each of them does at its first start. The page names them all, and the one that it is of. */
const userData = `#!/bin/sh
echo "<h1>guest</h1><p>$(hostname)</p>" >/var/www/html/index.html
`;

export = async () => {
  const site = new vnf.Site("vmpod", { platform: vnf.lab(), transitCidr: "10.153.101.0/24" });
  const clients = new vnf.Network("clients", { site, cidr: "10.153.100.0/24" });
  const servers = new vnf.Network("servers", { site, cidr: "10.153.102.0/24" });
  const client = new vnf.Machine("client", { networks: [clients], role: "client", host: 100 });
  const apache = new vnf.WebServers("apache", { network: servers, serverCount: 1 });
  const swarm = new vnf.SwarmCluster("swarm", { networks: [site.transit, clients] });
  const wall = new vnf.Machine("wall", { networks: [site.transit, servers], role: "router", host: 30 });
  const k8s = new vnf.KubernetesCluster("k8s", { networks: [servers] });

  const guest = new vnf.VirtualMachine("guest", {
    cluster: k8s,
    memoryMiB: 160,
    seed: { userData },
    replicas: guests,
    liveness: { exec: ["/bin/true"] },
  });
  const keeper = new vnf.VirtualMachine("keeper", {
    cluster: k8s,
    memoryMiB: 160,
    volume: { sizeGiB: 1 },
    emulated: true,
  });
  const address = new vnf.ServiceAddress("guest-address", { cluster: k8s, pods: guest, network: servers });

  const backends = [...apache.addresses, ...address.addresses];
  const balancer = new vnf.NginxLoadBalancer("nginx", { cluster: swarm, backends });
  const firewall = new vnf.Firewall("firewall", {
    machine: wall,
    rules: [{ name: "web", from: "transit", to: "servers", protocol: "tcp", ports: [80] }],
  });
  const to = { name: "web", network: servers, machines: [...apache.machines, ...address.machines] };
  const chain = new vnf.ServiceChain("web", { from: clients, clients: [client], functions: [balancer, firewall], to });
  return { url: chain.url, keeper: keeper.name, ...vnf.publishChain(chain) };
};
