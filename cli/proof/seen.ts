import type { Addresses } from "./expected";

/** What a kernel answers when it is asked about a route. */
export interface RouteAnswer {
  /** Its words where it knows no way. */
  readonly error?: string;
  /** @default "unicast" */
  readonly type?: string;
  readonly dev?: string;
  readonly gateway?: string;
  readonly prefsrc?: string;
  /** @default "main" */
  readonly table?: string;
}

/** A route as it is in one of a machine's tables. */
export interface SeenRoute extends RouteAnswer {
  /** In CIDR notation. */
  readonly destination: string;
}

/** A policy rule. */
export interface SeenRule {
  readonly priority: number;
  readonly table?: string;
  readonly action?: string;
}

/** An interface of a machine. */
export interface SeenLink {
  readonly mac: string;
  readonly mtu: number;
  /** Whether it was set up, and whether what it is plugged into is there. */
  readonly up: boolean;
  readonly carrier: boolean;
  readonly addresses: readonly string[];
}

export interface SeenNeighbour {
  readonly interface: string;
  readonly address: string;
  readonly mac?: string;
  readonly state: string;
}

/** Marked packets of one kind that passed a leg: of a request or of an answer, on their way in or out. */
export interface SeenPacket extends Addresses {
  readonly interface: string;
  readonly direction: "in" | "out";
  readonly kind: "request" | "answer";
  /** The port that marks its connection. */
  readonly mark: number;
  /** The other end of the link. */
  readonly mac: string;
  readonly flags: "open" | "more" | "reset";
  readonly count: number;
}

/** What was seen on a machine. */
export interface Seen {
  readonly links: ReadonlyMap<string, SeenLink>;
  readonly rules: readonly SeenRule[];
  readonly routes: readonly SeenRoute[];
  readonly settings: ReadonlyMap<string, number>;
  /** TCP ports that something listens on. */
  readonly listening: ReadonlySet<number>;
  /** Answers by their question. */
  readonly answers: ReadonlyMap<string, RouteAnswer>;
  readonly neighbours: readonly SeenNeighbour[];
  /** Rules of its packet filter that dropped packets meanwhile, in the filter's words. */
  readonly dropped: readonly string[];
  /** Legs that its router keeps apart, for it has not opened them. @default none: there is no such filter */
  readonly closed: readonly string[];
  readonly packets: readonly SeenPacket[];
  /** Where it sends data of other connections to. */
  readonly data: readonly { readonly interface: string; readonly address: string; readonly port: number }[];
  /** Who answers for an address on a link. */
  readonly arp: readonly { readonly interface: string; readonly address: string; readonly mac: string }[];
  /** Packets that went by unseen. */
  readonly unseen: number;
}

/** The sections that a script printed, by their names. */
export function sections(output: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of `\n${output}`.split("\n== ").slice(1)) {
    const end = part.indexOf("\n");
    found.set(part.slice(0, end), part.slice(end + 1).trimEnd());
  }
  return found;
}

const lines = (text: string | undefined): string[] => (text ?? "").split("\n").filter((line) => line.trim() !== "");
const plainMac = (mac: string): string => mac.replaceAll(":", "").toLowerCase();

function list<T>(text: string | undefined): T[] {
  return text ? (JSON.parse(text) as T[]) : [];
}

function routeAnswer(said: string): RouteAnswer {
  if (!said.startsWith("[")) return { error: said.replace(/^RTNETLINK answers: /, "").trim() };
  const [answer] = JSON.parse(said) as RouteAnswer[];
  return answer ?? { error: "no answer" };
}

/** A destination as iproute2 writes it, in CIDR notation. */
function destinationOf(dst: string): string {
  if (dst === "default") return "0.0.0.0/0";
  return dst.includes("/") ? dst : `${dst}/32`;
}

/** Rules of a packet filter that drop packets, with their counters, by the place where they stand. */
function counters(filter: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  /** Counters that rules name, by their table. */
  const named = new Map<string, number>();
  let table = "";
  let block = "";
  let place = 0;
  for (const line of lines(filter)) {
    const [, family] = /^table (\S+ \S+) \{/.exec(line) ?? [];
    const [, within] = /^\t((?:chain|counter) \S+) \{/.exec(line) ?? [];
    if (family) table = family;
    if (within) {
      block = within;
      place = 0;
    }
    if (!/^\t\t\S/.test(line)) continue;
    place++;
    const [kind, name] = block.split(" ");
    const [, counted] = /packets (\d+) bytes \d+/.exec(line) ?? [];
    if (kind === "counter") named.set(`${table} ${name}`, Number(counted));
    const [, by] = /counter name "([^"]+)"/.exec(line) ?? [];
    const packets = by === undefined ? counted : named.get(`${table} ${by}`);
    if (kind !== "chain" || packets === undefined || !/\b(drop|reject|REJECT|DROP)\b/.test(line)) continue;
    const rule = line.trim().replace(/ ?counter packets \d+ bytes \d+/, "");
    found.set(`"${rule.replaceAll('"', "'")}" in ${table} ${name}\t${place}`, Number(packets));
  }
  return found;
}

