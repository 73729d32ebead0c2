import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asked } from "../../cli/chain";
import {
  type HostSettings,
  hosts,
  hybrid,
  InvalidInput,
  KubernetesLayer,
  type KubernetesLayerArgs,
  kubernetesContract,
  kubernetesSideOf,
  lab,
  type Platform,
  publishKubernetes,
  publishSite,
  ServiceLayer,
  Site,
  SwarmLayer,
  siteContract,
} from "../../components";
import { platformFrom, platformOf, settings } from "../../stacks/settings";
import { type Made, one, record, settled, value } from "./mocks";

const hostKey = "ssh-ed25519 AAAA";
const pool: Record<string, HostSettings> = {
  "apache-1": { hostKey, addresses: ["10.100.102.77"] },
  "apache-2": { hostKey, addresses: ["10.100.102.33"] },
};
const beyond = () => hybrid({ networks: { servers: hosts({ hosts: pool, privateKey: "ENTRY" }) }, otherwise: lab() });
const site = (platform: Platform = beyond()) =>
  new Site("site", { name: "across", platform, transit: "10.100.101.0/24" });
const gateway = "10.100.101.254";

async function chain(args: Partial<KubernetesLayerArgs> = {}) {
  const on = site();
  const kubernetes = new KubernetesLayer("kubernetes", { site: on, gateway, ...args });
  const swarm = new SwarmLayer("swarm", { site: on });
  const service = new ServiceLayer("service", { kubernetes, swarm, transit: on.transit });
  await value(service.url);
  await value(service.routes);
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
      "client-container",
      "kubernetes-1-container",
      "swarm-1-container",
    ]);
    expect(of("docker:index/network:Network")).toEqual(["clients-network", "transit-network"]);
    expect(of("hybrid-vnf:hosts:Machine")).toEqual(["apache-1", "apache-2"]);
  });

  test("lets its key in on the hosts, and the hosts keep their addresses", async () => {
    const { kubernetes } = await chain();
    expect(kubernetes.servers.map((server) => server.address)).toEqual(["10.100.102.77", "10.100.102.33"]);
    expect(names().filter((name) => name.startsWith("site-key-on-"))).toEqual([
      "site-key-on-apache-1",
      "site-key-on-apache-2",
    ]);
  });

  test("sends what is for the servers through the gateway, and the node has one leg", async () => {
    const { kubernetes, service } = await chain();
    expect(await value(service.routes)).toBe("10.100.102.0/24 10.100.101.254");
    expect(kubernetes.cluster.nodes[0]?.legs.map((leg) => leg.network)).toEqual(["transit"]);
    expect(stdin("kubernetes-1-legs-filter")).toContain("export LEGS='eth0'\n");
    const { spec } = one(made, "quagga-deployment").inputs as {
      spec: { template: { spec: { containers: { env: object[] }[] } } };
    };
    expect(spec.template.spec.containers[0]?.env).toEqual([
      { name: "INTERFACES", value: "eth0" },
      { name: "ROUTES", value: "10.100.102.0/24 10.100.101.254" },
    ]);
    expect(stdin("nginx-swarm-1-to-servers-route")).toContain(
      "export DESTINATION='10.100.102.0/24'\nexport NEXT_HOP='10.100.101.10'\n",
    );
    expect(service.hops.slice(-2)).toEqual([
      { name: "quagga", address: "10.100.101.10" },
      { name: "gateway", address: gateway },
    ]);
  });

  test("leaves the way back to the servers' default route, or gives them one through their gateway", async () => {
    await chain();
    expect(names().filter((name) => /^nginx-apache/.test(name))).toEqual([]);
    made = record();
    await chain({ back: "10.100.102.254" });
    for (const server of ["apache-1", "apache-2"])
      expect(stdin(`nginx-${server}-to-transit-route`)).toContain(
        "export DESTINATION='\\''10.100.101.0/24'\\''\nexport NEXT_HOP='\\''10.100.102.254'\\''\n",
      );
  });

  test("a gateway may lead to servers on the same platform too", async () => {
    const kubernetes = new KubernetesLayer("kubernetes", { site: site(lab()), gateway });
    await value(kubernetes.cluster.kubeconfig);
    expect(kubernetes.cluster.nodes[0]?.legs.map((leg) => leg.network)).toEqual(["transit"]);
  });

  test("tells the other stacks its platforms and its gateway", async () => {
    const { on, kubernetes } = await chain({ back: "10.100.102.254" });
    const published = publishSite(on);
    const read = siteContract.parse("s", await value(published.contract), await value(published.secrets));
    expect(read.facts.platform).toEqual({
      kind: "hybrid",
      otherwise: { kind: "lab" },
      networks: { servers: { kind: "hosts", hosts: pool } },
    });
    const again = await platformFrom(read.facts.platform);
    expect(again.facts).toEqual(on.platform.facts);
    expect(again.of?.("servers").kind).toBe("hosts");
    const side = publishKubernetes(kubernetes, "PRIVATE");
    const back = kubernetesContract.parse("k", await value(side.contract), await value(side.secrets));
    expect(kubernetesSideOf(back).gateway).toEqual({ nextHop: gateway, back: "10.100.102.254" });
  });

  test("networks of one platform are on the same one, also as read by another stack", async () => {
    const facts = { kind: "hosts", hosts: pool } as const;
    const platform = await platformFrom({
      kind: "hybrid",
      otherwise: { kind: "lab" },
      networks: { servers: facts, transit: facts, clients: { kind: "lab" } },
    });
    expect(platform.of?.("servers")).toBe(platform.of?.("transit"));
    expect(platform.of?.("clients")).toBe(platform.of?.("moon"));
  });

  test("is what the settings say", async () => {
    pulumi.runtime.setAllConfig({
      "hybrid-vnf:platform": "hybrid",
      "hybrid-vnf:networks": '{"servers":"hosts"}',
      "hybrid-vnf:hosts": JSON.stringify(pool),
    });
    const platform = await platformOf(settings("platform", "networks", "hosts"));
    expect(platform.facts).toEqual(beyond().facts);
  });

  test("asks of this machine only what the lab carries", () => {
    const config = (layer: string, all: Record<string, string>) =>
      [
        layer,
        Object.fromEntries(Object.entries(all).map(([key, text]) => [`hybrid-vnf-${layer}:${key}`, { value: text }])),
      ] as const;
    const of = (all: Record<string, string>) => asked(new Map([config("site", all)]));
    expect(of({ platform: "hybrid", networks: '{"servers":"openstack"}' })).toMatchObject({
      lab: true,
      platforms: ["lab", "openstack"],
      images: ["base", "client", "machine"],
      wanted: [{ what: "transit" }, { what: "clients" }],
    });
    const none = '{"servers":"openstack","transit":"hosts","clients":"hosts"}';
    expect(of({ platform: "hybrid", networks: none })).toMatchObject({
      lab: false,
      images: ["base", "machine"],
      wanted: [],
    });
    expect(of({ platform: "hybrid", networks: "{" }).wanted).toHaveLength(3);
    expect(of({})).toMatchObject({ lab: true, wanted: { length: 3 } });
    expect(of({ platform: "openstack" })).toMatchObject({
      lab: false,
      platforms: ["openstack"],
      images: ["base"],
      wanted: [],
    });
  });
});

