import * as pulumi from "@pulumi/pulumi";
import { ServiceChain } from "../chain/chain";
import { A_KUBERNETES_LAYER, type KubernetesLayerLike } from "../contracts/kubernetes";
import { A_SWARM_LAYER, type SwarmLayerLike } from "../contracts/swarm";
import { Gateway } from "../gateway/gateway";
import { requireDisjoint } from "../network/disjoint";
import { NginxLoadBalancer } from "../nginx/balancer";
import { objectWith, requireArguments, requireProperties, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { Problems } from "../problem/problem";
import { ROUTER_PRIVILEGES, type RouterPrivileges } from "../quagga/privileges";
import { QuaggaRouter, type StaticRoute } from "../quagga/router";
import type { PublishMode } from "../swarm/ports";

/** The settings of stacks/service, and the two layers that the chain leads over. */
export interface ServiceLayerArgs {
  /** Carries the router, and the servers at the chain's end: a KubernetesLayer, or what `kubernetesLayerOf` read. */
  kubernetes: KubernetesLayerLike;
  /** Carries the balancer, and the clients at the chain's beginning: a SwarmLayer, or what `swarmLayerOf` read. */
  swarm: SwarmLayerLike;
  /** How the balancer's port is published. @default "host" */
  publishMode?: PublishMode;
  /** TCP port that the balancer answers on. @default 80 */
  port?: number;
  /** Seconds that the balancer's tasks may take to be healthy. @default 120 */
  readyTimeoutSeconds?: pulumi.Input<number>;
  /** 1 runs the router, 0 takes it down. @default 1 */
  routerReplicas?: pulumi.Input<0 | 1>;
  /** What the router may do on its node: `least` is no more than it forwards with, `all` a privileged container. @default "least" */
  routerPrivileges?: RouterPrivileges;
  /** Networks beyond the router's neighbours. @default none */
  routes?: readonly StaticRoute[];
  /** Registry that the images go through. @default none: images are handed to the nodes over SSH */
  registry?: pulumi.Input<string>;
}

/**
 * The service layer: the router on Kubernetes, the balancer on Swarm, and the chain that leads from the clients through both to the servers.
 * @throws InvalidInput with everything that is wrong with its input
 * @example
 * const kubernetes = new vnf.KubernetesLayer("kubernetes", { transit: site.transit });
 * const swarm = new vnf.SwarmLayer("swarm", { transit: site.transit });
 * const { chain } = new vnf.ServiceLayer("service", { kubernetes, swarm });
 */
export class ServiceLayer extends pulumi.ComponentResource {
  /** Through balancer and router, and the gateway to the servers where there is one. */
  public readonly chain: ServiceChain;
  /** "quagga" in the cluster and in chains. */
  public readonly router: QuaggaRouter;

  constructor(name: string, args: ServiceLayerArgs, opts?: pulumi.ComponentResourceOptions) {
    const subject = subjectOf("ServiceLayer", name);
    requireArguments(subject, args, "ServiceLayerArgs", {
      kubernetes: objectWith("a KubernetesLayer, or what a contract tells of one", "cluster", "servers"),
      swarm: objectWith("a SwarmLayer, or what a contract tells of one", "cluster", "clients", "client"),
    });
    requireProperties(`${subject}: kubernetes`, args.kubernetes, A_KUBERNETES_LAYER);
    requireProperties(`${subject}: swarm`, args.swarm, A_SWARM_LAYER);
    const { kubernetes, swarm, publishMode, port, readyTimeoutSeconds, routes, registry } = args;
    const { routerReplicas, routerPrivileges = "least" } = args;
    super("hybrid-vnf:layers:ServiceLayer", name, { publishMode, port, routerReplicas, registry }, opts);
    const { servers, gateway, cluster } = kubernetes;
    const problems = new Problems(subject);
    problems.require(
      ROUTER_PRIVILEGES.includes(routerPrivileges),
      `routerPrivileges is ${describe(routerPrivileges)}: it must be "least" or "all"`,
    );
    const [transit] = cluster.networks;
    problems.gather(() => requireDisjoint(name, [...(transit ? [transit] : []), servers.network, swarm.clients]));
    problems.throwIfAny();
    if (!transit) throw new RangeError(`${name}: the cluster has a leg in no network`);
    const child = { parent: this };
    this.router = problems.make(
      () =>
        new QuaggaRouter(
          `${name}-quagga`,
          {
            ...{ cluster, routes, replicas: routerReplicas, registry, functionName: "quagga" },
            privileged: routerPrivileges === "all",
          },
          child,
        ),
    );
    const balancer = problems.make(
      () =>
        new NginxLoadBalancer(
          `${name}-nginx`,
          {
            cluster: swarm.cluster,
            backends: servers.addresses,
            publishMode,
            port,
            readyTimeoutSeconds,
            registry,
            functionName: "nginx",
          },
          child,
        ),
    );
    const gateways = gateway
      ? [
          new Gateway("gateway", {
            legs: [
              { network: transit, address: gateway.address },
              { network: servers.network, address: gateway.returnAddress },
            ],
          }),
        ]
      : [];
    this.chain = problems.make(
      () =>
        new ServiceChain(
          `${name}-chain`,
          {
            from: swarm.clients,
            clients: [swarm.client],
            functions: [balancer, this.router, ...gateways],
            to: servers,
          },
          child,
        ),
    );
    this.registerOutputs({ url: this.chain.url });
  }
}
