import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { PlannedPath } from "../../cli/plan";
import { type Asked, differencesOf, type Page, type Tried } from "../../cli/proof/compare";
import { type Connection, connectionsOf, hostsOf, type Step } from "../../cli/proof/expected";
import { crossingsOf, mark, marksOf, PAGES, questionOf } from "../../cli/proof/marks";
import { readSeen } from "../../cli/proof/seen";
import type { runScript } from "../../cli/remote";
import { verify, watchInput } from "../../cli/verify";
import { hop, machine, recorded, reference } from "./published";

const told = ({ host, in: entry, out, neighbour, after }: Step): string =>
  `${host.name} ${entry?.interface ?? "-"} ${out?.interface ?? "-"} ${neighbour ?? "-"} ${after.source} ${after.destination}`;

function only(all: readonly Connection[], from: string, to: string): Connection {
  const [one, ...more] = all.filter((found) => found.from.name === from && found.to.name === to);
  if (!one || more.length > 0) throw new Error(`${more.length + (one ? 1 : 0)} connections from ${from} to ${to}`);
  return one;
}

describe("what packets should do", () => {
  test("is computed from the published path: interfaces, next hops, addresses, there and back", () => {
    const all = connectionsOf(reference());
    expect(all.map(({ from, to, address, port }) => `${from.name} ${to.name} ${address}:${port}`)).toEqual([
      "client swarm-1 10.100.100.20:80",
      "swarm-1 apache-1 10.100.102.11:80",
      "swarm-1 apache-2 10.100.102.12:80",
    ]);
    const { request, answer } = only(all, "swarm-1", "apache-2");
    expect(request.steps.map(told)).toEqual([
      "swarm-1 - eth1 10.100.101.10 10.100.101.20 10.100.102.12",
      "kubernetes-1 eth0 eth1 10.100.102.12 10.100.101.20 10.100.102.12",
      "apache-2 eth0 - - 10.100.101.20 10.100.102.12",
    ]);
    expect(answer.steps.map(told)).toEqual([
      "apache-2 - eth0 10.100.102.10 10.100.102.12 10.100.101.20",
      "kubernetes-1 eth1 eth0 10.100.101.20 10.100.102.12 10.100.101.20",
      "swarm-1 eth1 - - 10.100.102.12 10.100.101.20",
    ]);
    expect([request.lost, answer.lost]).toEqual([undefined, undefined]);
  });

  test("knows a translator's own address on the way there, and takes it away on the way back", () => {
    const nat = machine("nat", "n1 10.77.1.2", "n2 10.77.2.2");
    const facts: PlannedPath = { ...recorded(), hops: [hop("nat", "translate", [nat])], routes: recorded().routes };
    const { request, answer } = only(connectionsOf({ ...facts, routes: facts.routes?.slice(0, 1) }), "a", "b");
    expect(request.steps.map(told)).toEqual([
      "a - eth0 10.77.1.2 10.77.1.1 10.77.2.1",
      "nat eth0 eth1 10.77.2.1 10.77.2.2 10.77.2.1",
      "b eth0 - - 10.77.2.2 10.77.2.1",
    ]);
    expect(answer.steps.map(told)).toEqual([
      "b - eth0 10.77.2.2 10.77.2.1 10.77.2.2",
      "nat eth1 eth0 10.77.1.1 10.77.2.1 10.77.1.1",
      "a eth0 - - 10.77.2.1 10.77.1.1",
    ]);
  });

  test("leads over a gateway of somebody else's, whose address servers need not know", () => {
    const facts = recorded();
    const legs = [
      { network: "n1", cidr: "10.77.1.0/24", address: "10.77.1.2" },
      { network: "n2", cidr: "10.77.2.0/24" },
    ];
    const gateway = { ...hop("vpn", "route", []), instances: [{ legs }] };
    const [one] = connectionsOf({ ...facts, hops: [gateway], routes: facts.routes?.slice(0, 1) });
    expect(one?.request.steps.map(({ host }) => host.name)).toEqual(["a", "vpn", "b"]);
    expect(one?.answer.steps.map(({ host }) => host.name)).toEqual(["b", "vpn", "a"]);
    expect(one?.answer.steps[0]).toMatchObject({ routed: true, out: { interface: "eth0" } });
    expect(one?.answer.steps[0]).not.toHaveProperty("neighbour");
  });

  test.each<[string, PlannedPath["routes"], string, string]>([
    ["no route", [], "request", "no route of a leads there"],
    ["no way back", recorded().routes?.slice(0, 1), "answer", "no route of b leads there"],
    [
      "a next hop that nobody has",
      [{ machine: "dev/a", destination: "10.77.2.0/24", nextHop: "10.77.1.9" }],
      "request",
      "nothing on the path has the address 10.77.1.9 in n1",
    ],
    [
      "a next hop that is on no link",
      [{ machine: "dev/a", destination: "10.77.2.0/24", nextHop: "10.77.9.9" }],
      "request",
      "its next hop 10.77.9.9 is in no network that it has a leg in",
    ],
  ])("says where %s ends a path", (_, routes, way, why) => {
    const [one] = connectionsOf({ ...recorded(), routes });
    expect(one?.[way as "request" | "answer"].lost).toBe(why);
  });

  test("is unknown where a preview does not know it yet, and breaks nothing", () => {
    const facts = JSON.parse(JSON.stringify(reference()).replaceAll("10.100.102.12", "(known after up)"));
    const [, first, second] = connectionsOf(facts);
    expect(first?.request.lost).toBeUndefined();
    expect(second?.request.lost).toBe("no route of swarm-1 leads there");
  });
});

