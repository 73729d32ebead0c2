import { listed } from "../listed";
import { type ChainPreview, type PlannedStep, UNKNOWN } from "../plan";
import { differenceOf, type Fate, type PathDifference, speaksOf, typesIn } from "./difference";
import { code, count } from "./text";

/** Something that requests would notice, or that they would not. */
export interface Effect {
  /** Whether requests are, or may be, lost meanwhile. */
  readonly interrupts: boolean;
  /** A sentence of Markdown. */
  readonly text: string;
}

const interrupts = (text: string): Effect => ({ interrupts: true, text });
const alters = (text: string): Effect => ({ interrupts: false, text });

const names = (all: readonly { readonly name: string }[]): string => listed(all.map(({ name }) => code(name)));
const marked = (fates: readonly Fate[], mark: Fate["mark"]): readonly Fate[] =>
  fates.filter((one) => one.mark === mark);
const address = (value: string): string => (value === UNKNOWN ? "an address that is known after `up`" : code(value));
const verbOf = (number: number): string => (number === 1 ? "is" : "are");

/** Whether a step is about something that a component of this name (the last part of its type) holds. */
const within = (step: PlannedStep, component: RegExp): boolean =>
  typesIn(step.urn)
    .slice(0, -1)
    .some((type) => component.test(type));

function ofServers({ servers }: PathDifference, { pathBefore, pathAfter }: ChainPreview): Effect[] {
  const [added, removed] = [marked(servers, "added"), marked(servers, "removed")];
  const replaced = servers.filter((one) => one.replaced.length > 0);
  const moved = servers.filter((one) => one.changes.length > 0);
  const staying = servers.filter(
    ({ mark, replaced: anew }) => mark !== "removed" && anew.length === 0 && mark !== "added",
  );
  const answered = `${count(pathBefore?.servers.length ?? 0, "server answers", "servers answer")} now, ${pathAfter?.servers.length ?? 0} will`;
  const effects: Effect[] = [];
  if (added.length > 0)
    effects.push(alters(`${names(added)} ${added.length === 1 ? "joins" : "join"} the servers (${answered}).`));
  if (removed.length > 0) {
    const drained = pathBefore?.hops.some(({ handling }) => handling === "proxy")
      ? ` (with \`up --guard\` ${removed.length === 1 ? "it leaves" : "they leave"} the balancer first)`
      : "";
    effects.push(
      interrupts(
        `${names(removed)} ${removed.length === 1 ? "leaves" : "leave"} the servers (${answered}): requests under way there are lost${drained}.`,
      ),
    );
  }
  for (const { name } of moved) {
    const now = pathAfter?.servers.find((one) => one.name === name)?.address ?? UNKNOWN;
    effects.push(
      interrupts(
        `${code(name)} answers at ${address(now)} from then on; what still asks the old address finds nobody.`,
      ),
    );
  }
  if (replaced.length > 0) {
    const proxied = pathBefore?.hops.some(({ handling }) => handling === "proxy") === true;
    const meanwhile =
      staying.length === 0
        ? "no other server is there meanwhile, so requests are not answered"
        : proxied
          ? `${count(staying.length, "other server answers", "other servers answer")} meanwhile; requests under way there are lost, and some may still be sent there until the balancer notices`
          : "nothing on the path sends its requests to another server meanwhile";
    effects.push(interrupts(`${names(replaced)} ${verbOf(replaced.length)} replaced: ${meanwhile}.`));
  }
  return effects;
}

