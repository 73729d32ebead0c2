import { spawnSync } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { drainOf, leavingServers, takenAwayBy } from "../../cli/drain";
import { refuse } from "../../cli/guard";
import { describeChange, settingChanges } from "../../cli/lastgood";
import { describeOutage, outagesOf } from "../../cli/outage";
import { type ChainPreview, type Finding, type PlannedPath, type PlannedStep, UNKNOWN } from "../../cli/plan";
import { Count, WINDOW } from "../../cli/stream";
import { attempt } from "../../toolchain/command";

describe("a stream of requests", () => {
  let server: Server;
  let url: string;
  let asked = 0;
  beforeAll(async () => {
    server = createServer((_, response) => {
      asked++;
      response.statusCode = asked % 4 === 0 ? 502 : 200;
      response.end("page");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => server.close());

  const script = path.join(__dirname, "../../cli/stream.sh");
  const run = (input: object, lines: (line: string) => void) =>
    attempt("bash", [script], {
      env: { ...process.env, INTERVAL: "0.01", MAX_SECONDS: "20", ...input },
      output: lines,
    });

  test("is counted as it comes, answers and losses apart", async () => {
    const count = new Count();
    await run({ URLS: url, COUNT: "8" }, count.line);
    expect(count.answers).toMatchObject({ sent: 8, answered: 6, lost: 2 });
    expect(count.answers.slowest).toBeGreaterThan(0);
  });

  test("takes its addresses in turn, and counts what is not answered as lost", async () => {
    const count = new Count();
    const dead = spawnSync("bash", ["-c", "exec 3<>/dev/tcp/127.0.0.1/1"]).status;
    expect(dead).not.toBe(0); // nobody listens there
    await run({ URLS: `${url} http://127.0.0.1:1/`, COUNT: "6" }, count.line);
    expect(count.answers.lost).toBeGreaterThanOrEqual(3);
    expect(count.answers.answered).toBeGreaterThanOrEqual(2);
  });

  test("ends when nobody reads it any more", async () => {
    const command = `bash ${script} | head -n 3`;
    const env = { ...process.env, URLS: url, INTERVAL: "0.01", MAX_SECONDS: "2", COUNT: "100000" };
    const { code, stdout } = await attempt("bash", ["-c", command], { env });
    expect([code, stdout.split("\n").length]).toEqual([0, 4]);
  });

  const lines = (count: Count, status: number, times: number) => {
    for (let at = 0; at < times; at++) count.line(`${at} ${status} 0.010`);
  };

  test("its share of losses is that of the last requests", () => {
    const shares: number[] = [];
    const count = new Count(({ lostPercent }) => shares.push(lostPercent));
    lines(count, 200, 1000);
    lines(count, 502, 3);
    expect(shares.at(-1)).toBe((100 * 3) / WINDOW);
    lines(count, 200, WINDOW);
    expect(count.lostPercent).toBe(0);
    expect(count.answers.lost).toBe(3);
  });

  test("whoever waits for some more is told once they have ended, and what was counted can be left behind", async () => {
    const count = new Count();
    const ended: number[] = [];
    const waiting = count.ended(2).then(() => ended.push(2));
    lines(count, 0, 1);
    await Promise.resolve();
    expect(ended).toEqual([]);
    lines(count, 0, 1);
    await waiting;
    expect(ended).toEqual([2]);
    count.restart();
    expect([count.lostPercent, count.answers.lost]).toEqual([0, 0]);
  });
});

const machine = (name: string, identity = "id") =>
  ({ id: `dev/${name}`, name, identity, legs: [], ssh: {} }) as unknown as NonNullable<
    PlannedPath["hops"][number]["instances"][number]["machine"]
  >;
const hop = (name: string, ...machines: ReturnType<typeof machine>[]): PlannedPath["hops"][number] => ({
  name,
  handling: "route",
  stateful: false,
  in: { network: "dev/transit" },
  out: { network: "dev/servers" },
  instances: machines.map((one) => ({ machine: one, legs: [] })),
});
const pathOf = (...hops: PlannedPath["hops"]): PlannedPath => ({
  url: "http://h",
  from: "n",
  clients: [],
  servers: [],
  hops,
});
const step = (name: string, operation: PlannedStep["operation"], ...changes: [string, unknown?][]): PlannedStep => ({
  operation,
  urn: `urn:pulumi:dev::p::kubernetes:apps/v1:Deployment::${name}`,
  type: "kubernetes:apps/v1:Deployment",
  name,
  custom: true,
  properties: changes.map(([at, after]) => ({ path: at, replaces: false, after })),
});
const planOf = (pathBefore: PlannedPath, pathAfter: PlannedPath | undefined, ...steps: PlannedStep[]) => ({
  pathBefore,
  pathAfter,
  stacks: [{ layer: "service", project: "p", ending: "done" as const, changes: {}, steps, errors: [], warnings: [] }],
});

describe("an outage that a plan can't avoid", () => {
  const one = pathOf(hop("nginx", machine("swarm-1")), hop("quagga", machine("kubernetes-1")));
  const image = step("service-quagga-deployment", "update", ["spec.template.spec.containers[0].image", "new"]);

  test("is another image of a router that no second one stands in for", () => {
    const [outage, ...others] = outagesOf(planOf(one, one, image));
    expect(others).toEqual([]);
    if (!outage) throw new Error("no outage");
    expect(describeOutage(outage, { start: 3, grace: 10 })).toBe(
      "quagga is made anew (its image changes), and no second one stands in for it: requests are lost for 3 to 13 s (its pod last took 3 s from its start until it was ready, and has 10 s to end).",
    );
    expect(describeOutage(outage)).toContain("how long it last took is not known");
  });

  test("is none where there is a second one", () => {
    const two = pathOf(hop("quagga", machine("kubernetes-1"), machine("kubernetes-2")));
    expect(outagesOf(planOf(two, two, image))).toEqual([]);
  });

  test("is a router that is taken away, for which no time is told", () => {
    const [outage] = outagesOf(planOf(one, one, step("service-quagga-deployment", "update", ["spec.replicas", 0])));
    if (!outage) throw new Error("no outage");
    expect(describeOutage(outage)).toBe(
      "quagga is taken away, and no second one stands in for it: requests are lost until it is there again.",
    );
  });

  test("is a machine that is made anew under the only instance of a hop", () => {
    const after = pathOf(hop("nginx", machine("swarm-1", UNKNOWN)), hop("quagga", machine("kubernetes-1")));
    expect(outagesOf(planOf(one, after)).map(({ subject, why }) => `${subject} ${why}`)).toEqual([
      "swarm-1 is made anew, and carries nginx",
    ]);
  });

  test("is none where only the scale, a label or another workload changes", () => {
    const harmless = [
      step("service-quagga-deployment", "update", ["metadata.labels.app", "x"]),
      step("service-other-deployment", "update", ["spec.template.spec", "x"]),
      step("service-quagga-deployment", "update", ["spec.replicas", 1]),
    ];
    expect(outagesOf(planOf(one, one, ...harmless))).toEqual([]);
    expect(outagesOf({ stacks: [], pathBefore: undefined, pathAfter: undefined })).toEqual([]);
  });
});

test("a plan in which an error was found is refused under the guard, whatever may be lost; a warning is not", async () => {
  const path = pathOf(hop("quagga", machine("kubernetes-1")));
  const told: string[] = [];
  const context = {
    progress: { line: (line: string) => told.push(line) },
    signal: new AbortController().signal,
  } as unknown as Parameters<typeof refuse>[0];
  const found = (severity: Finding["severity"]): ChainPreview => ({
    stack: "dev",
    ...planOf(path, path),
    findings: [
      { check: "binding", severity, subject: "site", message: "contract.dns is gone, which shop/dev may read" },
    ],
  });
  await expect(refuse(context, found("error"), [], 100)).rejects.toThrow(
    "Nothing was changed: the preview found an error, told above.",
  );
  expect(told).toEqual(["guard: error: site: contract.dns is gone, which shop/dev may read (binding)"]);
  await refuse(context, found("warning"), [], 0);
});

describe("servers that are to go leave the balancer first", () => {
  const server = (name: string, site = "dev") => ({
    name,
    address: "10.0.0.1",
    machine: { ...machine(name), id: `${site}/${name}` },
  });
  const chain = (...names: string[]): PlannedPath => ({ ...pathOf(), servers: names.map((name) => server(name)) });
  const farm = (...names: string[]) => ({
    contract: {
      layer: "kubernetes",
      apacheInfo: { cidr: "10.100.102.0/24", addresses: names.map((_, at) => `10.100.102.${11 + at}`) },
      servers: { name: "apache", machines: names.map((name) => ({ id: `dev/${name}`, name })) },
      cluster: {},
    },
    secrets: { kubeconfig: "K", privateKey: "P" },
  });
  const layers = [
    { name: "ground", upstream: [] },
    { name: "farm", upstream: ["ground"] },
    { name: "front", upstream: ["farm"] },
    { name: "shop", upstream: ["ground", "front"] },
    { name: "meters", upstream: ["farm"] },
  ];
  const published = new Map<string, ReturnType<typeof farm> | undefined>([["ground", undefined]]);
  const leaving = leavingServers([{ pathBefore: chain("apache-1", "apache-2"), pathAfter: chain("apache-1") }]);

  test("out of what the stack with the servers publishes, whatever it is called, and nothing else is", () => {
    const all = farm("apache-1", "apache-2");
    const { reduced, emptied } = drainOf(leaving, published.set("farm", all), layers, new Set(["shop"]));
    expect(emptied).toEqual([]);
    expect([...reduced]).toEqual([
      [
        "farm",
        {
          contract: {
            ...all.contract,
            apacheInfo: { cidr: "10.100.102.0/24", addresses: ["10.100.102.11"] },
            servers: { name: "apache", machines: [{ id: "dev/apache-1", name: "apache-1" }] },
          },
          secrets: all.secrets,
        },
      ],
    ]);
  });

  test("in each stack that reads of them on the way to a chain, and in no other", () => {
    published.set("farm", farm("apache-1", "apache-2"));
    const readers = (...chains: string[]) => drainOf(leaving, published, layers, new Set(chains)).readers;
    expect(readers("shop")).toEqual(["front", "shop"]);
    expect(readers("shop", "meters")).toEqual(["front", "shop", "meters"]);
    expect(readers("ground")).toEqual([]);
  });

  test("by their sites, too: another site's server of the same name stays", () => {
    const before = { ...chain(), servers: [server("apache-2", "other")] };
    const [left, ...others] = leavingServers([{ pathBefore: before, pathAfter: chain("apache-2") }]);
    expect([left?.machine?.id, others]).toEqual(["other/apache-2", []]);
    if (!left) throw new Error("nothing leaves");
    published.set("farm", farm("apache-1", "apache-2"));
    expect(drainOf([left], published, layers, new Set(["shop"]))).toEqual({
      reduced: new Map(),
      readers: [],
      emptied: [],
    });
  });

  test("unless none of them stays", () => {
    const { reduced, readers, emptied } = drainOf(
      leavingServers([{ pathBefore: chain("apache-1", "apache-2"), pathAfter: chain("page-1") }]),
      published.set("farm", farm("apache-1", "apache-2")),
      layers,
      new Set(["shop"]),
    );
    expect([reduced.size, readers, emptied]).toEqual([0, [], ["farm"]]);
  });

  test("the stack that takes their machines away is known by its plan", () => {
    const goes = (name: string): PlannedStep => ({
      ...step(name, "delete"),
      type: "hybrid-vnf:site:Machine",
      custom: false,
    });
    const plans = planOf(pathOf(), pathOf(), goes("farm-apache-2")).stacks;
    expect(takenAwayBy(leaving, plans)).toEqual(["service"]);
    expect(
      takenAwayBy(leaving, planOf(pathOf(), pathOf(), goes("farm-apache-22"), step("apache-2", "delete")).stacks),
    ).toEqual([]);
  });
});

test("what differs between two settings is told by name, a secret without its value, and JSON by what it says", () => {
  const before = {
    "p:port": { value: "80" },
    "p:routes": { value: '[{"destination":"10.0.0.0/8"}]' },
    "p:key": { value: "A", secret: true },
    "p:gone": { value: "x" },
  };
  const now = {
    "p:port": { value: "8080" },
    "p:routes": { value: '[ {"destination": "10.0.0.0/8"} ]' },
    "p:key": { value: "B", secret: true },
  };
  expect(settingChanges({ layer: "service", config: before }, now).map(describeChange)).toEqual([
    "service: port was 80, and is 8080",
    "service: key was a secret, and is a secret",
    "service: gone was x, and is not set",
  ]);
});