describe("what a machine is told to look at", () => {
  const connections = connectionsOf(reference());
  const marked = mark(connections, 0);
  const router = reference().hops[1]?.instances[0]?.machine;
  if (!router) throw new Error("no router");

  test("is each leg that marked packets pass, each question about a way, each neighbour", () => {
    const input = watchInput(router, connections, marked);
    expect(input).toMatchObject({ LEGS: "eth0,eth1", MARKS: "61000-65535" });
    expect(String(input.EXPECTED).split("\n")).toEqual([
      "eth0 in request 61002-61003",
      "eth1 out request 61002-61003",
      "eth1 in answer 61002-61003",
      "eth0 out answer 61002-61003",
      "eth0 in request 61004-61005",
      "eth1 out request 61004-61005",
      "eth1 in answer 61004-61005",
      "eth0 out answer 61004-61005",
    ]);
    expect(String(input.QUESTIONS).split("\n")).toContain("10.100.101.20 from 10.100.102.11 iif eth1");
    expect(String(input.ASK).split("\n").sort()).toEqual([
      "eth0 10.100.101.20",
      "eth1 10.100.102.11",
      "eth1 10.100.102.12",
    ]);
  });

  test("has ports for as many connections as there are, once each where there are many", () => {
    const many = Array.from({ length: 3000 }, () => connections[0] as Connection);
    const all = mark(many, 0.999);
    expect(all).toHaveLength(3000);
    expect(all.every(({ first, last }) => first === last && last < Number(PAGES.split("-")[0]))).toBe(true);
    expect(mark([...many, ...many], 0)).toHaveLength(3000);
    expect(marksOf([])).toBe("61000-65535");
    const [{ port: _, ...unknown }] = connections as [Connection];
    expect(mark([unknown], 0)).toEqual([]);
  });

  test("has none for what a virtual machine in a pod would open, for nobody asks it to", () => {
    const [first] = connections as [Connection];
    const { machine } = first.from;
    expect(machine).toBeDefined();
    const from = { ...first.from, ...(machine ? { machine: { ...machine, guest: true } } : {}) };
    expect(mark([{ ...first, from }], 0)).toEqual([]);
  });
});

/** What three machines told (see `recorded`), and what they told with a fault in one of them: the sections that differ. */
const seen: {
  readonly sound: Record<string, Record<string, string>>;
  readonly faults: Record<string, Record<string, Record<string, string>>>;
} = JSON.parse(readFileSync(join(__dirname, "golden/seen.json"), "utf8"));

/** The machines' words, with some sections in place of others. */
function words(changed: Record<string, Record<string, string>>): ReadonlyMap<string, Asked> {
  return new Map(
    Object.entries(seen.sound).map(([name, sound]) => {
      const all = Object.entries({ ...sound, ...changed[name] }).map(([section, text]) => `== ${section}\n${text}\n`);
      return [`dev/${name}`, readSeen(all.join(""))];
    }),
  );
}

/** The sentences about what machines told. */
function sentences(
  asked: ReadonlyMap<string, Asked>,
  {
    tried = [],
    pages = [],
    replied = false,
    facts = recorded(),
  }: {
    readonly tried?: readonly Tried[];
    readonly pages?: readonly Page[];
    readonly replied?: boolean;
    readonly facts?: PlannedPath;
  } = {},
): string[] {
  const connections = connectionsOf(facts);
  const tries = new Map(tried.map((one) => [one.mark, one]));
  return differencesOf(facts, connections, mark(connections, 0), { asked, tried: tries, pages, replied }).map(
    ({ at, sentence }) => `${at}: ${sentence}`,
  );
}

