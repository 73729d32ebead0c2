import * as pulumi from "@pulumi/pulumi";
import type { KubernetesSide } from "../contracts/kubernetes";
import type { Hop, ServiceSide } from "../contracts/service";
import type { SwarmSide } from "../contracts/swarm";
import { legIn, type MachineLike } from "../machine/machine";
import { requireDisjoint } from "../network/network";
import { NginxLoadBalancer, type PublishMode } from "../nginx/balancer";
import { QuaggaRouter, type StaticRoute } from "../quagga/router";
import type { WebServer } from "../webservers/webservers";

export interface ServiceLayerArgs {
  kubernetes: KubernetesSide;
  swarm: SwarmSide;
  /** The network between the clusters. */
  transit: { name: string; cidr: string };
  /** How the balancer's port is published. @default "host" */
  publish?: PublishMode;
  /** TCP port that the balancer answers on. @default 80 */
  port?: number;
  /** Seconds that the balancer's tasks may take to be healthy. @default 120 */
  readyTimeout?: number;
  /** 0 takes the router down. @default 1 */
  routers?: 0 | 1;
  /** Networks beyond the router's neighbours. @default none */
  routes?: StaticRoute[];
  /** Registry that the images go through. @default none: images are handed to the nodes over SSH */
  registry?: string;
}

/** The service layer: the router on Kubernetes, the balancer on Swarm, and the routes that steer the traffic there and back. */
export class ServiceLayer extends pulumi.ComponentResource implements ServiceSide {
  public readonly url: pulumi.Output<string>;
  public readonly hops: readonly Hop[];
  public readonly servers: readonly WebServer[];
  public readonly client: MachineLike;
  public readonly balancer: MachineLike;
  public readonly routes: pulumi.Output<string>;

  constructor(name: string, args: ServiceLayerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:layers:ServiceLayer", name, {}, opts);
    const { kubernetes, swarm, transit } = args;
    const { network, gateway } = kubernetes;
    requireDisjoint(`ServiceLayer "${name}"`, [transit, kubernetes.network, swarm.network]);
    const router = new QuaggaRouter(
      "quagga",
      {
        cluster: kubernetes.cluster,
        reach: [{ name: network.name, cidr: network.cidr, ...gateway }],
        from: transit.name,
        routes: args.routes,
        replicas: args.routers,
        registry: args.registry,
      },
      { parent: this },
    );
    const balancer = new NginxLoadBalancer(
      "nginx",
      {
        swarm: swarm.cluster,
        servers: kubernetes.servers.map((server) => server.address),
        via: router,
        back: kubernetes.machines,
        publish: args.publish,
        port: args.port,
        readyTimeout: args.readyTimeout,
        registry: args.registry,
      },
      { parent: this },
    );
    const node = swarm.cluster.nodes[0];
    if (!node) throw new RangeError(`${name}: the swarm has no node`);
    this.url = balancer.url;
    this.routes = router.routes;
    this.hops = [
      { name: swarm.client.name, address: legIn(swarm.client, swarm.network.name).address },
      { name: "nginx", address: balancer.leg.address },
      { name: "quagga", address: legIn(router, transit.name).address },
      ...(gateway ? [{ name: "gateway", address: gateway.nextHop }] : []),
    ];
    this.servers = kubernetes.servers;
    this.client = swarm.client;
    this.balancer = node;
    this.registerOutputs({ url: this.url });
  }
}
