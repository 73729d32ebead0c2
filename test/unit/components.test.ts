import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { KubernetesLayer, lab, type Platform, ServiceLayer, Site, SwarmLayer } from "../../components";
import { type Made, one, record, registered, settled, value } from "./mocks";

let made: Made[];
beforeEach(() => {
  made = record();
});

function site(platform: Platform = lab()) {
  return new Site("site", { siteName: "test", platform, transitCidr: "10.100.101.0/24" });
}

interface Chain {
  serverCount?: number;
  workerCount?: number;
  managerCount?: number;
  registry?: string;
  readyTimeoutSeconds?: number;
  port?: number;
}

async function chain(args: Chain = {}) {
  const { registry, readyTimeoutSeconds, port, managerCount, ...rest } = args;
  const { transit } = site();
  const kubernetes = new KubernetesLayer("kubernetes", { transit, readyTimeoutSeconds, ...rest });
  const swarm = new SwarmLayer("swarm", { transit, managerCount });
  const service = new ServiceLayer("service", { kubernetes, swarm, registry, readyTimeoutSeconds, port });
  await value(service.chain.url);
  await value(service.router.routes);
  await settled();
  return { kubernetes, swarm, service };
}

const inputsOf = (name: string) => one(made, name).inputs;
const container = () =>
  (inputsOf("service-quagga-deployment") as { spec: { template: { spec: { containers: object[] } } } }).spec.template
    .spec.containers[0];

/** The inputs that replace a resource of a type when they change, as its provider's schema tells (triggers, forceNew). */
const REPLACING: Readonly<Record<string, readonly string[]>> = {
  "command:local:Command": ["triggers"],
  "command:remote:Command": ["triggers"],
  "docker:index/container:Container": ["name", "hostname", "command", "capabilities", "networksAdvanced", "volumes"],
  "docker:index/network:Network": ["name", "driver", "ipamConfigs"],
  "docker:index/remoteImage:RemoteImage": ["name"],
  "docker:index/service:Service": ["name"],
  "docker:index/volume:Volume": ["name"],
  "kubernetes:apps/v1:DaemonSet": ["metadata"],
  "kubernetes:apps/v1:Deployment": ["metadata"],
  "kubernetes:core/v1:ConfigMap": ["metadata", "data"],
  "kubernetes:core/v1:ServiceAccount": ["metadata"],
  "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole": ["metadata"],
  "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": ["metadata", "roleRef"],
};

