import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

/** The stacks of the repository's stacks/ folder that are up under this name. */
const stack = new pulumi.Config().get("stack") ?? "dev";
const nameOf = (layer: string) => `${pulumi.getOrganization()}/hybrid-vnf-${layer}/${stack}`;

export = async () => {
  const { servers } = vnf.kubernetesLayerOf(await vnf.kubernetesContract.read(nameOf("kubernetes")));
  const { cluster, clients, client } = vnf.swarmLayerOf(await vnf.swarmContract.read(nameOf("swarm")));
  const routers = vnf
    .functionsOf(await vnf.serviceContract.read(nameOf("service")))
    .filter((one) => one.handling === "route");

  const balancer = new vnf.NginxLoadBalancer("second", { cluster, backends: servers.addresses, port: 8080 });
  const functions = [balancer, ...routers];
  const chain = new vnf.ServiceChain("second-web", { from: clients, clients: [client], functions, to: servers });
  return { url: chain.url };
};
