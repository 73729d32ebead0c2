import { publishSwarm, SwarmLayer, siteContract, siteOf } from "../../components";
import { platformFrom, settings, stackOf } from "../settings";

export = async () => {
  const { stack, ...args } = settings("stack", "clients", "managers", "workers");
  const read = await siteContract.read(stackOf("site", stack));
  const site = siteOf(read, await platformFrom(read.facts.platform));
  const layer = new SwarmLayer("swarm", { site, ...args });
  return publishSwarm(layer, site.key.privateKey);
};
