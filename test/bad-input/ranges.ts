import { KubernetesCluster, Network, Route } from "../../components";
import { chain, deployedKubernetes, ground, parts, type Row, router, servers, there, transit } from "./ground";

/** A cluster that another stack made, and says what its pods and services have. */
const told = (ranges: object = { podCidr: "10.244.0.0/16", serviceCidr: "10.96.0.0/16" }) =>
  deployedKubernetes({ ...ranges, nodes: [there("k8s-1", 10, [transit, servers])], networks: [transit, servers] });
const nextHop = "10.100.102.254";

/** Ranges that lead into a cluster's nodes, and others that have addresses of them. */
export const RANGES: Row[] = [
  [
    "a router's route into the pods of its cluster",
    router({ cluster: told(), routes: [{ destination: "10.244.7.0/24", nextHop }] }),
    [
      "the route to 10.244.7.0/24 overlaps the range of the pods of cluster (10.244.0.0/16), which k8s-1 has within itself",
    ],
  ],
  [
    "a router's route over the services of its cluster",
    router({ cluster: told(), routes: [{ destination: "10.96.0.0/16", nextHop }] }),
    ["the route to 10.96.0.0/16 overlaps the range of the services of cluster (10.96.0.0/16)"],
  ],
  [
    "a machine's route into the pods that it carries",
    () => new Route("r", { machine: firstOf(told()), destination: "10.244.0.0/24", nextHop }),
    ['Route "r"', "overlaps the range of the pods of cluster"],
  ],
  [
    "clients with addresses of the pods on the way",
    () => {
      const { nginx, quagga, apache } = parts();
      const far = { id: "test/clients", name: "clients", cidr: "10.244.3.0/24" };
      const balancer = there("swarm-1", 20, [transit, far]);
      const [node] = told().nodes;
      return chain({
        from: far,
        functions: [
          { ...nginx, instances: [{ machine: balancer, legs: balancer.legs }] },
          { ...quagga, instances: [{ machine: node, legs: node?.legs ?? [] }] },
        ],
        to: apache,
      })();
    },
    [
      '"clients" 10.244.3.0/24 overlaps the range of the pods of cluster (10.244.0.0/16), which k8s-1 has within itself',
    ],
  ],
  [
    "a network with addresses of the pods beside it",
    () => {
      const { site, transit: on } = ground();
      new KubernetesCluster("k", { networks: [on] });
      return new Network("n", { site, cidr: "10.244.9.0/24" });
    },
    ['network "n" 10.244.9.0/24 overlaps the range of the pods of k, 10.244.0.0/16'],
  ],
  [
    "services with addresses of a network that the cluster has no leg in",
    () => {
      const { site, transit: on } = ground();
      new Network("n", { site, cidr: "10.96.4.0/24" });
      return new KubernetesCluster("k", { networks: [on] });
    },
    ['network "n" 10.96.4.0/24 overlaps network "services" 10.96.0.0/16'],
  ],
];

/** The first node of a cluster. */
function firstOf({ nodes: [node] }: ReturnType<typeof deployedKubernetes>) {
  if (!node) throw new Error("The cluster has no node.");
  return node;
}