describe("the chain", () => {
  test("gives each machine its fixed addresses, transit first on cluster nodes", async () => {
    await chain();
    const legs = (name: string) =>
      (inputsOf(`${name}-container`).networksAdvanced as { name: string; ipv4Address: string }[]).map((leg) => [
        leg.name,
        leg.ipv4Address,
      ]);
    expect(legs("kubernetes-cluster-1")).toEqual([
      ["hybrid-vnf-test-transit", "10.100.101.10"],
      ["hybrid-vnf-test-servers", "10.100.102.10"],
    ]);
    expect(legs("swarm-cluster-1")).toEqual([
      ["hybrid-vnf-test-transit", "10.100.101.20"],
      ["hybrid-vnf-test-clients", "10.100.100.20"],
    ]);
    expect(legs("kubernetes-apache-1")).toEqual([["hybrid-vnf-test-servers", "10.100.102.11"]]);
    expect(legs("kubernetes-apache-2")).toEqual([["hybrid-vnf-test-servers", "10.100.102.12"]]);
    expect(legs("swarm-client")).toEqual([["hybrid-vnf-test-clients", "10.100.100.100"]]);
  });

  test("gives no two machines of a network the same address", async () => {
    await chain({ serverCount: 4, workerCount: 2, managerCount: 3 });
    const addresses = made
      .filter((resource) => resource.type === "docker:index/container:Container")
      .flatMap(({ inputs }) => (inputs.networksAdvanced as { ipv4Address: string }[]).map((leg) => leg.ipv4Address));
    expect(addresses.length).toBe(4 + 2 * 3 + 2 * 3 + 1);
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  test("computes the router's routes from the servers' network and the node's interface there", async () => {
    await chain();
    const deployment = inputsOf("service-quagga-deployment") as {
      spec: {
        template: {
          spec: {
            hostNetwork: boolean;
            containers: { env: { name: string; value: string }[]; securityContext: object }[];
          };
        };
      };
    };
    const pod = deployment.spec.template.spec;
    expect(pod.hostNetwork).toBe(true);
    expect(pod.containers[0]?.securityContext).toMatchObject({ privileged: false, readOnlyRootFilesystem: true });
    expect(pod.containers[0]?.env).toEqual([
      { name: "INTERFACES", value: "eth0,eth1" },
      { name: "ROUTES_FILE", value: "/etc/hybrid-vnf/routes" },
    ]);
    // Not in the pod, so that another route is no other pod; what runs is told of it.
    expect(inputsOf("service-quagga-config").data).toEqual({ routes: "10.100.102.0/24 dev eth1" });
    expect(inputsOf("service-quagga-routes").stdin).toContain("export ROUTES='10.100.102.0/24 dev eth1'");
  });

  test("hands every server's address to the balancer", async () => {
    await chain({ serverCount: 3 });
    const service = inputsOf("service-nginx-service") as { taskSpec: { containerSpec: { env: { SERVERS: string } } } };
    expect(service.taskSpec.containerSpec.env.SERVERS).toBe("10.100.102.11,10.100.102.12,10.100.102.13");
  });

  test("gives the balancer no more than its image's test gives it", async () => {
    await chain({});
    const { containerSpec } = inputsOf("service-nginx-service").taskSpec as { containerSpec: Record<string, unknown> };
    const tried = readFileSync(join(__dirname, "../../images/nginx/test.sh"), "utf8");
    const capAdds = /^capabilities=\((.*)\)$/m.exec(tried)?.[1]?.split(" ");
    expect(containerSpec).toMatchObject({ readOnly: true, capDrops: ["ALL"], capAdds });
    expect(tried).toContain('--read-only --tmpfs "/run:mode=755,size=1m" --cap-drop ALL');
    expect(containerSpec.mounts).toEqual([
      { type: "tmpfs", target: "/run", tmpfsOptions: { mode: 0o755, sizeBytes: 2 ** 20 } },
    ]);
  });

  test("waits for tasks of the revision that it asks for", async () => {
    const revision = async (args: Chain) => {
      made = record();
      await chain(args);
      const service = inputsOf("service-nginx-service") as { taskSpec: { containerSpec: { env: unknown } } };
      const value = /^export REVISION='([0-9a-f]{12})'$/m.exec(String(inputsOf("service-nginx-converged").stdin))?.[1];
      expect(service.taskSpec.containerSpec.env).toMatchObject({ HYBRID_VNF_REVISION: value });
      return value;
    };
    const first = await revision({});
    expect(await revision({ managerCount: 3, readyTimeoutSeconds: 900 })).toBe(first);
    expect(await revision({ port: 8080 })).not.toBe(first);
    expect(await revision({ serverCount: 3 })).not.toBe(first);
  });

  test("steers the swarm's packets to the router's leg on transit, and the servers' answers to its leg beside them", async () => {
    await chain();
    expect(inputsOf("service-chain-test-swarm-1-to-10-100-102-0-24-route").stdin).toContain(
      "export DESTINATION='10.100.102.0/24'\nexport NEXT_HOP='10.100.101.10'\n",
    );
    expect(inputsOf("service-chain-test-apache-2-to-10-100-101-20-32-route").stdin).toContain(
      "export DESTINATION='10.100.101.20/32'\nexport NEXT_HOP='10.100.102.10'\n",
    );
  });

  test("closes the way between all legs of each Kubernetes node", async () => {
    await chain({ workerCount: 1 });
    for (const node of ["kubernetes-cluster-1", "kubernetes-cluster-2"])
      expect(inputsOf(`${node}-legs-filter`).stdin).toContain("export LEGS='eth0 eth1'\n");
  });

  test("workers join by a command of their own, and bring flannel", async () => {
    await chain({ workerCount: 2 });
    expect(inputsOf("kubernetes-cluster-3-join").stdin).toContain("JOIN_COMMAND='kubeadm join'");
    expect(inputsOf("kubernetes-cluster-1-control-plane").stdin).toContain("export CNI='flannel'\n");
    expect(made.map((resource) => resource.name)).toContain("kubernetes-cluster-flannel-daemonset");
    // The control plane's node is kept free of ordinary pods then, and the router must run there all the same.
    expect(inputsOf("service-quagga-deployment")).toMatchObject({
      spec: { template: { spec: { tolerations: [{ key: "node-role.kubernetes.io/control-plane" }] } } },
    });
  });

  test("nodes and the balancer have the time that they are given", async () => {
    await chain({ workerCount: 1, readyTimeoutSeconds: 900 });
    for (const name of ["kubernetes-cluster-1-control-plane", "kubernetes-cluster-2-join", "service-nginx-converged"])
      expect(inputsOf(name).stdin).toContain("export READY_TIMEOUT='900'\n");
  });

  test("a worker is known to others once it has joined, and no sooner", async () => {
    let joined = () => {};
    const join = new Promise<void>((resolve) => {
      joined = resolve;
    });
    record((name) => (name === "kubernetes-cluster-2-join" ? join : undefined));
    const { cluster } = new KubernetesLayer("kubernetes", { transit: site().transit, workerCount: 2 });
    let known = false;
    const second = value(cluster.nodes[1]?.identity ?? "").then(() => {
      known = true;
    });
    await value(cluster.nodes[0]?.identity ?? "");
    await value(cluster.nodes[2]?.identity ?? "");
    expect(known).toBe(false);
    joined();
    await second;
  });

  test("further managers join with the managers' token", async () => {
    await chain({ managerCount: 3 });
    expect(inputsOf("swarm-cluster-3-join").stdin).toContain("TOKEN='MANAGER'");
  });

  test("reaches the Swarm over TLS only", async () => {
    await chain();
    expect(inputsOf("swarm-cluster-provider")).toMatchObject({
      host: "tcp://10.100.101.20:2376",
      caMaterial: "-----BEGIN CA",
      keyMaterial: "-----BEGIN KEY",
    });
  });

  test("pins the host key in every connection", async () => {
    await chain({ workerCount: 1, managerCount: 3 });
    const commands = made.filter((resource) => resource.type === "command:remote:Command");
    expect(commands.length).toBeGreaterThan(10);
    for (const { inputs } of commands) expect(inputs.connection).toMatchObject({ hostKey: "ssh-ed25519 AAAA" });
  });

  test("puts no input and no program into a command line", async () => {
    await chain({ workerCount: 1 });
    for (const { inputs } of made.filter((resource) => resource.type.startsWith("command:"))) {
      expect(inputs.create).toBe("bash -s -- create");
      expect([undefined, "bash -s -- delete"]).toContain(inputs.delete);
    }
  });

  test("keeps what prints secrets out of the log", async () => {
    await chain({ workerCount: 1 });
    for (const name of [
      "kubernetes-cluster-kubeconfig",
      "swarm-cluster-credentials",
      "kubernetes-cluster-2-join-command",
      "site-key-keygen",
    ]) {
      expect(inputsOf(name).logging).toBe("none");
    }
  });

  test("hands secrets on as secrets", async () => {
    await chain({ workerCount: 1, managerCount: 3 });
    const secret = (name: string) => one(made, name).secrets;
    expect(secret("swarm-cluster-2-join")).toContain("stdin");
    expect(secret("kubernetes-cluster-2-join")).toContain("stdin");
    expect(secret("service-quagga-image-on-test-kubernetes-1")).toContain("stdin");
    expect(secret("swarm-cluster-provider")).toContain("keyMaterial");
    expect(secret("kubernetes-cluster-provider")).toContain("kubeconfig");
    for (const command of made.filter((resource) => resource.type === "command:remote:Command")) {
      expect(command.secrets, command.name).toContain("connection");
    }
  });

  test("without a registry hands each image to its nodes, and no node pulls", async () => {
    await chain();
    const names = made.map((resource) => resource.name);
    expect(names).toEqual(
      expect.arrayContaining(["service-quagga-image-on-test-kubernetes-1", "service-nginx-image-on-test-swarm-1"]),
    );
    expect(names.filter((name) => name.endsWith("-push"))).toEqual([]);
    expect(container()).toMatchObject({
      image: expect.stringMatching(/^hybrid-vnf\/quagga:[0-9a-f]{12}$/),
      imagePullPolicy: "Never",
    });
  });

  test("hands the router's image over once its node has containerd, while the control plane is still being made", async () => {
    const image = "service-quagga-image-on-test-kubernetes-1";
    let delivered = () => {};
    const delivery = new Promise<void>((resolve) => {
      delivered = resolve;
    });
    let prepared = false;
    let early = false;
    const prepare = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      prepared = true;
    };
    made = record((name) => {
      if (name === "kubernetes-cluster-1-node") return prepare();
      if (name === "kubernetes-cluster-1-control-plane") return delivery;
      if (name === image) {
        early = !prepared;
        delivered();
      }
    });
    await chain();
    expect(early).toBe(false);
    expect(inputsOf(image).triggers).toContain("kubernetes-cluster-1-container-id");
  });

  test("with a registry pushes each image there, and nodes pull it by its digest", async () => {
    await chain({ registry: "registry.example.org:5000/team" });
    expect(made.filter((resource) => /-image-on-/.test(resource.name))).toEqual([]);
    const name = String(inputsOf("service-quagga-image-build").name);
    expect(name).toMatch(/^registry\.example\.org:5000\/team\/hybrid-vnf\/quagga:[0-9a-f]{12}$/);
    expect(inputsOf("service-quagga-image-push").stdin).toContain(
      `export IMAGE='${name}'\nexport IMAGE_ID='sha256:feed'\n`,
    );
    const pulled = "registry.example.org/hybrid-vnf/image@sha256:cafe";
    expect(container()).toMatchObject({ image: pulled, imagePullPolicy: "IfNotPresent" });
    const service = inputsOf("service-nginx-service") as { taskSpec: { containerSpec: { image: string } } };
    expect(service.taskSpec.containerSpec.image).toBe(pulled);
  });

  test("tells the path of a request", async () => {
    const { service } = await chain();
    expect(
      service.chain.hops.map(({ function: { name, handling }, in: ingress, out }) => ({
        name,
        handling,
        ingress,
        out,
      })),
    ).toEqual([
      {
        name: "nginx",
        handling: "proxy",
        ingress: { network: "test/clients", address: "10.100.100.20" },
        out: { network: "test/transit", address: "10.100.101.20" },
      },
      {
        name: "quagga",
        handling: "route",
        ingress: { network: "test/transit", address: "10.100.101.10" },
        out: { network: "test/servers", address: "10.100.102.10" },
      },
    ]);
    expect(await value(service.chain.url)).toBe("http://10.100.100.20");
  });

  test("has the resources of the golden list, replaced for the same reasons: a change there needs a decision, and an alias", async () => {
    await chain({ workerCount: 1, managerCount: 3 });
    const lines = registered().flatMap((urn) => {
      const [type = "", name] = [urn.split("::")[0]?.split("$").pop(), urn.split("::")[1]];
      const inputs = made.find((one) => one.type === type && one.name === name)?.inputs ?? {};
      const replacing = (REPLACING[type] ?? []).filter((key) => inputs[key] !== undefined);
      return [urn, ...replacing.map((key) => `  ${key}: ${JSON.stringify(inputs[key])}`)];
    });
    // What images hold changes with their folders.
    const golden = `${lines.join("\n").replaceAll(/(hybrid-vnf\/\w+):[0-9a-f]{12}/g, "$1:CONTENT")}\n`;
    await expect(golden).toMatchFileSnapshot("golden/resources.txt");
  });
});