function ofHops({ hops, reordered }: PathDifference, { pathBefore, pathAfter }: ChainPreview): Effect[] {
  const effects: Effect[] = [];
  for (const { name } of marked(hops, "added")) {
    const at = pathAfter?.hops.findIndex((one) => one.name === name) ?? -1;
    const previous = pathAfter?.hops[at - 1]?.name;
    effects.push(
      interrupts(
        `Requests pass ${code(name)} as well, ${previous === undefined ? "before all others" : `after ${code(previous)}`}; routes move while they are under way.`,
      ),
    );
  }
  for (const { name } of marked(hops, "removed")) {
    effects.push(interrupts(`Requests do not pass ${code(name)} any more; routes move while they are under way.`));
  }
  if (reordered) effects.push(interrupts("Functions that stay are passed in another order."));
  for (const { name, changes, replaced } of hops) {
    const after = pathAfter?.hops.find((one) => one.name === name);
    if (changes.includes("address") && after !== undefined) {
      const now = after.in.address ?? UNKNOWN;
      effects.push(
        interrupts(
          `${code(name)} is reached at ${address(now)} from then on; its neighbours learn of it while requests are under way.`,
        ),
      );
    }
    const others = changes.filter((one) => one !== "address" && one !== "backends");
    if (others.length > 0) effects.push(interrupts(`${code(name)} changes on the path: ${listed(others)}.`));
    if (changes.includes("backends")) effects.push(alters(`${code(name)} gets other backends to send requests to.`));
    if (replaced.length === 0) continue;
    const instances = pathBefore?.hops.find((one) => one.name === name)?.instances ?? [];
    const [first, anew] = [instances[0]?.machine?.name, new Set(replaced)];
    const machines = listed(replaced.map((one) => code(one)));
    // Neighbours send to a function's first instance (FunctionFacts).
    if (first === undefined || anew.has(first)) {
      effects.push(
        interrupts(
          `${machines}, which ${code(name)} runs on, ${verbOf(replaced.length)} replaced: its neighbours send to nobody else meanwhile, so requests are not answered.`,
        ),
      );
    } else {
      effects.push(
        alters(
          `${machines}, which ${code(name)} also runs on, ${verbOf(replaced.length)} replaced; its neighbours send to ${code(first)}, which stays.`,
        ),
      );
    }
  }
  return effects;
}

/** What steps do with what a function runs as, for functions that stay on the path. */
function ofWorkloads({ hops }: PathDifference, steps: readonly PlannedStep[]): Effect[] {
  // The longest name first, so that what is "nginx-edge"'s is not taken for "nginx"'s.
  const staying = hops
    .filter(({ mark }) => mark === "same" || mark === "changed")
    .sort((one, other) => other.name.length - one.name.length);
  const steady = steps.filter((step) => step.custom && !within(step, /:(?:Machine|Route|Image|Network)$/));
  const effects: Effect[] = [];
  const told = new Set<PlannedStep>();
  for (const { name } of staying) {
    const own = steady.filter((step) => step.operation !== "create" && !told.has(step) && speaksOf(step.name, name));
    for (const step of own) told.add(step);
    const workloads = own.filter(({ type }) => !type.startsWith("command:"));
    const anew = workloads.filter(({ operation }) => operation !== "update");
    if (anew.length > 0) {
      effects.push(
        interrupts(
          `What ${code(name)} runs as is replaced or deleted (${names(anew)}): requests may find nobody there meanwhile.`,
        ),
      );
    } else if (workloads.length > 0) {
      effects.push(
        interrupts(
          `${code(name)} changes in place (${names(workloads)}): whether requests notice is up to how its platform rolls it out.`,
        ),
      );
    } else if (own.length > 0) effects.push(alters(`Scripts of ${code(name)} run again (${names(own)}).`));
  }
  return effects;
}

/** What becomes of networks that requests pass. */
function ofNetworks({ pathBefore }: ChainPreview, steps: readonly PlannedStep[]): Effect[] {
  const passed = [pathBefore?.from ?? "", ...(pathBefore?.hops.map(({ out }) => out.network) ?? [])];
  const going = steps.filter(
    (step) => step.custom && step.operation !== "create" && step.operation !== "update" && within(step, /:Network$/),
  );
  return [...new Set(passed)].flatMap((network) => {
    const own = going.filter(({ name }) => speaksOf(name, network.split("/").at(-1) ?? ""));
    if (own.length === 0) return [];
    return [
      interrupts(
        `The network ${code(network)} is replaced or deleted (${names(own)}): whatever stands in it is cut off meanwhile.`,
      ),
    ];
  });
}

