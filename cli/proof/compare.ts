import { Address } from "../../components/network/address";
import { Cidr } from "../../components/network/cidr";
import { listed } from "../listed";
import type { PlannedPath } from "../plan";
import { type Connection, type Host, type HostLeg, type Step, splitBackend } from "./expected";
import { type Crossing, crossingsOf, type Marked, questionOf } from "./marks";
import type { RouteAnswer, Seen, SeenPacket, SeenRoute } from "./seen";

/** Something that is not as the path says. */
export interface Difference {
  /** The machine where it is, or the gateway. */
  readonly at: string;
  /** One sentence: where, what is seen, what should be. */
  readonly sentence: string;
}

/** What came of asking a machine: what was seen, or why it can't be asked. */
export type Asked = Seen | { readonly silent: string };

/** A try to open a marked connection, as its opener saw it. */
export interface Tried {
  readonly mark: number;
  /** `open`, `refused`, `silent`, or why it was not even begun. */
  readonly ended: string;
}

/** Which server a page names that an address answered with; undefined where it names none. */
export interface Page {
  readonly address: string;
  readonly server?: string;
}

/** All that was seen. */
export interface Sight {
  /** What machines told, by their identity. */
  readonly asked: ReadonlyMap<string, Asked>;
  /** What became of marked connections, by their mark. */
  readonly tried: ReadonlyMap<number, Tried>;
  /** What servers answered that were asked by themselves. */
  readonly pages: readonly Page[];
  /** Whether the replies to requests are as they should be. */
  readonly replied: boolean;
}

/** A machine with what runs on it. */
export function called({ name, functions }: Host): string {
  const names = functions.map((one) => one.name).filter((one) => one !== name);
  return names.length > 0 ? `${name} (${names.join(", ")})` : name;
}

const within = (cidr: string, address: string): boolean => Cidr.parse(cidr).contains(Address.parse(address));

/** Differences by the host and what is wrong there, of which several packets may suffer. */
class Differences {
  private readonly found = new Map<
    string,
    { readonly host: Host; readonly whom: Set<string>; readonly say: (whom: string) => string }
  >();

  add(host: Host, key: string, whom: string, say: (whom: string) => string): void {
    const id = `${host.machine?.id ?? host.name} ${key}`;
    const known = this.found.get(id) ?? { host, whom: new Set<string>(), say };
    this.found.set(id, known);
    known.whom.add(whom);
  }

  /** Whether something is wrong at one of these hosts. */
  at(...hosts: readonly (Host | undefined)[]): boolean {
    return [...this.found.values()].some(({ host }) => hosts.includes(host));
  }

  get any(): boolean {
    return this.found.size > 0;
  }

  get all(): readonly Difference[] {
    return [...this.found.values()].map(({ host, whom, say }) => ({ at: host.name, sentence: say(listed([...whom])) }));
  }
}

/** What was seen of a host; undefined where it was not asked, or did not answer. */
type Look = (host: Host) => Seen | undefined;

/** The machine on the path that a MAC address is one of. */
type Whose = (mac: string) => string | undefined;

/**
 * Everything in which the machines and their packets are not as the path says: first what is wrong with a machine as it stands, then what
 * becomes of packets that nothing of this explains.
 */
