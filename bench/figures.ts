/** What can be measured together: `npm run bench -- GROUP…`. */
export const GROUPS = [
  "lab",
  "throughput",
  "scale",
  "graph",
  "comment",
  "proof",
  "routing",
  "functions",
  "cold",
  "openstack",
] as const;
export type Group = (typeof GROUPS)[number];

/** A figure that the bench measures. */
export interface Figure {
  readonly group: Group;
  readonly name: string;
  readonly unit: string;
  /** @default none: it is told for comparison */
  readonly goal?:
    | { readonly atMost: number }
    | { readonly atLeast: number }
    | { readonly between: readonly [number, number] };
  /** How it is measured. */
  readonly how: string;
}

/** What the loss of a link between routers costs with a protocol. */
function linkDown<Key extends string>(key: Key, name: string) {
  const how = "examples/routers: one of two ways goes, under a stream of pings and one of requests";
  const rows: readonly [string, Figure][] = [
    [`${key}Gap`, { group: "routing", name: `link down, ${name}`, unit: "s", how }],
    [`${key}Lost`, { group: "routing", name: "… requests lost", unit: "", how }],
    [
      `${key}ByTimers`,
      {
        group: "routing",
        name: "… time ÷ what the timers let expect",
        unit: "×",
        goal: { between: [0.8, 1.2] },
        how: "until a silent neighbour counts as gone, half an interval after it was last heard",
      },
    ],
  ];
  return Object.fromEntries(rows) as Record<`${Key}${"Gap" | "Lost" | "ByTimers"}`, Figure>;
}

const table = {
  up: {
    group: "lab",
    name: "up from nothing",
    unit: "s",
    goal: { atMost: 35 },
    how: "npm run up, until four requests are answered; all is built",
  },
  upByScript: {
    group: "lab",
    name: "up ÷ script",
    unit: "×",
    goal: { atMost: 0.7 },
    how: "the same chain by bench/script.sh, in the same round",
  },
  upByPath: {
    group: "lab",
    name: "up ÷ its critical path",
    unit: "×",
    goal: { atMost: 1.3 },
    how: "the time of the steps that each waited for the one before, back from the one that ends last",
  },
  again: { group: "lab", name: "up again", unit: "s", goal: { atMost: 10 }, how: "npm run up, with nothing to change" },
  previewOne: {
    group: "lab",
    name: "preview of one stack",
    unit: "s",
    goal: { atMost: 2 },
    how: "pulumi preview in stacks/service",
  },
  previewAll: { group: "lab", name: "preview of all stacks", unit: "s", goal: { atMost: 6 }, how: "npm run preview" },
  verify: {
    group: "lab",
    name: "verify",
    unit: "s",
    goal: { atMost: 5 },
    how: "npm run verify: 20 requests, and every machine of the path",
  },
  down: { group: "lab", name: "down", unit: "s", goal: { atMost: 10 }, how: "npm run down" },
  labMemory: {
    group: "lab",
    name: "memory of the lab",
    unit: "GiB",
    goal: { atMost: 0.7 },
    how: "what Docker accounts to its machines, after up",
  },
  chainByNeighbours: {
    group: "throughput",
    name: "requests/s, chain ÷ neighbours",
    unit: "×",
    goal: { atLeast: 0.75 },
    how: "ApacheBench, 16 connections kept open: client to balancer, and server to server",
  },
  chainByBest: {
    group: "throughput",
    name: "requests/s ÷ best other balancer",
    unit: "×",
    goal: { atLeast: 1 },
    how: "HAProxy, and Nginx as Debian ships it, on the Swarm's node in its network",
  },
  routerByKernel: {
    group: "throughput",
    name: "packets/s, router ÷ kernel alone",
    unit: "×",
    goal: { atLeast: 0.98 },
    how: "UDP of 64 bytes from transit to servers, through the router and through a container that only forwards",
  },
  perFunction: {
    group: "scale",
    name: "preview per added function",
    unit: "ms",
    goal: { atMost: 10 },
    how: "a chain through 1,000 functions less one through 10, by 990",
  },
  growth: {
    group: "scale",
    name: "… from 100 to 1,000 ÷ from 10 to 100",
    unit: "×",
    goal: { atMost: 1.2 },
    how: "1 is linear",
  },
  perBareFunction: {
    group: "scale",
    name: "… as resources without our code",
    unit: "ms",
    how: "as many components and commands as the chain has, in Pulumi alone",
  },
  commandMemory: {
    group: "scale",
    name: "memory at 1,000 functions",
    unit: "MiB",
    goal: { atMost: 600 },
    how: "most that command, engine and plugins have at one time (PSS)",
  },
  memoryPerFunction: {
    group: "scale",
    name: "memory per added function",
    unit: "MiB",
    how: "as for its time",
  },
  memoryPerBareFunction: {
    group: "scale",
    name: "… as resources without our code",
    unit: "MiB",
    how: "as for their time",
  },
  perPair: {
    group: "scale",
    name: "preview per added router or balancer",
    unit: "ms",
    how: "of 100, half and half, each two in a chain of their own, less 10",
  },
  perMachine: {
    group: "scale",
    name: "preview per added machine",
    unit: "ms",
    how: "a site with 100 less one with 10, by 90",
  },
  routes: { group: "scale", name: "preview of 200 routes", unit: "s", how: "one chain to 200 servers" },
  comment: {
    group: "comment",
    name: "comment of 1,000 changed resources",
    unit: "s",
    goal: { atMost: 1 },
    how: "from what the preview printed to the text",
  },
  graph: {
    group: "graph",
    name: "graph of 200 functions",
    unit: "s",
    goal: { atMost: 2 },
    how: "from a finished preview to the SVG, in a process that has drawn nothing before; each function on a machine of its own",
  },
  graphCommand: {
    group: "graph",
    name: "… by the command",
    unit: "s",
    how: "npm run graph -- --preview, whole",
  },
  graphPixels: {
    group: "graph",
    name: "… as pixels",
    unit: "s",
    how: "the same with --format png",
  },
  verifyTwenty: {
    group: "proof",
    name: "verify of twenty functions",
    unit: "s",
    goal: { atMost: 15 },
    how: "the same, each function on a machine of its own (bench/twenty)",
  },
  ...linkDown("ospf", "OSPF"),
  ...linkDown("ospfBfd", "OSPF with BFD"),
  ...linkDown("bgp", "BGP"),
  ...linkDown("bgpBfd", "BGP with BFD"),
  ...linkDown("rip", "RIP"),
  attachmentsByNode: {
    group: "functions",
    name: "requests/s, attachments ÷ node's legs",
    unit: "×",
    how: "examples/attachments, both ways in each round, ApacheBench from the client",
  },
  leastByPrivileged: {
    group: "functions",
    name: "… least privileges ÷ privileged",
    unit: "×",
    goal: { atLeast: 0.95 },
    how: "the same, on the node's legs",
  },
  machineReady: {
    group: "functions",
    name: "virtual machine in a pod, to HTTP",
    unit: "s",
    how: "examples/virtual-machines, emulated: from the pod's start until it is ready",
  },
  machineMemory: {
    group: "functions",
    name: "… memory beside its own",
    unit: "MiB",
    goal: { atMost: 192 },
    how: "QEMU's (PSS), without the piece that is the machine's; its pod may take 192 (overheadMiB)",
  },
  cold: {
    group: "cold",
    name: "cold, closed network",
    unit: "min",
    goal: { atMost: 10 },
    how: "npm run toolchain with an empty cache",
  },
  previewByPlan: {
    group: "openstack",
    name: "preview ÷ plan of Terraform",
    unit: "×",
    goal: { atMost: 1.5 },
    how: "the same resources, nothing there yet",
  },
  refreshByPlan: {
    group: "openstack",
    name: "preview --refresh ÷ plan",
    unit: "×",
    goal: { atMost: 1.3 },
    how: "the same resources, all there",
  },
} as const satisfies Record<string, Figure>;

