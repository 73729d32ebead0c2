import { join } from "node:path";
import type { ServiceFacts } from "../components/contracts/service";
import { RemoteError, runScript } from "./remote";

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
  readonly good: boolean;
  /** What is wrong, a sentence each. */
  readonly problems: readonly string[];
}

/** An address with a name. */
interface Named {
  readonly name: string;
  readonly address: string;
}

export interface Trace {
  readonly from: string;
  readonly to: string;
  /** Hops that answered, by name where they have one. */
  readonly hops: readonly Named[];
  /** How many hops there were, those included that did not answer. */
  readonly length: number;
  readonly complete: boolean;
}

/** A stretch of the path: from a machine that sends, to what its packets are addressed to. */
export interface Stretch {
  readonly from: string;
  readonly machine: ServiceFacts["clients"][number];
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

/** Counts replies from the lines that requests.sh prints. */
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
function addressesOf({ name, in: ingress, instances }: ServiceFacts["hops"][number]): readonly Named[] {
  return instances.flatMap(({ machine, legs }) => {
    const address = legs.find((leg) => leg.network === ingress.network)?.address;
    const where = instances.length > 1 && machine ? `${name} on ${machine.name}` : name;
    return address === undefined ? [] : [{ name: where, address }];
  });
}

/** The stretches of a published path: each begins at a client or an instance of a proxy of ours, and ends at the next proxy or at the servers. */
export function stretchesOf({ clients, hops, servers }: ServiceFacts): readonly Stretch[] {
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

/** Reads the lines that hops.sh prints: target, then its hops. */
export function traces(output: string, from: string, known: readonly Named[]): readonly Trace[] {
  const name = (address: string): string => known.find((one) => one.address === address)?.name ?? address;
  return output
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [target = "", ...seen] = line.trim().split(/\s+/);
      const hops = seen.filter((hop) => hop !== "*").map((address) => ({ name: name(address), address }));
      return { from, to: name(target), hops, length: seen.length, complete: hops.at(-1)?.address === target };
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
export function entriesOf({ url, hops }: ServiceFacts): readonly { readonly name: string; readonly url: string }[] {
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
export function judge(servers: ServiceFacts["servers"], requests: number, all: readonly Replies[]): readonly string[] {
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

/** The names of all addresses that a published path knows. */
function namesOf({ clients, hops, servers }: ServiceFacts): readonly Named[] {
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

/** What came of one trace. */
interface Traced {
  readonly seen?: Trace;
  readonly problem?: string;
}

/** Asks the service from its client machine and traces the path that its packets take. */
export async function verify(
  facts: ServiceFacts,
  privateKey: string,
  requests: number,
  signal?: AbortSignal,
): Promise<Report> {
  const [client] = facts.clients;
  if (!client)
    throw new Error("The chain publishes no client machine to send requests from: name one (ServiceChain, clients).");
  const script = (name: string): string => join(__dirname, name);
  const servers = facts.servers.map((server) => server.name);
  const known = namesOf(facts);
  const trace = async ({ from, machine, over, to }: Stretch): Promise<readonly Traced[]> => {
    const targets = to.map(({ address }) => address).join(",");
    try {
      const output = await runScript({ ...machine.ssh, privateKey }, script("hops.sh"), { TARGETS: targets }, signal);
      return traces(output, from, known).map((seen) => ({ seen, problem: problemOf(seen, over) }));
    } catch (error) {
      if (!(error instanceof RemoteError) || signal?.aborted) throw error;
      return [{ problem: `The path from ${from} can't be traced: ${error.message.replace(/\.$/, "")}.` }];
    }
  };
  const ask = async ({ name, url }: { readonly name: string; readonly url: string }): Promise<Replies> => {
    const input = { URL: url, REQUESTS: requests };
    const output = await runScript({ ...client.ssh, privateKey }, script("requests.sh"), input, signal);
    return { name, url, ...count(output, servers) };
  };
  const entries = entriesOf(facts);
  const [asked, traced] = await Promise.all([
    Promise.all(entries.map(ask)),
    Promise.all(stretchesOf(facts).map(trace)),
  ]);
  const all = traced.flat();
  const problems = [...judge(facts.servers, requests, asked), ...all.flatMap(({ problem }) => problem ?? [])];
  const sum = (of: (one: Replies) => number): number => asked.reduce((total, one) => total + of(one), 0);
  return {
    urls: entries.map(({ url }) => url),
    requests: requests * entries.length,
    answered: sum(({ answered }) => answered),
    replies: Object.fromEntries(servers.map((name) => [name, sum(({ replies }) => replies[name] ?? 0)])),
    strange: sum(({ strange }) => strange),
    traces: all.flatMap(({ seen }) => seen ?? []),
    good: problems.length === 0,
    problems,
  };
}

/** A report as people read it. */
export function describe(report: Report): readonly string[] {
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
    ...report.problems,
  ];
}
