import { KubernetesLayer, platforms, publishKubernetes, siteContract, transitOf } from "../../components";
import { settings, stackOf } from "../settings";

export = async () => {
  const { stack, ...args } = settings("kubernetes");
  const read = await siteContract.read(stackOf("site", stack));
  const transit = transitOf(read, await platforms.fromFacts(read.facts.platform));
  return publishKubernetes(new KubernetesLayer("kubernetes", { transit, ...args }), transit.site.key.privateKey);
};