export type FigureKey = keyof typeof table;
/** Every figure, in the order in which they are printed. */
export const figures: Readonly<Record<FigureKey, Figure>> = table;

/** The middle one; of two in the middle, the greater. @throws RangeError for none */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new RangeError("nothing was measured");
  return middle;
}

/** `near`: missed by a tenth at most, which a quiet machine's noise explains. `measured`: there is no goal. */
export type Verdict = "met" | "near" | "missed" | "measured";

/** How a value stands to its figure's goal. */
export function verdictOf({ goal }: Figure, value: number): Verdict {
  if (goal === undefined) return "measured";
  // Of what is not a number, nothing is known that would excuse it.
  if ("between" in goal) {
    const [least, most] = goal.between;
    if (value >= least && value <= most) return "met";
    return value >= least * 0.9 && value <= most * 1.1 ? "near" : "missed";
  }
  if ("atMost" in goal) return value <= goal.atMost ? "met" : value <= goal.atMost * 1.1 ? "near" : "missed";
  return value >= goal.atLeast ? "met" : value >= goal.atLeast * 0.9 ? "near" : "missed";
}

/** What was measured, once in each round. */
export class Measurements {
  private readonly values = new Map<FigureKey, number[]>();

  add(key: FigureKey, value: number): void {
    this.values.set(key, [...(this.values.get(key) ?? []), value]);
  }

  /** In the table's order; a figure's value is the median. */
  get all(): readonly Result[] {
    return (Object.keys(figures) as FigureKey[]).flatMap((key) => {
      const rounds = this.values.get(key);
      if (rounds === undefined) return [];
      const value = median(rounds);
      return [{ key, ...figures[key], value, rounds, verdict: verdictOf(figures[key], value) }];
    });
  }
}

export interface Result extends Figure {
  readonly key: FigureKey;
  /** The median of `rounds`. */
  readonly value: number;
  readonly rounds: readonly number[];
  readonly verdict: Verdict;
}

const digits = (value: number): string => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);

function wanted(goal: Figure["goal"]): string {
  if (goal === undefined) return "";
  if ("between" in goal) return goal.between.join("–");
  return "atMost" in goal ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
}

/** A figure as people read it. */
export function line({ name, unit, goal, value, rounds, verdict }: Result): string {
  const each = rounds.length > 1 ? `   (${rounds.map(digits).join(", ")})` : "";
  return `${name.padEnd(38)} ${digits(value).padStart(7)} ${unit.padEnd(4)} ${wanted(goal).padStart(7)}  ${verdict}${each}`;
}
