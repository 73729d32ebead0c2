import { join } from "node:path";
import { z } from "zod";
import { type Access, RemoteError, runScript } from "./remote";
import { type Contracts, machinesOf, type Topology } from "./topology";

/** How something is. `unknown`: nobody who knows could be asked. */
export interface Health {
  readonly state: "well" | "unwell" | "silent" | "unknown";
  /** What there is to say, such as "2 of 2 nodes ready". */
  readonly says: string;
}

/** How everything in a topology is, by identity. */
export interface ChainHealth {
  readonly machines: Readonly<Record<string, Health>>;
  readonly clusters: Readonly<Record<string, Health>>;
  readonly functions: Readonly<Record<string, Health>>;
}

/** What a machine said of itself, and of the cluster that it leads. */
export interface Answer {
  /** `load` is of the last minute; a container has none of its own. */
  readonly system?: { readonly state: string; readonly load?: number };
  readonly nodes: readonly { readonly name: string; readonly ready: boolean }[];
  readonly workloads: readonly { readonly name: string; readonly ready: number; readonly wanted: number }[];
  /** Whether its cluster's API did not answer it. */
  readonly silent: boolean;
  /** What functions in nftables on it have counted, in the order of their tables. */
  readonly counters: readonly { readonly function: string; readonly name: string; readonly packets: number }[];
}

/** Reads the lines that health.sh prints. */
export function answerOf(output: string): Answer {
  const lines = output.split("\n").map((line) => line.trim().split(/\s+/));
  const of = (kind: string) => lines.filter(([first]) => first === kind);
  const [system] = of("system");
  return {
    ...(system ? { system: { state: system[1] ?? "unknown", ...(system[2] ? { load: Number(system[2]) } : {}) } } : {}),
    nodes: of("node").map(([, name = "", state]) => ({ name, ready: state === "True" || state === "Ready" })),
    // A Deployment of which nothing is ready has no number of those that are.
    workloads: of("workload").map(([, name = "", ...counts]) => ({
      name,
      ready: counts.length > 1 ? Number(counts[0]) : 0,
      wanted: Number(counts.at(-1)),
    })),
    silent: of("silent").length > 0,
    counters: of("counter").map(([, one = "", name = "", packets]) => ({
      function: one,
      name,
      packets: Number(packets),
    })),
  };
}

/** What came of asking a machine: its answer, or why there is none. */
export type Asked = Answer | string;

