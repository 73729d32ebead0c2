import { spawnSync } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withoutServers } from "../../cli/drain";
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
  await expect(refuse(context, found("error"), "key", 100)).rejects.toThrow(
    "Nothing was changed: the preview found an error, told above.",
  );
  expect(told).toEqual(["guard: error: site: contract.dns is gone, which shop/dev may read (binding)"]);
  await refuse(context, found("warning"), "key", 0);
});

test("a server that is to go is taken out of what the others read, and nothing else is", () => {
  const contract = {
    layer: "kubernetes",
    apacheInfo: { cidr: "10.100.102.0/24", addresses: ["10.100.102.11", "10.100.102.12"] },
    servers: { name: "apache", machines: [{ name: "apache-1" }, { name: "apache-2" }] },
    cluster: {},
  };
  const secrets = { kubeconfig: "K", privateKey: "P" };
  expect(withoutServers({ contract, secrets }, ["apache-2"])).toEqual({
    contract: {
      ...contract,
      apacheInfo: { cidr: "10.100.102.0/24", addresses: ["10.100.102.11"] },
      servers: { name: "apache", machines: [{ name: "apache-1" }] },
    },
    secrets,
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
