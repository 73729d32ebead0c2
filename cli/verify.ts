import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { PlannedPath } from "./plan";
import { type Asked, type Difference, differencesOf, type Page, type Tried } from "./proof/compare";
import { type Connection, connectionsOf, hostsOf, type Machine, type Step } from "./proof/expected";
import { type Crossing, crossingsOf, type Marked, mark, marksOf, PAGES, questionOf } from "./proof/marks";
import { readSeen, sections } from "./proof/seen";
import { type Access, RemoteError, runScript } from "./remote";

/** How long a machine may take to let one in. */
const SSH_SECONDS = 8;
/** How long machines watch where not everything passes that should: until the last of them could have begun, and all is sent. */
const WATCH_SECONDS = SSH_SECONDS + 5;
/** How long after the last of what is sent a machine may still wait for it: packets on their way are there by then. */
const LATE_SECONDS = 0.5;
/** How long a connection may take to open. */
const OPEN_SECONDS = 1.5;

/** What was seen of the service. */
export interface Report {
  /** Every address that clients look for the service at. */
  readonly urls: readonly string[];
  readonly requests: number;
  readonly answered: number;
  /** Replies by server; a server without any is there with 0. */
  readonly replies: Readonly<Record<string, number>>;
  /** Replies that name no known server. */
  readonly strange: number;
  /** What traceroute saw: from whom, to whom, over which hops. */
  readonly traces: readonly Trace[];
  /** How many machines told what they see. */
  readonly machines: number;
  /** In what machines and packets are not as the path says. */
  readonly differences: readonly Difference[];
  readonly good: boolean;
  /** What is wrong, a sentence each; where there are several chains, it begins with the layer of the one that it is of. */
  readonly problems: readonly string[];
  /** Where several stacks publish a chain: what was seen of each, which is taken together above. @default there is one */
  readonly chains?: readonly ChainReport[];
}

/** What was seen of the service of one of several chains. */
export interface ChainReport extends Omit<Report, "chains"> {
  /** The layer that publishes it. */
  readonly layer: string;
}

/** What was seen of all chains, as of one. */
export function together(chains: readonly ChainReport[]): Report {
  const [first] = chains;
  if (first !== undefined && chains.length === 1) {
    const { layer: _, ...report } = first;
    return report;
  }
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
  const replies: Record<string, number> = {};
  for (const one of chains)
    for (const [name, count] of Object.entries(one.replies)) replies[name] = (replies[name] ?? 0) + count;
  return {
    urls: chains.flatMap(({ urls }) => urls),
    requests: sum(chains.map(({ requests }) => requests)),
    answered: sum(chains.map(({ answered }) => answered)),
    replies,
    strange: sum(chains.map(({ strange }) => strange)),
    traces: chains.flatMap(({ traces: all }) => all),
    machines: sum(chains.map(({ machines }) => machines)),
    differences: chains.flatMap(({ differences }) => differences),
    good: chains.every(({ good }) => good),
    problems: chains.flatMap(({ layer, problems }) => problems.map((problem) => `${layer}: ${problem}`)),
    chains,
  };
}

/** An address with a name. */
interface Named {
  readonly name: string;
  readonly address: string;
}

export interface Trace {
  readonly from: string;
  readonly to: string;
  readonly address: string;
  /** Hops that answered, by name where they have one. */
  readonly hops: readonly Named[];
  /** How many hops there were, those included that did not answer. */
  readonly length: number;
  readonly complete: boolean;
}

/** A stretch of the path: from a machine that sends, to what its packets are addressed to. */
export interface Stretch {
  readonly from: string;
  readonly machine: PlannedPath["clients"][number];
  /** The functions that forward between the two. */
  readonly over: readonly Named[];
  readonly to: readonly Named[];
}

/** Which server a page names, by the longest name that stands in it as a word of its own. */
export function serverOf(page: string, servers: readonly string[]): string | undefined {
  return [...servers]
    .sort((a, b) => b.length - a.length)
    .find((name) => new RegExp(`(?<![\\w-])${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`).test(page));
}

