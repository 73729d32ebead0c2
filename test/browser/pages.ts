import { type Asked, healthOf } from "../../cli/health";
import { layers } from "../../cli/layers";
import type { Overview } from "../../cli/overview";
import type { LastUp } from "../../cli/report/page";
import { type Contracts, topologyOf } from "../../cli/topology";

/** What would be seen of stacks that publish this: all is well, but for one machine in ten, which is silent. */
export function overviewOf(contracts: Contracts): Overview {
  const topology = topologyOf(contracts);
  const asked = new Map<string, Asked>(
    topology.machines.map(({ id }, at) => [
      id,
      at % 10 === 9
        ? "does not answer within 8 s"
        : { system: { state: "running", load: 0.42 }, nodes: [], workloads: [], silent: false, counters: [] },
    ]),
  );
  for (const { nodes } of topology.clusters) {
    const [leader] = nodes;
    if (leader === undefined) continue;
    const names = topology.functions.filter(({ instances }) => nodes.includes(instances[0]?.machine ?? ""));
    asked.set(leader, {
      system: { state: "running", load: 1.5 },
      nodes: nodes.map((name, at) => ({ name, ready: at !== 1 })),
      workloads: names.map(({ name }, at) => ({ name, ready: at === 1 ? 0 : 1, wanted: 1 })),
      silent: false,
      counters: [],
    });
  }
  return {
    stack: "dev",
    asked: "2026-01-02T03:04:05.000Z",
    stacks: layers.map(({ name: layer }) => ({
      layer,
      stack: "dev",
      folder: `stacks/${layer}`,
      up: contracts[layer] !== undefined,
      resources: contracts[layer] === undefined ? 0 : 12,
      lastUpdate: "2026-01-02T03:00:00.000Z",
      updating: false,
    })),
    topology,
    health: healthOf(topology, asked),
  };
}

/** An up of so many steps, of which each third waited for the one before. */
export function lastUpOf(count: number): LastUp {
  const steps: LastUp["steps"][number][] = [];
  for (let at = 0; at < count; at++) {
    const layer = layers[Math.floor((at * layers.length) / count)]?.name ?? "site";
    const after = at % 3 === 0 ? steps.at(-3) : undefined;
    const began = after?.ended ?? 1000 + at * 130;
    const urn = `urn:pulumi:dev::hybrid-vnf-${layer}::docker:index/container:Container::${layer}-machine-${at}`;
    steps.push({
      layer,
      urn,
      op: "create",
      began,
      ended: began + 300 + ((at * 7919) % 4000),
      ...(after ? { after } : {}),
    });
  }
  return { ended: new Date("2026-01-02T03:00:00Z"), steps };
}