export function differencesOf(
  facts: PlannedPath,
  connections: readonly Connection[],
  marked: readonly Marked[],
  { asked, tried, pages, replied }: Sight,
): readonly Difference[] {
  const found = new Differences();
  const look: Look = ({ machine }) => {
    const one = machine && asked.get(machine.id);
    return one && !("silent" in one) ? one : undefined;
  };
  const hosts = new Set<Host>();
  for (const { request, answer } of connections)
    for (const { host } of [...request.steps, ...answer.steps]) hosts.add(host);
  for (const host of hosts) {
    const one = host.machine && asked.get(host.machine.id);
    if (one && "silent" in one)
      found.add(host, "silent", "", () => `${called(host)} can't be asked: ${one.silent.replace(/\.$/, "")}.`);
  }
  const useless = legs(hosts, look, found);
  const carries = ({ in: entry, out }: Step): boolean => ![entry, out].some((leg) => leg && useless.has(leg));
  const whose = (mac: string): string | undefined => {
    const owner = [...hosts].find((host) => [...(look(host)?.links.values() ?? [])].some((link) => link.mac === mac));
    return owner && called(owner);
  };
  for (const { request, answer } of connections) {
    lost(request.lost, request.steps, "requests", found);
    if (request.lost === undefined) lost(answer.lost, answer.steps, "answers", found);
    request.steps.forEach((step, at) => {
      if (carries(step)) passage(facts, step, request.steps[at + 1], "request", look, whose, found);
    });
    answer.steps.forEach((step, at) => {
      if (carries(step)) passage(facts, step, answer.steps[at + 1], "answer", look, whose, found);
    });
  }
  for (const one of marked) strays(one, hosts, look, found);
  for (const one of marked) packets(one, look, tried, found);
  for (const { address, server } of pages) {
    const wanted = facts.servers.find((one) => one.address === address);
    const host = [...hosts].find(({ legs: all }) => all.some((leg) => leg.address === address));
    if (!wanted || !host || wanted.name === server || found.at(host)) continue;
    const names = server === undefined ? "a page that names none of the servers" : `the page of ${server}`;
    found.add(
      host,
      `page ${address}`,
      "",
      () => `${called(host)} (${address}) answers with ${names}, and should answer as ${wanted.name}.`,
    );
  }
  if (!replied && !found.any) backends(facts, hosts, look, found);
  return found.all;
}

/** A path that leads nowhere even as it is published. */
function lost(why: string | undefined, steps: readonly Step[], what: string, found: Differences): void {
  const last = steps.at(-1);
  if (why === undefined || !last) return;
  const { host, after } = last;
  found.add(
    host,
    `lost ${what} ${why}`,
    after.destination,
    (whom) => `${called(host)} does not lead ${what} on to ${whom}: ${why}.`,
  );
}

/** Whether the legs of each machine are there, up, with their addresses, and as wide as their neighbours'; those that carry nothing. */
function legs(hosts: ReadonlySet<Host>, look: Look, found: Differences): ReadonlySet<HostLeg> {
  const useless = new Set<HostLeg>();
  const owners = new Map<string, Host>();
  const widths = new Map<string, { readonly host: Host; readonly leg: HostLeg; readonly mtu: number }[]>();
  for (const host of hosts) for (const { address } of host.legs) if (address) owners.set(address, host);
  for (const host of hosts) {
    const seen = look(host);
    if (!seen) continue;
    for (const leg of host.legs) {
      if (leg.interface === undefined || leg.address === undefined) continue;
      const link = seen.links.get(leg.interface);
      const own = `${leg.interface} of ${called(host)}, its leg in ${leg.network}`;
      const wrong = !link
        ? "is not there"
        : !link.up
          ? `is down: set it up (ip link set ${leg.interface} up)`
          : !link.carrier
            ? "has no carrier: see to what it is plugged into"
            : // A virtual machine has its address inside.
              host.machine?.guest || link.addresses.includes(leg.address)
              ? undefined
              : `does not have its address ${leg.address}`;
      if (wrong !== undefined) {
        useless.add(leg);
        found.add(host, `leg ${own}`, "", () => `${own}, ${wrong}.`);
      } else if (link) widths.set(leg.network, [...(widths.get(leg.network) ?? []), { host, leg, mtu: link.mtu }]);
    }
    for (const [name, { addresses }] of seen.links)
      for (const address of addresses) {
        const owner = owners.get(address);
        if (owner && owner !== host)
          found.add(
            host,
            `has ${address}`,
            "",
            () => `${called(host)} has the address ${address} on ${name}, which is that of ${called(owner)}.`,
          );
      }
  }
  for (const [network, all] of widths) {
    const most = Math.max(...all.map(({ mtu }) => mtu));
    for (const { host, leg, mtu } of all)
      if (mtu < most)
        found.add(
          host,
          `mtu ${leg.interface}`,
          "",
          () =>
            `${leg.interface} of ${called(host)} takes packets of ${mtu} bytes at most (MTU), and its neighbours in ${network} send ${most}.`,
        );
  }
  return useless;
}

