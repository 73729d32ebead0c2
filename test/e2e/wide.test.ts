import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command, type Ended, inShell, labelled, pulumi, ROOT } from "./operator";

/** A second site beside "dev", on ranges of its own, with a cluster of several nodes. */
const site = "wide";
const settings: Record<string, Record<string, string>> = {
  site: { siteName: site, transitCidr: "10.110.101.0/24" },
  kubernetes: { serversCidr: "10.110.102.0/24", workerCount: "1", cni: "flannel" },
  swarm: { clientsCidr: "10.110.100.0/24" },
  service: {},
};
const fileOf = (layer: string) => path.join(ROOT, "stacks", layer, `Pulumi.${site}.yaml`);

const on = (machine: string, ...args: string[]): Ended =>
  inShell("docker", ["exec", `hybrid-vnf-${site}-${machine}`, ...args]);
const kubectl = (...args: string[]) =>
  on("kubernetes-1", "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", ...args);

beforeAll(() => {
  for (const [layer, values] of Object.entries(settings)) {
    const lines = Object.entries(values).map(([key, value]) => `  hybrid-vnf-${layer}:${key}: "${value}"\n`);
    fs.writeFileSync(fileOf(layer), `config:${lines.length > 0 ? "\n" : " {}\n"}${lines.join("")}`);
  }
});

afterAll(async () => {
  await command("down", ["--stack", site, "--force"]);
  for (const layer of Object.keys(settings)) fs.rmSync(fileOf(layer), { force: true });
});

describe("a cluster of several nodes", () => {
  test("comes up with flannel, and the chain goes through its router", async () => {
    const { status, output } = await command("up", ["--stack", site, "--requests", "8"]);
    expect(status).toBe(0);
    expect(output).toMatch(/replies +8 of 8: apache-1 4, apache-2 4/);
    const nodes = kubectl("get", "nodes", "--no-headers").output;
    expect(nodes).toMatch(/^kubernetes-1 +Ready /m);
    expect(nodes).toMatch(/^kubernetes-2 +Ready /m);
  });

  test("has pods on both nodes that reach each other", () => {
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
      const reached = on(
        ...([from?.node, "nsenter", "--net", "--target", from?.process] as [string, ...string[]]),
        ...["timeout", "3", "bash", "-c", `exec 3<>/dev/tcp/${to?.address}/5353`],
      );
      expect(reached.status, `${from?.node} to ${to?.node}: ${reached.output}`).toBe(0);
    }
  });

  test("up again changes nothing", () => {
    const preview = pulumi("stacks/kubernetes", "preview", "--stack", site, "--refresh", "--expect-no-changes");
    expect(preview.status, preview.output).toBe(0);
  });

  test("lets its worker go, and carries the chain on", async () => {
    pulumi("stacks/kubernetes", "config", "set", "--stack", site, "workerCount", "0");
    const { status, output } = await command("up", ["--stack", site, "--requests", "8"]);
    expect(status).toBe(0);
    expect(output).toMatch(/replies +8 of 8/);
    expect(kubectl("get", "nodes", "--output", "name").output.trim()).toBe("node/kubernetes-1");
    expect(kubectl("get", "pods", "--all-namespaces").output).not.toMatch(/Pending|Terminating/);
  });

  test("down leaves nothing", async () => {
    expect((await command("down", ["--stack", site])).status).toBe(0);
    expect(labelled(site)).toEqual([]);
  });
});
