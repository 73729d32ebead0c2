import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import {
  Machine,
  MachineScript,
  Network,
  type NetworkFunction,
  NginxLoadBalancer,
  type OpenStackArgs,
  openStack,
  publishChain,
  ServiceChain,
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
export = async () => {
  const config = new pulumi.Config();
  const site = new Site("guests", {
    platform: await openStack({
      access: (config.getObject("access") ?? "floating") as OpenStackArgs["access"],
      externalNetwork: "public",
      operators: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
      flavor: "m1.tiny",
      flavors: { swarm: "m1.small", kubernetes: "m1.small" },
      image: "machine",
      bootTimeoutSeconds: config.getNumber("bootTimeoutSeconds"),
    }),
    transitCidr: "10.100.101.0/24",
  });
  const { transit } = site;
  const network = new Network("servers", { site, cidr: "10.100.102.0/24" });
  const apache = new WebServers("apache", { network });
  const swarm = new SwarmLayer("swarm", { transit });

  const machine = new Machine("router", { networks: [transit, network], role: "kubernetes", host: 10 });
  const forwards = new MachineScript("router-forward", { machine, file: path.join(__dirname, "forward.sh") });
  const router: NetworkFunction = {
    name: "router",
    handling: "route",
    instances: [{ machine, legs: machine.legs }],
    ready: forwards.id,
  };
  const nginx = new NginxLoadBalancer("nginx", {
    cluster: swarm.cluster,
    backends: apache.addresses,
    readyTimeoutSeconds: 900,
  });
  const chain = new ServiceChain("chain", {
    from: swarm.clients,
    clients: [swarm.client],
    functions: [nginx, router],
    to: apache,
  });
  return {
    ...publishChain(chain),
    /** How the servers and the router are reached, each by itself. */
    machines: pulumi.all([...apache.machines, machine].map(factsOfMachine)),
  };
};
