import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  functionsOf,
  lab,
  Machine,
  NatGateway,
  Network,
  publishChain,
  ServiceChain,
  Site,
  serviceContract,
  WebServers,
} from "../../components";
import { natTable } from "../../components/nat/gateway";
import { type Made, one, record, refusalOf, registered, settled, value } from "./mocks";

let made: Made[];
beforeEach(() => {
  made = record();
});
afterEach(settled);

/** A gateway between transit and a network of clients, and servers on either side of it. */
function home() {
  const site = new Site("edge", { platform: lab(), transitCidr: "10.7.1.0/24" });
  const clients = new Network("clients", { site, cidr: "10.7.2.0/24" });
  const machine = new Machine("edge-1", { networks: [site.transit, clients], role: "router", host: 30 });
  const nat = new NatGateway("nat", {
    machine,
    outside: site.transit,
    portForwards: [{ port: 8080, address: "10.7.2.11", targetPort: 80 }],
  });
  return { site, clients, nat };
}

describe("a NAT gateway", () => {
  test("is one script on its machine, and translates what leaves by its leg outside", async () => {
    const { site, nat } = home();
    await value(nat.ready);
    expect(registered().filter((urn) => urn.includes("nat"))).toEqual([
      "hybrid-vnf:nat:NatGateway$command:remote:Command::nat-table",
      "hybrid-vnf:nat:NatGateway::nat",
    ]);
    const { inputs } = one(made, "nat-table");
    expect(inputs.triggers).toEqual(["edge-1-container-id", "inet hybrid-vnf-nat", "eth0 eth1"]);
    expect(inputs.stdin).toContain('iifname "eth1" oifname "eth0" counter name source snat ip to 10.7.1.30');
    expect(nat).toMatchObject({ name: "nat", handling: "translate", outside: site.transit.id });
  });

  test("stands in a chain that leads out by it, whose servers know the way to its own address only", async () => {
    const { site, clients, nat } = home();
    const client = new Machine("client", { networks: [clients], role: "client", host: 100 });
    const to = new WebServers("web", { network: site.transit, serverCount: 1 });
    const chain = new ServiceChain("out", { from: clients, clients: [client], functions: [nat], to });
    expect(chain.routes.map(({ machine, destination, nextHop }) => [machine.name, destination, nextHop])).toEqual([
      ["client", "10.7.1.0/24", "10.7.2.30"],
    ]);
    const { contract } = publishChain(chain);
    const published = (await value(contract)) as Record<string, unknown>;
    const { facts, secrets } = serviceContract.parse("s", published, { privateKey: "PRIVATE" });
    expect(functionsOf({ facts, secrets } as never)[0]?.outside).toBe(site.transit.id);
  });

  test("stands in none that leads out by another leg", () => {
    const { site, clients, nat } = home();
    const to = new WebServers("web", { network: clients, serverCount: 1 });
    expect(refusalOf(() => new ServiceChain("in", { from: site.transit, functions: [nat], to })).problems).toEqual([
      'nat puts its own address into what leaves by "edge/transit", and packets of the chain leave it by "edge/clients": let the chain lead out there, or name "edge/clients" as its outside',
    ]);
  });
});

describe("a gateway's table", () => {
  // Each is loaded by the real nft (components/nftables/test.sh).
  const outside = { interface: "eth0", address: "10.7.1.30" };
  const golden = (file: string) => path.join(__dirname, "../../components/nat/test/golden/good", file);
  test.each<[string, string[], Parameters<typeof natTable>[2]]>([
    ["source.nft", ["eth1"], []],
    [
      "forwards.nft",
      ["eth1", "eth2"],
      [
        { port: 8080, address: "10.7.2.11", targetPort: 80 },
        { port: 53, address: "10.7.2.12", protocol: "udp", translateSource: true },
      ],
    ],
  ])("%s", async (file, within, forwards) => {
    const table = `table inet hybrid-vnf-golden {\n${natTable(outside, within, forwards)}\n}\n`;
    await expect(table).toMatchFileSnapshot(golden(file));
  });
});
