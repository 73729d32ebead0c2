import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Image, requireRegistry } from "../image/image";
import type { KubernetesLike } from "../kubernetes/cluster";
import { type Leg, legIn } from "../machine/machine";
import { Address } from "../network/address";
import { Cidr } from "../network/cidr";
import { Problems } from "../problem/problem";

/** A network that a router reaches. */
export interface Reached {
  readonly name: string;
  readonly cidr: string;
  /** The gateway that leads to it: an address in a network that the router's node has a leg in. @default none: its node has a leg in it */
  readonly nextHop?: string;
  /** That gateway's address in it, which leads back. @default none: the default route of its machines leads back */
  readonly back?: string;
}

/** A network beyond a neighbour of the router. */
export interface StaticRoute {
  /** @example "10.200.0.0/16" */
  destination: string;
  /** The neighbour's address, in a network that the router's node has a leg in. */
  nextHop: string;
}

/** A router as its neighbours see it. */
export interface RouterLike {
  readonly name: string;
  /** Its feet: where neighbours send packets to. */
  readonly legs: readonly Leg[];
  /** What it forwards to. */
  readonly reach: readonly Reached[];
}

export interface QuaggaRouterArgs {
  cluster: KubernetesLike;
  /** Networks it forwards to; its node has a leg in each, or a gateway for a neighbour. */
  reach: readonly Reached[];
  /** Network that packets come from. @default "transit" */
  from?: string;
  /** Networks beyond its neighbours. @default none */
  routes?: StaticRoute[];
  /** 1 forwards, 0 closes the path. @default 1 */
  replicas?: 0 | 1;
  /** Seconds between taking its pod down and killing it. @default 10 */
  graceSeconds?: number;
  /** Registry that its image goes through. @default none: the image is handed to the nodes over SSH */
  registry?: string;
}

/**
 * A router on Kubernetes: FRR, which carries Quagga's configuration on, in a privileged pod on its node's own network. While it runs it opens
 * the way between its node's legs, and closes it when it stops.
 */
export class QuaggaRouter extends pulumi.ComponentResource implements RouterLike {
  public readonly name: string;
  public readonly legs: readonly Leg[];
  public readonly reach: readonly Reached[];
  /** The routes it installs, as its container reads them: `CIDR dev INTERFACE` or `CIDR NEXTHOP`, commas between. */
  public readonly routes: pulumi.Output<string>;

  constructor(name: string, args: QuaggaRouterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:quagga:QuaggaRouter", name, { replicas: args.replicas }, opts);
    const node = args.cluster.nodes[0];
    const problems = new Problems(`QuaggaRouter "${name}"`);
    const replicas = args.replicas ?? 1;
    problems.require(
      replicas === 0 || replicas === 1,
      `replicas is ${replicas}: a router on its node's own network runs once (1) or not at all (0)`,
    );
    problems.require(node !== undefined, "its cluster has no node");
    problems.require(args.reach.length > 0, "reach is empty: name the networks that it forwards to");
    const inbound = node && problems.attempt(() => legIn(node, args.from ?? "transit"));
    const outbound = node
      ? args.reach.flatMap(({ name, nextHop }) =>
          nextHop === undefined ? (problems.attempt(() => legIn(node, name)) ?? []) : [],
        )
      : [];
    const beyond = [
      ...args.reach.flatMap(({ cidr, nextHop }) => (nextHop === undefined ? [] : [{ destination: cidr, nextHop }])),
      ...(args.routes ?? []),
    ];
    for (const route of beyond) {
      problems.attempt(() => Cidr.parse(route.destination));
      const nextHop = problems.attempt(() => Address.parse(route.nextHop));
      problems.require(
        !nextHop || !node || node.legs.some((leg) => Cidr.parse(leg.cidr).admits(nextHop)),
        `the next hop ${route.nextHop} of ${route.destination} is in none of the node's networks (${node?.legs.map((leg) => leg.cidr).join(", ")}): name a neighbour`,
      );
      problems.require(
        !node?.legs.some((leg) => leg.address === route.nextHop),
        `the next hop ${route.nextHop} of ${route.destination} is the address of ${node?.name} itself: name a neighbour's`,
      );
    }
    problems.attempt(() => requireRegistry(args.registry));
    problems.done();
    if (!node || !inbound) throw new RangeError(`${name}: a router needs a node`);

    this.name = name;
    this.legs = [inbound, ...outbound];
    this.reach = args.reach;
    this.routes = pulumi
      .all(outbound.map((leg) => pulumi.interpolate`${leg.cidr} dev ${leg.interface}`))
      .apply((connected) =>
        [...connected, ...beyond.map((route) => `${route.destination} ${route.nextHop}`)].join(","),
      );
    const interfaces = pulumi.all(this.legs.map((leg) => leg.interface)).apply((all) => [...new Set(all)].join(","));

    const provider = new kubernetes.Provider(
      `${name}-cluster`,
      {
        kubeconfig: args.cluster.kubeconfig,
        // An up that was cut off may have left the router behind: take it over rather than stumble over it.
        upsertExistingObjects: true,
        enablePatchForce: true,
      },
      { parent: this },
    );
    const image = new Image(
      `${name}-image`,
      { folder: "quagga", runtime: "containerd", nodes: [node], registry: args.registry },
      { parent: this },
    );
    const labels = { app: name };
    new kubernetes.apps.v1.Deployment(
      `${name}-deployment`,
      {
        metadata: { name, namespace: "default", labels },
        spec: {
          replicas,
          strategy: { type: "Recreate" },
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              hostNetwork: true,
              nodeSelector: { "kubernetes.io/hostname": node.name },
              // The node is chosen by its legs; beside workers, the first one is kept free of ordinary pods.
              tolerations: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" }],
              terminationGracePeriodSeconds: args.graceSeconds ?? 10,
              containers: [
                {
                  name: "quagga",
                  image: image.reference,
                  imagePullPolicy: args.registry ? "IfNotPresent" : "Never",
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
      { parent: this, provider, deleteBeforeReplace: true },
    );
    this.registerOutputs({ routes: this.routes });
  }
}
