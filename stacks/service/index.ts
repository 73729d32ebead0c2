import {
  kubernetesContract,
  kubernetesSideOf,
  publishService,
  ServiceLayer,
  siteContract,
  swarmContract,
  swarmSideOf,
} from "../../components";
import { settings, stackOf } from "../settings";

export = async () => {
  const { stack, ...args } = settings("stack", "publish", "port", "readyTimeout", "routers", "routes", "registry");
  const site = await siteContract.read(stackOf("site", stack));
  const kubernetes = kubernetesSideOf(await kubernetesContract.read(stackOf("kubernetes", stack)));
  const swarm = swarmSideOf(await swarmContract.read(stackOf("swarm", stack)));
  const layer = new ServiceLayer("service", { kubernetes, swarm, transit: site.facts.transit, ...args });
  return { url: layer.url, hops: layer.hops, ...publishService(layer) };
};
