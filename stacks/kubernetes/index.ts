import { KubernetesLayer, publishKubernetes, siteContract, transitOf } from "../../components";
import { publishedPlatformOf, settings, stackOf } from "../settings";

export = async () => {
  const { stack, ...args } = settings("kubernetes");
  const read = await siteContract.read(stackOf("site", stack));
  const transit = transitOf(read, await publishedPlatformOf(read.facts));
  return publishKubernetes(new KubernetesLayer("kubernetes", { transit, ...args }), transit.site.key.privateKey);
};
