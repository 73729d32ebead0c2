import type { EngineEvent } from "@pulumi/pulumi/automation";
import { describe, expect, test } from "vitest";
import { anothersSite } from "../../cli/chain";
import { lint, stoppedWorkload } from "../../cli/lint";
import type { PlannedPath, StackPlan } from "../../cli/plan";
import { byName } from "../../cli/plan";
import type { Machine } from "../../cli/proof/expected";
import type { ConfiguredSite } from "../../cli/site";
import { serviceContract } from "../../components/contracts/service";
import type { LegArgs } from "../../components/machine/leg";
import type { Role } from "../../components/machine/machine";
import { forwardedFrom } from "../../components/platform/openstack/access";
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
    expect(found(JSON.parse(JSON.stringify(reference()).replaceAll("eth1", later)))).toEqual([]);
  });
});

describe("of a path of which not all is known before up", () => {
  const later = "(known after up)";
  const without = (path: PlannedPath, ...texts: string[]): PlannedPath =>
    JSON.parse(texts.reduce((json, text) => json.replaceAll(text, later), JSON.stringify(path)));
  const notLinted = (of: string, connections: string, what: string): string =>
    `not-linted ${of}: Requests from ${connections} are not checked, for only up will tell ${what}: verify after it.`;

  test("the connections that this touches are named, and the others are checked", () => {
    const second = notLinted("apache-2", "swarm-1 to apache-2", "the address of apache-2 in servers");
    const path = without(reference(), "10.100.102.12");
    expect(found(path)).toEqual([second]);
    const routes = path.routes?.filter(({ machine: one }) => one !== "dev/apache-1");
    expect(found({ ...path, routes })).toEqual([
      "no-way-back apache-1: Answers from apache-1 (10.100.102.11) to swarm-1 end at apache-1: no route of apache-1 leads there; see to the chain's way back.",
      second,
    ]);
  });

  test("a machine without a known address takes all that should pass it, and a route its own", () => {
    const kubernetes = JSON.stringify(reference()).replaceAll('"address":"10.100.101.10"', `"address":"${later}"`);
    expect(found(JSON.parse(kubernetes))).toEqual([
      notLinted(
        "kubernetes-1",
        "swarm-1 to apache-1 and swarm-1 to apache-2",
        "the address of kubernetes-1 in transit",
      ),
    ]);
    const { routes = [], ...path } = reference();
    const unsure = routes.map((route) => ({ ...route, nextHop: later }));
    expect(found({ ...path, routes: unsure })).toEqual([
      notLinted("swarm-1", "swarm-1 to apache-1 and swarm-1 to apache-2", "a route of swarm-1"),
    ]);
    const last = routes.map((route) => (route.machine === "dev/apache-2" ? { ...route, nextHop: later } : route));
    expect(found({ ...path, routes: last })).toEqual([
      notLinted("apache-2", "swarm-1 to apache-2", "a route of apache-2"),
    ]);
  });

  test("whoever has no known address may be the neighbour that is missing", () => {
    const { routes = [], ...path } = recorded();
    const astray = { ...path, routes: routes.map((one) => ({ ...one, nextHop: one.nextHop.replace(/2$/, "9") })) };
    expect(found(astray)).toEqual([
      "no-way a: Requests from a to b (10.77.2.1) end at a: nothing on the path has the address 10.77.1.9 in n1; see to the chain's routes and legs.",
    ]);
    const other = hop("other", "route", [machine("o", "n1 10.77.1.8")], [0, 0]);
    expect(found(without({ ...astray, returnPath: [...path.hops, other] }, "10.77.1.8"))).toEqual([
      notLinted("o", "a to b", "the address of o in n1"),
    ]);
  });

  test("servers behind backends that are not known are named", () => {
    const path = reference();
    const [nginx, ...others] = path.hops;
    if (!nginx) throw new Error("no balancer");
    expect(found({ ...path, hops: [{ ...nginx, backends: ["10.100.102.11", later] }, ...others] })).toEqual([
      notLinted("nginx", "nginx to apache-2", "what nginx balances over"),
    ]);
  });

  test("many connections are counted", () => {
    const clients = [30, 31, 32, 33].map((host) => machine(`client-${host}`, `clients 10.100.100.${host}`));
    expect(found(without({ ...reference(), clients }, "10.100.100.20"))).toEqual([
      notLinted(
        "swarm-1",
        "client-30 to swarm-1, client-31 to swarm-1, client-32 to swarm-1 and 3 more",
        "the address of swarm-1 in clients",
      ),
    ]);
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

describe("MTUs along the path", () => {
  const path = (mtus: Readonly<Record<string, number | string>>): PlannedPath => {
    const wide = (one: Machine): Machine => ({
      ...one,
      legs: one.legs.map(
        (leg) => ({ ...leg, mtu: mtus[`${one.name} ${leg.network}`] ?? mtus[leg.network] }) as typeof leg,
      ),
    });
    const { hops, clients, servers, routes = [], ...facts } = recorded();
    expect(hops).toHaveLength(1);
    return {
      ...facts,
      clients: clients.map(wide),
      hops: [
        hop("one", "route", [wide(machine("r1", "n1 10.77.1.2", "n3 10.77.3.1"))]),
        hop("two", "route", [wide(machine("r2", "n3 10.77.3.2", "n2 10.77.2.2"))]),
      ],
      servers: servers.map((one) => (one.machine ? { ...one, machine: wide(one.machine) } : one)),
      routes: [
        ...routes,
        { machine: "dev/r1", destination: "10.77.2.0/24", nextHop: "10.77.3.2" },
        { machine: "dev/r2", destination: "10.77.1.0/24", nextHop: "10.77.3.1" },
      ],
    };
  };
  const narrower = (host: string, network: string): string =>
    `mtu-along-path ${host}: ${host} gets packets of up to 1500 bytes by ${network} (MTU 1500), and n3 takes 1450: they are broken up there, or dropped where they may not be. Give both networks one MTU.`;

  test("are told where a network between both ends takes less than they send, there and back", () => {
    expect(found(path({ n1: 1500, n2: 1500, n3: 1450 }))).toEqual([narrower("r1", "n1"), narrower("r2", "n2")]);
    expect(lint({ stacks: [], pathAfter: path({ n1: 1500, n2: 1500, n3: 1450 }) })[0]?.severity).toBe("warning");
  });
  test("are no matter where an end takes as little, or where they are not known", () => {
    expect(found(path({ n1: 1500, n2: 1450, n3: 1450 }))).toEqual([]);
    expect(found(path({ n1: 1450, n2: 1500, n3: 1450 }))).toEqual([]);
    expect(found(path({ n1: 1500, n2: 1500, n3: 9000 }))).toEqual([]);
    expect(found(path({}))).toEqual([]);
    expect(found(path({ n1: 1500, n2: 1500, n3: "(known after up)" }))).toEqual([]);
    expect(found(path({ n1: 0, n2: 1500, n3: 0 }))).toEqual([]);
  });
  test("are the same for all in a network", () => {
    expect(found(path({ n1: 1500, n2: 1500, n3: 1500, "r2 n3": 9000 }))).toEqual([
      "mtu-in-network r2: r2 takes packets of 9000 bytes in n3 (MTU), and r1 sends 1500 there: give both one MTU.",
      "mtu-in-network r1: r1 takes packets of 1500 bytes in n3 (MTU), and r2 sends 9000 there: give both one MTU.",
    ]);
  });
});

describe("port security", () => {
  /** The same machine as it is on OpenStack. */
  const secured = (role: Role, one: Machine, forwardedRanges: readonly string[] = []): Machine => {
    const legs = one.legs.map(({ network: id, cidr, address }) => ({
      network: { id, name: id, cidr, ref: "" },
      address,
    }));
    const allowed = (at: number): string[] => forwardedFrom(role, legs[at] as LegArgs, legs, forwardedRanges);
    return { ...one, legs: one.legs.map((leg, at) => ({ ...leg, allowedSources: allowed(at) })) };
  };
  /** A client, two routers in a row, a server. */
  const row = (...forwardedRanges: string[]): PlannedPath => {
    const [first, second] = [
      machine("r1", "n1 10.77.1.2", "n2 10.77.2.2"),
      machine("r2", "n2 10.77.2.3", "n3 10.77.3.2"),
    ].map((one) => secured("router", one, forwardedRanges)) as [Machine, Machine];
    return {
      url: "http://10.77.3.1",
      from: "n1",
      clients: [secured("client", machine("a", "n1 10.77.1.1"))],
      hops: [hop("one", "route", [first]), hop("two", "route", [second])],
      servers: [{ name: "b", address: "10.77.3.1", machine: secured("server", machine("b", "n3 10.77.3.1")) }],
      routes: [
        { machine: "dev/a", destination: "10.77.3.0/24", nextHop: "10.77.1.2" },
        { machine: "dev/r1", destination: "10.77.3.0/24", nextHop: "10.77.2.3" },
        { machine: "dev/b", destination: "10.77.1.0/24", nextHop: "10.77.3.2" },
        { machine: "dev/r2", destination: "10.77.1.0/24", nextHop: "10.77.2.2" },
      ],
    };
  };
  const advice = (source: string): string =>
    `name a range with ${source} in forwardedRanges, which routers and Kubernetes nodes forward from; machines of other roles forward nothing.`;

  test("lets out what one router forwards, and not what a second one does without forwardedRanges", () => {
    const { hops, ...path } = recorded();
    const router = secured("router", machine("r", "n1 10.77.1.2", "n2 10.77.2.2"));
    expect(found({ ...path, hops: [hop("quagga", "route", [router])] })).toEqual([]);
    expect(hops).toHaveLength(1);
    expect(found(row())).toEqual([
      `dropped-source r2: Requests from a to b (10.77.3.1) would leave r2 in n3 from 10.77.1.1, and port security lets out 10.77.3.2, 10.77.2.0/24 there: ${advice("10.77.1.1")}`,
    ]);
    expect(found(row("10.77.1.0/24"))).toEqual([
      `dropped-source r1: Answers from b (10.77.3.1) to a would leave r1 in n1 from 10.77.3.1, and port security lets out 10.77.1.2, 10.77.2.0/24, 10.77.1.0/24 there: ${advice("10.77.3.1")}`,
    ]);
    expect(found(row("10.77.1.0/24", "10.77.3.0/24"))).toEqual([]);
  });

  test("lets out a translator's own address, and drops what a machine forwards that is there for no such thing", () => {
    const { hops, ...path } = recorded();
    expect(hops).toHaveLength(1);
    const swarm = secured("swarm", machine("r", "n1 10.77.1.2", "n2 10.77.2.2"));
    const through = (one: Machine, handling: "route" | "translate"): string[] =>
      found({ ...path, hops: [hop("one", handling, [one])] });
    expect(through(swarm, "route")).toEqual([
      `dropped-source r: Requests from a to b (10.77.2.1) would leave r in n2 from 10.77.1.1, and port security lets out 10.77.2.2 there: ${advice("10.77.1.1")}`,
    ]);
    expect(through(secured("router", machine("r", "n1 10.77.1.2", "n2 10.77.2.2")), "translate")).toEqual([]);
  });

  test("is known of a machine that another stack published", () => {
    const published = { layer: "service", version: 3, ...row("10.77.1.0/24") };
    const { facts } = serviceContract.parse("test", JSON.parse(JSON.stringify(published)), {});
    expect(found(facts)).toHaveLength(1);
    const older = JSON.parse(JSON.stringify(published, (key, one) => (key === "allowedSources" ? undefined : one)));
    expect(found(serviceContract.parse("test", older, {}).facts)).toEqual([]);
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
