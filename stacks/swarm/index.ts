import { platforms, publishSwarm, SwarmLayer, siteContract, transitOf } from "../../components";
import { settings, stackOf } from "../settings";

export = async () => {
  const { stack, ...args } = settings("swarm");
  const read = await siteContract.read(stackOf("site", stack));
  const transit = transitOf(read, await platforms.fromFacts(read.facts.platform));
  return publishSwarm(new SwarmLayer("swarm", { transit, ...args }), transit.site.key.privateKey);
};
