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
  /** The ways that packets took: from whom, to whom, over which hops. */
  readonly paths: readonly Path[];
  readonly good: boolean;
  /** What is wrong, a sentence each. */
  readonly problems: readonly string[];
}

export interface Path {
  readonly from: string;
  readonly to: string;
  /** Hops that answered, by name where they have one. */
  readonly hops: readonly { readonly name: string; readonly address: string }[];
  readonly complete: boolean;
}

type Place = { readonly name: string; readonly address: string };

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

/** Reads the lines that hops.sh prints: target, then its hops. */
export function paths(output: string, from: string, places: readonly Place[]): readonly Path[] {
  const name = (address: string): string => places.find((place) => place.address === address)?.name ?? address;
  return output
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [target = "", ...seen] = line.trim().split(/\s+/);
      const hops = seen.filter((hop) => hop !== "*").map((address) => ({ name: name(address), address }));
      return { from, to: name(target), hops, complete: hops.at(-1)?.address === target };
    });
}

/** Where a path ends that does not reach its end. */
export function brokenAt(path: Path): string {
  const last = path.hops.at(-1);
  if (last === undefined)
    return `The path from ${path.from} to ${path.to} ends at ${path.from}: no hop after it answers.`;
  return `The path from ${path.from} to ${path.to} ends at ${last.name} (${last.address}): nothing after it answers.`;
}

/** Everything that is wrong with what was seen. */
export function judge(
  facts: Pick<ServiceFacts, "servers" | "hops">,
  seen: Pick<Report, "requests" | "answered" | "replies" | "strange" | "paths">,
): readonly string[] {
  const problems: string[] = [];
  if (seen.answered < seen.requests)
    problems.push(`${seen.requests - seen.answered} of ${seen.requests} requests got no reply.`);
  if (seen.strange > 0) problems.push(`${seen.strange} replies name none of the servers.`);
  if (seen.answered > 0) {
    for (const { name, address } of facts.servers) {
      if ((seen.replies[name] ?? 0) === 0) problems.push(`${name} (${address}) has answered no request.`);
    }
  }
  problems.push(...seen.paths.filter((path) => !path.complete).map(brokenAt));
  return problems;
}

/** Asks the service from its client machine and traces the ways its packets take. */
export async function verify(
  facts: ServiceFacts,
  privateKey: string,
  requests: number,
  signal?: AbortSignal,
): Promise<Report> {
  const client = { ...facts.client.ssh, privateKey };
  const balancer = { ...facts.balancer.ssh, privateKey };
  const servers = facts.servers.map((server) => server.name);
  const places: Place[] = [
    ...facts.hops,
    ...facts.servers,
    ...[facts.client, facts.balancer].flatMap(({ name, legs }) => legs.map(({ address }) => ({ name, address }))),
  ];
  const entry = new URL(facts.url).hostname;
  const script = (name: string): string => join(__dirname, name);
  const via = facts.hops.find((hop) => hop.address === entry)?.name ?? facts.balancer.name;
  const [asked, there, onward] = await Promise.all([
    runScript(client, script("requests.sh"), { URL: facts.url, REQUESTS: requests }, signal),
    runScript(client, script("hops.sh"), { TARGETS: entry }, signal),
    runScript(
      balancer,
      script("hops.sh"),
      { TARGETS: facts.servers.map((server) => server.address).join(",") },
      signal,
    ),
  ]);
  const seen = {
    url: facts.url,
    requests,
    ...count(asked, servers),
    paths: [...paths(there, facts.client.name, places), ...paths(onward, via, places)],
  };
  const problems = judge(facts, seen);
  return { ...seen, good: problems.length === 0, problems };
}

/** A report as people read it. */
export function describe(report: Report): readonly string[] {
  const shares = Object.entries(report.replies).map(([name, replies]) => `${name} ${replies}`);
  return [
    `url      ${report.url}`,
    ...report.paths.map((path, index) => {
      const way = [
        path.from,
        ...path.hops.map((hop) => (hop.name === hop.address ? hop.address : `${hop.name} (${hop.address})`)),
      ];
      return `${index === 0 ? "hops     " : "         "}${way.join(" → ")}${path.complete ? "" : ` → ✘ ${path.to}`}`;
    }),
    `replies  ${report.answered} of ${report.requests}: ${shares.join(", ")}`,
    ...report.problems,
  ];
}
