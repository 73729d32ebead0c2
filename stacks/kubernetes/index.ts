import { KubernetesLayer, publishKubernetes, siteContract, siteOf } from "../../components";
import { platformFrom, settings, stackOf } from "../settings";

export = async () => {
  const { stack, ...args } = settings(
    "stack",
    "servers",
    "gateway",
    "back",
    "replicas",
    "index",
    "workers",
    "cni",
    "readyTimeout",
  );
  const read = await siteContract.read(stackOf("site", stack));
  const site = siteOf(read, await platformFrom(read.facts.platform));
  const layer = new KubernetesLayer("kubernetes", { site, ...args });
  return publishKubernetes(layer, site.key.privateKey);
};