describe("a site on several platforms is refused when", () => {
  const layer = (args: Partial<KubernetesLayerArgs>) => () => new KubernetesLayer("k", { site: site(), ...args });
  const configured = (all: Record<string, string>) => () => {
    pulumi.runtime.setAllConfig(
      Object.fromEntries(Object.entries(all).map(([key, text]) => [`hybrid-vnf:${key}`, text])),
    );
    return platformOf(settings("platform", "networks"));
  };
  const cases: [string, () => unknown, string][] = [
    ["it names no network", () => hybrid({ networks: {}, otherwise: lab() }), "networks is empty"],
    [
      "one of its platforms is hybrid",
      () => hybrid({ networks: { servers: beyond() }, otherwise: beyond() }),
      "otherwise is itself hybrid: name the platform of each network here\n  - networks.servers is itself hybrid",
    ],
    [
      "a node would have legs on two platforms",
      () => new SwarmLayer("s", { site: site(hybrid({ networks: { clients: lab() }, otherwise: lab() })) }),
      'swarm-1 would have legs on 2 platforms ("transit" on lab, "clients" on lab): give it legs on one of them',
    ],
    [
      "a machine would",
      () => {
        const on = site();
        const legs = [
          { network: on.transit, address: "10.100.101.7" },
          { network: on.network("servers", "10.100.102.0/24"), address: "10.100.102.7" },
        ];
        return on.platform.machine("m", { site: "s", role: "server", legs, key: on.key }, {});
      },
      'm would have legs on 2 platforms ("transit" on lab, "servers" on hosts)',
    ],
    [
      "the servers are elsewhere and no gateway leads there",
      layer({}),
      "the servers' network 10.100.102.0/24 and transit 10.100.101.0/24 are on different platforms: set gateway to the address on transit",
    ],
    [
      "the gateway is not on transit",
      layer({ gateway: "10.100.102.1" }),
      "gateway is 10.100.102.1, which is no machine's address in transit (10.100.101.0/24)",
    ],
    ["the gateway is no address", layer({ gateway: "edge" }), '"edge" is not an IPv4 address'],
    [
      "the way back does not begin beside the servers",
      layer({ gateway, back: gateway }),
      "back is 10.100.101.254, which is no machine's address in the servers' network (10.100.102.0/24)",
    ],
    [
      "the pods have addresses of the servers beyond the gateway",
      () => new KubernetesLayer("k", { site: site(lab()), gateway, servers: "10.244.7.0/24" }),
      'network "servers" 10.244.7.0/24 overlaps network "pods" 10.244.0.0/16',
    ],
    [
      "there is a way back and no way there",
      () => new KubernetesLayer("k", { site: site(lab()), back: "10.100.102.254" }),
      "back is 10.100.102.254, and there is no gateway: set both, or neither",
    ],
    [
      "the gateway is the router's own node",
      () => chain({ gateway: "10.100.101.10" }),
      "the next hop 10.100.101.10 of 10.100.102.0/24 is the address of kubernetes-1 itself",
    ],
    [
      "networks is no object of them",
      configured({ platform: "hybrid", networks: '{"moon":"lab"}' }),
      'hybrid-vnf:networks is "{"moon":"lab"}": it must be an object such as {"servers": "openstack"}',
    ],
    [
      "a network is on a hybrid",
      configured({ platform: "hybrid", networks: '{"servers":"hybrid"}' }),
      "platforms lab, openstack, hosts; set it with `pulumi config set networks …`",
    ],
    ["networks is missing", configured({ platform: "hybrid" }), 'set networks, such as {"servers": "hosts"}'],
    [
      "the platform is another one",
      configured({ platform: "lab", networks: '{"servers":"hosts"}' }),
      'platform is "lab" and networks names servers: set platform to "hybrid", or remove networks',
    ],
  ];
  test.each(cases)("%s", async (_, work, sentence) => {
    expect(await complaint(work)).toContain(sentence);
  });
});
