import * as pulumi from "@pulumi/pulumi";
import { NginxLoadBalancer, openStack, Site, SwarmCluster } from "../../../components";
import { factsOfMachine } from "../../../components/contracts/machine";
import type { JumpHost } from "../../../components/machine/machine";

/** A balancer on a Swarm node that has no floating address: SSH and the Swarm's API lead through a jump host. */
export = () => {
  const config = new pulumi.Config();
  const site = new Site("jump", {
    platform: openStack({
      access: { jump: config.requireObject<JumpHost>("jump") },
      jumpKey: config.requireSecret("jumpKey"),
      externalNetwork: "public",
      operators: ["10.0.0.0/8"],
      flavor: "m1.small",
      image: "machine",
      bootTimeout: config.requireNumber("bootTimeout"),
    }),
    transit: "10.100.101.0/24",
  });
  const clients = site.network("clients", "10.100.100.0/24");
  const swarm = new SwarmCluster("swarm", { site, networks: [site.transit, clients] });
  const { url } = new NginxLoadBalancer("nginx", { swarm, servers: ["10.100.102.11"], readyTimeout: 900 });
  return { url, endpoint: swarm.endpoint, machines: pulumi.all(swarm.nodes.map(factsOfMachine)) };
};
