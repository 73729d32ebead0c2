import type { EngineEvent } from "@pulumi/pulumi/automation";
import { describe, expect, test } from "vitest";
import { anothersSite } from "../../cli/chain";
import { lint, stoppedWorkload } from "../../cli/lint";
import type { PlannedPath, StackPlan } from "../../cli/plan";
import { byName } from "../../cli/plan";
import type { ConfiguredSite } from "../../cli/site";
import { hop, machine, recorded, reference } from "./published";

function stack(layer: string, after: Record<string, unknown>): StackPlan {
  const nothing = { changes: {}, steps: [], errors: [], warnings: [] };
  return { layer, project: `hybrid-vnf-${layer}`, ending: "done", ...nothing, after };
}
const network = (id: string, cidr: string) => ({ id, name: id.split("/")[1], cidr });
const site = stack("site", { transit: network("dev/transit", "10.100.101.0/24") });
const swarm = (cidr: string) => stack("swarm", { clients: network("dev/clients", cidr) });
const kubernetes = stack("kubernetes", {
  cluster: {
    name: "kubernetes",
    networks: [network("dev/transit", "10.100.101.0/24")],
    ranges: [
      { name: "pods", cidr: "10.244.0.0/16" },
      { name: "services", cidr: "10.96.0.0/16" },
    ],
  },
  servers: { network: network("dev/servers", "10.100.102.0/24") },
});

const found = (pathAfter: PlannedPath | undefined, ...stacks: StackPlan[]): string[] =>
  lint({ stacks, pathAfter }).map(({ check, subject, message }) => `${check} ${subject}: ${message}`);

describe("all stacks together", () => {
  test("have nothing against each other where all is sound", () => {
    expect(found(reference(), site, kubernetes, swarm("10.100.100.0/24"))).toEqual([]);
    expect(found(recorded())).toEqual([]);
  });

  test.each([
    [
      "10.244.3.0/24",
      "overlapping-ranges pods of kubernetes: pods of kubernetes (10.244.0.0/16, kubernetes stack) overlaps dev/clients (10.244.3.0/24, swarm stack): give one of them a range of its own.",
    ],
    [
      "10.100.102.0/24",
      "overlapping-ranges dev/servers: dev/servers (10.100.102.0/24, kubernetes stack) overlaps dev/clients (10.100.102.0/24, swarm stack): give one of them a range of its own.",
    ],
  ])("do not share addresses: %s", (cidr, sentence) => {
    expect(found(undefined, site, kubernetes, swarm(cidr))).toEqual([sentence]);
  });

  test("agree about a network's range", () => {
    const other = stack("swarm", { networks: [network("dev/transit", "10.100.101.0/25")] });
    expect(found(undefined, site, other)).toEqual([
      "overlapping-ranges dev/transit: dev/transit is 10.100.101.0/24 in the site stack and 10.100.101.0/25 in the swarm stack: bring both up from the same settings.",
    ]);
  });

  test("may hold what only up will tell", () => {
    const later = "(known after up)";
    expect(found(undefined, site, swarm(later))).toEqual([]);
    expect(found(JSON.parse(JSON.stringify(reference()).replaceAll("10.100.102.12", later)))).toEqual([]);
    expect(found(JSON.parse(JSON.stringify(reference()).replaceAll("eth1", later)))).toEqual([]);
  });
});

