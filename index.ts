import { KubernetesLayer, platforms, publishChain, ServiceLayer, Site, SwarmLayer } from "./components";
import { layerSettings } from "./stacks/settings";

export = async () => {
  const { siteName, transitCidr, platform, ...site } = layerSettings("site");
  const args = { siteName, transitCidr, platform: await platforms.fromSettings(platform, site) };
  const { transit } = new Site("site", args);
  const kubernetes = new KubernetesLayer("kubernetes", { transit, ...layerSettings("kubernetes") });
  const swarm = new SwarmLayer("swarm", { transit, ...layerSettings("swarm") });
  const { chain } = new ServiceLayer("service", { kubernetes, swarm, ...layerSettings("service") });
  return { url: chain.url, ...publishChain(chain) };
};