/** A section of the sound machines' words, changed. */
function edited(name: string, section: string, change: (text: string) => string): ReadonlyMap<string, Asked> {
  const text = seen.sound[name]?.[section] ?? "";
  const other = change(text);
  expect(other, `${section} of ${name} is changed`).not.toBe(text);
  return words({ [name]: { [section]: other } });
}

describe("what is seen of a virtual machine at its pod", () => {
  const [router] = recorded().hops;
  const [instance] = router?.instances ?? [];
  const node = instance?.machine;
  if (!router || !instance || !node) throw new Error("no router");
  const facts = (guest: boolean): PlannedPath => ({
    ...recorded(),
    hops: [{ ...router, instances: [{ legs: node.legs, pod: { node, deployment: "quagga", guest } }] }],
  });
  /** The pod's interfaces have no address, and its routes lead elsewhere. */
  const inside = { addresses: (seen.sound.r?.addresses ?? "").replaceAll(/"local":"10[^"]+"/g, '"local":"10.9.9.9"') };
  const told = (changed: Record<string, string> = {}, guest = true): string[] => {
    const asked = new Map(words({ r: { ...inside, routes: "[]", questions: "", neighbours: "[]", ...changed } }));
    const pod = asked.get("dev/r");
    asked.delete("dev/r");
    if (pod) asked.set("dev/r/quagga", pod);
    return sentences(asked, { facts: facts(guest) });
  };

  test("is that its packets come and go: its addresses and routes are in it", () => {
    expect(told()).toEqual([]);
    expect(told({}, false)).toContainEqual(expect.stringContaining("does not have its address 10.77.1.2"));
    const connections = connectionsOf(facts(true));
    const asked = [...hostsOf(facts(true)).values()].find(({ name }) => name === "quagga")?.machine;
    if (!asked) throw new Error("no pod");
    expect(watchInput(asked, connections, mark(connections, 0))).toMatchObject({
      QUESTIONS: "",
      EXPECTED: expect.stringContaining("eth1 out request 61000-61001"),
    });
  });

  test("is that it forwards nothing, where that is so", () => {
    const watched = (seen.sound.r?.watched ?? "").replaceAll(/^packet (eth1|eth0 out) .*\n/gm, "");
    expect(told({ watched })).toEqual([
      "quagga: quagga takes requests to 10.77.2.1 in by eth0 and sends none out of eth1: something on it drops them.",
    ]);
  });
});

describe("what machines tell", () => {
  test("of a sound chain is as it should be", () => {
    expect(sentences(words({}))).toEqual([]);
  });

  test.each([
    [
      "route-gone",
      "a: a drops packets for 10.77.2.1: the chain's route to 10.77.2.0/24 via 10.77.1.2 is not there; they should go to 10.77.1.2 by eth0.",
    ],
    [
      "wrong-next-hop",
      "a: a sends packets for 10.77.2.1 to 10.77.1.77 by eth0, and should send them to 10.77.1.2 by eth0.",
    ],
    [
      "forwarding-off",
      "r: r (quagga) drops packets for 10.77.2.1 and 10.77.1.1: it forwards nothing (net.ipv4.ip_forward is 0).",
    ],
    [
      "blackhole",
      "r: r (quagga) drops packets for 10.77.2.1: its route to 10.77.2.1/32 is a blackhole route; they should go out of eth1.",
    ],
    [
      "policy-rule",
      "r: r (quagga) sends packets for 10.77.2.1 to 10.77.2.77 by eth1, as its policy rule 100 says (table 100), and should send them out of eth1.",
    ],
    [
      "strict",
      "r: r (quagga) drops packets for 10.77.2.1: its reverse-path filter is strict (rp_filter of eth0 is 1), and its own way to 10.77.1.1 leads by eth1; they should go out of eth1.",
      "r: r (quagga) sends packets for 10.77.1.1 out of eth1 to its own link, and should send them out of eth0.",
    ],
    [
      "arp-entry",
      "a: a takes 02:00:00:00:00:01 (of nobody on the path) for 10.77.1.2, as an entry made by hand says, and r (quagga) has aa:82:f0:93:bf:81: its ARP entry is wrong.",
    ],
  ])("of the fault %s is told with its machine and reason, and nothing that only comes of it", (name, ...all) => {
    expect(sentences(words(seen.faults[name] ?? {}))).toEqual(all);
  });

  test("of a port that nothing listens on is told by whom it was asked", () => {
    const tried = [61_000, 61_001].map((one) => ({ mark: one, ended: "refused" }));
    expect(sentences(words(seen.faults["port-closed"] ?? {}), { tried })).toEqual([
      "b: b refuses connections to 10.77.2.1 on port 80: nothing listens there.",
    ]);
  });

  test("of a try whose own port was in use is that it was none", () => {
    const gone = Object.fromEntries(
      Object.entries(seen.sound).map(([name, { watched = "" }]) => [
        name,
        { watched: watched.replace(/^packet .* 61001 .*\n/gm, "") },
      ]),
    );
    expect(sentences(words(gone), { tried: [{ mark: 61_001, ended: "unsent" }] })).toEqual([]);
    expect(sentences(words(gone))).toEqual([
      "a: Of its requests to 10.77.2.1, a sends 1 of 2 out of eth0: something on it drops them.",
    ]);
  });

  test("of legs that are down, bare, narrow, or somebody else's", () => {
    expect(sentences(edited("r", "links", (text) => text.replace(/"UP",("LOWER_UP"\],"mtu":1500)/, "$1")))).toEqual([
      "r: eth0 of r (quagga), its leg in n1, is down: set it up (ip link set eth0 up).",
    ]);
    expect(sentences(edited("r", "links", (text) => text.replace(/"mtu":1500/, '"mtu":1400')))).toEqual([
      "r: eth0 of r (quagga) takes packets of 1400 bytes at most (MTU), and its neighbours in n1 send 1500.",
    ]);
    expect(sentences(edited("b", "addresses", (text) => text.replace("10.77.2.1", "10.77.2.2")))).toEqual([
      "b: eth0 of b, its leg in n2, does not have its address 10.77.2.1.",
      "b: b has the address 10.77.2.2 on eth0, which is that of r (quagga).",
    ]);
  });

  test("of an address that two answer for", () => {
    expect(sentences(edited("r", "watched", (text) => `arp eth1 10.77.2.1 020000000001\n${text}`))).toEqual([
      "r: 02:00:00:00:00:01 (of nobody on the path) answers on eth1 of r (quagga) for 10.77.2.1, which is the address of b: two have it.",
    ]);
  });

  test("of packets that vanish: in a filter, in a machine, on a link, and on their way back", () => {
    const without = (pattern: RegExp) => (text: string) =>
      text
        .split("\n")
        .filter((line) => !pattern.test(line))
        .join("\n");
    const swallowed = without(/eth1 (out request|in answer)|eth0 out answer/);
    const text = swallowed(seen.sound.r?.watched ?? "");
    const rule = (packets: number) =>
      `table ip filter {\n\tchain FORWARD {\n\t\ttcp dport 80 counter packets ${packets} bytes ${packets * 60} drop\n\t}\n}`;
    const filter = { "filter-before": rule(3), "filter-after": rule(5) };
    expect(sentences(words({ r: { watched: text, ...filter } }))).toEqual([
      'r: r (quagga) takes requests to 10.77.2.1 in by eth0 and sends none out of eth1: its packet filter drops some ("tcp dport 80 drop" in ip filter FORWARD).',
    ]);
    expect(sentences(words({ r: { watched: text } }))).toEqual([
      "r: r (quagga) takes requests to 10.77.2.1 in by eth0 and sends none out of eth1: something on it drops them.",
    ]);
    expect(sentences(edited("b", "watched", without(/packet/)))).toEqual([
      "b: Of requests to 10.77.2.1, none come in by eth0 of b, though r (quagga) sends them out of eth1: see to the link between them.",
    ]);
    expect(sentences(edited("b", "watched", without(/answer/)))).toEqual([
      "b: b gets requests on port 80 by eth0 and sends none of the answers from 10.77.2.1 out of eth0: something on it drops them.",
    ]);
    expect(sentences(edited("r", "watched", without(/eth1 in answer 61000|eth0 out answer 61000/)))).toEqual([
      "r: Of answers from 10.77.2.1, 1 of 2 come in by eth1 of r (quagga), though b sends them out of eth0: see to the link between them.",
    ]);
  });

  test("of packets with another address than they should have", () => {
    const other = (text: string) =>
      text.replaceAll("eth1 out request 61000 10.77.1.1", "eth1 out request 61000 10.77.2.2");
    expect(sentences(edited("r", "watched", other))).toEqual([
      "r: r (quagga) has requests to 10.77.2.1 go out by eth1 as 10.77.2.2 to 10.77.2.1, and they should be 10.77.1.1 to 10.77.2.1.",
    ]);
  });

  test("of packets where none should pass, and of a server that answers as another one", () => {
    const more = "packet eth0 out request 61000 10.77.1.1 10.77.2.1 020000000001 open 1";
    expect(sentences(edited("b", "watched", (text) => `${text}\n${more}`))).toEqual([
      "b: b sends requests to 10.77.2.1 out of eth0 (10.77.1.1 to 10.77.2.1), where none should pass.",
    ]);
    expect(sentences(words({}), { pages: [{ address: "10.77.2.1", server: "b" }] })).toEqual([]);
    expect(sentences(words({}), { pages: [{ address: "10.77.2.1", server: "c" }] })).toEqual([
      "b: b (10.77.2.1) answers with the page of c, and should answer as b.",
    ]);
    expect(sentences(words({}), { pages: [{ address: "10.77.2.1" }] })).toEqual([
      "b: b (10.77.2.1) answers with a page that names none of the servers, and should answer as b.",
    ]);
  });

  test("of a node whose router does not run", () => {
    const set = (name: string, elements: string) =>
      `\tset ${name} {\n\t\ttype ifname\n${elements && `\t\telements = { ${elements} }\n`}\t}\n`;
    const filter = `table inet hybrid_vnf {\n${set("legs", '"eth0", "eth1"')}${set("open", "")}}`;
    expect(sentences(words({ r: { "filter-after": filter } }))).toEqual([
      "r: r (quagga) keeps eth0 and eth1 apart, for no router on it opens the way between them: see whether its router runs.",
    ]);
    const open = set("open", '"eth0" timeout 10s expires 8s, "eth1" timeout 10s expires 8s');
    expect(sentences(words({ r: { "filter-after": filter.replace(set("open", ""), open) } }))).toEqual([]);
  });

  test("of a machine that can't be asked", () => {
    const asked = new Map(words({})).set("dev/b", { silent: "root@b:22 lets nobody in: no route to host." });
    expect(sentences(asked)).toEqual(["b: b can't be asked: root@b:22 lets nobody in: no route to host."]);
  });
});

