import { kubernetesContract } from "../components/contracts/kubernetes";
import type { PlannedOutputs } from "../components/contracts/planned";
import type { Layer } from "./layers";
import type { PlannedChain, PlannedPath, StackPlan } from "./plan";
import type { Outputs } from "./programs";
import { type Published, publishing } from "./published";

type Server = PlannedPath["servers"][number];

/** A server's identity, with its site's name; of one that is none of ours its name. */
const identityOf = ({ name, machine }: Server): string => machine?.id ?? name;

/** The servers that chains have now and are not to have, each once. */
export function leavingServers(chains: readonly Omit<PlannedChain, "layer">[]): readonly Server[] {
  const leaving = chains.flatMap(({ pathBefore, pathAfter }) => {
    const stays = new Set(pathAfter?.servers.map(identityOf));
    return (pathBefore?.servers ?? []).filter((server) => !stays.has(identityOf(server)));
  });
  return [...new Map(leaving.map((server) => [identityOf(server), server])).values()];
}

interface Servers {
  readonly apacheInfo: { readonly addresses: readonly string[] };
  readonly servers: { readonly machines: readonly { readonly id: string }[] };
}

/** What a stack with servers publishes, without those that are to go: who reads it takes them out of use before they do. */
function withoutServers({ contract, secrets }: Outputs, leaving: ReadonlySet<string>): PlannedOutputs {
  const facts = contract as Servers;
  const { machines } = facts.servers;
  const stays = machines.map(({ id }) => !leaving.has(id));
  const addresses = facts.apacheInfo.addresses.filter((_, at) => stays[at]);
  return {
    contract: {
      ...facts,
      apacheInfo: { ...facts.apacheInfo, addresses },
      servers: { ...facts.servers, machines: machines.filter((_, at) => stays[at]) },
    },
    secrets,
  };
}

/** How servers are taken out of use before they go. */
export interface Drain {
  /** What stacks with servers are to be read as, by layer. */
  readonly reduced: ReadonlyMap<string, PlannedOutputs>;
  /** The layers that read these and lead to a chain, upstream first: they go up once more beforehand. */
  readonly readers: readonly string[];
  /** The layers of which every server goes, so that none can take over. */
  readonly emptied: readonly string[];
}

/**
 * How the servers that are to go leave the balancers before. A stack that makes both needs nothing: the engine deletes last.
 * @param chains the layers that publish a chain
 */
export function drainOf(
  leaving: readonly Server[],
  published: Published,
  layers: readonly Layer[],
  chains: ReadonlySet<string>,
): Drain {
  const identities = new Set(leaving.map(identityOf));
  const reduced = new Map<string, PlannedOutputs>();
  const emptied: string[] = [];
  for (const [layer, outputs] of publishing(kubernetesContract.layer, published)) {
    const { machines } = (outputs.contract as Servers).servers;
    const going = machines.filter(({ id }) => identities.has(id));
    if (going.length === 0) continue;
    if (going.length === machines.length) emptied.push(layer);
    else reduced.set(layer, withoutServers(outputs, identities));
  }
  const reads = ({ upstream }: Layer): boolean =>
    upstream.some((name) => reduced.has(name) || layers.some((one) => one.name === name && reads(one)));
  const leads = (name: string): boolean =>
    chains.has(name) || layers.some((one) => one.upstream.includes(name) && leads(one.name));
  const readers = layers.filter((one) => reads(one) && leads(one.name));
  return { reduced, readers: readers.map(({ name }) => name), emptied };
}

/** The layers whose plan takes away the machine of such a server, by the machine's name. */
export function takenAwayBy(leaving: readonly Server[], stacks: readonly StackPlan[]): readonly string[] {
  const goes = ({ operation, type, name }: StackPlan["steps"][number]): boolean =>
    operation === "delete" &&
    /:Machine$/.test(type) &&
    leaving.some((server) => `-${name}`.endsWith(`-${server.name}`));
  return stacks.filter(({ steps }) => steps.some(goes)).map(({ layer }) => layer);
}
