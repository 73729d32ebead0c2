import { readFileSync } from "node:fs";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { PlannedPath } from "../../cli/plan";
import { hostsOf } from "../../cli/proof/expected";
import {
  attachPod,
  KubernetesCluster,
  lab,
  Network,
  NetworkAttachment,
  type NetworkAttachmentArgs,
  publishChain,
  QuaggaRouter,
  ServiceChain,
  Site,
  WebServers,
} from "../../components";
import { commonInterface } from "../../components/attachment/attachment";
import { type CniArgs, cniConfiguration } from "../../components/attachment/configuration";
import { ATTACHMENT_RELEASES, WHEREABOUTS_RELEASE } from "../../components/release";
import { attachmentTools, whereaboutsTools } from "../../toolchain/tools";
import { type Made, one, record, refusalOf, registered, settled, value } from "./mocks";

let made: Made[];
beforeEach(() => {
  made = record();
});
afterEach(settled);

/** What the SR-IOV operator renders of a plugin (sriov-network-operator: bindata, sriov-cni-config.yaml), and nothing else. */
const SRIOV = z.strictObject({
  type: z.literal("sriov"),
  vlan: z.number().int().min(0).max(4094).optional(),
  vlanQoS: z.number().optional(),
  vlanProto: z.string().optional(),
  spoofchk: z.enum(["on", "off"]).optional(),
  trust: z.enum(["on", "off"]).optional(),
  min_tx_rate: z.number().optional(),
  max_tx_rate: z.number().optional(),
  link_state: z.enum(["auto", "enable", "disable"]).optional(),
  capabilities: z.record(z.string(), z.boolean()).optional(),
  ipam: z.looseObject({ type: z.string() }),
});

const ROOT = path.join(__dirname, "../..");

/** A cluster between two networks of the lab. */
function ground(workerCount = 0) {
  const site = new Site("edge", { platform: lab(), transitCidr: "10.7.1.0/24" });
  const servers = new Network("servers", { site, cidr: "10.7.2.0/24" });
  const networks = [site.transit, servers];
  const cluster = new KubernetesCluster("k8s", { networks, attachments: true, workerCount });
  return { site, servers, cluster };
}

