import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

/** The gateway between the lab and the cloud is yours, such as a VPN: its address on transit, and beside the servers. */
const config = new pulumi.Config();
const gatewayAddress = config.get("gatewayAddress") ?? "10.124.101.254";
const gatewayReturnAddress = config.get("gatewayReturnAddress") ?? "10.124.102.2";

export = async () => {
  // The cloud that OS_CLOUD names in clouds.yaml, or that the OS_* variables tell of: it is asked what it has before anything is made.
  const cloud = await vnf.openStack({
    access: "floating",
    externalNetwork: config.get("externalNetwork") ?? "public",
    operators: ["10.0.0.0/8"],
    flavor: config.get("flavor") ?? "m1.medium",
    image: config.get("image") ?? "machine",
  });
  const platform = vnf.hybrid({ networks: { servers: cloud }, otherwise: vnf.lab() });

  const site = new vnf.Site("reach", { platform, transitCidr: "10.124.101.0/24" });
  const clients = new vnf.Network("clients", { site, cidr: "10.124.100.0/24" });
  const servers = new vnf.Network("servers", { site, cidr: "10.124.102.0/24" });
  const apache = new vnf.WebServers("apache", { network: servers });
  const k8s = new vnf.KubernetesCluster("k8s", { networks: [site.transit], remoteNetworks: [servers] });
  const swarm = new vnf.SwarmCluster("swarm", { networks: [site.transit, clients] });
  const router = new vnf.QuaggaRouter("quagga", { cluster: k8s });
  const balancer = new vnf.NginxLoadBalancer("nginx", { cluster: swarm, backends: apache.addresses });
  const gateway = new vnf.Gateway("vpn", {
    legs: [
      { network: site.transit, address: gatewayAddress },
      { network: servers, address: gatewayReturnAddress },
    ],
  });
  const chain = new vnf.ServiceChain("web", { from: clients, functions: [balancer, router, gateway], to: apache });
  return { url: chain.url };
};
