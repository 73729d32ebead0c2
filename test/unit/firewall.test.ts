import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  Firewall,
  type FirewallRule,
  lab,
  Machine,
  type MachineLike,
  Network,
  ServiceChain,
  Site,
  WebServers,
} from "../../components";
import { firewallTable } from "../../components/firewall/firewall";
import { type Made, one, record, refusalOf, registered, settled, value } from "./mocks";

let made: Made[];
beforeEach(() => {
  made = record();
});
afterEach(settled);

/** A machine between two networks of the lab. */
function wall(): { readonly machine: Machine; readonly site: Site; readonly inside: Network } {
  const site = new Site("edge", { platform: lab(), transitCidr: "10.7.1.0/24" });
  const inside = new Network("inside", { site, cidr: "10.7.2.0/24" });
  return { site, inside, machine: new Machine("wall", { networks: [site.transit, inside], role: "router", host: 30 }) };
}
const WEB: FirewallRule = { name: "web", from: "transit", to: "inside", protocol: "tcp", ports: [80] };
const golden = (file: string) => path.join(__dirname, "../../components/firewall/test/golden/good", file);

describe("a firewall", () => {
  test("is one script on its machine, which goes with it, and stands in a chain as what routes and keeps state", async () => {
    const { machine, site, inside } = wall();
    const firewall = new Firewall("firewall", { machine, rules: [WEB] });
    await value(firewall.ready);
    expect(registered().filter((urn) => urn.includes("firewall"))).toEqual([
      "hybrid-vnf:firewall:Firewall$command:remote:Command::firewall-table",
      "hybrid-vnf:firewall:Firewall::firewall",
    ]);
    const { inputs } = one(made, "firewall-table");
    expect(inputs).toMatchObject({ create: "bash -s -- create", delete: "bash -s -- delete" });
    expect(inputs.triggers).toEqual(["wall-container-id", "inet hybrid-vnf-firewall", "eth0 eth1"]);
    expect(inputs.stdin).toContain("export TABLE='inet hybrid-vnf-firewall'\nexport LEGS='eth0 eth1'\nexport RULES='");
    expect(inputs.stdin).toContain('iifname "eth0" oifname "eth1" tcp dport 80 counter name rule-web accept');
    expect(firewall).toMatchObject({ name: "firewall", handling: "route", stateful: true });
    expect(firewall.table).toBe("inet hybrid-vnf-firewall");
    expect(firewall.instances.map(({ legs }) => legs.map(({ network }) => network))).toEqual([
      [site.transit.id, inside.id],
    ]);
  });

  test("of a machine that another stack made goes there by a way that may be gone", async () => {
    const { machine } = wall();
    const published: MachineLike = {
      ...machine,
      id: machine.id,
      name: machine.name,
      legs: machine.legs,
      ssh: machine.ssh,
      identity: "1",
      resource: undefined,
    };
    await value(new Firewall("firewall", { machine: published, rules: [] }).ready);
    expect(one(made, "firewall-table").type).toBe("command:local:Command");
  });

  test("changes its table, and nothing else, when a rule does", async () => {
    const stdin = async (rules: readonly FirewallRule[]) => {
      made = record();
      await value(new Firewall("firewall", { machine: wall().machine, rules }).ready);
      return String(one(made, "firewall-table").inputs.stdin);
    };
    const [open, closed] = [await stdin([WEB]), await stdin([{ ...WEB, action: "drop" }])];
    expect(closed).toBe(open.replace("rule-web accept", "rule-web drop"));
  });
});

describe("a chain through a firewall", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const drop = { ...WEB, action: "drop" } as const;
  test.each<[string, FirewallRule[], string?]>([
    ["passes by a rule for its port", [WEB]],
    ["passes by one for all protocols", [{ name: "all", from: "transit", to: "inside" }]],
    ["passes by a range", [{ ...WEB, ports: ["1-1023"] }]],
    ["passes before one that drops the rest", [WEB, { name: "rest", from: "transit", to: "inside", action: "drop" }]],
    ["is closed without a rule", [], 'which has no rule for them from "transit" to "inside"'],
    ["is closed by rules for other ports", [{ ...WEB, ports: [79, "81-90"] }], "which has no rule for them"],
    ["is closed by rules for other protocols", [{ ...WEB, protocol: "udp" }], "which has no rule for them"],
    ["is closed by rules for the other way", [{ ...WEB, from: "inside", to: "transit" }], "which has no rule for them"],
    ["is closed by a rule that drops", [drop], 'whose rule "web" is to drop them'],
    [
      "is closed by the first rule that fits",
      [
        { ...drop, action: "reject" },
        { name: "all", from: "transit", to: "inside" },
      ],
      'whose rule "web" is to reject them',
    ],
  ])("%s", async (_, rules, why) => {
    const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
    const { machine, site, inside } = wall();
    const apache = new WebServers("apache", { network: inside });
    const firewall = new Firewall("firewall", { machine, rules });
    await value(new ServiceChain("web", { from: site.transit, functions: [firewall], to: apache }).url);
    const told = `The chain "web" is closed: requests to port 80 end at firewall, ${why}`;
    expect(warn.mock.calls.map(([message]) => message)).toEqual(why ? [expect.stringContaining(told)] : []);
  });
});