describe("a cluster with attachments", () => {
  test("has Multus on each node, and the kind of object that it reads", async () => {
    const { cluster } = ground(1);
    await value(cluster.attachments);
    const multus = "hybrid-vnf:kubernetes:KubernetesCluster$hybrid-vnf:kubernetes:Multus";
    expect(registered().filter((urn) => urn.includes("Multus"))).toEqual([
      `${multus}$command:local:Command::k8s-multus-plugins-on-edge-k8s-1`,
      `${multus}$command:local:Command::k8s-multus-plugins-on-edge-k8s-2`,
      `${multus}$command:remote:Command::k8s-multus-on-edge-k8s-1`,
      `${multus}$command:remote:Command::k8s-multus-on-edge-k8s-2`,
      `${multus}$kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition::k8s-multus-definition`,
      `${multus}$kubernetes:rbac.authorization.k8s.io/v1:ClusterRole::k8s-multus-role`,
      `${multus}$kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding::k8s-multus-binding`,
      `${multus}::k8s-multus`,
    ]);
    const { inputs } = one(made, "k8s-multus-plugins-on-edge-k8s-1");
    // What they are known by is their releases, wherever on the operator's host they come from.
    expect(inputs.triggers).toEqual(["multus 4.3.0", "plugins 1.9.1", "k8s-1-container-id"]);
    expect((inputs.environment as { TOOLCHAIN: string }).TOOLCHAIN).toMatch(/toolchain\/node\.ts' 'attachments'$/);
    // Nodes may read what describes an attachment, and nothing else by this.
    expect(one(made, "k8s-multus-role").inputs.rules).toEqual([
      {
        apiGroups: ["k8s.cni.cncf.io"],
        resources: ["network-attachment-definitions"],
        verbs: ["get", "list", "watch"],
      },
    ]);
    expect(one(made, "k8s-multus-binding").inputs.subjects).toEqual([
      { kind: "Group", name: "system:nodes", apiGroup: "rbac.authorization.k8s.io" },
    ]);
  });

  test("is asked for: another one has nothing of it", async () => {
    const site = new Site("edge", { platform: lab(), transitCidr: "10.7.1.0/24" });
    const cluster = new KubernetesCluster("k8s", { networks: [site.transit] });
    await value(cluster.kubeconfig);
    expect(cluster.attachments).toBeUndefined();
    expect(registered().filter((urn) => /multus/i.test(urn))).toEqual([]);
  });

  test("takes the releases that the toolchain has", () => {
    expect(attachmentTools().map(({ name, version }) => [name, version])).toEqual([
      ["multus", ATTACHMENT_RELEASES.multus],
      ["attachment-plugins", ATTACHMENT_RELEASES.plugins],
    ]);
    const pinned = { multus: ["multus-cni.v4", "multus"], "attachment-plugins": ["plugins", "plugins"] } as const;
    for (const [module, [name, release]] of Object.entries(pinned))
      expect(readFileSync(path.join(ROOT, "toolchain", module, "go.mod"), "utf8")).toMatch(
        new RegExp(`/${name} v${ATTACHMENT_RELEASES[release].replaceAll(".", "\\.")}\\b`),
      );
  });
});

describe("a cluster whose nodes agree on addresses", () => {
  test("has whereabouts on each node, an account for it, and the kinds of objects that it keeps", async () => {
    const site = new Site("edge", { platform: lab(), transitCidr: "10.7.1.0/24" });
    const args = { networks: [site.transit], attachments: true, whereabouts: true, workerCount: 1 };
    const cluster = new KubernetesCluster("k8s", args);
    await value(cluster.whereabouts);
    const whereabouts = "hybrid-vnf:kubernetes:KubernetesCluster$hybrid-vnf:kubernetes:Whereabouts";
    const rbac = "kubernetes:rbac.authorization.k8s.io/v1";
    expect(registered().filter((urn) => urn.includes("Whereabouts"))).toEqual([
      `${whereabouts}$command:local:Command::k8s-whereabouts-plugin-on-edge-k8s-1`,
      `${whereabouts}$command:local:Command::k8s-whereabouts-plugin-on-edge-k8s-2`,
      `${whereabouts}$command:remote:Command::k8s-whereabouts-on-edge-k8s-1`,
      `${whereabouts}$command:remote:Command::k8s-whereabouts-on-edge-k8s-2`,
      `${whereabouts}$command:remote:Command::k8s-whereabouts-token-of-the-account`,
      `${whereabouts}$kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition::k8s-whereabouts-ippools`,
      `${whereabouts}$kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition::k8s-whereabouts-overlappingrangeipreservations`,
      `${whereabouts}$kubernetes:coordination.k8s.io/v1:Lease::k8s-whereabouts-lease`,
      `${whereabouts}$kubernetes:core/v1:Secret::k8s-whereabouts-token`,
      `${whereabouts}$kubernetes:core/v1:ServiceAccount::k8s-whereabouts-account`,
      `${whereabouts}$${rbac}:Role::k8s-whereabouts-role`,
      `${whereabouts}$${rbac}:RoleBinding::k8s-whereabouts-binding`,
      `${whereabouts}::k8s-whereabouts`,
    ]);
    const { inputs } = one(made, "k8s-whereabouts-plugin-on-edge-k8s-1");
    expect(inputs.triggers).toEqual([`whereabouts ${WHEREABOUTS_RELEASE}`, "k8s-1-container-id"]);
    // In its own namespace, and of leases but its own one.
    expect(one(made, "k8s-whereabouts-role").inputs).toMatchObject({
      metadata: { namespace: "kube-system" },
      rules: [
        { resources: ["ippools"], verbs: ["get", "list", "create", "patch"] },
        { resources: ["overlappingrangeipreservations"], verbs: ["get", "create", "delete"] },
        { resources: ["leases"], resourceNames: ["whereabouts"], verbs: ["get", "update"] },
      ],
    });
  });

  test("is asked for: attachments alone have nothing of it", async () => {
    const { cluster } = ground();
    await value(cluster.attachments);
    expect(cluster.whereabouts).toBeUndefined();
    expect(registered().filter((urn) => /whereabouts/i.test(urn))).toEqual([]);
  });

  test("stands beside another one in the program, and each gives away addresses of its own", async () => {
    const site = new Site("edge", { platform: lab(), transitCidr: "10.7.1.0/24" });
    const given = [0, 1].map((at) => {
      const args = { networks: [site.transit], attachments: true, whereabouts: true, firstHost: 11 + 10 * at };
      const cluster = new KubernetesCluster(`k${at}`, args);
      const pool = { ipam: "whereabouts", firstHost: 50 + 10 * at, lastHost: 59 + 10 * at } as const;
      return new NetworkAttachment(`on-k${at}`, { cluster, network: site.transit, ...pool });
    });
    const ranges = await Promise.all(given.map(({ configuration }) => value(configuration)));
    expect(ranges.map((text) => JSON.parse(text).plugins[0].ipam)).toMatchObject([
      { range_start: "10.7.1.50", range_end: "10.7.1.59" },
      { range_start: "10.7.1.60", range_end: "10.7.1.69" },
    ]);
    for (const [at, { ready }] of given.entries()) {
      await value(ready);
      expect(one(made, `k${at}-whereabouts-lease`).inputs.metadata).toMatchObject({ namespace: "kube-system" });
    }
  });

  test("takes the release that the toolchain has", () => {
    expect(whereaboutsTools().map(({ name, version }) => [name, version])).toEqual([
      ["whereabouts", WHEREABOUTS_RELEASE],
    ]);
    expect(readFileSync(path.join(ROOT, "toolchain/whereabouts/go.mod"), "utf8")).toContain(
      `/whereabouts v${WHEREABOUTS_RELEASE} `,
    );
  });
});

describe("an attachment", () => {
  test("asks its nodes, and then is one object", async () => {
    const { cluster, site } = ground();
    const attachment = new NetworkAttachment("on-transit", { cluster, network: site.transit });
    await value(attachment.ready);
    expect(registered().filter((urn) => urn.includes("NetworkAttachment"))).toEqual([
      "hybrid-vnf:attachment:NetworkAttachment$command:remote:Command::on-transit-on-edge-k8s-1",
      "hybrid-vnf:attachment:NetworkAttachment$kubernetes:k8s.cni.cncf.io/v1:NetworkAttachmentDefinition::on-transit-definition",
      "hybrid-vnf:attachment:NetworkAttachment::on-transit",
    ]);
    expect(one(made, "on-transit-on-edge-k8s-1").inputs.stdin).toContain(
      "export PLUGIN='macvlan'\nexport PARENT='eth0'\nexport BRIDGE='br-on-transit'\nexport NAME='on-transit'\n",
    );
    expect(one(made, "on-transit-definition").inputs).toMatchObject({
      apiVersion: "k8s.cni.cncf.io/v1",
      kind: "NetworkAttachmentDefinition",
      metadata: { name: "on-transit", namespace: "default" },
      spec: { config: await value(attachment.configuration) },
    });
  });

  test("of virtual functions names the operator's pool, by the operator's own annotation", async () => {
    const { cluster, site } = ground();
    const args = { cluster, network: site.transit, plugin: "sriov", resourceName: "intel.com/fast", vlan: 7 } as const;
    await value(new NetworkAttachment("fast", args).ready);
    const { metadata, spec } = one(made, "fast-definition").inputs as {
      metadata: object;
      spec: { config: string };
    };
    expect(metadata).toMatchObject({ annotations: { "k8s.v1.cni.cncf.io/resourceName": "intel.com/fast" } });
    const { cniVersion, name, plugins } = JSON.parse(spec.config);
    expect([cniVersion, name]).toEqual(["1.0.0", "fast"]);
    expect(plugins.map((plugin: unknown) => SRIOV.parse(plugin))).toEqual([
      { type: "sriov", vlan: 7, capabilities: { ips: true }, ipam: { type: "static" } },
    ]);
    expect(() => SRIOV.parse({ ...plugins[0], master: "eth0" })).toThrow("master");
  });

  test("of nodes that call their legs by different names is refused", () => {
    const { cluster, site } = ground(1);
    const named = (second: string) => () =>
      commonInterface(
        "a",
        { cluster, network: site.transit },
        new Map([
          ["k8s-1", "eth0"],
          ["k8s-2", second],
        ]),
      );
    expect(named("eth0")()).toBe("eth0");
    expect(refusalOf(named("ens9")).problems).toEqual([
      expect.stringContaining('call their legs in "transit" by different names (k8s-1: eth0, k8s-2: ens9)'),
    ]);
  });
});

describe("a CNI configuration", () => {
  // Each is given to the real plugin (components/attachment/test.sh, and for whereabouts test/e2e/cluster-network.test.ts).
  const pod = {
    name: "golden",
    parent: "eth0",
    bridge: "br-golden",
    subnet: "172.29.31.0/24",
    ipam: "static",
  } as const;
  const pool = { ipam: "host-local", first: "172.29.31.50", last: "172.29.31.51" } as const;
  test.each<[string, CniArgs]>([
    ["macvlan.json", { ...pod, plugin: "macvlan", mode: "bridge" }],
    ["macvlan-pool.json", { ...pod, ...pool, plugin: "macvlan", mode: "private", mtu: 1400 }],
    ["macvlan-whereabouts.json", { ...pod, ...pool, ipam: "whereabouts", plugin: "macvlan", mode: "bridge" }],
    ["ipvlan.json", { ...pod, plugin: "ipvlan", mode: "l2" }],
    ["bridge.json", { ...pod, plugin: "bridge" }],
    ["bridge-pool.json", { ...pod, ...pool, plugin: "bridge", mtu: 1400 }],
    ["host-device.json", { ...pod, plugin: "host-device", parent: "spare0" }],
  ])("%s", async (file, args) => {
    const text = `${JSON.stringify(JSON.parse(cniConfiguration(args)), undefined, 2)}\n`;
    await expect(text).toMatchFileSnapshot(path.join(ROOT, "components/attachment/test/golden/good", file));
  });
});

describe("a pod with attachments", () => {
  test("asks for its interfaces by name and address, once they are there", async () => {
    const { cluster, site, servers } = ground();
    const more = (args: Partial<NetworkAttachmentArgs>) => ({ cluster, ...args });
    const { annotations, legs } = attachPod("monitor", [
      { attachment: new NetworkAttachment("on-transit", more({ network: site.transit })), host: 41 },
      {
        attachment: new NetworkAttachment(
          "on-servers",
          more({ network: servers, ipam: "host-local", firstHost: 50, lastHost: 60 }),
        ),
        interface: "data0",
      },
    ]);
    expect(legs).toEqual([
      { network: "edge/transit", cidr: "10.7.1.0/24", interface: "net1", address: "10.7.1.41" },
      { network: "edge/servers", cidr: "10.7.2.0/24", interface: "data0" },
    ]);
    expect(JSON.parse((await value(annotations))["k8s.v1.cni.cncf.io/networks"] ?? "")).toEqual([
      { name: "on-transit", namespace: "default", interface: "net1", ips: ["10.7.1.41/24"] },
      { name: "on-servers", namespace: "default", interface: "data0" },
    ]);
    expect(made.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["on-transit-definition", "on-servers-definition"]),
    );
  });
});