test("every leg of every machine is crossed once each way by a connection", () => {
  const [one] = connectionsOf(recorded());
  if (!one) throw new Error("no connection");
  expect(
    crossingsOf(one).map(({ host, interface: leg, direction, kind }) => `${host.name} ${leg} ${direction} ${kind}`),
  ).toEqual([
    "a eth0 out request",
    "r eth0 in request",
    "r eth1 out request",
    "b eth0 in request",
    "b eth0 out answer",
    "r eth1 in answer",
    "r eth0 out answer",
    "a eth0 in answer",
  ]);
  expect(one.request.steps.map((step) => questionOf(step, "request"))).toEqual([
    "10.77.2.1",
    "10.77.2.1 from 10.77.1.1 iif eth0",
    "10.77.2.1 from 10.77.1.1 iif eth0",
  ]);
  expect([...hostsOf(recorded()).values()].map(({ name }) => name)).toEqual(["a", "r", "b"]);
});

describe("a watch that waits for what does not come", () => {
  test("is ended once all is sent, and one that is through is left alone", async () => {
    const facts = reference();
    const ended: string[] = [];
    const waiting = new Map<string, () => void>();
    let process = 0;
    const run: typeof runScript = async (_access, file, input, _signal, hearing) => {
      if (file.endsWith("send.sh")) return "== opened\n== traces\n== replies\n";
      if (file.endsWith("end.sh")) {
        ended.push(String(input.PROCESS));
        waiting.get(String(input.PROCESS))?.();
        return "";
      }
      const own = String(++process);
      hearing?.line?.(`ready ${own}`);
      if (own !== "1") await new Promise<void>((resolve) => waiting.set(own, resolve));
      return `== addresses\n[]\n== links\n[]\n== rules\n[]\n== routes\n[]\n== neighbours\n[]\n== watched\nlost 0\n`;
    };
    const { good } = await verify(facts, "KEY", 1, undefined, run);
    expect(good).toBe(false);
    expect(process).toBe(5);
    expect(ended.sort()).toEqual(["2", "3", "4", "5"]);
  });
});
