import { KubernetesLayer, platforms, publishChain, ServiceLayer, Site, SwarmLayer } from "./components";
import { layerSettings } from "./stacks/settings";

export = async () => {
  const { siteName, transitCidr, platform, ...site } = layerSettings("site");
  // What is wrong with a later layer's settings is said before anything is made of an earlier one's.
  const later = {
    kubernetes: layerSettings("kubernetes"),
    swarm: layerSettings("swarm"),
    service: layerSettings("service"),
  };
  const args = { siteName, transitCidr, platform: await platforms.fromSettings(platform, site) };
  const { transit } = new Site("site", args);
  const kubernetes = new KubernetesLayer("kubernetes", { transit, ...later.kubernetes });
  const swarm = new SwarmLayer("swarm", { transit, ...later.swarm });
  const { chain } = new ServiceLayer("service", { kubernetes, swarm, ...later.service });
  return { url: chain.url, ...publishChain(chain) };
};
