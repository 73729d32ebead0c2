import * as pulumi from "@pulumi/pulumi";
import { type JumpHost, Network, NginxLoadBalancer, openStack, Site, SwarmCluster } from "../../../components";
import { factsOfMachine } from "../../../components/contracts/machine";

/** A balancer on a Swarm node that has no floating address: SSH and the Swarm's API lead through a jump host. */
export = async () => {
  const config = new pulumi.Config();
  const site = new Site("jump", {
    platform: await openStack({
      access: { jump: config.requireObject<JumpHost>("jump") },
      jumpKey: config.requireSecret("jumpKey"),
      externalNetwork: "public",
      operators: ["10.0.0.0/8"],
      flavor: "m1.small",
      image: "machine",
      bootTimeoutSeconds: config.requireNumber("bootTimeoutSeconds"),
    }),
    transitCidr: "10.100.101.0/24",
  });
  const clients = new Network("clients", { site, cidr: "10.100.100.0/24" });
  const swarm = new SwarmCluster("swarm", { networks: [site.transit, clients] });
  const nginx = new NginxLoadBalancer("nginx", {
    cluster: swarm,
    backends: ["10.100.102.11"],
    readyTimeoutSeconds: 900,
  });
  const url = nginx.ready.apply(() => `http://${nginx.instances[0]?.legs[1]?.address}`);
  return { url, endpoint: swarm.endpoint, machines: pulumi.all(swarm.nodes.map(factsOfMachine)) };
};