describe("a firewall's table", () => {
  // Each is loaded by the real nft (components/firewall/test.sh).
  const zones = new Map([
    ["outside", ["eth0"]],
    ["inside", ["eth1", "eth2"]],
  ]);
  const between = { from: "outside", to: "inside" };
  test.each<[string, FirewallRule[]]>([
    ["closed.nft", []],
    ["web.nft", [{ ...between, name: "web", protocol: "tcp", ports: [80] }]],
    [
      "every-word.nft",
      [
        { ...between, name: "web", protocol: "tcp", ports: [80, "8000-8010"] },
        { ...between, name: "ssh", protocol: "tcp", ports: [22], action: "reject" },
        { ...between, name: "names", protocol: "udp", ports: [53] },
        { ...between, name: "ping", protocol: "icmp" },
        { ...between, name: "other-tcp", protocol: "tcp", action: "drop" },
        { ...between, name: "rest", action: "reject" },
        { from: "inside", to: "outside", name: "out" },
        { from: "inside", to: "inside", name: "within", protocol: "udp", action: "accept" },
      ],
    ],
  ])("%s", async (file, rules) => {
    const table = `table inet hybrid-vnf-golden {\n${firewallTable(rules, zones)}\n}\n`;
    await expect(table).toMatchFileSnapshot(golden(file));
  });
});

describe("a rule that can never match", () => {
  const PORTS = [1, 2, 3, 4, 5] as const;
  const rule = fc.record({
    from: fc.constantFrom("transit", "inside"),
    protocol: fc.constantFrom("tcp", "udp", "icmp", undefined),
    ports: fc.option(fc.uniqueArray(fc.constantFrom(...PORTS), { minLength: 1 }), { nil: undefined }),
  });
  type Drawn = typeof rule extends fc.Arbitrary<infer T> ? T : never;
  /** All packets there are, as far as rules tell them apart. */
  const packets = ["transit", "inside"].flatMap((from) =>
    ["tcp", "udp", "icmp", "other"].flatMap((protocol) => [0, ...PORTS].map((port) => ({ from, protocol, port }))),
  );
  const fits = (one: Drawn, packet: (typeof packets)[number]) =>
    one.from === packet.from &&
    (one.protocol === undefined || one.protocol === packet.protocol) &&
    (one.ports === undefined || (one.ports as readonly number[]).includes(packet.port));

  test("is refused, and no other, whatever rules there are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rule, { minLength: 1, maxLength: 6 }), async (drawn) => {
        const all = drawn.map((one) => ({
          ...one,
          ports: ["tcp", "udp"].includes(one.protocol ?? "") ? one.ports : undefined,
        }));
        const dead = all.flatMap((one, at) =>
          packets.some((packet) => fits(one, packet) && !all.slice(0, at).some((before) => fits(before, packet)))
            ? []
            : [`"r${at}"`],
        );
        const rules = all.map((one, at) => ({
          ...one,
          to: one.from === "transit" ? "inside" : "transit",
          name: `r${at}`,
        }));
        const legs = ["transit", "inside"].map((name, at) => ({
          ...{ network: `edge/${name}`, cidr: `10.7.${at}.0/24`, address: `10.7.${at}.30`, interface: `eth${at}` },
        }));
        const ssh = { host: "wall", port: 22, user: "root", privateKey: "PRIVATE", hostKey: "ssh-ed25519 AAAA" };
        record();
        const make = () =>
          new Firewall("f", { machine: { id: "edge/wall", name: "wall", legs, ssh, identity: "1" }, rules });
        if (dead.length === 0) await value(make().ready);
        else
          expect(
            refusalOf(make).problems.map((sentence) => /rule ("r\d") can never match/.exec(sentence)?.[1]),
          ).toEqual(dead);
        await settled();
      }),
      { numRuns: 100 },
    );
  });
});
