import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { MachineLike } from "../machine/machine";
import type { NetworkLike } from "../network/network";
import type { SwarmLike } from "../swarm/cluster";
import { Contract, type Published, type Read } from "./contract";
import { factsOfMachine, factsOfNetwork, machineFacts, machineOf, networkFacts } from "./machine";

const facts = z.object({
  network: networkFacts,
  endpoint: z.string().min(1),
  nodes: z.array(machineFacts).min(1),
  client: machineFacts,
});
const pem = z.string().startsWith("-----BEGIN");
const secrets = z.object({ ca: pem, cert: pem, key: pem, privateKey: z.string().min(1) });
export type SwarmFacts = z.infer<typeof facts>;
export type SwarmSecrets = z.infer<typeof secrets>;

/** What the swarm stack publishes: the cluster, and a client of the service beside it. */
export const swarmContract = new Contract<SwarmFacts, SwarmSecrets>("swarm", 1, facts, secrets);

/** The swarm layer as the service layer sees it. */
export interface SwarmSide {
  readonly cluster: SwarmLike;
  readonly network: NetworkLike;
  readonly client: MachineLike;
}

export function publishSwarm(side: SwarmSide, privateKey: pulumi.Input<string>): Published {
  return swarmContract.publish(
    pulumi.output({
      network: factsOfNetwork(side.network),
      endpoint: side.cluster.endpoint,
      nodes: pulumi.all(side.cluster.nodes.map(factsOfMachine)),
      client: factsOfMachine(side.client),
    }),
    pulumi
      .all([side.cluster.credentials, privateKey])
      .apply(([credentials, key]) => ({ ...credentials, privateKey: key })),
  );
}

export function swarmSideOf({ facts, secrets }: Read<SwarmFacts, SwarmSecrets>): SwarmSide {
  const key = secrets.apply((all) => all.privateKey);
  return {
    cluster: { nodes: facts.nodes.map((node) => machineOf(node, key)), endpoint: facts.endpoint, credentials: secrets },
    network: facts.network,
    client: machineOf(facts.client, key),
  };
}
