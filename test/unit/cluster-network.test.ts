import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  KubernetesCluster,
  type KubernetesClusterArgs,
  lab,
  Network,
  PodRoutes,
  Site,
  WebServers,
} from "../../components";
import { registryOf, withoutWay } from "../../components/kubernetes/manifest";
import { KUBE_ROUTER_RELEASE } from "../../components/release";
import { kubeRouterTools } from "../../toolchain/tools";
import { type Made, one, record, registered, settled, value } from "./mocks";

let made: Made[];
beforeEach(() => {
  made = record();
});
afterEach(settled);

const ROOT = path.join(__dirname, "../..");

function ground(args: Partial<KubernetesClusterArgs>, platform = lab()) {
  const site = new Site("edge", { platform, transitCidr: "10.7.1.0/24" });
  const servers = new Network("servers", { site, cidr: "10.7.2.0/24" });
  const cluster = new KubernetesCluster("k8s", { networks: [site.transit, servers], ...args });
  return { site, servers, cluster };
}

describe("a cluster with kube-router", () => {
  test("hands it to each node, asks each node's kernel, and runs it with few rights", async () => {
    const { cluster } = ground({ cni: "kube-router", workerCount: 1 });
    await value(cluster.kubeconfig);
    await settled();
    const type = "hybrid-vnf:kubernetes:KubernetesCluster$hybrid-vnf:kubernetes:KubeRouter";
    const own = registered().filter((urn) => urn.startsWith(type) && !urn.includes("Image"));
    expect(own).toEqual([
      `${type}$command:local:Command::k8s-kube-router-program-on-edge-k8s-1`,
      `${type}$command:local:Command::k8s-kube-router-program-on-edge-k8s-2`,
      `${type}$command:remote:Command::k8s-kube-router-on-edge-k8s-1`,
      `${type}$command:remote:Command::k8s-kube-router-on-edge-k8s-2`,
      `${type}$kubernetes:apps/v1:DaemonSet::k8s-kube-router-daemonset`,
      `${type}$kubernetes:core/v1:ServiceAccount::k8s-kube-router-account`,
      `${type}$kubernetes:rbac.authorization.k8s.io/v1:ClusterRole::k8s-kube-router-role`,
      `${type}$kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding::k8s-kube-router-binding`,
      `${type}::k8s-kube-router`,
    ]);
    const program = one(made, "k8s-kube-router-program-on-edge-k8s-1").inputs;
    expect(program.stdin).toContain(`FOLDER='/usr/local/lib/hybrid-vnf/kube-router-${KUBE_ROUTER_RELEASE}'`);
    expect((program.environment as { TOOLCHAIN: string }).TOOLCHAIN).toMatch(/node\.ts' 'kube-router'$/);
    expect(one(made, "k8s-1-node").inputs.stdin).toContain("export CNI='kube-router'\n");
    const { spec } = one(made, "k8s-kube-router-daemonset").inputs as {
      spec: {
        template: { spec: { containers: { args: string[]; env: { name: string }[]; securityContext: object }[] } };
      };
    };
    const [container] = spec.template.spec.containers;
    // Services stay kube-proxy's: kernels without IPVS have no other.
    expect(container?.args).toEqual(
      expect.arrayContaining(["--run-service-proxy=false", "--run-firewall=true", "--enable-pod-egress=true"]),
    );
    expect(container?.securityContext).toMatchObject({
      capabilities: { drop: ["ALL"], add: ["NET_ADMIN", "NET_RAW"] },
      readOnlyRootFilesystem: true,
    });
    expect(container?.env.map(({ name }) => name)).not.toContain("ROUTED_TO");
  });

  test("has pods keep their addresses towards the networks that it is routed to", async () => {
    const { cluster, servers } = groundRouted();
    await value(cluster.kubeconfig);
    await settled();
    const text = JSON.stringify(one(made, "k8s-kube-router-daemonset").inputs);
    expect(text).toContain('{"name":"ROUTED_TO","value":"10.7.2.0/24"}');
    expect(text).toContain("--enable-pod-egress=false");
    expect(cluster.routedTo).toEqual([{ id: servers.id, name: "servers", cidr: "10.7.2.0/24" }]);
  });

  test("takes the release that the toolchain has, which nothing else builds", () => {
    const [tool] = kubeRouterTools();
    expect(tool).toMatchObject({ version: KUBE_ROUTER_RELEASE, place: { kind: "node", folder: "kube-router" } });
    expect(readFileSync(path.join(ROOT, "toolchain/kube-router/go.mod"), "utf8")).toContain(
      `github.com/cloudnativelabs/kube-router/v2 v${KUBE_ROUTER_RELEASE}`,
    );
  });

  test("another one has nothing of it", async () => {
    const { cluster } = ground({ workerCount: 1 });
    await value(cluster.kubeconfig);
    await settled();
    expect(registered().filter((urn) => /kube-router/i.test(urn))).toEqual([]);
  });
});

function groundRouted() {
  const site = new Site("edge", { platform: lab(), transitCidr: "10.7.1.0/24" });
  const servers = new Network("servers", { site, cidr: "10.7.2.0/24" });
  const args = { networks: [site.transit, servers], cni: "kube-router", workerCount: 1, routedTo: [servers] } as const;
  return { site, servers, cluster: new KubernetesCluster("k8s", args) };
}

describe("routes to pods", () => {
  test("lead each machine to each node's pods by that node's address beside it", async () => {
    const { cluster, servers } = groundRouted();
    const apache = new WebServers("apache", { network: servers, serverCount: 1 });
    const routes = new PodRoutes("to-pods", { cluster, machines: apache.machines });
    await value(routes.installed);
    expect(await value(routes.ranges)).toEqual({ "k8s-1": "10.244.0.0/24", "k8s-2": "10.244.1.0/24" });
    const [first, second] = [1, 2].map((at) => one(made, `to-pods-edge-apache-1-by-k8s-${at}`).inputs.stdin);
    expect(first).toContain("DESTINATION='10.244.0.0/24'\nexport NEXT_HOP='10.7.2.10'\n");
    expect(second).toContain("DESTINATION='10.244.1.0/24'\nexport NEXT_HOP='10.7.2.100'\n");
  });
});

describe("a cluster with a network of its project's manifest", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "hybrid-vnf-manifest-"));
    writeFileSync(
      path.join(folder, "calico.yaml"),
      `apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: kube-system}
spec:
  template:
    spec:
      initContainers: [{name: install, image: "registry.example.org/calico/cni:v3.30.3"}]
      containers: [{name: node, image: "calico/node:v3.30.3"}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ippools.crd.projectcalico.org}
`,
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const calico = () =>
    ground(
      { cni: "calico", cniManifest: path.join(folder, "calico.yaml"), workerCount: 1 },
      Object.assign(lab(), { unreachable: async () => undefined }),
    );

  test("has its nodes pull the images first, and then the objects, definitions first", async () => {
    const { cluster } = calico();
    await value(cluster.kubeconfig);
    await settled();
    expect(one(made, "k8s-2-images").inputs.stdin).toContain(
      "IMAGES='registry.example.org/calico/cni:v3.30.3 calico/node:v3.30.3'\nexport CNI='calico'\n",
    );
    expect(one(made, "k8s-1-node").inputs.stdin).toContain("export CNI='manifest'\n");
    const names = made.map(({ name }) => name).filter((name) => name.startsWith("k8s-calico-"));
    expect(names).toEqual([
      "k8s-calico-ippools.crd.projectcalico.org-customresourcedefinition",
      "k8s-calico-calico-node-daemonset",
    ]);
    expect(one(made, "k8s-calico-calico-node-daemonset").inputs).toMatchObject({ apiVersion: "apps/v1" });
  });

  test("is refused where the images can't be had", async () => {
    const images = ["registry.example.org/calico/cni:v3.30.3", "calico/node:v3.30.3", "calico/typha:v3.30.3"];
    const asked: string[] = [];
    const platform = {
      unreachable: async (origin: string) => {
        asked.push(origin);
        return origin.includes("example") ? "it is closed" : undefined;
      },
    };
    expect(await withoutWay({ images }, "calico", platform)).toEqual([
      expect.stringMatching(
        /^cni "calico" has its nodes pull images from registry\.example\.org, and it is closed: open the way there, .* or use cni "kube-router"/,
      ),
    ]);
    expect(asked).toEqual(["https://registry.example.org", "https://docker.io"]);
    // A platform that doesn't know leaves it to the nodes.
    expect(await withoutWay({ images }, "calico", {})).toEqual([]);
  });

  test.each([
    ["calico/node:v3.30.3", "docker.io"],
    ["node:v1", "docker.io"],
    ["registry.example.org/calico/node:v1", "registry.example.org"],
    ["localhost/node:v1", "localhost"],
    ["registry:5000/node:v1", "registry:5000"],
  ])("the registry of %s is %s", (image, registry) => expect(registryOf(image)).toBe(registry));
});
