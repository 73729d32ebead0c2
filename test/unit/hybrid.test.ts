import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { configuredSite } from "../../cli/site";
import {
  type HostSettings,
  hosts,
  hybrid,
  InvalidInput,
  KubernetesLayer,
  type KubernetesLayerArgs,
  kubernetesContract,
  kubernetesLayerOf,
  lab,
  Machine,
  Network,
  type Platform,
  platforms,
  publishKubernetes,
  publishSite,
  ServiceLayer,
  Site,
  SwarmLayer,
  siteContract,
} from "../../components";
import { settings } from "../../stacks/settings";
import { type Made, one, record, settled, value } from "./mocks";

const hostKey = "ssh-ed25519 AAAA";
const pool: Record<string, HostSettings> = {
  "apache-1": { hostKey, addresses: ["10.100.102.77"] },
  "apache-2": { hostKey, addresses: ["10.100.102.33"] },
};
const beyond = () =>
  hybrid({ networks: { servers: hosts({ hosts: pool, privateKey: "ENTRY PRIVATE KEY" }) }, otherwise: lab() });
const site = (platform: Platform = beyond()) =>
  new Site("site", { siteName: "across", platform, transitCidr: "10.100.101.0/24" });
const gatewayAddress = "10.100.101.254";

async function chain(args: Partial<KubernetesLayerArgs> = {}) {
  const on = site();
  const { transit } = on;
  const kubernetes = new KubernetesLayer("kubernetes", { transit, gatewayAddress, ...args });
  const swarm = new SwarmLayer("swarm", { transit });
  const service = new ServiceLayer("service", { kubernetes, swarm });
  await value(service.chain.url);
  await value(service.router.routes);
  await settled();
  return { on, kubernetes, swarm, service };
}

async function complaint(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
  throw new Error("nothing was wrong with it");
}

let made: Made[];
beforeEach(() => {
  made = record();
  pulumi.runtime.setAllConfig({});
});
afterEach(settled);
const names = () => made.map((resource) => resource.name);
const stdin = (name: string) => one(made, name).inputs.stdin;

