import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { MachineLike } from "../machine/machine";
import type { NetworkIdentity } from "../network/network";
import { A_MACHINE, A_NETWORK, objectWith, requireProperties } from "../problem/arguments";
import { DeployedSwarm, type SwarmCredentials, type SwarmLike } from "../swarm/swarm";
import { type ClusterFacts, clusterFacts, factsOfCluster } from "./cluster";
import { Contract, type Published, type Read, requireRead } from "./contract";
import { factsOfMachine, identityOf, type MachineFacts, machineFacts, machineOf, networkIdentity } from "./machine";

/** What a program on the swarm stack builds on: a cluster for balancers, and a chain's clients. */
export interface SwarmFacts {
  /** The network that clients are in. */
  readonly clients: NetworkIdentity;
  /** A machine in it that requests can be sent from, without the key that opens it. */
  readonly client: MachineFacts;
  /** The Swarm, without its TLS material. */
  readonly cluster: ClusterFacts;
}

/** What opens the Swarm's API, its nodes and the client. */
export interface SwarmSecrets extends SwarmCredentials {
  /** The key that opens the machines. */
  readonly privateKey: string;
}

const facts = z.object({ clients: networkIdentity, client: machineFacts, cluster: clusterFacts });
const pem = z.string().startsWith("-----BEGIN", { error: "it must be PEM, which begins with -----BEGIN" });
const secrets = z.object({ ca: pem, cert: pem, key: pem, privateKey: z.string().min(1) });

/**
 * What the swarm stack publishes: the cluster, and a client of the service beside it.
 * @example
 * const read = await vnf.swarmContract.read("organization/hybrid-vnf-swarm/dev");
 * const { cluster, clients } = vnf.swarmLayerOf(read);
 */
export const swarmContract = new Contract<SwarmFacts, SwarmSecrets>("swarm", 2, facts, secrets);

/** The swarm layer, made here or read from its contract. */
export interface SwarmLayerLike {
  /** Its nodes have a leg beside the clients. */
  readonly cluster: SwarmLike;
  /** The network that clients are in. */
  readonly clients: NetworkIdentity;
  /** A machine in it that requests can be sent from. */
  readonly client: MachineLike;
}

/** What makes a layer of Swarm of an object. */
export const A_SWARM_LAYER = {
  cluster: objectWith("a cluster", "networks", "nodes", "credentials"),
  clients: A_NETWORK,
  client: A_MACHINE,
};

/**
 * What a program exports for `swarmContract` to read.
 * @param privateKey the site's, which opens nodes and client
 * @example
 * const layer = new vnf.SwarmLayer("swarm", { transit: site.transit });
 * return vnf.publishSwarm(layer, site.key.privateKey);
 */
export function publishSwarm(layer: SwarmLayerLike, privateKey: pulumi.Input<string>): Published {
  requireProperties("publishSwarm", layer, A_SWARM_LAYER);
  const { cluster, clients, client } = layer;
  const { ca, cert, key } = pulumi.output(cluster.credentials);
  return swarmContract.publish(
    { clients: identityOf(clients), client: factsOfMachine(client), cluster: factsOfCluster(cluster) },
    { ca, cert, key, privateKey },
  );
}

/**
 * The layer that a contract tells of.
 * @param name begins the names of what is made for it here: its provider. "swarm" unless it is given
 * @example
 * const { cluster } = vnf.swarmLayerOf(await vnf.swarmContract.read("organization/hybrid-vnf-swarm/dev"));
 * const balancer = new vnf.NginxLoadBalancer("second", { cluster, backends: apache.addresses, port: 8080 });
 */
export function swarmLayerOf(read: Read<SwarmFacts, SwarmSecrets>, name = "swarm"): SwarmLayerLike {
  requireRead("swarmLayerOf", "swarm", read, "cluster", "clients", "client");
  const {
    facts,
    secrets: { ca, cert, key, privateKey },
  } = read;
  return {
    cluster: new DeployedSwarm(name, {
      ...facts.cluster,
      nodes: facts.cluster.nodes.map((node) => machineOf(node, privateKey)),
      credentials: pulumi.output({ ca, cert, key }),
    }),
    clients: facts.clients,
    client: machineOf(facts.client, privateKey),
  };
}
