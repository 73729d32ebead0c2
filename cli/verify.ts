import { join } from "node:path";
import type { ServiceFacts } from "../components/contracts/service";
import { runScript } from "./remote";

/** What was seen of the service. */
export interface Report {
  readonly url: string;
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

/** The stretches of a published path: each begins at a client or a proxy of ours, and ends at the next proxy or at the servers. */
export function stretchesOf({ clients, hops, servers }: ServiceFacts): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let sender = clients[0] && { name: clients[0].name, machine: clients[0] };
  let over: Named[] = [];
  for (const { name, handling, in: ingress, instances } of hops) {
    const named = { name, address: ingress.address ?? "" };
    if (handling !== "proxy") over.push(named);
    else {
      if (sender) stretches.push({ from: sender.name, machine: sender.machine, over, to: [named] });
      const [first] = instances;
      sender = first?.machine && { name, machine: first.machine };
      over = [];
    }
  }
  if (sender) stretches.push({ from: sender.name, machine: sender.machine, over, to: servers });
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

/** What is wrong with the replies. */
export function judge(
  { servers }: Pick<ServiceFacts, "servers">,
  seen: Pick<Report, "requests" | "answered" | "replies" | "strange">,
): readonly string[] {
  const problems: string[] = [];
  if (seen.answered < seen.requests)
    problems.push(`${seen.requests - seen.answered} of ${seen.requests} requests got no reply.`);
  if (seen.strange > 0) problems.push(`${seen.strange} replies name none of the servers.`);
  if (seen.answered > 0) {
    for (const { name, address } of servers) {
      if ((seen.replies[name] ?? 0) === 0) problems.push(`${name} (${address}) has answered no request.`);
    }
  }
  return problems;
}

/** The names of all addresses that a published path knows. */
function namesOf({ clients, hops, servers }: ServiceFacts): readonly Named[] {
  const functions = hops.flatMap(({ name, in: ingress, out, instances }) =>
    [ingress, out, ...instances.flatMap(({ legs }) => legs)].map(({ address = "" }) => ({ name, address })),
  );
  const machines = clients.flatMap(({ name, legs }) => legs.map(({ address }) => ({ name, address })));
  return [...functions, ...servers, ...machines];
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
  const trace = async ({ from, machine, over, to }: Stretch) => {
    const targets = to.map(({ address }) => address).join(",");
    const output = await runScript({ ...machine.ssh, privateKey }, script("hops.sh"), { TARGETS: targets }, signal);
    return traces(output, from, known).map((one) => ({ one, problem: problemOf(one, over) }));
  };
  const [replies, ...traced] = await Promise.all([
    runScript({ ...client.ssh, privateKey }, script("requests.sh"), { URL: facts.url, REQUESTS: requests }, signal),
    ...stretchesOf(facts).map(trace),
  ]);
  const all = traced.flat();
  const seen = { url: facts.url, requests, ...count(replies, servers), traces: all.map(({ one }) => one) };
  const problems = [...judge(facts, seen), ...all.flatMap(({ problem }) => problem ?? [])];
  return { ...seen, good: problems.length === 0, problems };
}

/** A report as people read it. */
export function describe(report: Report): readonly string[] {
  const shares = Object.entries(report.replies).map(([name, replies]) => `${name} ${replies}`);
  return [
    `url      ${report.url}`,
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