describe("a site on several platforms", () => {
  test("makes each network and machine where it belongs", async () => {
    await chain();
    const of = (type: string) =>
      made
        .filter((resource) => resource.type === type)
        .map((resource) => resource.name)
        .sort();
    expect(of("docker:index/container:Container")).toEqual([
      "kubernetes-cluster-1-container",
      "swarm-client-container",
      "swarm-cluster-1-container",
    ]);
    expect(of("docker:index/network:Network")).toEqual(["site-transit-network", "swarm-clients-network"]);
    expect(of("hybrid-vnf:hosts:Machine")).toEqual(["kubernetes-apache-1", "kubernetes-apache-2"]);
  });

  test("lets its key in on the hosts, and the hosts keep their addresses", async () => {
    const { kubernetes } = await chain();
    expect(kubernetes.servers.addresses).toEqual(["10.100.102.77", "10.100.102.33"]);
    expect(names().filter((name) => name.startsWith("site-key-on-"))).toEqual([
      "site-key-on-apache-1",
      "site-key-on-apache-2",
    ]);
  });

  test("sends what is for the servers through the gateway, and the node has one leg", async () => {
    const { kubernetes, service } = await chain();
    expect(await value(service.router.routes)).toBe("");
    expect(kubernetes.cluster.nodes[0]?.legs.map((leg) => leg.network)).toEqual(["across/transit"]);
    expect(stdin("kubernetes-cluster-1-legs-filter")).toContain("export LEGS='eth0'\n");
    const { spec } = one(made, "service-quagga-deployment").inputs as {
      spec: { template: { spec: { containers: { env: object[] }[] } } };
    };
    expect(spec.template.spec.containers[0]?.env).toEqual([
      { name: "INTERFACES", value: "eth0" },
      { name: "ROUTES_FILE", value: "/etc/hybrid-vnf/routes" },
    ]);
    expect(one(made, "service-quagga-config").inputs.data).toEqual({ routes: "" });
    expect(stdin("service-chain-across-swarm-1-to-10-100-102-0-24-route")).toContain(
      "export DESTINATION='10.100.102.0/24'\nexport NEXT_HOP='10.100.101.10'\n",
    );
    expect(stdin("service-chain-across-kubernetes-1-to-10-100-102-0-24-route")).toContain(
      "export DESTINATION='10.100.102.0/24'\nexport NEXT_HOP='10.100.101.254'\n",
    );
    expect(service.chain.hops.slice(-2).map(({ function: { name }, in: { address } }) => [name, address])).toEqual([
      ["quagga", "10.100.101.10"],
      ["gateway", gatewayAddress],
    ]);
  });

  test("leaves the way back to the servers' default route, or gives them one through their gateway", async () => {
    await chain();
    expect(names().filter((name) => /^service-chain-across-apache/.test(name))).toEqual([]);
    made = record();
    await chain({ gatewayReturnAddress: "10.100.102.254" });
    for (const server of ["apache-1", "apache-2"])
      expect(stdin(`service-chain-across-${server}-to-10-100-101-20-32-route`)).toContain(
        "export DESTINATION='\\''10.100.101.20/32'\\''\nexport NEXT_HOP='\\''10.100.102.254'\\''\n",
      );
  });

  test("a gateway may lead to servers on the same platform too", async () => {
    const kubernetes = new KubernetesLayer("kubernetes", { transit: site(lab()).transit, gatewayAddress });
    await value(kubernetes.cluster.kubeconfig);
    expect(kubernetes.cluster.nodes[0]?.legs.map((leg) => leg.network)).toEqual(["across/transit"]);
  });

  test("tells the other stacks its platforms and its gateway", async () => {
    const { on, kubernetes } = await chain({ gatewayReturnAddress: "10.100.102.254" });
    const published = publishSite(on.transit);
    const read = siteContract.parse("s", await value(published.contract), await value(published.secrets));
    expect(read.facts.platform).toEqual({
      kind: "hybrid",
      facts: { otherwise: { kind: "lab", facts: {} }, networks: { servers: { kind: "hosts", facts: pool } } },
    });
    const again = await platforms.fromFacts(read.facts.platform);
    expect(again.facts).toEqual(on.platform.facts);
    expect(again.platformOf?.("servers").kind).toBe("hosts");
    const side = publishKubernetes(kubernetes, "PRIVATE");
    const back = kubernetesContract.parse("k", await value(side.contract), await value(side.secrets));
    expect(kubernetesLayerOf(back).gateway).toEqual({ address: gatewayAddress, returnAddress: "10.100.102.254" });
  });

  test("networks of one platform are on the same one, also as read by another stack", async () => {
    const facts = { kind: "hosts", facts: pool };
    const otherwise = { kind: "lab", facts: {} };
    const platform = await platforms.fromFacts({
      kind: "hybrid",
      facts: { otherwise, networks: { servers: facts, transit: facts, clients: otherwise } },
    });
    expect(platform.platformOf?.("servers")).toBe(platform.platformOf?.("transit"));
    expect(platform.platformOf?.("clients")).toBe(platform.platformOf?.("moon"));
  });

  test("is what the settings say", async () => {
    pulumi.runtime.setAllConfig({
      "hybrid-vnf:platform": "hybrid",
      "hybrid-vnf:networks": '{"servers":"hosts"}',
      "hybrid-vnf:hosts": JSON.stringify(pool),
    });
    const platform = await platforms.fromSettings("hybrid", settings("site"));
    expect(platform.facts).toEqual(beyond().facts);
  });

  test("asks of this machine only what the lab carries", () => {
    const config = (layer: string, all: Record<string, string>) =>
      [
        layer,
        Object.fromEntries(Object.entries(all).map(([key, text]) => [`hybrid-vnf-${layer}:${key}`, { value: text }])),
      ] as const;
    const of = (all: Record<string, string>) => configuredSite(new Map([config("site", all)]));
    expect(of({ platform: "hybrid", networks: '{"servers":"openstack"}' })).toMatchObject({
      needs: { ranges: true, plugins: ["openstack"], images: ["base", "client", "machine"] },
      ranges: [{ what: "transit" }, { what: "clients" }],
    });
    const none = '{"servers":"openstack","transit":"hosts","clients":"hosts"}';
    expect(of({ platform: "hybrid", networks: none })).toMatchObject({
      needs: { ranges: false, images: ["base", "machine"] },
      ranges: [],
    });
    expect(of({ platform: "hybrid", networks: "{" }).ranges).toHaveLength(3);
    expect(of({})).toMatchObject({ name: "dev", needs: { ranges: true, plugins: [] }, ranges: { length: 3 } });
    expect(of({ platform: "openstack" })).toMatchObject({
      needs: { ranges: false, plugins: ["openstack"], images: ["base"] },
      ranges: [],
    });
  });
});

