import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Context } from "../../cli/context";
import { type Box, contentsOf, TEXT, TITLE } from "../../cli/draw/contents";
import { type Layout, layoutOf, type PlacedBox } from "../../cli/draw/layout";
import { mermaidOf } from "../../cli/draw/mermaid";
import { topologyPlanned } from "../../cli/draw/planned";
import { PictureError, pngOf } from "../../cli/draw/png";
import { drawn, titleOf } from "../../cli/draw/svg";
import { escaped, widthOf } from "../../cli/draw/text";
import { DARK, LIGHT } from "../../cli/draw/theme";
import { type Asked, answerOf, askAll, healthOf } from "../../cli/health";
import { layers } from "../../cli/layers";
import { type Overview, overviewLines, published, stackText } from "../../cli/overview";
import { UNKNOWN } from "../../cli/plan";
import { pageOf } from "../../cli/report/page";
import { lastTimeline, Timeline } from "../../cli/timeline";
import { changed, pathTexts, stretchesOf, type Topology, topologyOf } from "../../cli/topology";
import { type Bare, type Session, UsageError } from "../../cli/verb";
import { graph } from "../../cli/verbs/graph";
import { report } from "../../cli/verbs/report";
import { keepLooking, Screen } from "../../cli/verbs/status";
import { overviewOf } from "../browser/pages";
import { manyContracts, referenceContracts } from "../contracts";

const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-see-"));
afterAll(() => rmSync(folder, { recursive: true }));

const reference = topologyOf(referenceContracts());
/** What stacks publish of which none is up. */
const NOTHING = { site: undefined, kubernetes: undefined, swarm: undefined, service: undefined };