/** Counts replies from the lines that send.sh prints of replies to one address. */
export function count(
  output: string,
  servers: readonly string[],
): { readonly answered: number; readonly replies: Record<string, number>; readonly strange: number } {
  const replies = Object.fromEntries(servers.map((name) => [name, 0]));
  let answered = 0;
  let strange = 0;
  for (const line of output.split("\n")) {
    const [status, page] = line.split(" ");
    if (status === undefined || !/^2\d\d$/.test(status)) continue;
    answered++;
    const server = serverOf(Buffer.from(page ?? "", "base64").toString("utf8"), servers);
    if (server === undefined) strange++;
    else replies[server] = (replies[server] ?? 0) + 1;
  }
  return { answered, replies, strange };
}

/** Where an instance of a hop is addressed, by the name of its machine. */
function addressesOf({ name, in: ingress, instances }: PlannedPath["hops"][number]): readonly Named[] {
  return instances.flatMap(({ machine, legs }) => {
    const address = legs.find((leg) => leg.network === ingress.network)?.address;
    const where = instances.length > 1 && machine ? `${name} on ${machine.name}` : name;
    return address === undefined ? [] : [{ name: where, address }];
  });
}

/** The stretches of a published path: each begins at a client or an instance of a proxy of ours, and ends at the next proxy or at the servers. */
export function stretchesOf({ clients, hops, servers }: PlannedPath): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let senders: Omit<Stretch, "over" | "to">[] = clients.slice(0, 1).map((machine) => ({ from: machine.name, machine }));
  let over: Named[] = [];
  const end = (to: readonly Named[]) => stretches.push(...senders.map((sender) => ({ ...sender, over, to })));
  for (const hop of hops) {
    if (hop.handling !== "proxy") {
      over.push({ name: hop.name, address: hop.in.address ?? "" });
      continue;
    }
    end(addressesOf(hop));
    senders = hop.instances.flatMap(({ machine }) =>
      machine ? [{ from: hop.instances.length > 1 ? `${hop.name} on ${machine.name}` : hop.name, machine }] : [],
    );
    over = [];
  }
  end(servers);
  return stretches;
}

/** Reads the lines that send.sh prints: target, then its hops. */
export function traces(output: string, from: string, known: readonly Named[]): readonly Trace[] {
  const name = (address: string): string => known.find((one) => one.address === address)?.name ?? address;
  return output
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [target = "", ...seen] = line.trim().split(/\s+/);
      const hops = seen.filter((hop) => hop !== "*").map((address) => ({ name: name(address), address }));
      return {
        from,
        to: name(target),
        address: target,
        hops,
        length: seen.length,
        complete: hops.at(-1)?.address === target,
      };
    });
}

/** What is wrong with a trace of a stretch; undefined when nothing is. */
export function problemOf(trace: Trace, over: readonly Named[]): string | undefined {
  const { from, to, hops, length, complete } = trace;
  const last = hops.at(-1);
  if (!complete)
    return last === undefined
      ? `The path from ${from} to ${to} ends at ${from}: no hop after it answers.`
      : `The path from ${from} to ${to} ends at ${last.name} (${last.address}): nothing after it answers.`;
  const passed = over.filter((one) => hops.some((hop) => hop.address === one.address));
  const missed = over.find((one) => !passed.includes(one));
  // A hop that only failed to answer is no detour: then the trace is as long as the path.
  if (missed && length <= over.length)
    return `The path from ${from} to ${to} leads past ${missed.name} (${missed.address}): see to the routes of ${from}.`;
  return undefined;
}

/** Every address that clients look for the service at: that of each instance of the first proxy, or the published one. */
export function entriesOf({ url, hops }: PlannedPath): readonly { readonly name: string; readonly url: string }[] {
  const entry = hops.find(({ handling }) => handling === "proxy");
  const found = (entry ? addressesOf(entry) : []).map(({ name, address }) => {
    const there = new URL(url);
    there.hostname = address;
    return { name, url: there.href.replace(/\/$/, "") };
  });
  return found.length > 0 ? found : [{ name: url, url }];
}

/** The replies to requests to one address. */
export interface Replies {
  readonly name: string;
  readonly url: string;
  readonly answered: number;
  readonly replies: Readonly<Record<string, number>>;
  readonly strange: number;
}

