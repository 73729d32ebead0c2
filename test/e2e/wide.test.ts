import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { type Ended, eventually } from "./operator";

const site = "wide";
const lab = new OwnCheckout(site, 110);
const { command, inShell, kubectl, pulumi } = lab;
/** What its clusters of several nodes have otherwise. */
const settings: Record<string, Record<string, string>> = {
  kubernetes: { workerCount: "1", cni: "flannel" },
  swarm: { managerCount: "3" },
};

const on = (machine: string, ...args: string[]): Ended =>
  inShell("docker", ["exec", `hybrid-vnf-${site}-${machine}`, ...args]);

beforeAll(async () => {
  await lab.begin();
  for (const [layer, values] of Object.entries(settings)) {
    const file = path.join(lab.root, "stacks", layer, "Pulumi.dev.yaml");
    const kept = fs
      .readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => !Object.keys(values).some((key) => line.includes(`:${key}:`)));
    const lines = Object.entries(values).map(([key, value]) => `  hybrid-vnf-${layer}:${key}: "${value}"\n`);
    fs.writeFileSync(file, `${kept.join("\n").trimEnd()}\n${lines.join("")}`);
  }
});
afterAll(() => lab.end());

describe("a cluster of several nodes", () => {
  test("comes up with flannel, and the chain goes through its router", async () => {
    const { status, output } = await command("up", ["--requests", "8"]);
    expect(status).toBe(0);
    // Eight to each of the balancer's three addresses.
    expect(output).toMatch(/replies +24 of 24: apache-1 12, apache-2 12/);
    for (const host of [20, 21, 22]) expect(output).toContain(`http://10.110.100.${host}`);
    const nodes = kubectl("wait", "node/kubernetes-1", "node/kubernetes-2", "--for=condition=Ready", "--timeout=60s");
    expect(nodes.status, nodes.output).toBe(0);
  });

  test("has pods on both nodes that reach each other", async () => {
    const pods = [1, 2].map((number) => ({ name: `probe-${number}`, node: `kubernetes-${number}` }));
    for (const { name, node } of pods) {
      const image = ["--image", "registry.k8s.io/coredns/coredns:v1.12.1", "--image-pull-policy", "Never"];
      const made = kubectl(
        ...["run", name, ...image, "--overrides", JSON.stringify({ spec: { nodeName: node } })],
        ...["--", "-dns.port", "5353"],
      );
      expect(made.status, made.output).toBe(0);
    }
    const ready = kubectl("wait", "pod/probe-1", "pod/probe-2", "--for=condition=Ready", "--timeout=60s");
    expect(ready.status, ready.output).toBe(0);
    const facts = pods.map(({ name, node }) => {
      const field = (of: string) => kubectl("get", "pod", name, "--output", `jsonpath={${of}}`).output;
      const id = field(".status.containerStatuses[0].containerID").replace("containerd://", "");
      const tasks = on(node, "ctr", "--namespace", "k8s.io", "tasks", "ls").output;
      return {
        node,
        address: field(".status.podIP"),
        process: new RegExp(`^${id} +(\\d+)`, "m").exec(tasks)?.[1] ?? "",
      };
    });
    const [first, second] = facts;
    expect(first?.address).toMatch(/^10\.244\.\d+\.\d+$/);
    expect(second?.address.split(".")[2]).not.toBe(first?.address.split(".")[2]);
    for (const [from, to] of [
      [first, second],
      [second, first],
    ]) {
      // A pod without a probe is ready before it listens.
      await eventually(`${from?.node} reaches ${to?.node}`, 60, () => {
        const reached = on(
          ...([from?.node, "nsenter", "--net", "--target", from?.process] as [string, ...string[]]),
          ...["timeout", "3", "bash", "-c", `exec 3<>/dev/tcp/${to?.address}/5353`],
        );
        return reached.status === 0 || reached.output;
      });
    }
  });

  const answering = () => {
    const down = [20, 21, 22].filter((host) => {
      const asked = on("client", "curl", "-sS", "--max-time", "3", `http://10.110.100.${host}/`);
      return !/apache-[12]/.test(asked.output);
    });
    return down.length === 0 || `no answer from 10.110.100.${down.join(", .")}`;
  };

  test("has the balancer on every node of its Swarm, also after its tasks ended", async () => {
    const end = "docker rm --force $(docker ps --quiet --filter label=com.docker.swarm.service.name=nginx)";
    for (let at = 0; at < 10; at++) {
      const node = `swarm-${(at % 3) + 1}`;
      expect(on(node, "bash", "-c", end).status).toBe(0);
      await eventually(`after the task on ${node}, ended for the ${at + 1}. time`, 60, answering);
    }
    expect((await command("verify", ["--requests", "4"])).status).toBe(0);
  });

  test("and after a node was started anew; verify names the one that does not answer meanwhile", async () => {
    const node = `hybrid-vnf-${site}-swarm-3`;
    expect(inShell("docker", ["pause", node]).status).toBe(0);
    const { status, output } = await command("verify", ["--requests", "2"]);
    expect(inShell("docker", ["unpause", node]).status).toBe(0);
    expect(status).not.toBe(0);
    expect(output).toMatch(/nginx on swarm-3 \(http:\/\/10\.110\.100\.22\) got no reply/);
    expect(inShell("docker", ["restart", node]).status).toBe(0);
    await eventually("the node's balancer", 120, answering);
  });

  test("up again changes nothing", () => {
    const preview = pulumi("stacks/kubernetes", "preview", "--stack", "dev", "--refresh", "--expect-no-changes");
    expect(preview.status, preview.output).toBe(0);
  });

  test("lets its worker go, and carries the chain on", async () => {
    pulumi("stacks/kubernetes", "config", "set", "--stack", "dev", "workerCount", "0");
    const { status, output } = await command("up", ["--requests", "8"]);
    expect(status).toBe(0);
    expect(output).toMatch(/replies +24 of 24/);
    expect(kubectl("get", "nodes", "--output", "name").output.trim()).toBe("node/kubernetes-1");
    expect(kubectl("get", "pods", "--all-namespaces").output).not.toMatch(/Pending|Terminating/);
  });

  test("down leaves nothing", async () => {
    expect((await command("down", [])).status).toBe(0);
    expect(lab.leftovers()).toEqual([]);
  });
});