/** The route that packets to an address take in a table. */
function routeFor(routes: readonly SeenRoute[], address: string, table = "main"): SeenRoute | undefined {
  return routes
    .filter((route) => (route.table ?? "main") === table && within(route.destination, address))
    .sort((a, b) => Number(b.destination.split("/")[1]) - Number(a.destination.split("/")[1]))[0];
}

/** Which policy rule leads packets past the main table, as a part of a sentence. */
function ruleOf({ rules }: Seen, table: string | undefined): string {
  if (table === undefined || table === "main") return "";
  const rule = rules.find((one) => one.table === table);
  return rule ? `, as its policy rule ${rule.priority} says (table ${table})` : ` (table ${table})`;
}

const wayOf = ({ dev, gateway, type }: RouteAnswer): string =>
  type === "local" ? "to itself" : gateway === undefined ? `out of ${dev} to its own link` : `to ${gateway} by ${dev}`;

/** Why a host forwards nothing that comes in where these packets do; undefined where it does. */
function forwardsNothing({ settings }: Seen, { in: entry, out }: Step): string | undefined {
  if (!entry?.interface || !out) return undefined;
  if (settings.get("ip_forward") === 0) return "it forwards nothing (net.ipv4.ip_forward is 0)";
  const setting = `forwarding.${entry.interface}`;
  return settings.get(setting) === 0
    ? `it forwards nothing that comes in by ${entry.interface} (net.ipv4.conf.${entry.interface}.forwarding is 0)`
    : undefined;
}

/** Why a host knows no way for packets, as a part of a sentence: what of its state says so. */
function reasonOf(host: Host, seen: Seen, step: Step, { error = "" }: RouteAnswer, facts: PlannedPath): string {
  const { in: entry, before, after } = step;
  const { settings, routes, rules } = seen;
  const closed = routes.find(
    ({ type = "unicast", destination }) =>
      ["blackhole", "unreachable", "prohibit"].includes(type) && within(destination, after.destination),
  );
  if (closed) return `its route to ${closed.destination} is a ${closed.type} route${ruleOf(seen, closed.table)}`;
  const rule = rules.find(
    ({ action }) => action !== undefined && ["blackhole", "unreachable", "prohibit"].includes(action),
  );
  if (rule) return `its policy rule ${rule.priority} drops them (${rule.action})`;
  if (entry?.interface) {
    const strict =
      Math.max(settings.get("rp_filter.all") ?? 0, settings.get(`rp_filter.${entry.interface}`) ?? 0) === 1;
    const back = routeFor(routes, before.source);
    if (strict && back?.dev !== entry.interface)
      return `its reverse-path filter is strict (rp_filter of ${entry.interface} is 1), and its own way to ${before.source} leads by ${back?.dev ?? "nowhere"}`;
  }
  const own = (facts.routes ?? []).find(
    ({ machine, destination }) => machine === host.machine?.id && within(destination, after.destination),
  );
  if (own && !routes.some(({ destination }) => destination === own.destination))
    return `the chain's route to ${own.destination} via ${own.nextHop} is not there`;
  return `its kernel says "${error.toLowerCase()}"`;
}