/** What is wrong with the replies to so many requests to each address. */
export function judge(servers: PlannedPath["servers"], requests: number, all: readonly Replies[]): readonly string[] {
  const problems: string[] = [];
  for (const { name, url, answered, strange } of all) {
    const where = all.length > 1 ? ` to ${name} (${url})` : "";
    if (answered < requests) problems.push(`${requests - answered} of ${requests} requests${where} got no reply.`);
    if (strange > 0) problems.push(`${strange} replies${where} name none of the servers.`);
  }
  if (all.some(({ answered }) => answered > 0)) {
    for (const { name, address } of servers) {
      if (all.every(({ replies }) => (replies[name] ?? 0) === 0))
        problems.push(`${name} (${address}) has answered no request.`);
    }
  }
  return problems;
}

/** The servers that answer requests to the service: all that a proxy balances over, else the one that its address is. */
export function answering({ url, hops, servers }: PlannedPath): PlannedPath["servers"] {
  if (hops.some(({ handling }) => handling === "proxy")) return servers;
  const { hostname } = new URL(url);
  return servers.filter(({ address }) => address === hostname);
}

/** The names of all addresses that a published path knows. */
function namesOf({ clients, hops, servers }: PlannedPath): readonly Named[] {
  const functions = hops.flatMap((hop) => [
    ...addressesOf(hop),
    ...[hop.in, hop.out, ...hop.instances.flatMap(({ legs }) => legs)].map(({ address = "" }) => ({
      name: hop.name,
      address,
    })),
  ]);
  const machines = clients.flatMap(({ name, legs }) => legs.map(({ address }) => ({ name, address })));
  return [...functions, ...servers, ...machines];
}

/** What the machines that open connections saw. */
interface Sent {
  readonly replies: readonly Replies[];
  readonly traces: readonly { readonly seen: Trace; readonly problem?: string }[];
  readonly tried: readonly Tried[];
  readonly pages: readonly Page[];
  /** Why one of them can't be asked. */
  readonly problem?: string;
}

const script = (name: string): string => join(__dirname, "proof", name);

/** Does something on a machine; where that can't be, why. */
async function orWhy<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T | { readonly silent: string }> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RemoteError) || signal?.aborted) throw error;
    return { silent: error.message };
  }
}

/**
 * Asks the service from its client machine, has every machine of the path watch what passes it, and compares both with what the path says.
 * @param run runs a script on a machine
 */