describe("a router on attachments", () => {
  async function chained() {
    const { cluster, site, servers } = ground();
    const apache = new WebServers("apache", { network: servers, serverCount: 1 });
    const router = new QuaggaRouter("quagga", {
      cluster,
      attachments: [site.transit, servers].map((network) => ({
        attachment: new NetworkAttachment(`on-${network.name}`, { cluster, network }),
        host: 30,
      })),
    });
    const chain = new ServiceChain("web", { from: site.transit, functions: [router], to: apache });
    await value(chain.url);
    return { router, chain };
  }

  test("is a pod with a network of its own, and forwards between its interfaces", async () => {
    const { router } = await chained();
    const { spec } = one(made, "quagga-deployment").inputs as {
      spec: {
        template: {
          metadata: { annotations: Record<string, string> };
          spec: { hostNetwork?: boolean; containers: { env: { name: string; value: string }[] }[] };
        };
      };
    };
    const { metadata, spec: pod } = spec.template;
    expect(pod.hostNetwork).toBeUndefined();
    expect(pod.containers[0]?.env).toContainEqual({ name: "INTERFACES", value: "net1,net2" });
    expect(JSON.parse(metadata.annotations["k8s.v1.cni.cncf.io/networks"] ?? "")).toMatchObject([
      { name: "on-transit", ips: ["10.7.1.30/24"] },
      { name: "on-servers", ips: ["10.7.2.30/24"] },
    ]);
    expect(await value(router.routes)).toBe("10.7.2.0/24 dev net2");
    expect(router.instances[0]?.machine).toBeUndefined();
  });

  test("stands in a chain by its own addresses, which no route is installed on", async () => {
    const { chain } = await chained();
    expect(chain.hops.map(({ in: entry, out }) => [entry.address, out.address])).toEqual([["10.7.1.30", "10.7.2.30"]]);
    expect(chain.routes.map(({ machine, destination, nextHop }) => [machine.name, destination, nextHop])).toEqual([
      ["apache-1", "10.7.1.0/24", "10.7.2.30"],
    ]);
  });

  test("is asked by verify in its node's place: by its own legs, through the node", async () => {
    const { chain } = await chained();
    const facts = (await value(publishChain(chain).contract)) as unknown as PlannedPath;
    const pod = [...hostsOf(facts).values()].find(({ name }) => name === "quagga")?.machine;
    expect(pod).toMatchObject({
      id: "edge/k8s-1/quagga",
      pod: { deployment: "quagga", namespace: "default" },
      ssh: { host: "10.7.1.10" },
      legs: [
        { address: "10.7.1.30", interface: "net1" },
        { address: "10.7.2.30", interface: "net2" },
      ],
    });
  });
});