/** Whether a host would send packets where it should, to whom it should, by what its kernel and its neighbours say. */
function passage(
  facts: PlannedPath,
  step: Step,
  next: Step | undefined,
  kind: Crossing["kind"],
  look: Look,
  whose: Whose,
  found: Differences,
): void {
  const { host, in: entry, out, neighbour, routed, before, after } = step;
  const seen = look(host);
  // What is in its pod of a virtual machine, has no part in where that sends packets.
  if (!seen || host.machine?.guest) return;
  const answer = seen.answers.get(questionOf(step, kind));
  const { destination } = out ? after : before;
  if (answer && !out) {
    if (answer.error !== undefined) {
      const why = reasonOf(host, seen, step, answer, facts);
      found.add(
        host,
        `refuses ${why}`,
        before.source,
        (whom) => `${called(host)} does not take packets from ${whom} in on ${entry?.interface}: ${why}.`,
      );
    } else if (answer.type !== "local")
      found.add(
        host,
        "not its own",
        destination,
        (whom) => `${called(host)} does not take packets for ${whom} as its own, and would send them ${wayOf(answer)}.`,
      );
  }
  if (!out?.interface || !answer) return;
  const should = routed && neighbour !== undefined ? `to ${neighbour} by ${out.interface}` : `out of ${out.interface}`;
  if (answer.error !== undefined) {
    const idle = forwardsNothing(seen, step);
    const why = idle ?? `${reasonOf(host, seen, step, answer, facts)}; they should go ${should}`;
    found.add(host, `drops ${why}`, destination, (whom) => `${called(host)} drops packets for ${whom}: ${why}.`);
  } else {
    const right =
      answer.dev === out.interface &&
      (neighbour === undefined || answer.gateway === (routed ? neighbour : undefined)) &&
      (answer.type ?? "unicast") === "unicast";
    if (!right) {
      const missing = (facts.routes ?? []).find(
        (route) =>
          route.machine === host.machine?.id &&
          within(route.destination, destination) &&
          !seen.routes.some((one) => one.destination.replace(/\/32$/, "") === route.destination.replace(/\/32$/, "")),
      );
      const why = missing
        ? `, for the chain's route to ${missing.destination} is not there`
        : ruleOf(seen, answer.table);
      found.add(
        host,
        `diverts ${wayOf(answer)}${why}`,
        destination,
        (whom) => `${called(host)} sends packets for ${whom} ${wayOf(answer)}${why}, and should send them ${should}.`,
      );
    } else if (
      kind === "request" &&
      !entry &&
      answer.prefsrc !== undefined &&
      out.address !== undefined &&
      answer.prefsrc !== out.address
    )
      found.add(
        host,
        `source ${answer.prefsrc}`,
        destination,
        (whom) =>
          `${called(host)} sends packets for ${whom} with the address ${answer.prefsrc}, and should take ${out.address}.`,
      );
  }
  if (entry?.interface && seen.closed.includes(entry.interface) && seen.closed.includes(out.interface)) {
    const ways = [entry.interface, out.interface].sort();
    found.add(
      host,
      "closed",
      "",
      () =>
        `${called(host)} keeps ${ways[0]} and ${ways[1]} apart, for no router on it opens the way between them: see whether its router runs.`,
    );
  }
  if (next) neighbourOf(step, next, seen, look, whose, found);
}

/** Whether a host knows the right one behind its neighbour's address, and no other one answers for it. */
function neighbourOf(
  { host, out, neighbour }: Step,
  { host: next, in: entry }: Step,
  seen: Seen,
  look: Look,
  whose: Whose,
  found: Differences,
): void {
  const right = entry?.interface === undefined ? undefined : look(next)?.links.get(entry.interface)?.mac;
  if (neighbour === undefined || !out?.interface || right === undefined) return;
  const owned = (mac: string): string => `${dotted(mac)} (${whose(mac) ?? "of nobody on the path"})`;
  const here = <T extends { readonly interface: string; readonly address: string }>(all: readonly T[]): T[] =>
    all.filter((one) => one.interface === out.interface && one.address === neighbour);
  const [known] = here(seen.neighbours);
  if (known?.mac !== undefined && known.mac !== right) {
    const wrong = owned(known.mac);
    const made = known.state === "PERMANENT" ? ", as an entry made by hand says" : "";
    found.add(
      host,
      `arp ${neighbour}`,
      "",
      () =>
        `${called(host)} takes ${wrong} for ${neighbour}${made}, and ${called(next)} has ${dotted(right)}: its ARP entry is wrong.`,
    );
  }
  for (const mac of new Set(here(seen.arp).map((one) => one.mac)))
    if (mac !== right)
      found.add(
        host,
        `claims ${neighbour} ${mac}`,
        "",
        () =>
          `${owned(mac)} answers on ${out.interface} of ${called(host)} for ${neighbour}, which is the address of ${called(next)}: two have it.`,
      );
}