export async function verify(
  facts: PlannedPath,
  privateKey: string,
  requests: number,
  signal?: AbortSignal,
  run: typeof runScript = runScript,
): Promise<Report> {
  const [client] = facts.clients;
  if (!client)
    throw new Error("The chain publishes no client machine to send requests from: name one (ServiceChain, clients).");
  const access = ({ ssh, pod }: Machine): Access => ({ ...ssh, privateKey, ...(pod === undefined ? {} : { pod }) });
  const connections = connectionsOf(facts);
  const marked = mark(connections);
  const hosts = [...hostsOf(facts).values()].flatMap(({ machine }) => machine ?? []);
  const watchers = hosts.map((machine) => {
    let ready: () => void = () => undefined;
    const watches = new Promise<void>((resolve) => {
      ready = resolve;
    });
    let process = "";
    let through = false;
    const line = (text: string): void => {
      [, process = process] = /^ready (\d+)$/.exec(text) ?? [];
      if (process !== "") ready();
    };
    const work = run(access(machine), script("look.sh"), watchInput(machine, connections, marked), signal, {
      line,
      timeoutSeconds: SSH_SECONDS,
    });
    const seen = orWhy(signal, work.then(readSeen).finally(ready)).finally(() => {
      through = true;
    });
    /** Ends the watch where it waits for what does not come. */
    const end = async (): Promise<void> => {
      if (!through && process !== "")
        await orWhy(signal, run(access(machine), script("end.sh"), { PROCESS: process }, signal));
    };
    return { machine, watches, seen, end };
  });
  await Promise.all(watchers.map(({ watches }) => watches));
  const entries = entriesOf(facts);
  const stretches = stretchesOf(facts);
  const openers = new Map<string, Machine>(facts.clients.map((one) => [one.id, one]));
  for (const { machine } of stretches) openers.set(machine.id, machine);
  const sent = await Promise.all(
    [...openers.values()].map((machine) =>
      send(facts, access(machine), {
        machine,
        stretches: stretches.filter((one) => one.machine.id === machine.id),
        all: marked,
        urls: machine === client ? entries : [],
        requests,
        signal,
        run,
      }),
    ),
  );
  await Promise.race([
    Promise.all(watchers.map(({ seen }) => seen)),
    delay(LATE_SECONDS * 1000).then(() => Promise.all(watchers.map(({ end }) => end()))),
  ]);
  const asked = new Map<string, Asked>();
  for (const { machine, seen } of watchers) asked.set(machine.id, await seen);
  const replies = sent.flatMap((one) => one.replies);
  const traced = sent.flatMap((one) => one.traces);
  const judged = judge(answering(facts), requests, replies);
  const tried = new Map(sent.flatMap((one) => one.tried.map((try_) => [try_.mark, try_] as const)));
  const pages = sent.flatMap((one) => one.pages);
  const differences = differencesOf(facts, connections, marked, { asked, tried, pages, replied: judged.length === 0 });
  const problems = [
    ...differences.map(({ sentence }) => sentence),
    ...judged,
    ...traced.flatMap(({ problem }) => problem ?? []),
    ...sent.flatMap(({ problem }) => problem ?? []),
  ];
  const sum = (of: (one: Replies) => number): number => replies.reduce((total, one) => total + of(one), 0);
  return {
    urls: entries.map(({ url }) => url),
    requests: requests * entries.length,
    answered: sum(({ answered }) => answered),
    replies: Object.fromEntries(facts.servers.map(({ name }) => [name, sum(({ replies: all }) => all[name] ?? 0)])),
    strange: sum(({ strange }) => strange),
    traces: traced.map(({ seen }) => seen),
    machines: [...asked.values()].filter((one) => !("silent" in one)).length,
    differences,
    good: problems.length === 0,
    problems,
  };
}

/** What a machine is told to look at, for look.sh and watch.pl. */
export function watchInput(
  machine: Machine,
  connections: readonly Connection[],
  marked: readonly Marked[],
): Readonly<Record<string, string | number>> {
  const questions = new Set<string>();
  const neighbours = new Set<string>();
  const note = (step: Step, kind: Crossing["kind"]): void => {
    if (step.host.machine?.id !== machine.id) return;
    if (!machine.guest) questions.add(questionOf(step, kind));
    if (step.out?.interface && step.neighbour) neighbours.add(`${step.out.interface} ${step.neighbour}`);
  };
  for (const { request, answer } of connections) {
    for (const step of request.steps) note(step, "request");
    for (const step of answer.steps) note(step, "answer");
  }
  const expected = marked.flatMap(({ connection, first, last }) =>
    crossingsOf(connection).flatMap(({ host, interface: leg, direction, kind }) =>
      host.machine?.id === machine.id ? [`${leg} ${direction} ${kind} ${first}-${last}`] : [],
    ),
  );
  return {
    WATCH: readFileSync(script("watch.pl"), "utf8"),
    LEGS: machine.legs.map((leg) => leg.interface).join(","),
    MARKS: marksOf(marked),
    EXPECTED: [...new Set(expected)].join("\n"),
    ASK: [...neighbours].join("\n"),
    QUESTIONS: [...questions].join("\n"),
    LIMIT_SECONDS: WATCH_SECONDS,
  };
}

interface Sending {
  readonly machine: Machine;
  readonly stretches: readonly Stretch[];
  /** Every marked connection, those of other machines included. */
  readonly all: readonly Marked[];
  readonly urls: readonly { readonly name: string; readonly url: string }[];
  readonly requests: number;
  readonly signal?: AbortSignal;
  readonly run: typeof runScript;
}

/** The port that an address on the path is asked at. */
function portOf(marked: readonly Marked[], asked: string): number {
  return marked.find(({ connection: { address } }) => address === asked)?.connection.port ?? 80;
}

