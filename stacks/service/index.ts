import {
  kubernetesContract,
  kubernetesLayerOf,
  publishChain,
  ServiceLayer,
  swarmContract,
  swarmLayerOf,
} from "../../components";
import { settings, stackOf } from "../settings";

export = async () => {
  const { stack, ...args } = settings("service");
  const kubernetes = kubernetesLayerOf(await kubernetesContract.read(stackOf("kubernetes", stack)));
  const swarm = swarmLayerOf(await swarmContract.read(stackOf("swarm", stack)));
  const { chain } = new ServiceLayer("service", { kubernetes, swarm, ...args });
  return { url: chain.url, ...publishChain(chain) };
};