describe("a site on several platforms is refused when", () => {
  const layer = (args: Partial<KubernetesLayerArgs>) => () =>
    new KubernetesLayer("k", { transit: site().transit, ...args });
  const configured = (all: Record<string, string>) => () => {
    pulumi.runtime.setAllConfig(
      Object.fromEntries(Object.entries(all).map(([key, text]) => [`hybrid-vnf:${key}`, text])),
    );
    const { platform, ...site } = settings("site");
    return platforms.fromSettings(platform, site);
  };
  const cases: [string, () => unknown, string][] = [
    ["it names no network", () => hybrid({ networks: {}, otherwise: lab() }), "networks is empty"],
    [
      "one of its platforms is hybrid",
      () => hybrid({ networks: { servers: beyond() }, otherwise: beyond() }),
      "otherwise is itself made of several platforms: name the platform of each network here\n  - networks.servers is itself",
    ],
    [
      "a node would have legs on two platforms",
      () => new SwarmLayer("s", { transit: site(hybrid({ networks: { clients: lab() }, otherwise: lab() })).transit }),
      'swarm-1 would have legs on 2 platforms ("transit" on lab, "clients" on lab): give it legs on one of them',
    ],
    [
      "a machine would",
      () => {
        const on = site();
        const servers = new Network("servers", { site: on, cidr: "10.100.102.0/24" });
        return new Machine("m", { networks: [on.transit, servers], role: "server", host: 7 });
      },
      'm would have legs on 2 platforms ("transit" on lab, "servers" on hosts)',
    ],
    [
      "the servers are elsewhere and no gateway leads there",
      layer({}),
      "the servers' network 10.100.102.0/24 and transit 10.100.101.0/24 are on different platforms: set gatewayAddress to the address on transit",
    ],
    [
      "the gateway is not on transit",
      layer({ gatewayAddress: "10.100.102.1" }),
      "gatewayAddress is 10.100.102.1, which is no machine's address in transit (10.100.101.0/24)",
    ],
    ["the gateway is no address", layer({ gatewayAddress: "edge" }), '"edge" is not an IPv4 address'],
    [
      "the way back does not begin beside the servers",
      layer({ gatewayAddress, gatewayReturnAddress: gatewayAddress }),
      "gatewayReturnAddress is 10.100.101.254, which is no machine's address in the servers' network (10.100.102.0/24)",
    ],
    [
      "the pods have addresses of the servers beyond the gateway",
      () => new KubernetesLayer("k", { transit: site(lab()).transit, gatewayAddress, serversCidr: "10.244.7.0/24" }),
      'network "servers" 10.244.7.0/24 overlaps network "pods" 10.244.0.0/16',
    ],
    [
      "there is a way back and no way there",
      () => new KubernetesLayer("k", { transit: site(lab()).transit, gatewayReturnAddress: "10.100.102.254" }),
      "gatewayReturnAddress is 10.100.102.254, and there is no gatewayAddress: set both, or neither",
    ],
    [
      "the gateway is the router's own node",
      () => chain({ gatewayAddress: "10.100.101.10" }),
      "gateway has the address 10.100.101.10, which is quagga's own: name a neighbour's",
    ],
    [
      "networks is no object of them",
      configured({ platform: "hybrid", networks: '{"moon":"lab"}' }),
      'hybrid-vnf:networks is "{"moon":"lab"}": it must be an object such as {"servers": "openstack"}',
    ],
    [
      "a network is on a hybrid",
      configured({ platform: "hybrid", networks: '{"servers":"hybrid"}' }),
      "networks names the platform hybrid, which is made of others itself",
    ],
    ["networks is missing", configured({ platform: "hybrid" }), 'set networks, such as {"servers": "hosts"}'],
    [
      "the platform is another one",
      configured({ platform: "lab", networks: '{"servers":"hosts"}' }),
      'platform is "lab" and networks is set: set platform to "hybrid", or remove networks',
    ],
  ];
  test.each(cases)("%s", async (_, work, sentence) => {
    expect(await complaint(work)).toContain(sentence);
  });
});
