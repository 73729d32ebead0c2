import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import {
  MachineScript,
  NginxLoadBalancer,
  type OpenStackArgs,
  openStack,
  publishService,
  type RouterLike,
  Site,
  SwarmLayer,
  WebServers,
} from "../../../components";
import { factsOfMachine } from "../../../components/contracts/machine";

/**
 * The chain with all its machines on a cloud, but for Kubernetes: a client, Nginx on a Swarm, two Apache servers, and in the router
 * function's place a machine like the others, with a leg on transit and one beside the servers, whose kernel forwards. It has the role of a
 * node that carries a router function, for the cloud must let out of it what others sent.
 */
export = () => {
  const config = new pulumi.Config();
  const site = new Site("guests", {
    platform: openStack({
      access: (config.getObject("access") ?? "floating") as OpenStackArgs["access"],
      externalNetwork: "public",
      operators: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
      flavor: "m1.tiny",
      flavors: { swarm: "m1.small" },
      image: "machine",
      bootTimeout: config.getNumber("bootTimeout"),
    }),
    transit: "10.100.101.0/24",
  });
  const web = new WebServers("apache", { site, cidr: "10.100.102.0/24", replicas: 2 });
  const swarm = new SwarmLayer("swarm", { site });

  const near = { network: site.transit, address: "10.100.101.10" };
  const far = { network: web.network, address: "10.100.102.10" };
  const router = site.platform.machine(
    "router",
    { site: site.name, role: "kubernetes", legs: [near, far], key: site.key },
    { parent: site },
  );
  new MachineScript("router-forward", { machine: router, file: path.join(__dirname, "forward.sh") }, { parent: site });
  const via: RouterLike = { name: router.name, legs: router.legs, reach: [web.network] };
  const nginx = new NginxLoadBalancer("nginx", {
    swarm: swarm.cluster,
    servers: web.addresses,
    via,
    back: web.machines,
    readyTimeout: 900,
  });

  const [balancer] = swarm.cluster.nodes;
  if (!balancer) throw new RangeError("the swarm has no node");
  return {
    ...publishService({
      url: nginx.url,
      hops: [
        { name: "nginx", address: nginx.leg.address },
        { name: router.name, address: near.address },
      ],
      servers: web.servers,
      client: swarm.client,
      balancer,
    }),
    /** How the servers and the router are reached, each by itself. */
    machines: pulumi.all([...web.machines, router].map(factsOfMachine)),
  };
};