describe("the path that a preview means to publish", () => {
  const { routes = [], ...facts } = recorded();
  const [there, back] = routes;
  if (!there || !back) throw new Error("no routes");

  test("leads there and back", () => {
    expect(found({ ...facts, routes: [back] })).toEqual([
      "no-way a: Requests from a to b (10.77.2.1) end at a: no route of a leads there; see to the chain's routes and legs.",
    ]);
    expect(found({ ...facts, routes: [{ ...there, nextHop: "10.77.9.1" }, back] })).toEqual([
      "no-way a: Requests from a to b (10.77.2.1) end at a: its next hop 10.77.9.1 is in no network that it has a leg in; see to the chain's routes and legs.",
    ]);
    expect(found({ ...facts, routes: [there] })).toEqual([
      "no-way-back b: Answers from b (10.77.2.1) to a end at b: no route of b leads there; see to the chain's way back.",
    ]);
  });

  /** A firewall beside the router, by which alone answers come back. */
  const wall = { ...hop("wall", "route", [machine("w", "n1 10.77.1.3", "n2 10.77.2.3")]), stateful: true };

  test("passes every function, and both ways those that keep state", () => {
    const chained = { ...facts, hops: [wall], returnPath: facts.hops, routes };
    expect(found({ ...chained, routes: [{ ...there, nextHop: "10.77.1.3" }, back] })).toEqual([
      "asymmetric-path wall: Answers from b (10.77.2.1) to a go past wall, which keeps state and must see both directions: lead them back through it.",
    ]);
    expect(found(chained)).toEqual([
      "passed-by wall: Requests from a to b (10.77.2.1) do not pass wall: nothing leads them there; see to the chain's routes and legs.",
      "unreached-function wall: Nothing leads to wall: take it out of the chain, or lead packets to it.",
    ]);
  });

  test("is let in by the access rules of every machine on it", () => {
    const shut = JSON.parse(JSON.stringify(reference()));
    for (const { machine: one } of shut.servers) one.legs[0].openPorts = [8080];
    expect(found(shut)).toEqual([
      "closed-port apache-1: Requests from swarm-1 to apache-1 (10.100.102.11) on port 80 are dropped at apache-1, whose access rules in servers open 8080: open it there too (servicePorts).",
      "closed-port apache-2: Requests from swarm-1 to apache-2 (10.100.102.12) on port 80 are dropped at apache-2, whose access rules in servers open 8080: open it there too (servicePorts).",
    ]);
  });
});

describe("a workload that is not to run at all", () => {
  const event = (type: string, inputs: object): EngineEvent =>
    ({
      sequence: 0,
      timestamp: 0,
      resourcePreEvent: { metadata: { type, new: { inputs } } },
    }) as unknown as EngineEvent;
  test.each([
    ["kubernetes:apps/v1:Deployment", { metadata: { name: "quagga" }, spec: { replicas: 0 } }, "spec.replicas"],
    [
      "docker:index/service:Service",
      { name: "nginx", mode: { replicated: { replicas: 0 } } },
      "mode.replicated.replicas",
    ],
  ])("is named: %s", (type, inputs, where) => {
    const [finding, ...more] = stoppedWorkload(event(type, inputs));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ severity: "warning", check: "stopped-workload" });
    expect(finding?.message).toContain(`${where} is 0, so nothing passes it; set how many run to 1 or more`);
  });
  test.each([
    ["kubernetes:apps/v1:Deployment", { metadata: { name: "quagga" }, spec: { replicas: 1 } }],
    ["kubernetes:apps/v1:Deployment", { metadata: { name: "quagga" }, spec: {} }],
    ["docker:index/service:Service", { name: "nginx", mode: { global: true } }],
    ["kubernetes:apps/v1:DaemonSet", { spec: { replicas: 0 } }],
  ])("is none of those that run: %s", (type, inputs) => expect(stoppedWorkload(event(type, inputs))).toEqual([]));
});

describe("a site that is there already", () => {
  const ask = (leftovers: readonly string[], ...deployments: object[]) => {
    const site = { name: "dev", recoveries: [{ leftovers: async () => leftovers }] } as unknown as ConfiguredSite;
    const stacks = deployments.map((deployment) => ({ exportStack: async () => ({ version: 3, deployment }) }));
    return anothersSite(site, stacks as unknown as Parameters<typeof anothersSite>[1]);
  };
  test("is another checkout's where no state here knows anything", async () => {
    for (const states of [[], [{}], [{ resources: [] }, { pending_operations: [] }]])
      expect(await ask(["network a", "container b"], ...states)).toContain(
        "a site 'dev' is there already, and in no stack of this state (network a and 1 more). Take it down where it was made",
      );
  });
  test("is ours where a state knows of anything, and none where nothing is there", async () => {
    expect(await ask(["network a"], {}, { resources: [{}] })).toBeUndefined();
    expect(await ask(["network a"], { pending_operations: [{}] })).toBeUndefined();
    expect(await ask([])).toBeUndefined();
  });
});

test("steps stand in the same order whatever the engine's was", () => {
  const steps = ["b", "a", "c"].map((name) => ({ name, urn: `urn::${name}` }));
  expect(byName(steps)).toEqual(byName([...steps].reverse()));
  expect(byName([{ name: "a", urn: "2" }, ...steps, { name: "a", urn: "1" }]).map(({ urn }) => urn)).toEqual([
    ...["1", "2", "urn::a", "urn::b", "urn::c"],
  ]);
});
