import * as pulumi from "@pulumi/pulumi";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { configuredSite } from "../../cli/site";
import {
  InvalidInput,
  KubernetesLayer,
  type MachineLike,
  machineId,
  type Platform,
  type PlatformMachineArgs,
  type PlatformModule,
  type PlatformNetworkArgs,
  PlatformRegistry,
  platforms,
  publishSite,
  ServiceLayer,
  Site,
  SwarmLayer,
  siteContract,
  text,
  transitOf,
} from "../../components";
import { hybridPlatform } from "../../components/platform/hybrid/module";
import { labPlatform } from "../../components/platform/lab/module";
import { type Made, record, refusalOf, registered, settled, value } from "./mocks";

/** A platform that only this test knows: what it makes is written down. */
class Ledger implements Platform {
  readonly kind = "ledger";
  readonly written: string[] = [];
  constructor(readonly facts: { readonly book: string }) {}

  network(name: string, { site, role, cidr }: PlatformNetworkArgs): string {
    this.written.push(`network ${name}: ${site} ${role} ${cidr}`);
    return `${this.facts.book}/${role}`;
  }

  machine(name: string, { site, hostname, legs, key }: PlatformMachineArgs): MachineLike {
    this.written.push(`machine ${name}: ${site} ${hostname} ${legs.map(({ address }) => address).join(" ")}`);
    return {
      id: machineId(site, hostname),
      name: hostname,
      legs: legs.map(({ network, address }) => ({
        network: network.id,
        cidr: network.cidr,
        address,
        interface: "en0",
      })),
      ssh: {
        host: legs[0]?.address ?? "",
        port: 22,
        user: "root",
        hostKey: "ssh-ed25519 AAAA",
        privateKey: key.privateKey,
      },
      identity: pulumi.output(hostname),
    };
  }
}

const ledgerSettings = { book: text("The book that is written in.", "blank") };
const ledgerPlatform: PlatformModule<typeof ledgerSettings> = {
  kind: "ledger",
  settings: ledgerSettings,
  needs: { images: ["base"], plugins: ["paper"], ranges: false },
  fromSettings: async ({ book = "" }) => new Ledger({ book }),
  fromFacts: async (facts) => new Ledger(facts as { book: string }),
};

let made: Made[];
beforeEach(() => {
  made = record();
});
afterEach(settled);
afterAll(settled);

describe("a platform of a kind that the library does not know", () => {
  test("is made from settings, carries the whole chain, and is made again from the contract", async () => {
    const registry = new PlatformRegistry([labPlatform, hybridPlatform]);
    registry.register(ledgerPlatform);
    const platform = (await registry.fromSettings("ledger", { book: "red" })) as Ledger;
    const { transit } = new Site("site", { siteName: "rack", platform, transitCidr: "10.100.101.0/24" });
    const published = publishSite(transit);
    const read = siteContract.parse("s", await value(published.contract), await value(published.secrets));
    expect(read.facts.platform).toEqual({ kind: "ledger", facts: { book: "red" } });

    const there = (await registry.fromFacts(read.facts.platform)) as Ledger;
    const on = transitOf(read, there);
    const kubernetes = new KubernetesLayer("kubernetes", { transit: on });
    const swarm = new SwarmLayer("swarm", { transit: on });
    const service = new ServiceLayer("service", { kubernetes, swarm });
    expect(await value(service.chain.url)).toBe("http://10.100.100.20");
    await settled();
    registered();
    expect(platform.written).toEqual(["network site-transit: rack transit 10.100.101.0/24"]);
    expect(there.written).toEqual([
      "network kubernetes-servers: rack servers 10.100.102.0/24",
      "machine kubernetes-apache-1: rack apache-1 10.100.102.11",
      "machine kubernetes-apache-2: rack apache-2 10.100.102.12",
      "machine kubernetes-cluster-1: rack kubernetes-1 10.100.101.10 10.100.102.10",
      "network swarm-clients: rack clients 10.100.100.0/24",
      "machine swarm-cluster-1: rack swarm-1 10.100.101.20 10.100.100.20",
      "machine swarm-client: rack client 10.100.100.100",
    ]);
    expect(made.filter(({ type }) => /docker:.*(Container|Network|Volume)$/.test(type))).toEqual([]);
  });

  test("may carry some networks of a site on several platforms", async () => {
    const registry = new PlatformRegistry([labPlatform, hybridPlatform, ledgerPlatform]);
    const platform = await registry.fromSettings("hybrid", { networks: { servers: "ledger" }, book: "red" });
    expect(platform.platformOf?.("servers").kind).toBe("ledger");
    expect(platform.platformOf?.("transit").kind).toBe("lab");
    const again = await registry.fromFacts({ kind: "hybrid", facts: await value(platform.facts) });
    expect(again.platformOf?.("servers").facts).toEqual({ book: "red" });
  });

  test("is asked by the command for what it needs, like any other", () => {
    platforms.register(ledgerPlatform);
    const site = configuredSite(new Map([["site", { "hybrid-vnf-site:platform": { value: "ledger" } }]]));
    expect(site).toMatchObject({
      needs: { images: ["base"], plugins: ["paper"], ranges: false },
      ranges: [],
      recoveries: [],
    });
  });
});

describe("the registry", () => {
  test("names the kinds that there are when one is not", () => {
    const registry = new PlatformRegistry([labPlatform]);
    expect(refusalOf(() => registry.module("labb")).message).toBe(
      'Platform "labb": there is no such kind of platform (there are: lab): name one of those, or register it (platforms.register)',
    );
  });

  test("takes each kind once", () => {
    const registry = new PlatformRegistry([labPlatform]);
    expect(refusalOf(() => registry.register(labPlatform)).message).toContain(
      '"lab": there is one of that name already (there are: lab): take another name',
    );
  });

  test("takes no kind whose setting another one has", () => {
    const registry = new PlatformRegistry([labPlatform, hybridPlatform]);
    const twin = { ...ledgerPlatform, settings: { ...ledgerSettings, networks: text("Names of networks.") } };
    expect(refusalOf(() => registry.register(twin)).message).toBe(
      'Platform "ledger": its setting "networks" is one of the platform hybrid already: take another name',
    );
    expect(registry.kinds).toEqual(["lab", "hybrid"]);
  });

  test.each([
    ["hybrid", undefined],
    ["hybrid", { otherwise: { kind: "lab" }, networks: { servers: "hosts" } }],
    ["hybrid", { otherwise: { kind: "moon" }, networks: {} }],
    ["hosts", { "apache-1": {} }],
    ["openstack", {}],
    ["moon", {}],
  ])("refuses a contract's %s platform with facts %j in a sentence", async (kind, facts) => {
    await expect(async () => platforms.fromFacts({ kind, facts })).rejects.toThrow(InvalidInput);
  });
});