function ofRoutes(steps: readonly PlannedStep[]): Effect[] {
  const routes = steps.filter((step) => step.custom && within(step, /:Route$/));
  const number = (operation: PlannedStep["operation"]): number =>
    routes.filter((one) => one.operation === operation).length;
  const [created, updated, replaced, deleted] = [
    number("create"),
    number("update"),
    number("replace"),
    number("delete"),
  ];
  const parts = [
    [created, "added"],
    [updated + replaced, "set again"],
    [deleted, "removed"],
  ] as const;
  const told = parts
    .filter(([many]) => many > 0)
    .map(([many, what], at) => `${at === 0 ? count(many, "route") : many} ${what}`);
  if (told.length === 0) return [];
  if (updated + replaced + deleted === 0) return [alters(`${listed(told)}; those that are there stay.`)];
  return [interrupts(`${listed(told)}: packets may be lost at that moment.`)];
}

/** What requests would notice of the change, what interrupts them first; derived from the path before and after, and from the steps. */
export function effectsOf(
  preview: ChainPreview,
  difference: PathDifference = differenceOf(preview),
): readonly Effect[] {
  const { stacks, pathBefore, pathAfter } = preview;
  const steps = stacks.flatMap((one) => one.steps);
  const unfinished = stacks.filter(({ ending }) => ending !== "done").map(({ layer }) => code(layer));
  if (pathBefore === undefined && pathAfter === undefined) {
    return unfinished.length > 0
      ? [alters(`Not known: the preview of ${listed(unfinished)} did not come to its end.`)]
      : [alters("No path of requests is published, neither now nor after it.")];
  }
  if (pathBefore === undefined && pathAfter !== undefined) {
    const through = pathAfter.hops.map(({ name }) => code(name)).join(" → ");
    return [
      alters(
        `The service comes up at ${address(pathAfter.url)}${through === "" ? "" : `, through ${through}`}, answered by ${count(pathAfter.servers.length, "server")}; nobody is served now.`,
      ),
    ];
  }
  if (pathAfter === undefined) {
    if (unfinished.length === 0) {
      return [interrupts("The service goes: its address answers nobody any more."), ...ofRoutes(steps)];
    }
    const supposed = { ...preview, pathAfter: pathBefore };
    return [
      alters(
        `The path after it is not known: the preview of ${listed(unfinished)} did not come to its end. Of the path as it is:`,
      ),
      ...ofNetworks(supposed, steps),
      ...ofHops(difference, supposed),
      ...ofServers(difference, supposed),
      ...ofRoutes(steps),
    ];
  }
  const moves =
    pathBefore?.url === pathAfter.url
      ? []
      : [
          interrupts(
            `Clients reach the service at ${address(pathAfter.url)} from then on, and not at ${address(pathBefore?.url ?? UNKNOWN)} any more.`,
          ),
        ];
  const clients = difference.clients.filter(({ replaced }) => replaced.length > 0);
  const effects = [
    ...moves,
    ...ofNetworks(preview, steps),
    ...ofHops(difference, preview),
    ...ofServers(difference, preview),
    ...ofWorkloads(difference, steps),
    ...ofRoutes(steps),
    ...(clients.length > 0
      ? [alters(`The client ${names(clients)} is replaced; requests of other clients do not pass it.`)]
      : []),
  ];
  if (effects.length > 0)
    return [...effects.filter((one) => one.interrupts), ...effects.filter((one) => !one.interrupts)];
  return [
    alters(
      steps.length === 0
        ? "Nothing: all stays as it is."
        : "Nothing that the plan shows: the path and what stands on it stay as they are.",
    ),
  ];
}
