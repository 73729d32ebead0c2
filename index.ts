import { KubernetesLayer, publishChain, ServiceLayer, Site, SwarmLayer } from "./components";
import { layerSettings, platformOf } from "./stacks/settings";

export = async () => {
  const { siteName, transitCidr, ...site } = layerSettings("site");
  const { transit } = new Site("site", { siteName, transitCidr, platform: await platformOf(site) });
  const kubernetes = new KubernetesLayer("kubernetes", { transit, ...layerSettings("kubernetes") });
  const swarm = new SwarmLayer("swarm", { transit, ...layerSettings("swarm") });
  const { chain } = new ServiceLayer("service", { kubernetes, swarm, ...layerSettings("service") });
  return { url: chain.url, ...publishChain(chain) };
};