describe("the topology", () => {
  test("is what the four contracts tell together", () => {
    expect(reference.site).toBe("dev");
    expect(reference.networks.map(({ id, cidr }) => `${id} ${cidr}`)).toEqual([
      "dev/clients 10.100.100.0/24",
      "dev/transit 10.100.101.0/24",
      "dev/servers 10.100.102.0/24",
    ]);
    expect(reference.machines.map(({ name, role, cluster }) => [name, role, cluster])).toEqual([
      ["client", "client", undefined],
      ["swarm-1", "node", "swarm/swarm"],
      ["kubernetes-1", "node", "kubernetes/kubernetes"],
      ["apache-1", "server", undefined],
      ["apache-2", "server", undefined],
    ]);
    expect(reference.clusters).toMatchObject([
      { kind: "swarm", endpoint: "tcp://10.100.101.20:2376", nodes: ["dev/swarm-1"] },
      { kind: "kubernetes", endpoint: "https://10.100.101.10:6443", nodes: ["dev/kubernetes-1"] },
    ]);
    expect(reference.functions).toMatchObject([
      { name: "nginx", handling: "proxy", port: 80, instances: [{ machine: "dev/swarm-1" }] },
      { name: "quagga", handling: "route", instances: [{ machine: "dev/kubernetes-1" }] },
    ]);
    expect(reference.chains[0]?.servers).toEqual([
      { name: "apache-1", address: "10.100.102.11", machine: "dev/apache-1" },
      { name: "apache-2", address: "10.100.102.12", machine: "dev/apache-2" },
    ]);
    expect(reference.notes).toEqual([]);
  });

  test("leads from clients over each hop to the servers", () => {
    const [chain] = reference.chains;
    const stretches = chain ? stretchesOf(reference, chain) : [];
    expect(stretches.map(({ network, from, to }) => [from.name, network, to.name])).toEqual([
      ["client", "dev/clients", "nginx"],
      ["nginx", "dev/transit", "quagga"],
      ["quagga", "dev/servers", "apache-1, apache-2"],
    ]);
    expect(pathTexts(reference)).toEqual(["client → nginx → quagga → apache-1, apache-2"]);
    expect(pathTexts(topologyOf(manyContracts(200)))[0]).toMatch(/^client → nginx-1 .* → … 190 more … → .* apache-3$/);
  });

  test("of stacks that are not up, or half up, says in sentences what is missing", () => {
    expect(topologyOf(NOTHING)).toMatchObject({ networks: [], machines: [], chains: [] });
    expect(topologyOf(NOTHING).notes).toHaveLength(4);
    const { site, kubernetes } = referenceContracts();
    const half = topologyOf({ ...NOTHING, site, kubernetes });
    expect(half.machines.map(({ name }) => name)).toEqual(["kubernetes-1", "apache-1", "apache-2"]);
    expect(half.notes).toEqual([
      "The swarm stack is not up: its cluster and the client are missing here.",
      "The service stack is not up: functions and the path are missing here.",
    ]);
  });

  test("is told by contracts' kinds, whatever the stacks are called; two chains may share a function, or have two of one name", () => {
    const { site, kubernetes, swarm, service } = referenceContracts();
    const [nginx, quagga] = service.hops;
    const other = { ...service, url: "http://10.100.100.20:8080", hops: [{ ...nginx, port: 8080 }, quagga] };
    const seen = topologyOf({ ground: site, pods: kubernetes, services: swarm, web: service, other });
    expect(seen.functions.map(({ id, name, port }) => [id, name, port])).toEqual([
      ["nginx", "nginx", 80],
      ["quagga", "quagga", undefined],
      ["nginx (2)", "nginx", 8080],
    ]);
    expect(seen.chains.map(({ hops }) => hops.map((one) => one.function))).toEqual([
      ["nginx", "quagga"],
      ["nginx (2)", "quagga"],
    ]);
    expect(seen.notes).toEqual([]);
    expect(topologyOf({ edge: undefined }).notes).toEqual(["The edge stack is not up."]);
  });

  test("says of a stack that is up whether it publishes anything, and of one that is not that it is not up", async () => {
    const names = new Map([
      ["site", { contract: referenceContracts().site, secrets: {} }],
      ["kubernetes", undefined],
    ]);
    const engine = {
      environment: {},
      published: async (layer: string) => names.get(layer),
      find: async (layer: string) =>
        names.has(layer) ? { workspace: { listStacks: async () => [{ name: "dev", resourceCount: 3 }] } } : undefined,
    };
    const { contracts, stacks } = await published({ engine, stack: "dev" } as unknown as Context);
    expect(stacks.map(({ up }) => up)).toEqual([true, true, false, false]);
    expect(stacks.map(({ contract }) => contract)).toEqual([{ layer: "site", version: 3 }, ...Array(3)]);
    const [site] = stacks;
    expect(site && stackText({ ...site, lastUpdate: "2026-01-02T03:00:00.123Z" })).toContain(
      "last update 2026-01-02T03:00:00Z,",
    );
    expect(stacks.map(stackText)).toEqual([
      "3 resources, last update unknown, contract site version 3",
      "3 resources, last update unknown",
      "not up",
      "not up",
    ]);
    expect(topologyOf(contracts).notes).toEqual([
      "The kubernetes stack publishes no contract: its cluster and the servers are missing here.",
      "The swarm stack is not up: its cluster and the client are missing here.",
      "The service stack is not up: functions and the path are missing here.",
    ]);
    expect(topologyOf({ a: null }).notes).toEqual([
      "The a stack publishes no contract, so nothing of it is shown: its last up failed, or its program returns none (publishChain).",
    ]);
  });

  test("has the chains of all stacks that publish one, up or planned", async () => {
    const { site, service } = referenceContracts();
    const all = { site, kubernetes: service, swarm: undefined, service: { ...service, url: "http://10.100.100.21" } };
    const engine = {
      environment: {},
      published: async (layer: keyof typeof all) =>
        all[layer] && { contract: all[layer], secrets: { privateKey: layer } },
      find: async () => undefined,
    };
    const { contracts, secrets } = await published({ engine, stack: "dev" } as unknown as Context);
    const urls = ["http://10.100.100.20", "http://10.100.100.21"];
    expect(topologyOf(contracts).chains.map(({ url }) => url)).toEqual(urls);
    expect(secrets).toMatchObject({ kubernetes: { privateKey: "kubernetes" }, service: { privateKey: "service" } });
    const told = { ending: "done", changes: {}, steps: [], errors: [], warnings: [] };
    const stacks = Object.entries(all).map(([layer, after]) => ({ layer, ...told, after }));
    const file = join(folder, "two-chains.json");
    writeFileSync(file, JSON.stringify({ stack: "dev", stacks, findings: [] }));
    expect(topologyPlanned(file).chains.map(({ url }) => url)).toEqual(urls);
  });

  test("of one program that publishes its chain alone has its site's name, its servers and their network", () => {
    const { kubernetes, service } = referenceContracts();
    const servers = service.servers.map((one, at) => ({ ...one, machine: kubernetes.servers.machines[at] }));
    const seen = topologyOf({ web: { ...service, servers } });
    expect(seen.site).toBe("dev");
    expect(seen.machines.map(({ id, role }) => `${id} ${role}`)).toEqual([
      "dev/client client",
      "dev/swarm-1 machine",
      "dev/kubernetes-1 machine",
      "dev/apache-1 server",
      "dev/apache-2 server",
    ]);
    expect(seen.networks.map(({ id }) => id)).toEqual(["dev/clients", "dev/transit", "dev/servers"]);
    expect(seen.chains[0]?.servers).toEqual(reference.chains[0]?.servers);
    expect(contentsOf(seen).boxes.filter(({ kind }) => kind === "outside")).toEqual([]);
    expect(titleOf(seen)).toBe("Site dev · http://10.100.100.20");
    const [server] = servers;
    const elsewhere = { ...server, machine: { ...server?.machine, id: "hall/apache-1" } };
    expect(topologyOf({ web: { ...service, servers: [elsewhere] } }).site).toBe("dev, hall");
    expect(topologyOf({ web: { ...service, clients: [], hops: [], servers: [] } }).site).toBeUndefined();
  });

  /** Every place in a value that holds another value. */
  function places(value: unknown, at: readonly (string | number)[] = []): (readonly (string | number)[])[] {
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => [[...at, key], ...places(inner, [...at, key])]);
  }
  /** The same value, in which one place holds something else. */
  function withAt(value: unknown, [key, ...rest]: readonly (string | number)[], other: unknown): unknown {
    if (key === undefined) return other;
    const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
    copy[key] = withAt(copy[key], rest, other);
    return copy;
  }

  test("of a plan in which anything is not known yet is still a topology, and is drawn", async () => {
    const all = places(referenceContracts());
    const some = fc.array(fc.constantFrom(...all), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(some, async (unknown) => {
        const planned = unknown.reduce<unknown>((value, at) => {
          try {
            return withAt(value, at, UNKNOWN);
          } catch {
            return value; // It lay within something that is not known either.
          }
        }, referenceContracts());
        const seen = changed(referenceContracts(), planned as Record<string, unknown>);
        expect(overlaps(await layoutOf(seen))).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });

  test("of a plan in which a cluster's nodes are not known yet holds those that it has, and is drawn", async () => {
    const planned = structuredClone(referenceContracts()) as ReturnType<typeof referenceContracts>;
    Object.assign(planned.kubernetes.cluster, { nodes: UNKNOWN });
    Object.assign(planned.service.hops[1] ?? {}, { instances: UNKNOWN });
    const { boxes } = await layoutOf(changed(referenceContracts(), planned));
    const [cluster, node] = ["cluster kubernetes/kubernetes", "dev/kubernetes-1"].map((id) =>
      boxes.find((box) => box.id === id),
    );
    expect(cluster && node && holds(cluster, node)).toBe(true);
  });

  test("of a preview says what is done with each thing, and keeps what goes", () => {
    const planned = structuredClone(referenceContracts(3)) as ReturnType<typeof referenceContracts>;
    const [node] = planned.swarm.cluster.nodes;
    Object.assign(node ?? {}, { identity: UNKNOWN });
    Object.assign(planned.service.hops[1] ?? {}, { name: "frr" });
    Object.assign(planned.kubernetes.cluster, { endpoint: "https://10.100.101.11:6443" });
    const seen = changed(referenceContracts(2), planned);
    const marks = [...seen.networks, ...seen.machines, ...seen.clusters, ...seen.functions].flatMap(({ id, change }) =>
      change === undefined ? [] : [`${id} ${change}`],
    );
    expect(marks).toEqual([
      "dev/swarm-1 replaced",
      "dev/apache-3 added",
      "kubernetes/kubernetes changed",
      "frr added",
      "quagga removed",
    ]);
    expect(changed(referenceContracts(), referenceContracts())).toEqual(reference);
  });
});

const CASES = [
  ["the reference chain", reference],
  ...([4, 20, 200] as const).flatMap((count) =>
    (["row", "house"] as const).map(
      (shape) => [`${count} functions, ${shape}`, topologyOf(manyContracts(count, shape))] as const,
    ),
  ),
] as const;

const holds = (outer: PlacedBox, inner: PlacedBox): boolean =>
  outer.x <= inner.x &&
  outer.y <= inner.y &&
  outer.x + outer.width >= inner.x + inner.width &&
  outer.y + outer.height >= inner.y + inner.height;

/** Pairs of boxes that lie over each other, but for a cluster and its nodes. */
function overlaps({ boxes }: Layout): string[] {
  return boxes.flatMap((one, at) =>
    boxes.slice(at + 1).flatMap((other) => {
      if (one.kind === "cluster" && other.cluster?.id === one.cluster?.id)
        return holds(one, other) ? [] : [`${other.id} leaves ${one.id}`];
      const apart =
        one.x + one.width <= other.x ||
        other.x + other.width <= one.x ||
        one.y + one.height <= other.y ||
        other.y + other.height <= one.y;
      return apart ? [] : [`${one.id} and ${other.id}`];
    }),
  );
}

/** Texts that do not fit into their box. */
function tooWide(box: Box): string[] {
  const room = box.width - 6;
  const lines = [
    [box.title, widthOf(box.title, TITLE, true)] as const,
    ...box.lines.map((line) => [line, widthOf(line, TEXT)] as const),
  ];
  const chips = box.chips.filter(({ x, y, width }) => x + width > box.width || y + 26 > box.height);
  return [...lines.filter(([, width]) => width > room).map(([line]) => line), ...chips.map(({ name }) => name)];
}

describe.each(CASES)("a drawing of %s", (_, topology) => {
  let layout: Layout;
  test("has every machine once, every network, and no box over another", async () => {
    layout = await layoutOf(topology);
    const drawnMachines = layout.boxes.filter(({ kind }) => kind === "machine").map(({ id }) => id);
    expect(drawnMachines.sort()).toEqual(topology.machines.map(({ id }) => id).sort());
    const titles = new Set(layout.boxes.filter(({ kind }) => kind === "network").map(({ title }) => title));
    expect(titles).toEqual(new Set(topology.networks.map(({ name }) => name)));
    expect(overlaps(layout)).toEqual([]);
    expect(layout.boxes.flatMap(tooWide)).toEqual([]);
    for (const { x, y, width, height } of layout.boxes)
      expect(x >= 0 && y >= 0 && x + width <= layout.width && y + height <= layout.height).toBe(true);
  });

  test("has a line in and a line out for every hop, and each line begins and ends at its boxes", () => {
    const boxes = new Map(layout.boxes.map((box) => [box.id, box]));
    const networkOf = (id: string) => boxes.get(id)?.title;
    const names = new Map(topology.networks.map(({ id, name }) => [id, name]));
    const [chain] = topology.chains;
    for (const { network, from, to } of chain ? stretchesOf(topology, chain) : []) {
      const title = names.get(network);
      const meets = (box: string | undefined, way: "into" | "outOf") =>
        layout.lines.some((line) => line.box === box && networkOf(line.network) === title && line[way]);
      expect(meets(from.machines[0], "outOf"), `${from.name} to ${title}`).toBe(true);
      expect(meets(to.machines[0], "into"), `${title} to ${to.name}`).toBe(true);
    }
    const touches = (box: PlacedBox | undefined, point: { x: number; y: number } | undefined) =>
      box !== undefined &&
      point !== undefined &&
      point.x >= box.x - 1 &&
      point.x <= box.x + box.width + 1 &&
      point.y >= box.y - 1 &&
      point.y <= box.y + box.height + 1;
    for (const { box, network, before, points } of layout.lines) {
      const ends = before ? [network, box] : [box, network];
      expect(touches(boxes.get(ends[0] ?? ""), points[0]), `${ends[0]} begins`).toBe(true);
      expect(touches(boxes.get(ends[1] ?? ""), points.at(-1)), `${ends[1]} ends`).toBe(true);
    }
  });

  test("tells every function with its places, and is the same every time", async () => {
    const chips = layout.boxes.flatMap((box) => box.chips);
    expect(chips.flatMap(({ places }) => places).sort((a, b) => a - b)).toEqual(
      topology.functions.map((_one, at) => at + 1),
    );
    const svg = await drawn(topology);
    expect(await drawn(topology)).toBe(svg);
    for (const { name } of topology.functions) expect(svg).toContain(`>${name}<`);
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});

describe("pictures", () => {
  test("docs/pictures/chain.svg is what `graph` draws of the reference chain", async () => {
    const file = join(__dirname, "../../docs/pictures/chain.svg");
    expect(readFileSync(file, "utf8")).toBe(await drawn(reference));
  });

  test("of what is added leave every title clear of its badge", async () => {
    const svg = await drawn(changed(NOTHING, referenceContracts()), { theme: "light" });
    const badges = [
      ...svg.matchAll(
        /<text x="([\d.]+)"[^>]*font-weight="bold"[^>]*>([^<]+)<\/text>(?:<text[^<]*<\/text>)*<rect x="([\d.]+)"/g,
      ),
    ];
    const titled = badges.map(([, x, title = "", badge]) => [
      title,
      Number(x) + widthOf(title, TITLE, true),
      Number(badge),
    ]);
    expect(titled.map(([title]) => title)).toEqual(expect.arrayContaining(["clients", "transit", "servers", "client"]));
    expect(titled.filter(([, end = 0, badge = 0]) => end > badge)).toEqual([]);
  });

  test("names from outside are text, never markup, and one-sided letters of a pair are left out", async () => {
    const bad = "<script>&\"'\u0000\ud800";
    const named = structuredClone(referenceContracts()) as ReturnType<typeof referenceContracts>;
    Object.assign(named.kubernetes.servers.machines[0] ?? {}, { name: bad });
    const svg = await drawn(topologyOf(named));
    expect(svg).toContain(">&#60;script&#62;&#38;&#34;&#39;<");
    expect(svg).not.toContain("<script");
    expect(escaped("𝔸")).toBe("𝔸");
    expect(mermaidOf(topologyOf(named))).toContain("#60;script#62;#38;#34;#39;");
  });

  test("in one theme have its colours, and no style sheet; else both, by who looks", async () => {
    expect(await drawn(reference)).toContain("@media (prefers-color-scheme:dark)");
    for (const [theme, palette] of [
      ["light", LIGHT],
      ["dark", DARK],
    ] as const) {
      const svg = await drawn(reference, { theme });
      expect(svg).not.toMatch(/class=|<style/);
      expect(svg).toContain(`fill="${palette.page}"`);
    }
  });

  const luminance = (colour: string): number =>
    [1, 3, 5]
      .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      .reduce((sum, part, at) => sum + part * ([0.2126, 0.7152, 0.0722][at] ?? 0), 0);
  const contrast = (one: string, other: string): number => {
    const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  test.each([
    ["light", LIGHT],
    ["dark", DARK],
  ] as const)("in the %s theme, text and lines stand out (WCAG 2.2)", (_, colours) => {
    const surfaces = ["page", "machine", "outside", "chip", "network", "kubernetes", "swarm"] as const;
    for (const surface of surfaces)
      for (const text of ["text", "quiet"] as const)
        expect(contrast(colours[text], colours[surface]), `${text} on ${surface}`).toBeGreaterThanOrEqual(4.5);
    for (const change of ["added", "removed", "replaced", "changed", "path"] as const) {
      expect(contrast(colours.onColour, colours[change]), `text on ${change}`).toBeGreaterThanOrEqual(4.5);
      if (change !== "path")
        expect(contrast(colours[change], colours.chip), `${change} on a chip`).toBeGreaterThanOrEqual(4.5);
    }
    for (const line of ["line", "path", "networkLine", "kubernetesLine", "swarmLine", "silent"] as const)
      expect(contrast(colours[line], colours.page), line).toBeGreaterThanOrEqual(3);
  });

  test("a PNG on a machine without fonts is refused in a sentence, for it would have no text", async () => {
    const svg = await drawn(reference, { theme: "light" });
    expect(() => pngOf(svg, false)).toThrow(PictureError);
    expect(() => pngOf(svg, false)).toThrow("This machine has no fonts");
  });

  test("Mermaid has a node for each box, held by its cluster, and an arrow for each step of a request", () => {
    const chart = mermaidOf(reference);
    expect(chart.split("\n").slice(0, 20)).toEqual([
      "flowchart LR",
      '  box0(["clients<br/>10.100.100.0/24"]):::network',
      '  box1(["transit<br/>10.100.101.0/24"]):::network',
      '  box2(["servers<br/>10.100.102.0/24"]):::network',
      '  box3["client<br/>10.100.100.100"]:::machine',
      '  box6["apache-1<br/>server<br/>10.100.102.11"]:::machine',
      '  box7["apache-2<br/>server<br/>10.100.102.12"]:::machine',
      '  subgraph box8["Docker Swarm swarm<br/>tcp://10.100.101.20:2376"]',
      '    box4["swarm-1<br/>transit 10.100.101.20<br/>clients 10.100.100.20<br/>1. nginx (proxy :80)"]:::machine',
      "  end",
      '  subgraph box9["Kubernetes kubernetes<br/>https://10.100.101.10:6443"]',
      '    box5["kubernetes-1<br/>transit 10.100.101.10<br/>servers 10.100.102.10<br/>2. quagga (route)"]:::machine',
      "  end",
      "  box3 ==> box0",
      "  box0 ==> box4",
      "  box4 ==> box1",
      "  box1 ==> box5",
      "  box5 ==> box2",
      "  box2 ==> box6",
      "  box2 ==> box7",
    ]);
  });

  test("a network with many legs is drawn wherever a path meets it; what is not ours has a box of its own", () => {
    const { boxes } = contentsOf(topologyOf(manyContracts(20, "house")));
    expect(boxes.filter(({ title }) => title === "servers").length).toBeGreaterThan(1);
    const outside = structuredClone(referenceContracts()) as ReturnType<typeof referenceContracts>;
    for (const instance of outside.service.hops[1]?.instances ?? []) Object.assign(instance, { machine: undefined });
    const box = contentsOf(topologyOf(outside)).boxes.find(({ kind }) => kind === "outside");
    expect(box).toMatchObject({ title: "quagga", chips: [{ name: "quagga", places: [2] }] });
    expect(box?.lines).toContain("not ours");
  });
});

describe("what is drawn goes to a file", () => {
  const asked: string[] = [];
  const told: string[] = [];
  const ask = async (layer: string) => void asked.push(layer);
  const context = {
    engine: { environment: {}, published: ask, find: ask },
    stack: "dev",
    progress: { line: (line: string) => told.push(line) },
  };
  const draw = async (more: Readonly<Record<string, unknown>>) => {
    const given = { theme: "light", json: false, ...more };
    const { progress } = context as unknown as Bare;
    return (
      (await graph.runAlone?.({ progress, print: () => {} }, given)) ??
      graph.run({ context } as unknown as Session, given)
    );
  };
  const preview = join(folder, "drawn.json");
  beforeAll(() => {
    const stacks = Object.entries(referenceContracts()).map(([layer, after]) => ({
      ...{ layer, ending: "done", after },
      ...{ changes: {}, steps: [], errors: [], warnings: [] },
    }));
    writeFileSync(preview, JSON.stringify({ stack: "dev", stacks, findings: [] }));
  });

  test("in the format that its name ends in, unless one is asked for", async () => {
    const written = async (name: string, format?: string) => {
      const out = join(folder, name);
      expect(await draw({ out, preview, format })).toBe(0);
      return readFileSync(out, "utf8").slice(0, 4);
    };
    expect(await written("chain.mmd")).toBe("flow");
    expect(await written("chain.SVG")).toBe("<svg");
    expect(await written("chain")).toBe("<svg");
    expect(await written("chart", "mermaid")).toBe("flow");
  });

  test("without an engine, where a preview's file says all", () => {
    const [tsx, main] = ["node_modules/.bin/tsx", "cli/main.ts"].map((file) => join(__dirname, "../..", file));
    const { status, stdout, stderr } = spawnSync(tsx ?? "", [main ?? "", "graph", "--preview", preview, "--json"], {
      encoding: "utf8",
      env: { ...process.env, HYBRID_VNF_CACHE: "/dev/null/none" }, // where no toolchain can be
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect((JSON.parse(stdout) as Topology).chains[0]?.url).toBe("http://10.100.100.20");
  });

  test.each([
    [{ format: "png", out: "a.svg" }, "--out is 'a.svg'; what is written goes to a file that ends in .png."],
    [
      { out: "a.jpg" },
      "--out is 'a.jpg'; what is written goes to a file that ends in .svg or .png or .mmd or .mermaid.",
    ],
    [{ out: join(folder, "none/a.svg") }, `a.svg', and there is no folder ${join(folder, "none")}: make it first`],
    [{ out: folder }, "which is a folder: name a file in it."],
  ])("but not %j, which is refused before anybody is asked", async (given, message) => {
    const before = asked.length;
    await expect(draw(given)).rejects.toThrow(UsageError);
    await expect(draw(given)).rejects.toThrow(message);
    expect(asked).toHaveLength(before);
  });

  test("nor a report to one that is no page", async () => {
    const session = { context } as unknown as Session;
    await expect(report.run(session, { out: "chain.svg", quick: true })).rejects.toThrow(
      "--out is 'chain.svg'; what is written goes to a file that ends in .html or .htm.",
    );
  });

  test("and nothing over what is there where nothing is up, which is said and is no good end", async () => {
    const out = join(folder, "kept.svg");
    writeFileSync(out, "drawn before");
    await expect(draw({ out })).rejects.toThrow(`There is nothing to draw, so ${out} is not written.`);
    expect(told).toContain("The site stack is not up.");
    expect(readFileSync(out, "utf8")).toBe("drawn before");
  });
});

describe("a preview that is to be drawn", () => {
  const nothing = { changes: {}, steps: [], errors: [], warnings: [] };
  const plan = (stacks: readonly object[]): string => {
    const file = join(folder, "preview.json");
    const all = stacks.map((one) => ({ ...nothing, ...one }));
    writeFileSync(file, JSON.stringify({ stack: "dev", stacks: all, findings: [] }));
    return file;
  };
  test("marks what it changes; of a stack whose preview failed, what is there stays", () => {
    const [before, after] = [referenceContracts(2), referenceContracts(3)] as Record<string, unknown>[];
    const stacks = (ending: string) =>
      layers.map(({ name: layer }) => ({
        layer,
        ending: layer === "kubernetes" ? ending : "done",
        before: before?.[layer],
        ...(layer === "kubernetes" && ending !== "done" ? {} : { after: after?.[layer] }),
      }));
    const added = (topology: Topology) =>
      topology.machines.filter(({ change }) => change === "added").map(({ name }) => name);
    expect(added(topologyPlanned(plan(stacks("done"))))).toEqual(["apache-3"]);
    const failed = topologyPlanned(plan(stacks("failed")));
    expect(added(failed)).toEqual([]);
    expect(failed.notes).toEqual([
      "The preview of the kubernetes stack did not come to its end: what it has is drawn as it is.",
    ]);
  });
  test("says of a stack that will be up and publishes nothing that it does", () => {
    const stacks = [
      { layer: "a", ending: "done" },
      { layer: "b", ending: "failed" },
    ];
    expect(topologyPlanned(plan(stacks)).notes).toEqual([
      "The a stack publishes no contract, so nothing of it is shown: its last up failed, or its program returns none (publishChain).",
      "The b stack is not up.",
      "The preview of the b stack did not come to its end: what it has is drawn as it is.",
    ]);
  });
  test("that is none is refused in one sentence", () => {
    expect(() => topologyPlanned(join(folder, "nowhere.json"))).toThrow(
      "can't be read as a preview: there is no such file",
    );
    expect(() => topologyPlanned(plan([]))).toThrow(
      "preview.json previews no stack: write one with `npm run -s preview -- --json",
    );
    const file = plan([{ layer: "site" }]);
    expect(() => topologyPlanned(file)).toThrow(
      "is not of the form that this version of the command prints: stacks.0.",
    );
    for (const [text, says] of [
      ["", "what should hold it is empty"],
      ["{}", "is not of the form"],
      ["null", "is not of the form"],
      ["up in 35 s", "is no JSON"],
    ] as const) {
      writeFileSync(file, text);
      expect(() => topologyPlanned(file)).toThrow(says);
    }
  });
});

describe("health", () => {
  const answer = answerOf(
    "system running 0.25\nnode kubernetes-1 True\nnode kubernetes-2 False\nworkload quagga 1 1\nworkload frr  2\n",
  );
  /** What functions in nftables have counted. */
  const filtering = answerOf(
    "system running 0.00\ncounter nginx rule-web 12\ncounter nginx unmatched 3\ncounter other rule-x 1\n",
  );
  test("is read from what a machine prints", () => {
    expect(answer).toEqual({
      system: { state: "running", load: 0.25 },
      nodes: [
        { name: "kubernetes-1", ready: true },
        { name: "kubernetes-2", ready: false },
      ],
      workloads: [
        { name: "quagga", ready: 1, wanted: 1 },
        { name: "frr", ready: 0, wanted: 2 },
      ],
      silent: false,
      counters: [],
    });
    expect(filtering.counters).toEqual([
      { function: "nginx", name: "rule-web", packets: 12 },
      { function: "nginx", name: "unmatched", packets: 3 },
      { function: "other", name: "rule-x", packets: 1 },
    ]);
    expect(answerOf("system running\n").system).toEqual({ state: "running" });
    expect(answerOf("system degraded 3\nsilent swarm\n")).toMatchObject({
      system: { state: "degraded" },
      silent: true,
    });
  });
  test("is told of machines, clusters and functions; what is silent is said, and what nobody was asked is not guessed", () => {
    const asked = new Map<string, Asked>([
      ["dev/kubernetes-1", answer],
      ["dev/swarm-1", answerOf("system degraded 0\nsilent swarm\n")],
      ["dev/client", "does not answer within 8 s"],
      ["dev/apache-2", answerOf("system running\n")],
    ]);
    const { machines, clusters, functions } = healthOf(reference, asked);
    expect(machines).toMatchObject({
      "dev/kubernetes-1": { state: "well", says: "running, load 0.25" },
      "dev/swarm-1": { state: "unwell", says: "degraded, load 0.00" },
      "dev/client": { state: "silent", says: "does not answer within 8 s" },
      "dev/apache-1": { state: "unknown", says: "not asked" },
      "dev/apache-2": { state: "well", says: "running" },
    });
    expect(clusters).toMatchObject({
      "kubernetes/kubernetes": { state: "unwell", says: "1 of 2 nodes ready" },
      "swarm/swarm": { state: "silent", says: "its API does not answer" },
    });
    expect(functions).toMatchObject({
      quagga: { state: "well", says: "1 of 1 running" },
      nginx: { state: "unknown" },
    });
    const scaledDown = answerOf("node kubernetes-1 True\nworkload quagga  0\n");
    expect(healthOf(reference, new Map([["dev/kubernetes-1", scaledDown]])).functions.quagga).toEqual({
      state: "unwell",
      says: "0 of 1 running",
    });
    expect(healthOf(reference, new Map([["dev/swarm-1", filtering]])).functions.nginx).toEqual({
      state: "well",
      says: "packets: rule-web 12, unmatched 3",
    });
  });
  test("of machines that nobody reaches comes within the limit, as a sentence each", async () => {
    // It takes connections and says nothing: as a machine behind a filter, but for the connection.
    const silent = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const { port } = silent.address() as { port: number };
    const contracts = structuredClone(referenceContracts()) as ReturnType<typeof referenceContracts>;
    for (const one of [contracts.swarm.client, contracts.service.clients[0]]) Object.assign(one?.ssh ?? {}, { port });
    for (const one of contracts.kubernetes.servers.machines) Object.assign(one.ssh, { port: 1 });
    const { site, kubernetes, swarm } = contracts;
    const key = { privateKey: "none" };
    const began = performance.now();
    const asked = await askAll({ site, kubernetes, swarm }, { kubernetes: key, swarm: key }, { seconds: 2 });
    expect(performance.now() - began).toBeLessThan(15_000);
    expect(asked.get("dev/client")).toMatch(/^does not answer/);
    expect(asked.get("dev/apache-1")).toMatch(/^does not answer/);
    silent.close();
    expect((await askAll({ site, swarm }, {})).size).toBe(0);
  });
});

test("the drawing in a report marks machines that do not answer, and no others", async () => {
  const pictured = async (states: readonly [string, Asked][]) => {
    const page = await pageOf({ ...overviewOf(referenceContracts()), health: healthOf(reference, new Map(states)) });
    const boxes = [...page.matchAll(/<g [^>]*><title>(?<spoken>[^<]*)<\/title><rect [^>]*stroke-silent/g)];
    return boxes.map(({ groups }) => groups?.spoken);
  };
  expect(await pictured([["dev/apache-1", "does not answer within 8 s"]])).toEqual([
    "apache-1, server, 10.100.102.11, does not answer",
  ]);
  expect(await pictured([])).toEqual([]);
});

describe("status", () => {
  const full = overviewOf(referenceContracts());
  test("has a line for each stack, network, machine, cluster, function and path", () => {
    const lines = overviewLines(full);
    expect(lines).toHaveLength(4 + 3 + 5 + 2 + 2 + 1 + 1);
    expect(lines.join("\n")).toMatch(/^function +nginx +✔ 1 of 1 running, proxy on swarm-1$/m);
    expect(lines.join("\n")).toMatch(
      /^path +http:\/\/10\.100\.100\.20 +client → nginx → quagga → apache-1, apache-2$/m,
    );
    expect(lines.join("\n")).toMatch(/^drift +· not asked/m);
  });
  test("says what was changed by hand, that nothing was, or why it is not known", () => {
    const asked = "2026-11-25T10:00:00.000Z";
    const found = ["apache-1: the container is gone.", "nginx: 1 task is there."].map((sentence) => ({
      layer: "service",
      urn: "",
      sentence,
    }));
    const drifts = (drift: Overview["drift"]) =>
      overviewLines({ ...full, drift })
        .slice(4 + 3 + 5 + 2 + 2 + 1)
        .map((line) => line.replace(/ +/g, " "));
    expect(drifts({ asked, found })).toEqual([
      "drift ✘ apache-1: the container is gone.",
      " ✘ nginx: 1 task is there.",
    ]);
    expect(drifts({ asked, found: [] })).toEqual(["drift ✔ nothing was changed by hand"]);
    expect(drifts({ asked, found: [], unasked: "'npm run up' is at work" })).toEqual([
      "drift · not known: 'npm run up' is at work",
    ]);
  });
  test("of nothing is a sentence, and of half of it says what is missing", () => {
    const nothing: Overview = { ...overviewOf(NOTHING), health: undefined };
    expect(overviewLines(nothing).at(-1)).toBe("Nothing is up: bring it up with `npm run up`.");
    const { site } = referenceContracts();
    expect(overviewLines(overviewOf({ ...NOTHING, site })).at(-1)).toContain("The service stack is not up");
  });
  test("on a terminal stays within it, and takes away what it drew before", () => {
    const written: string[] = [];
    const stream = { rows: 5, columns: 20, write: (text: string) => written.push(text) > 0 };
    const screen = new Screen(stream);
    screen.show(Array.from({ length: 9 }, (_, at) => `line ${at} ${"x".repeat(30)}`));
    const shown = written.join("").split("\n").slice(0, -1);
    expect(shown).toHaveLength(4);
    expect(shown.every((line) => line.length < 20)).toBe(true);
    expect(shown.at(-1)).toBe("… and 6 more lines");
    screen.show(["one"]);
    expect(written.at(-1)).toBe("\u001b[4A\u001b[0Jone\n");
  });
  test("that is watched looks again after each interval, and an interrupt ends it well", async () => {
    const stop = new AbortController();
    let looks = 0;
    const shown: string[] = [];
    const code = await keepLooking(
      { signal: stop.signal },
      0.01,
      async () => [`look ${++looks}`],
      ([line = ""]) => {
        shown.push(line);
        if (looks === 3) stop.abort();
      },
    );
    expect(code).toBe(0);
    expect(shown).toEqual(["look 1", "look 2", "look 3"]);
    const lost = new AbortController().signal;
    const until = async (): Promise<readonly string[]> => [`look ${++looks}`];
    expect(
      await keepLooking(
        { signal: lost },
        0.01,
        until,
        ([line = ""]) => shown.push(line),
        () => looks < 5,
      ),
    ).toBe(0);
    expect(shown.slice(3)).toEqual(["look 4", "look 5"]);
    const failing = keepLooking(
      { signal: new AbortController().signal },
      1,
      async () => Promise.reject(new Error("no")),
      () => {},
    );
    await expect(failing).rejects.toThrow("no");
  });
});

describe("the last up's times", () => {
  test("are kept in each file that is named, and read again", () => {
    const files = ["timeline/dev.json", "own.json"].map((name) => join(folder, name));
    const timeline = new Timeline(files, () => 7);
    const metadata = { op: "create", urn: "urn:pulumi:dev::p::t::n", new: { custom: true } };
    timeline.event("site", { resOutputsEvent: { metadata } } as never);
    timeline.write();
    new Timeline(files).write(); // of an up that was refused
    for (const file of files)
      expect(lastTimeline("dev", file)?.steps).toEqual([
        { layer: "site", urn: metadata.urn, op: "create", began: 7, ended: 7 },
      ]);
    expect(lastTimeline("dev", join(folder, "none.json"))).toBeUndefined();
  });
});
