import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { claim } from "../function/claims";
import type { FunctionInstance, NetworkFunction } from "../function/function";
import { providerFrom } from "../function/provider";
import { Image, requireRegistry } from "../image/image";
import type { KubernetesLike } from "../kubernetes/kubernetes";
import { type Leg, legIn } from "../machine/leg";
import { Address } from "../network/address";
import { Cidr } from "../network/cidr";
import type { NetworkIdentity } from "../network/network";
import { listOf, NETWORKS, objectWith, optional, requireArguments, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { Problems } from "../problem/problem";

/** A route to a network beyond a neighbour of the router. */
export interface StaticRoute {
  /** In CIDR notation. @example "10.200.0.0/16" */
  destination: string;
  /** The neighbour's IPv4 address, in a network that the router's node has a leg in. */
  nextHop: string;
}

/** Where a router runs, and what it forwards between. */
export interface QuaggaRouterArgs {
  /** The cluster that it runs on, on the first node. */
  cluster: KubernetesLike;
  /** Networks that it forwards between; its node has a leg in each. @default all networks of the cluster */
  networks?: readonly NetworkIdentity[];
  /** Networks beyond its neighbours. @default none */
  routes?: readonly StaticRoute[];
  /** 1 forwards, 0 closes the path. @default 1 */
  replicas?: pulumi.Input<0 | 1>;
  /** Seconds between taking its pod down and killing it. @default 10 */
  graceSeconds?: pulumi.Input<number>;
  /** Registry that its image goes through. @default none: the image is handed to its node over SSH */
  registry?: pulumi.Input<string>;
  /** What it is called in the cluster and in chains. @default the component's name */
  functionName?: string;
}

/**
 * A router on Kubernetes: FRR, which carries Quagga's configuration on, in a privileged pod on its node's own network. While it runs it opens
 * the path between its node's legs, and closes it when it stops.
 * @throws InvalidInput with everything that is wrong with its input
 * @example
 * const routes = [{ destination: "10.200.0.0/16", nextHop: "10.110.102.254" }];
 * const router = new vnf.QuaggaRouter("quagga", { cluster: k8s, networks: [site.transit, servers], routes });
 */
export class QuaggaRouter extends pulumi.ComponentResource implements NetworkFunction {
  public readonly name: string;
  public readonly handling = "route";
  public readonly instances: readonly FunctionInstance[];
  public readonly ready: pulumi.Output<unknown>;
  /** The routes that it installs, as its container reads them: `CIDR dev INTERFACE` or `CIDR NEXTHOP`, commas between. */
  public readonly routes: pulumi.Output<string>;

  constructor(name: string, args: QuaggaRouterArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("QuaggaRouter", name), args, {
      cluster: objectWith("a KubernetesCluster, or what a contract tells of one", "nodes", "networks", "kubeconfig"),
      networks: optional(NETWORKS),
      routes: optional(listOf("a list of {destination, nextHop}", "destination", "nextHop")),
    });
    const { cluster, networks = cluster.networks, routes = [], replicas = 1, functionName = name } = args;
    super(
      "hybrid-vnf:quagga:QuaggaRouter",
      name,
      { networks: networks.map((network) => network.id), routes: [...routes], replicas, functionName },
      opts,
    );
    const node = cluster.nodes[0];
    const problems = new Problems(`QuaggaRouter "${name}"`);
    const checkedReplicas = problems.checked<number>(replicas, (found, known) =>
      found.require(
        known === 0 || known === 1,
        `replicas is ${describe(known)}: a router on its node's own network runs once (1) or not at all (0)`,
      ),
    );
    problems.require(node !== undefined, "its cluster has no node");
    problems.require(networks.length > 0, "networks is empty: name the networks that it forwards between");
    const legs = node
      ? networks.flatMap((network): Leg[] => {
          const leg = problems.gather(() => legIn(node, network));
          return leg ? [leg] : [];
        })
      : [];
    const nextHops = new Map<string, string>();
    for (const route of routes) {
      const isDefault = !problems.require(
        route.destination !== "0.0.0.0/0",
        `the route to ${route.destination} would take the node's own default route: name a smaller network`,
      );
      const destination = isDefault ? undefined : problems.gather(() => Cidr.parseDestination(route.destination));
      const beside = node?.legs.find((leg) => destination?.overlaps(Cidr.parse(leg.cidr)));
      problems.require(
        beside === undefined,
        `the route to ${route.destination} overlaps ${beside?.cidr}, which ${node?.name} has a leg in: no route is needed there`,
      );
      const other = nextHops.get(route.destination);
      problems.require(
        other === undefined,
        `routes names ${route.destination} twice (by ${other} and by ${route.nextHop}): name each destination once`,
      );
      nextHops.set(route.destination, route.nextHop);
      const nextHop = problems.gather(() => Address.parse(route.nextHop));
      problems.require(
        !nextHop || !node || node.legs.some((leg) => Cidr.parse(leg.cidr).admits(nextHop)),
        `the next hop ${route.nextHop} of ${route.destination} is in none of the node's networks (${node?.legs.map((leg) => leg.cidr).join(", ")}): name a neighbour`,
      );
      problems.require(
        !node?.legs.some((leg) => leg.address === route.nextHop),
        `the next hop ${route.nextHop} of ${route.destination} is the address of ${node?.name} itself: name a neighbour's`,
      );
    }
    const graceSeconds = problems.requireSeconds("graceSeconds", args.graceSeconds, 0);
    problems.require(
      !problems.requireName("functionName", functionName) || /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(functionName),
      `its name "${functionName}" can't be used: take a lower-case letter, then at most 62 lower-case letters, digits and dashes (functionName)`,
    );
    const registry = requireRegistry(problems, args.registry);
    const twin = claim(cluster, functionName, name);
    problems.require(
      twin === undefined,
      `its cluster ${cluster.name} runs "${functionName}" already, by ${twin}: give one of the two another functionName`,
    );
    problems.throwIfAny();
    if (!node) throw new RangeError(`${name}: a router needs a node`);

    this.name = functionName;
    this.instances = [{ machine: node, legs }];
    this.routes = pulumi
      .all(legs.slice(1).map((leg) => pulumi.interpolate`${leg.cidr} dev ${leg.interface}`))
      .apply((connected) =>
        [...connected, ...routes.map((route) => `${route.destination} ${route.nextHop}`)].join(","),
      );
    const interfaces = pulumi.all(legs.map((leg) => leg.interface)).apply((all) => [...new Set(all)].join(","));

    const image = new Image(
      `${name}-image`,
      { folder: "quagga", runtime: "containerd", nodes: [node], registry },
      { parent: this },
    );
    const labels = { app: functionName };
    const deployment = new kubernetes.apps.v1.Deployment(
      `${name}-deployment`,
      {
        metadata: { name: functionName, namespace: "default", labels },
        spec: {
          replicas: checkedReplicas,
          strategy: { type: "Recreate" },
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              hostNetwork: true,
              nodeSelector: { "kubernetes.io/hostname": node.name },
              // The node is chosen by its legs; beside workers, the first one is kept free of ordinary pods.
              tolerations: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" }],
              terminationGracePeriodSeconds: graceSeconds ?? 10,
              containers: [
                {
                  name: "quagga",
                  image: image.reference,
                  imagePullPolicy: registry !== undefined ? "IfNotPresent" : "Never",
                  securityContext: { privileged: true },
                  env: [
                    { name: "INTERFACES", value: interfaces },
                    { name: "ROUTES", value: this.routes },
                  ],
                  startupProbe: {
                    exec: { command: ["/healthy.sh"] },
                    periodSeconds: 1,
                    failureThreshold: 60,
                    timeoutSeconds: 5,
                  },
                  livenessProbe: {
                    exec: { command: ["/healthy.sh"] },
                    periodSeconds: 10,
                    failureThreshold: 3,
                    timeoutSeconds: 5,
                  },
                },
              ],
            },
          },
        },
      },
      {
        parent: this,
        provider: providerFrom(opts, kubernetes.Provider) ?? cluster.provider,
        deleteBeforeReplace: true,
      },
    );
    this.ready = deployment.id;
    this.registerOutputs({ routes: this.routes });
  }
}