/** Has a machine open its connections, trace their way, and ask for pages. */
async function send(facts: PlannedPath, access: Access, sending: Sending): Promise<Sent> {
  const { machine, stretches, all, urls, requests, signal, run } = sending;
  const marked = all.filter(({ connection }) => connection.from.machine?.id === machine.id);
  const servers = facts.servers.map(({ name }) => name);
  const known = namesOf(facts);
  // Each server is asked by itself, too: whether it is the one that it should be.
  const ends = marked.flatMap(({ connection: { address, port } }) =>
    facts.servers.some((server) => server.address === address) ? [{ address, url: `http://${address}:${port}/` }] : [],
  );
  const input = {
    OPEN: readFileSync(script("open.pl"), "utf8"),
    CONNECTIONS: marked
      .map(({ connection: { address, port }, first, last }) => `${address} ${port} ${first}-${last}`)
      .join("\n"),
    LIMIT_SECONDS: OPEN_SECONDS,
    URLS: [...urls.map(({ url }) => `${requests} 0 ${url}`), ...ends.map(({ url }) => `1 ${PAGES} ${url}`)].join("\n"),
    // By what the path carries: a firewall on it lets nothing else pass.
    TARGETS: stretches.flatMap(({ to }) => to.map(({ address }) => `${address} ${portOf(marked, address)}`)).join("\n"),
    MOST_HOPS: Math.max(...stretches.map(({ over }) => over.length), 0) + 3,
  };
  const output = await orWhy(signal, run(access, script("send.sh"), input, signal));
  if (typeof output !== "string") {
    const replies = urls.map(({ name, url }) => ({ name, url, ...count("", servers) }));
    const problem = `The path from ${stretches[0]?.from ?? machine.name} can't be traced: ${output.silent.replace(/\.$/, "")}.`;
    return { replies, traces: [], tried: [], pages: [], problem };
  }
  const said = sections(output);
  const traced = stretches.flatMap(({ from, over, to }) =>
    traces(said.get("traces") ?? "", from, known)
      .filter((one) => to.some(({ address }) => address === one.address))
      .map((seen) => ({ seen, problem: problemOf(seen, over) })),
  );
  const replies = (said.get("replies") ?? "").split("\n");
  const repliesOf = (url: string): string =>
    replies.flatMap((line) => (line.startsWith(`${url} `) ? [line.slice(url.length + 1)] : [])).join("\n");
  return {
    replies: urls.map(({ name, url }) => ({ name, url, ...count(repliesOf(url), servers) })),
    pages: ends.flatMap(({ address, url }) => {
      const { answered, replies: all } = count(repliesOf(url), servers);
      return answered === 0 ? [] : [{ address, server: servers.find((name) => (all[name] ?? 0) > 0) }];
    }),
    traces: traced,
    tried: (said.get("opened") ?? "").split("\n").flatMap((line) => {
      const [, , own, ...ended] = line.split(" ");
      return own === undefined ? [] : [{ mark: Number(own), ended: ended.join(" ") }];
    }),
  };
}

/** A report as people read it. */
export function describe(report: Report): readonly string[] {
  if (report.chains) return report.chains.flatMap(({ layer, ...one }) => [`chain    ${layer}`, ...describe(one)]);
  const shares = Object.entries(report.replies).map(([name, replies]) => `${name} ${replies}`);
  return [
    `url      ${report.urls.join(", ")}`,
    ...report.traces.map((trace, index) => {
      const names = [
        trace.from,
        ...trace.hops.map((hop) => (hop.name === hop.address ? hop.address : `${hop.name} (${hop.address})`)),
      ];
      return `${index === 0 ? "hops     " : "         "}${names.join(" → ")}${trace.complete ? "" : ` → ✘ ${trace.to}`}`;
    }),
    `replies  ${report.answered} of ${report.requests}: ${shares.join(", ")}`,
    ...(report.good && report.machines > 0
      ? [`path     as published: ${report.machines} machines watched marked connections, there and back`]
      : []),
    ...report.problems,
  ];
}
