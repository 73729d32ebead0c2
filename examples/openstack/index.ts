import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

const config = new pulumi.Config();

export = async () => {
  // The cloud that OS_CLOUD names in clouds.yaml, or that the OS_* variables tell of: it is asked what it has before anything is made.
  const platform = await vnf.openStack({
    access: "floating",
    externalNetwork: config.get("externalNetwork") ?? "public",
    operators: config.getObject<string[]>("operators") ?? ["192.0.2.0/24"],
    flavor: config.get("flavor") ?? "m1.medium",
    image: config.get("image") ?? "machine",
  });

  const site = new vnf.Site("cloud", { platform, transitCidr: "10.127.101.0/24" });
  const clients = new vnf.Network("clients", { site, cidr: "10.127.100.0/24" });
  const servers = new vnf.Network("servers", { site, cidr: "10.127.102.0/24" });
  const apache = new vnf.WebServers("apache", { network: servers });
  const k8s = new vnf.KubernetesCluster("k8s", { networks: [site.transit, servers] });
  const swarm = new vnf.SwarmCluster("swarm", { networks: [site.transit, clients] });
  const router = new vnf.QuaggaRouter("quagga", { cluster: k8s });
  const balancer = new vnf.NginxLoadBalancer("nginx", { cluster: swarm, backends: apache.addresses });
  const chain = new vnf.ServiceChain("web", { from: clients, functions: [balancer, router], to: apache });
  return { url: chain.url };
};
