import { KubernetesLayer, publishService, ServiceLayer, Site, SwarmLayer } from "./components";
import { platformOf, settings } from "./stacks/settings";

export = async () => {
  const args = settings(
    "site",
    "platform",
    "networks",
    "openstack",
    "hosts",
    "imageFile",
    "transit",
    "servers",
    "gateway",
    "back",
    "replicas",
    "index",
    "workers",
    "cni",
    "readyTimeout",
    "clients",
    "managers",
    "publish",
    "port",
    "routers",
    "routes",
    "registry",
  );

  const site = new Site("site", {
    name: args.site ?? "dev",
    platform: await platformOf(args),
    transit: args.transit ?? "10.100.101.0/24",
  });
  const kubernetes = new KubernetesLayer("kubernetes", {
    site,
    servers: args.servers,
    gateway: args.gateway,
    back: args.back,
    replicas: args.replicas,
    index: args.index,
    workers: args.workers,
    cni: args.cni,
    readyTimeout: args.readyTimeout,
  });
  const swarm = new SwarmLayer("swarm", { site, clients: args.clients, managers: args.managers });
  const service = new ServiceLayer("service", {
    kubernetes,
    swarm,
    transit: site.transit,
    publish: args.publish,
    port: args.port,
    readyTimeout: args.readyTimeout,
    routers: args.routers,
    routes: args.routes,
    registry: args.registry,
  });

  return { url: service.url, hops: service.hops, ...publishService(service) };
};