const dotted = (mac: string): string => mac.match(/../g)?.join(":") ?? mac;

/** The marks of a connection that passed a leg as they should. */
function passed({ first, last }: Marked, { interface: leg, direction, kind }: Crossing, seen: Seen): SeenPacket[] {
  return seen.packets.filter(
    (one) =>
      one.interface === leg &&
      one.direction === direction &&
      one.kind === kind &&
      one.mark >= first &&
      one.mark <= last,
  );
}

/** Marked packets of a connection where they should not be. */
function strays(one: Marked, hosts: ReadonlySet<Host>, look: Look, found: Differences): void {
  const { connection, first, last } = one;
  const crossings = crossingsOf(connection);
  for (const host of hosts) {
    if (found.at(host)) continue;
    const meant = crossings.filter((crossing) => crossing.host === host);
    const stray = look(host)?.packets.find(
      ({ mark, interface: leg, direction, kind }) =>
        mark >= first &&
        mark <= last &&
        !meant.some((own) => own.interface === leg && own.direction === direction && own.kind === kind),
    );
    if (!stray) continue;
    const { interface: leg, direction, kind, source, destination } = stray;
    const what = kind === "request" ? `requests to ${connection.address}` : `answers from ${connection.address}`;
    const does = direction === "in" ? `gets ${what} by` : `sends ${what} out of`;
    found.add(
      host,
      `stray ${kind} ${direction} ${leg}`,
      "",
      () => `${called(host)} ${does} ${leg} (${source} to ${destination}), where none should pass.`,
    );
  }
}

/** Follows the marked packets of a connection from leg to leg, to the first that they do not pass as they should. */
function packets(one: Marked, look: Look, tried: ReadonlyMap<number, Tried>, found: Differences): void {
  const { connection, first, last } = one;
  const { to, address, port } = connection;
  const ends = Array.from({ length: last - first + 1 }, (_, at) => tried.get(first + at)?.ended ?? "open");
  // Whose own port was in use.
  const tries = ends.filter((end) => end !== "unsent").length;
  const crossings = crossingsOf(connection);
  let previous: Crossing | undefined;
  for (const [at, crossing] of crossings.entries()) {
    const { host, interface: leg, direction, kind, step } = crossing;
    const seen = look(host);
    if (!seen) {
      previous = crossing;
      continue;
    }
    const all = passed(one, crossing, seen);
    const count = new Set(all.map(({ mark }) => mark)).size;
    const what = kind === "request" ? `requests to ${address}` : `answers from ${address}`;
    if (count < tries) {
      // What is wrong with it or with a neighbour has been told, and this is what comes of it.
      if (!found.at(host, previous?.host, crossings[at + 1]?.host) && seen.unseen === 0) {
        const none = count === 0 ? "none" : `${count} of ${tries}`;
        found.add(host, `lost ${kind} ${direction} ${leg} ${port}`, address, (whom) =>
          missing(
            crossing,
            previous,
            kind === "request" ? `requests to ${whom}` : `answers from ${whom}`,
            none,
            port,
            seen,
          ),
        );
      }
      return;
    }
    const wanted = direction === "in" ? step.before : step.after;
    const other = all.find(({ source, destination }) => source !== wanted.source || destination !== wanted.destination);
    if (other && !found.at(host)) {
      found.add(
        host,
        `addresses ${kind} ${direction}`,
        "",
        () =>
          `${called(host)} has ${what} ${direction === "in" ? "come in" : "go out"} by ${leg} as ${other.source} to ${other.destination}, and they should be ${wanted.source} to ${wanted.destination}.`,
      );
      return;
    }
    previous = crossing;
  }
  const ended = ends.find((end) => end !== "open" && end !== "unsent");
  if (ended === undefined || found.any) return;
  found.add(to, `ended ${port}`, "", () =>
    ended === "refused"
      ? `${called(to)} refuses connections to ${address} on port ${port}: nothing listens there.`
      : `Connections to ${called(to)} (${address}, port ${port}) do not open: ${ended}.`,
  );
}

