import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { type Ended, eventually } from "./operator";
import { expectConnected } from "./pods";

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

  test("has pods on both nodes that reach each other, services and machines", () =>
    expectConnected(kubectl, { answers: "kubernetes-1", asks: "kubernetes-2" }, "10.110.102.11/80"));

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
