import type { SwarmLike } from "./swarm";

/** `host`: the port of the node that runs the task, on the node's own network. `ingress`: Swarm's routing mesh, on every node; needs IPVS in the kernel. */
export const PUBLISH_MODES = ["host", "ingress"] as const;
/** `host`: on the node that runs the task, on its own network, so that a task takes over from another without a lost request. `ingress`: on every node, by Swarm's routing mesh, which needs IPVS in the kernel. */
export type PublishMode = (typeof PUBLISH_MODES)[number];

/** TCP ports that a Swarm's nodes use themselves (Docker: swarm mode's ports), and SSH. */
const NODE_PORTS: Readonly<Record<number, string>> = {
  22: "SSH",
  2376: "Docker's API",
  2377: "the Swarm's managers",
  7946: "the Swarm's nodes among themselves",
};

/** Why a TCP port of a Swarm's nodes can't be published, as the end of a sentence; undefined where it can. */
export function standsAgainstPort({ nodes }: Pick<SwarmLike, "nodes">, port: number): string | undefined {
  if (port in NODE_PORTS) return `which belongs to ${NODE_PORTS[port]} on every node of a Swarm: take another one`;
  const shut = nodes.find(({ legs }) => legs.every(({ openPorts }) => openPorts?.includes(port) === false));
  return shut && port > 0
    ? `which the access rules of ${shut.name} do not open (they open ${shut.legs[0]?.openPorts?.join(", ")}): open it there too (servicePorts), or take another one`
    : undefined;
}
