import { beforeEach, describe, expect, test } from "vitest";
import { KubernetesLayer, lab, type Platform, ServiceLayer, Site, SwarmLayer } from "../../components";
import { type Made, one, record, value } from "./mocks";

let made: Made[];
beforeEach(() => {
  made = record();
});

function site(platform: Platform = lab()) {
  return new Site("site", { name: "test", platform, transit: "10.100.101.0/24" });
}

interface Chain {
  replicas?: number;
  workers?: number;
  managers?: number;
  registry?: string;
  readyTimeout?: number;
  port?: number;
}

async function chain(args: Chain = {}) {
  const ground = site();
  const kubernetes = new KubernetesLayer("kubernetes", {
    site: ground,
    replicas: args.replicas,
    workers: args.workers,
    readyTimeout: args.readyTimeout,
  });
  const swarm = new SwarmLayer("swarm", { site: ground, managers: args.managers });
  const { registry, readyTimeout, port } = args;
  const settings = { registry, readyTimeout, port };
  const service = new ServiceLayer("service", { kubernetes, swarm, transit: ground.transit, ...settings });
  await value(service.url);
  await value(service.routes);
  await new Promise((resolve) => setImmediate(resolve));
  return { kubernetes, swarm, service };
}

const inputsOf = (name: string) => one(made, name).inputs;
const container = () =>
  (inputsOf("quagga-deployment") as { spec: { template: { spec: { containers: object[] } } } }).spec.template.spec
    .containers[0];