/** How everything is, from what each machine said. */
export function healthOf(topology: Topology, asked: ReadonlyMap<string, Asked>): ChainHealth {
  const machineOf = (id: string): Health => {
    const answer = asked.get(id);
    if (answer === undefined) return { state: "unknown", says: "not asked" };
    if (typeof answer === "string") return { state: "silent", says: answer };
    const { state = "unknown", load } = answer.system ?? {};
    const says = load === undefined ? state : `${state}, load ${load.toFixed(2)}`;
    return { state: state === "running" ? "well" : "unwell", says };
  };
  const leaders = ({ nodes }: Topology["clusters"][number]) =>
    nodes.flatMap((id) => {
      const answer = asked.get(id);
      return typeof answer === "object" && (answer.nodes.length > 0 || answer.silent) ? [answer] : [];
    });
  const clusterOf = (cluster: Topology["clusters"][number]): Health => {
    const answering = leaders(cluster).find(({ silent }) => !silent);
    if (answering === undefined) {
      const silent = leaders(cluster).length > 0 || cluster.nodes.some((id) => typeof asked.get(id) === "string");
      return silent ? { state: "silent", says: "its API does not answer" } : { state: "unknown", says: "not asked" };
    }
    const ready = answering.nodes.filter((node) => node.ready).length;
    const says = `${ready} of ${answering.nodes.length} nodes ready`;
    return { state: ready === answering.nodes.length ? "well" : "unwell", says };
  };
  const workloads = topology.clusters.flatMap((cluster) =>
    leaders(cluster)
      .slice(0, 1)
      .flatMap((answer) => answer.workloads.map((one) => ({ ...one, cluster: cluster.id }))),
  );
  const clusterAt = new Map(topology.machines.map(({ id, cluster }) => [id, cluster]));
  const functionOf = ({ name, instances }: Topology["functions"][number]): Health => {
    const carriers = instances.flatMap(({ machine }) => (machine === undefined ? [] : [machine]));
    const workload = workloads.find(
      (one) => one.name === name && carriers.some((machine) => clusterAt.get(machine) === one.cluster),
    );
    if (workload) {
      const { ready, wanted } = workload;
      // Of what was told to run nowhere, the path tells how many there should be.
      const due = wanted || instances.length;
      return { state: ready >= due ? "well" : "unwell", says: `${ready} of ${due} running` };
    }
    const counted = carriers.flatMap((machine) => {
      const answer = asked.get(machine);
      return typeof answer === "object" ? answer.counters.filter((one) => one.function === name) : [];
    });
    if (counted.length > 0)
      return { state: "well", says: `packets: ${counted.map((one) => `${one.name} ${one.packets}`).join(", ")}` };
    if (carriers.length === 0) return { state: "unknown", says: "not ours, so nobody is asked" };
    const silent = carriers.filter((machine) => typeof asked.get(machine) === "string").length;
    if (silent === carriers.length) return { state: "silent", says: "its machine does not answer" };
    return { state: "unknown", says: "its machine knows no service of this name" };
  };
  const each = <T extends { readonly id: string }>(things: readonly T[], health: (one: T) => Health) =>
    Object.fromEntries(things.map((one) => [one.id, health(one)]));
  return {
    machines: each(topology.machines, ({ id }) => machineOf(id)),
    clusters: each(topology.clusters, clusterOf),
    functions: each(topology.functions, functionOf),
  };
}

/** How many machines are asked at the same time: each is a process of OpenSSH here. */
const AT_ONCE = 16;

const key = z.object({ privateKey: z.string().optional() }).catch({});
const ssh = z.object({
  host: z.string(),
  port: z.number(),
  user: z.string(),
  hostKey: z.string(),
  jump: z.object({ host: z.string(), port: z.number(), user: z.string(), hostKey: z.string() }).optional(),
});

/** Asks every machine how it is, side by side, each for so many seconds at most. What does not answer is told, and is no error. */
export async function askAll(
  contracts: Contracts,
  secrets: Readonly<Record<string, unknown>>,
  options: { readonly signal?: AbortSignal; readonly seconds?: number } = {},
): Promise<ReadonlyMap<string, Asked>> {
  const { signal, seconds = 8 } = options;
  // A machine is opened by the key that its own stack publishes.
  const known = Object.entries(contracts).flatMap(([stack, contract]) => {
    const { privateKey } = key.parse(secrets[stack]);
    return machinesOf({ [stack]: contract }).flatMap((one) => {
      const access = ssh.safeParse(one.ssh).data;
      return access === undefined || privateKey === undefined ? [] : [[one.id, { ...access, privateKey }] as const];
    });
  });
  const waiting = [...new Map<string, Access>(known)];
  const asked = new Map<string, Asked>();
  const ask = async (access: Access): Promise<Asked> => {
    const limit = AbortSignal.timeout(seconds * 1000);
    try {
      const both = signal === undefined ? limit : AbortSignal.any([signal, limit]);
      return answerOf(await runScript(access, join(__dirname, "health.sh"), {}, both));
    } catch (error) {
      signal?.throwIfAborted();
      if (limit.aborted) return `does not answer within ${seconds} s`;
      if (error instanceof RemoteError) return `does not answer: ${error.message}`;
      throw error;
    }
  };
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [id, access] = next;
      asked.set(id, await ask(access));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, worker));
  return asked;
}