/** What becomes of packets that do not pass a leg, in one sentence. */
function missing(
  { host, interface: leg, direction, kind, step }: Crossing,
  previous: Crossing | undefined,
  what: string,
  none: string,
  port: number | undefined,
  seen: Seen,
): string {
  const why = seen.dropped.length > 0 ? `its packet filter drops some (${seen.dropped[0]})` : undefined;
  if (direction === "in") {
    const before = previous ? `${called(previous.host)} sends them out of ${previous.interface}` : "they are sent";
    return `Of ${what}, ${none} come in by ${leg} of ${called(host)}, though ${before}: see to the link between them${why ? `, and ${why}` : ""}.`;
  }
  if (previous?.host === host && kind === "answer" && step.in === undefined) {
    const listens = port === undefined || seen.listening.has(port);
    const reason = why ?? (listens ? "something on it drops them" : `nothing listens on port ${port}`);
    return `${called(host)} gets requests on port ${port} by ${previous.interface} and sends ${none} of the ${what} out of ${leg}: ${reason}.`;
  }
  const reason = why ?? "something on it drops them";
  if (!step.in) return `Of its ${what}, ${called(host)} sends ${none} out of ${leg}: ${reason}.`;
  const by = step.in.interface ? ` by ${step.in.interface}` : "";
  return `${called(host)} takes ${what} in${by} and sends ${none} out of ${leg}: ${reason}.`;
}

/** What each proxy asks, where replies are not as they should be. */
function backends({ hops }: PlannedPath, hosts: ReadonlySet<Host>, look: Look, found: Differences): void {
  for (const { name, handling, backends: wanted } of hops) {
    if (handling !== "proxy" || !wanted) continue;
    const known = wanted.map(splitBackend);
    const ranges = [...hosts].flatMap(({ legs: all }) =>
      all.flatMap(({ cidr }) => (known.some(({ address }) => within(cidr, address)) ? [cidr] : [])),
    );
    for (const host of hosts) {
      const seen = host.functions.some((one) => one.name === name) ? look(host) : undefined;
      if (!seen) continue;
      const isMeant = (one: { readonly address: string; readonly port: number }): boolean =>
        known.some(({ address, port }) => address === one.address && port === one.port);
      // What else the machine sends to others is none of this.
      const others = seen.data.filter(
        (one) =>
          !isMeant(one) &&
          known.some(({ address, port }) => address === one.address || port === one.port) &&
          ranges.some((range) => within(range, one.address)),
      );
      for (const { address, port } of others)
        found.add(
          host,
          `asks others for ${name}`,
          `${address}:${port}`,
          (whom) =>
            `${called(host)} sends requests to ${whom}, and ${name} should balance over ${listed(wanted)} and nothing else.`,
        );
      for (const one of known)
        if (!seen.data.some(({ address, port }) => address === one.address && port === one.port))
          found.add(
            host,
            `does not ask for ${name}`,
            `${one.address}:${one.port}`,
            (whom) => `${called(host)} sends no request to ${whom}, which ${name} should balance over.`,
          );
    }
  }
}
