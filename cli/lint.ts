import type { EngineEvent } from "@pulumi/pulumi/automation";
import { Cidr } from "../components/network/cidr";
import { listed } from "./listed";
import { type ChainPreview, chainsIn, type Finding, type PlannedPath, UNKNOWN } from "./plan";
import {
  type Connection,
  connectionsOf,
  type Host,
  type HostLeg,
  holds,
  hostsOf,
  type PathFunction,
  type Step,
  splitBackend,
  type Way,
} from "./proof/expected";
import { at } from "./steps";

/** A range that something has, in one of the stacks. */
interface Range {
  /** Its network's identity, or whose pods or services it is for. */
  readonly name: string;
  readonly cidr: Cidr;
  readonly layer: string;
}

/** Every object in a value, itself included. */
function* objects(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Readonly<Record<string, unknown>>;
  for (const inner of Object.values(value)) yield* objects(inner);
}

/** A range as it is written; undefined where only `up` will tell. */
function parsed(text: unknown): Cidr | undefined {
  try {
    return typeof text === "string" ? Cidr.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** The ranges of all networks, pods and services that the stacks tell of, each once. */
function rangesOf(stacks: ChainPreview["stacks"]): readonly Range[] {
  const found = new Map<string, Range>();
  for (const { layer, before, after } of stacks)
    for (const one of objects(after ?? before)) {
      const owner = typeof one.name === "string" ? one.name : layer;
      const inside = Array.isArray(one.ranges)
        ? one.ranges.map((range: { name?: unknown; cidr?: unknown }) => [`${range.name} of ${owner}`, range.cidr])
        : [];
      const network = one.id ?? one.network;
      const all = typeof network === "string" ? [...inside, [network, one.cidr]] : inside;
      for (const [name, text] of all) {
        const cidr = parsed(text);
        if (cidr && !found.has(`${name} ${cidr}`)) found.set(`${name} ${cidr}`, { name: String(name), cidr, layer });
      }
    }
  return [...found.values()];
}

/** Ranges of different networks that share an address, and a network that has two ranges. */
function overlaps(stacks: ChainPreview["stacks"]): Finding[] {
  const ranges = rangesOf(stacks);
  return ranges.flatMap((one, at) =>
    ranges
      .slice(at + 1)
      .filter(({ cidr }) => cidr.overlaps(one.cidr))
      .map((other) => ({
        check: "overlapping-ranges",
        severity: "error" as const,
        subject: one.name,
        message:
          one.name === other.name
            ? `${one.name} is ${one.cidr} in the ${one.layer} stack and ${other.cidr} in the ${other.layer} stack: bring both up from the same settings.`
            : `${one.name} (${one.cidr}, ${one.layer} stack) overlaps ${other.name} (${other.cidr}, ${other.layer} stack): give one of them a range of its own.`,
      })),
  );
}

/** What only `up` will tell, of a host or a function. */
interface Unknown {
  readonly of: string;
  readonly what: string;
}

/** What the way of packets to these addresses depends on at a host, and only `up` will tell; undefined where all is known. */
function unknownAt(
  { routes = [] }: PlannedPath,
  { name, machine, legs }: Host,
  destinations: readonly string[],
): Unknown | undefined {
  const leg = legs.find(({ cidr, address }) => [cidr, address].includes(UNKNOWN));
  if (leg) {
    const where = ["", UNKNOWN].includes(leg.network) ? "" : ` in ${leg.network}`;
    return { of: name, what: `the ${leg.address === UNKNOWN ? "address" : "range"} of ${name}${where}` };
  }
  const isUnsure = ({ machine: own, destination, nextHop }: (typeof routes)[number]): boolean =>
    [machine?.id, UNKNOWN].includes(own) &&
    [own, destination, nextHop].includes(UNKNOWN) &&
    (destination === UNKNOWN || destinations.some((one) => one === UNKNOWN || holds(destination, one)));
  return routes.some(isUnsure) ? { of: name, what: `a route of ${name}` } : undefined;
}

/** What of all that a connection's packets meet only `up` will tell; undefined where all is known. */
function unknownIn(path: PlannedPath, hosts: readonly Host[], connection: Connection): Unknown | undefined {
  const { from, to, address, over, back, request, answer } = connection;
  const ways = [request, answer];
  const names = new Set([...over, ...back].map(({ name }) => name));
  const met = [
    ...[to, from],
    ...ways.flatMap(({ steps }) => steps.map(({ host }) => host)),
    ...hosts.filter(({ functions }) => functions.some(({ name }) => names.has(name))),
  ];
  // Where packets end for want of a neighbour, that may be whoever has no known address there.
  const ends = ways.flatMap(({ steps, lost }) => (lost === undefined ? [] : (steps.at(-1)?.out?.network ?? [])));
  const near = hosts.filter(({ legs }) =>
    legs.some((leg) => leg.address === UNKNOWN && ends.some((end) => [end, "", UNKNOWN].includes(leg.network))),
  );
  const destinations = [address, ...ways.flatMap(({ steps }) => steps.map(({ after }) => after.destination))];
  for (const host of [...met, ...near]) {
    const unknown = unknownAt(path, host, destinations);
    if (unknown) return unknown;
  }
  return address === UNKNOWN ? { of: to.name, what: `the address of ${to.name}` } : undefined;
}

/** The names of the functions that packets pass between both ends of a way. */
function passed({ steps }: Way): ReadonlySet<string> {
  return new Set(steps.slice(1, -1).flatMap(({ host }) => host.functions.map(({ name }) => name)));
}

const finding = (check: string, subject: string, message: string): Finding => ({
  check,
  severity: "error",
  subject,
  message,
});

/** Where port security would drop packets on their way, for an address that they leave a machine with; the first such place. */
function spoofed(says: string, { steps }: Way): Finding[] {
  for (const { host, out, after } of steps) {
    const leg = host.machine?.legs.find(({ network }) => network === out?.network);
    if (!leg?.allowedSources || after.source === leg.address) continue;
    if (leg.allowedSources.some((range) => holds(range, after.source))) continue;
    const own = [leg.address, ...leg.allowedSources].join(", ");
    return [
      finding(
        "dropped-source",
        host.name,
        `${says} would leave ${host.name} in ${leg.network} from ${after.source}, and port security lets out ${own} there: name a range with ${after.source} in forwardedRanges, which routers and Kubernetes nodes forward from; machines of other roles forward nothing.`,
      ),
    ];
  }
  return [];
}

/** MTUs that would have packets of a connection broken up on their way, or dropped: each end sends what the link of either takes. */
function narrow(ways: readonly Way[]): Finding[] {
  const mtuAt = ({ host }: Step, leg: HostLeg | undefined): number | undefined => {
    const mtu = host.machine?.legs.find(({ network }) => network === leg?.network)?.mtu;
    return typeof mtu === "number" && mtu > 0 ? mtu : undefined;
  };
  return ways.flatMap(({ steps }): Finding[] => {
    const [first, last] = [steps[0], steps.at(-1)];
    if (!first || !last) return [];
    const most = Math.min(
      mtuAt(first, first.out) ?? Number.POSITIVE_INFINITY,
      mtuAt(last, last.in) ?? Number.POSITIVE_INFINITY,
    );
    return steps.flatMap((step, at): Finding[] => {
      const { host, in: entry, out } = step;
      const warn = (check: string, message: string): Finding => ({
        check,
        severity: "warning",
        subject: host.name,
        message,
      });
      const [into, onwards] = [mtuAt(step, entry), mtuAt(step, out)];
      const sent = at === 0 ? undefined : mtuAt(steps[at - 1] as Step, steps[at - 1]?.out);
      return [
        ...(into !== undefined && sent !== undefined && into !== sent
          ? [
              warn(
                "mtu-in-network",
                `${host.name} takes packets of ${into} bytes in ${entry?.network} (MTU), and ${steps[at - 1]?.host.name} sends ${sent} there: give both one MTU.`,
              ),
            ]
          : []),
        ...(into !== undefined && onwards !== undefined && onwards < into && onwards < most
          ? [
              warn(
                "mtu-along-path",
                `${host.name} gets packets of up to ${Math.min(into, most)} bytes by ${entry?.network} (MTU ${into}), and ${out?.network} takes ${onwards}: they are broken up there, or dropped where they may not be. Give both networks one MTU.`,
              ),
            ]
          : []),
      ];
    });
  });
}

/** What packets of a connection would meet. */
function along(connection: Connection): Finding[] {
  const { from, to, address, port, over, request, answer } = connection;
  const says = `Requests from ${from.name} to ${to.name} (${address})`;
  const last = request.steps.at(-1)?.host.name ?? from.name;
  if (request.lost !== undefined)
    return [finding("no-way", last, `${says} end at ${last}: ${request.lost}; see to the chain's routes and legs.`)];
  const found: Finding[] = [];
  const there = passed(request);
  for (const { name } of over)
    if (!there.has(name))
      found.push(
        finding(
          "passed-by",
          name,
          `${says} do not pass ${name}: nothing leads them there; see to the chain's routes and legs.`,
        ),
      );
  for (const { host, in: entry } of request.steps) {
    const rules = host.machine?.legs.find(({ network }) => network === entry?.network)?.openPorts;
    if (port !== undefined && entry && rules && !rules.includes(port))
      found.push(
        finding(
          "closed-port",
          host.name,
          `${says} on port ${port} are dropped at ${host.name}, whose access rules in ${entry.network} open ${rules.join(", ") || "no port"}: open it there too (servicePorts).`,
        ),
      );
  }
  const dropped = spoofed(says, request);
  if (dropped.length > 0) return [...found, ...dropped];
  const end = answer.steps.at(-1)?.host.name ?? to.name;
  if (answer.lost !== undefined) {
    const message = `Answers from ${to.name} (${address}) to ${from.name} end at ${end}: ${answer.lost}; see to the chain's way back.`;
    return [...found, finding("no-way-back", end, message)];
  }
  found.push(...spoofed(`Answers from ${to.name} (${address}) to ${from.name}`, answer));
  found.push(...narrow([request, answer]));
  const back = passed(answer);
  const kept = (one: PathFunction): boolean => one.stateful && there.has(one.name);
  for (const { name } of over.filter(kept))
    if (!back.has(name))
      found.push(
        finding(
          "asymmetric-path",
          name,
          `Answers from ${to.name} (${address}) to ${from.name} go past ${name}, which keeps state and must see both directions: lead them back through it.`,
        ),
      );
  return found;
}

/** What is wrong with a path: with each of its connections, and with functions that none leads to; what is not known yet is named. */
function alongPath(path: PlannedPath): Finding[] {
  const hosts = [...hostsOf(path).values()];
  const all = connectionsOf(path);
  const unknown = new Map<string, { readonly of: string; readonly connections: string[] }>();
  const note = ({ of, what }: Unknown, from: string, to: string): void => {
    const noted = unknown.get(what) ?? { of, connections: [] };
    unknown.set(what, noted);
    noted.connections.push(`${from} to ${to}`);
  };
  const known = all.filter((connection) => {
    const what = unknownIn(path, hosts, connection);
    if (what) note(what, connection.from.name, connection.to.name);
    return what === undefined;
  });
  // A server that is asked by nobody may be asked at an address that is not known.
  const proxy = path.hops.findLast(({ handling }) => handling === "proxy");
  if (proxy?.backends?.some((backend) => splitBackend(backend).address === UNKNOWN))
    for (const { name } of path.servers)
      if (all.every(({ to }) => to.name !== name))
        note({ of: proxy.name, what: `what ${proxy.name} balances over` }, proxy.name, name);
  const notLinted = [...unknown].map(
    ([what, { of, connections }]): Finding => ({
      check: "not-linted",
      severity: "warning",
      subject: of,
      message: `Requests from ${listed(connections, 4)} are not checked, for only up will tell ${what}: verify after it.`,
    }),
  );
  const found = [...known.flatMap(along), ...notLinted];
  // Where there is no connection at all, or not all of them are known, nothing is known of who would be reached.
  const whole = unknown.size === 0 && known.length > 0 && known.every(({ request }) => request.lost === undefined);
  return whole ? [...found, ...unreached(path, known)] : found;
}

/** Functions of a path that no connection leads to. */
function unreached({ hops }: PlannedPath, connections: readonly Connection[]): Finding[] {
  const met = new Set(
    connections.flatMap(({ request }) => request.steps.flatMap(({ host }) => host.functions.map(({ name }) => name))),
  );
  return hops
    .filter(({ name }) => !met.has(name))
    .map(({ name }) =>
      finding("unreached-function", name, `Nothing leads to ${name}: take it out of the chain, or lead packets to it.`),
    );
}

/** Kinds of workloads, and where their inputs say how many of each are to run. */
const WORKLOADS: Readonly<Record<string, readonly string[]>> = {
  "kubernetes:apps/v1:Deployment": ["spec.replicas", "metadata.name"],
  "docker:index/service:Service": ["mode.replicated.replicas", "name"],
};

/** A workload that is not to run at all, by the event of its resource: wanted or not, requests would notice. */
export function stoppedWorkload({ resourcePreEvent }: EngineEvent): readonly Finding[] {
  const { type = "", new: made } = resourcePreEvent?.metadata ?? {};
  const [count = "", called = ""] = WORKLOADS[type] ?? [];
  if (at(count, made?.inputs) !== 0) return [];
  const name = String(at(called, made?.inputs));
  const message = `It runs nowhere: ${count} is 0, so nothing passes it; set how many run to 1 or more (of the router: routerReplicas).`;
  return [{ check: "stopped-workload", severity: "warning", subject: name, message }];
}

/**
 * What is wrong with the networks and the path that `up` would leave behind, which no single program can see: each of them has checked what it
 * knows by itself.
 */
export function lint(
  preview: Pick<ChainPreview, "stacks" | "pathBefore" | "pathAfter" | "chains">,
): readonly Finding[] {
  const paths = chainsIn(preview).flatMap(({ name, preview: { pathAfter } }) => {
    const found = pathAfter ? alongPath(pathAfter) : [];
    return name === undefined
      ? found
      : found.map((one) => ({ ...one, message: `Chain of the ${name} stack: ${one.message}` }));
  });
  const found = [...overlaps(preview.stacks), ...paths];
  return [...new Map(found.map((one) => [`${one.check} ${one.message}`, one])).values()];
}