describe("the chain", () => {
  test("gives each machine its fixed addresses, transit first on cluster nodes", async () => {
    await chain();
    const legs = (name: string) =>
      (inputsOf(`${name}-container`).networksAdvanced as { name: string; ipv4Address: string }[]).map((leg) => [
        leg.name,
        leg.ipv4Address,
      ]);
    expect(legs("kubernetes-1")).toEqual([
      ["hybrid-vnf-test-transit", "10.100.101.10"],
      ["hybrid-vnf-test-servers", "10.100.102.10"],
    ]);
    expect(legs("swarm-1")).toEqual([
      ["hybrid-vnf-test-transit", "10.100.101.20"],
      ["hybrid-vnf-test-clients", "10.100.100.20"],
    ]);
    expect(legs("apache-1")).toEqual([["hybrid-vnf-test-servers", "10.100.102.11"]]);
    expect(legs("apache-2")).toEqual([["hybrid-vnf-test-servers", "10.100.102.12"]]);
    expect(legs("client")).toEqual([["hybrid-vnf-test-clients", "10.100.100.100"]]);
  });

  test("gives no two machines of a network the same address", async () => {
    await chain({ replicas: 4, workers: 2, managers: 3 });
    const addresses = made
      .filter((resource) => resource.type === "docker:index/container:Container")
      .flatMap(({ inputs }) => (inputs.networksAdvanced as { ipv4Address: string }[]).map((leg) => leg.ipv4Address));
    expect(addresses.length).toBe(4 + 2 * 3 + 2 * 3 + 1);
    expect(new Set(addresses).size).toBe(addresses.length);
  });

  test("computes the router's routes from the servers' network and the node's interface there", async () => {
    await chain();
    const deployment = inputsOf("quagga-deployment") as {
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
    expect(pod.containers[0]?.securityContext).toEqual({ privileged: true });
    expect(pod.containers[0]?.env).toEqual([
      { name: "INTERFACES", value: "eth0,eth1" },
      { name: "ROUTES", value: "10.100.102.0/24 dev eth1" },
    ]);
  });

  test("hands every server's address to the balancer", async () => {
    await chain({ replicas: 3 });
    const service = inputsOf("nginx-service") as { taskSpec: { containerSpec: { env: { SERVERS: string } } } };
    expect(service.taskSpec.containerSpec.env.SERVERS).toBe("10.100.102.11,10.100.102.12,10.100.102.13");
  });

  test("waits for tasks of the revision that it asks for", async () => {
    const revision = async (args: Chain) => {
      made = record();
      await chain(args);
      const service = inputsOf("nginx-service") as { taskSpec: { containerSpec: { env: unknown } } };
      const value = /^export REVISION='([0-9a-f]{12})'$/m.exec(String(inputsOf("nginx-converged").stdin))?.[1];
      expect(service.taskSpec.containerSpec.env).toMatchObject({ HYBRID_VNF_REVISION: value });
      return value;
    };
    const first = await revision({});
    expect(await revision({ managers: 3, readyTimeout: 900 })).toBe(first);
    expect(await revision({ port: 8080 })).not.toBe(first);
    expect(await revision({ replicas: 3 })).not.toBe(first);
  });

  test("steers the swarm's packets to the router's leg on transit, and the servers' answers to its leg beside them", async () => {
    await chain();
    expect(inputsOf("nginx-swarm-1-to-servers-route").stdin).toContain(
      "export DESTINATION='10.100.102.0/24'\nexport NEXT_HOP='10.100.101.10'\n",
    );
    expect(inputsOf("nginx-apache-2-to-transit-route").stdin).toContain(
      "export DESTINATION='10.100.101.0/24'\nexport NEXT_HOP='10.100.102.10'\n",
    );
  });

  test("closes the way between all legs of each Kubernetes node", async () => {
    await chain({ workers: 1 });
    for (const node of ["kubernetes-1", "kubernetes-2"])
      expect(inputsOf(`${node}-legs-filter`).stdin).toContain("export LEGS='eth0 eth1'\n");
  });

  test("workers join by a command of their own, and bring flannel", async () => {
    await chain({ workers: 2 });
    expect(inputsOf("kubernetes-3-join").stdin).toContain("JOIN_COMMAND='kubeadm join'");
    expect(inputsOf("kubernetes-1-control-plane").stdin).toContain("export CNI='flannel'\n");
    expect(made.map((resource) => resource.name)).toContain("kubernetes-flannel-daemonset");
    // The control plane's node is kept free of ordinary pods then, and the router must run there all the same.
    expect(inputsOf("quagga-deployment")).toMatchObject({
      spec: { template: { spec: { tolerations: [{ key: "node-role.kubernetes.io/control-plane" }] } } },
    });
  });

  test("nodes and the balancer have the time that they are given", async () => {
    await chain({ workers: 1, readyTimeout: 900 });
    for (const name of ["kubernetes-1-control-plane", "kubernetes-2-join", "nginx-converged"])
      expect(inputsOf(name).stdin).toContain("export READY_TIMEOUT='900'\n");
  });

  test("a worker is known to others once it has joined, and no sooner", async () => {
    let joined = () => {};
    const join = new Promise<void>((resolve) => {
      joined = resolve;
    });
    record((name) => (name === "kubernetes-2-join" ? join : undefined));
    const { cluster } = new KubernetesLayer("kubernetes", { site: site(), workers: 2 });
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
    await chain({ managers: 3 });
    expect(inputsOf("swarm-3-join").stdin).toContain("TOKEN='MANAGER'");
  });

  test("reaches the Swarm over TLS only", async () => {
    await chain();
    expect(inputsOf("nginx-swarm")).toMatchObject({
      host: "tcp://10.100.101.20:2376",
      caMaterial: "-----BEGIN CA",
      keyMaterial: "-----BEGIN KEY",
    });
  });

  test("pins the host key in every connection", async () => {
    await chain({ workers: 1, managers: 3 });
    const commands = made.filter((resource) => resource.type === "command:remote:Command");
    expect(commands.length).toBeGreaterThan(10);
    for (const { inputs } of commands) expect(inputs.connection).toMatchObject({ hostKey: "ssh-ed25519 AAAA" });
  });

  test("puts no input and no program into a command line", async () => {
    await chain({ workers: 1 });
    for (const { inputs } of made.filter((resource) => resource.type.startsWith("command:"))) {
      expect(inputs.create).toBe("bash -s -- create");
      expect([undefined, "bash -s -- delete"]).toContain(inputs.delete);
    }
  });

  test("keeps what prints secrets out of the log", async () => {
    await chain({ workers: 1 });
    for (const name of ["kubernetes-kubeconfig", "swarm-credentials", "kubernetes-2-join-command", "site-key-keygen"]) {
      expect(inputsOf(name).logging).toBe("none");
    }
  });

  test("hands secrets on as secrets", async () => {
    await chain({ workers: 1, managers: 3 });
    const secret = (name: string) => one(made, name).secrets;
    expect(secret("swarm-2-join")).toContain("stdin");
    expect(secret("kubernetes-2-join")).toContain("stdin");
    expect(secret("quagga-image-on-kubernetes-1")).toContain("stdin");
    expect(secret("nginx-swarm")).toContain("keyMaterial");
    expect(secret("quagga-cluster")).toContain("kubeconfig");
    for (const command of made.filter((resource) => resource.type === "command:remote:Command")) {
      expect(command.secrets, command.name).toContain("connection");
    }
  });

  test("without a registry hands each image to its nodes, and no node pulls", async () => {
    await chain();
    const names = made.map((resource) => resource.name);
    expect(names).toEqual(expect.arrayContaining(["quagga-image-on-kubernetes-1", "nginx-image-on-swarm-1"]));
    expect(names.filter((name) => name.endsWith("-push"))).toEqual([]);
    expect(container()).toMatchObject({
      image: expect.stringMatching(/^hybrid-vnf\/quagga:[0-9a-f]{12}$/),
      imagePullPolicy: "Never",
    });
  });

  test("with a registry pushes each image there, and nodes pull it by its digest", async () => {
    await chain({ registry: "registry.example.org:5000/team" });
    expect(made.filter((resource) => /-image-on-/.test(resource.name))).toEqual([]);
    const name = String(inputsOf("quagga-image-build").name);
    expect(name).toMatch(/^registry\.example\.org:5000\/team\/hybrid-vnf\/quagga:[0-9a-f]{12}$/);
    expect(inputsOf("quagga-image-push").stdin).toContain(`export IMAGE='${name}'\nexport IMAGE_ID='sha256:feed'\n`);
    const pulled = "registry.example.org/hybrid-vnf/image@sha256:cafe";
    expect(container()).toMatchObject({ image: pulled, imagePullPolicy: "IfNotPresent" });
    const service = inputsOf("nginx-service") as { taskSpec: { containerSpec: { image: string } } };
    expect(service.taskSpec.containerSpec.image).toBe(pulled);
  });

  test("tells the way of a request", async () => {
    const { service } = await chain();
    expect(service.hops).toEqual([
      { name: "client", address: "10.100.100.100" },
      { name: "nginx", address: "10.100.100.20" },
      { name: "quagga", address: "10.100.101.10" },
    ]);
    expect(await value(service.url)).toBe("http://10.100.100.20");
  });

  test("names every resource once", async () => {
    await chain({ workers: 1, managers: 3, replicas: 3 });
    const names = made.map((resource) => `${resource.type} ${resource.name}`);
    expect(new Set(names).size).toBe(names.length);
  });
});