/** The rules that dropped packets between two looks at a filter. */
function droppedBetween(before: string, after: string): string[] {
  const known = counters(before);
  return [...counters(after)].flatMap(([rule, packets]) =>
    packets > (known.get(rule) ?? 0) ? [rule.split("\t")[0] ?? ""] : [],
  );
}

/** The elements of a set of the filter that keeps a node's legs apart (legs-filter.sh). */
function elements(filter: string, set: string): string[] | undefined {
  const [, table] = /table inet hybrid_vnf \{([\s\S]*?)\n\}/.exec(filter) ?? [];
  const [, body] = new RegExp(`\\tset ${set} \\{([\\s\\S]*?)\\n\\t\\}`).exec(table ?? "") ?? [];
  if (body === undefined) return undefined;
  return [...(/elements = \{([\s\S]*?)\}/.exec(body)?.[1] ?? "").matchAll(/"([^"]+)"/g)].map(([, name = ""]) => name);
}

/** Reads what look.sh printed. */
export function readSeen(output: string): Seen {
  const said = sections(output);
  const links = new Map<string, SeenLink>();
  const addresses = list<{ ifname: string; addr_info: { local: string }[] }>(said.get("addresses"));
  for (const one of list<{ ifname: string; address?: string; mtu: number; flags: string[] }>(said.get("links")))
    links.set(one.ifname, {
      mac: plainMac(one.address ?? ""),
      mtu: one.mtu,
      up: one.flags.includes("UP"),
      carrier: one.flags.includes("LOWER_UP"),
      addresses: addresses.flatMap(({ ifname, addr_info }) =>
        ifname === one.ifname ? addr_info.map(({ local }) => local) : [],
      ),
    });
  const watched = lines(said.get("watched")).map((line) => line.split(" "));
  const of = (kind: string): string[][] => watched.flatMap(([first, ...rest]) => (first === kind ? [rest] : []));
  const [before = "", after = ""] = [said.get("filter-before"), said.get("filter-after")];
  const open = elements(after, "open");
  return {
    links,
    rules: list<SeenRule>(said.get("rules")),
    routes: list<RouteAnswer & { dst: string }>(said.get("routes")).map(({ dst, ...route }) => ({
      ...route,
      destination: destinationOf(dst),
    })),
    settings: new Map(
      lines(said.get("settings")).map((line) => {
        const [name = "", number] = line.split(" ");
        return [name, Number(number)];
      }),
    ),
    listening: new Set(lines(said.get("listening")).map((line) => Number.parseInt(line.split(":").at(-1) ?? "", 16))),
    answers: new Map(
      lines(said.get("questions")).map((line) => {
        const [question = "", answer = ""] = line.split("\t");
        return [question, routeAnswer(answer)];
      }),
    ),
    neighbours: list<{ dst: string; dev: string; lladdr?: string; state: string[] }>(said.get("neighbours")).map(
      ({ dst, dev, lladdr, state }) => ({
        interface: dev,
        address: dst,
        ...(lladdr ? { mac: plainMac(lladdr) } : {}),
        state: state[0] ?? "",
      }),
    ),
    dropped: droppedBetween(before, after),
    closed: open ? (elements(after, "legs") ?? []).filter((leg) => !open.includes(leg)) : [],
    packets: of("packet").map(
      ([name = "", direction, kind, mark, source = "", destination = "", mac = "", flags, count]) => ({
        interface: name,
        direction: direction as SeenPacket["direction"],
        kind: kind as SeenPacket["kind"],
        mark: Number(mark),
        source,
        destination,
        mac,
        flags: flags as SeenPacket["flags"],
        count: Number(count),
      }),
    ),
    data: of("data").map(([name = "", address = "", port]) => ({ interface: name, address, port: Number(port) })),
    arp: of("arp").map(([name = "", address = "", mac = ""]) => ({ interface: name, address, mac })),
    unseen: Number(of("lost")[0]?.[0] ?? 0),
  };
}
