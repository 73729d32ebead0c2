import { describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { aroundTests, Example } from "./example";
import { type Ended, eventually, inShell, labelled } from "./operator";
import { expectConnected, Pods } from "./pods";

const lab = new OwnCheckout("cluster-network", 100);
const example = new Example("cluster-network", { checkout: lab });

const on = (machine: string, ...args: string[]): Ended =>
  inShell("docker", ["exec", `hybrid-vnf-pods-${machine}`, ...args]);
const kubectl = (...args: string[]): Ended =>
  on("k8s-1", "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", ...args);
const pods = new Pods(kubectl);

aroundTests(lab, example);

describe("a cluster whose pods are joined by kube-router", () => {
  test("is refused with a network that knows neither policies nor routes, or is no more", () => {
    for (const [cni, words] of [
      ["flannel", ['cni "flannel" has pods go out in their node\'s name', 'use cni "kube-router"']],
      ["weave", ["Weave Net has ended", '"cilium" and "calico"']],
    ] as const) {
      example.good("config", "set", "cni", cni);
      const { status, output } = example.run("preview");
      expect(status).not.toBe(0);
      for (const word of words) expect(output).toContain(word);
    }
    example.good("config", "rm", "cni");
  });

  test("comes up, and its pods reach one another, services and machines", async () => {
    example.up();
    await expectConnected(kubectl, { answers: "k8s-1", asks: "k8s-2" }, "10.156.102.11/80");
  });

  test("has nodes that tell each other the way, without an overlay", () => {
    expect(on("k8s-1", "ip", "route").output).toMatch(/^10\.244\.\d+\.0\/24 via 10\.156\.101\.100 dev eth\d/m);
    expect(on("k8s-2", "ip", "route").output).toMatch(/^10\.244\.\d+\.0\/24 via 10\.156\.101\.10 dev eth\d/m);
    expect(on("k8s-1", "ip", "-brief", "link").output).not.toMatch(/flannel|tun|vxlan/);
  });

  test("lets in whom a policy names, from another node and from the same one, and nobody else", async () => {
    pods.answering({ name: "web", node: "k8s-1" });
    pods.asking(
      { name: "customer", node: "k8s-2", labels: "role=customer" },
      { name: "neighbour", node: "k8s-1", labels: "role=customer" },
      { name: "stranger", node: "k8s-2", labels: "role=stranger" },
      { name: "lodger", node: "k8s-1", labels: "role=stranger" },
    );
    pods.ready("web", "customer", "neighbour", "stranger", "lodger");
    const target = `${pods.addressOf("web")}/5353`;
    const reach = () => ["customer", "neighbour", "stranger", "lodger"].filter((name) => pods.reaches(name, target));
    await eventually(
      "the policy is kept",
      60,
      () => reach().join() === "customer,neighbour" || `${reach()} reach the pod`,
    );
    // Those that are kept out have a way to others.
    for (const name of ["stranger", "lodger"]) expect(pods.reaches(name, "10.156.102.11/80"), name).toBe(true);
    pods.good("delete", "networkpolicy", "guard");
    await eventually("all reach it", 60, () => reach().length === 4 || `only ${reach()} reach the pod`);
  });

  test("has machines reach pods by routes, and pods seen there by their own addresses", () => {
    const ask = on("apache-1", "timeout", "2", "bash", "-c", `exec 3<>/dev/tcp/${pods.addressOf("web")}/5353`);
    expect(ask.status, ask.output).toBe(0);
    for (const name of ["customer", "lodger"]) {
      pods.good(
        "exec",
        name,
        "--",
        "bash",
        "-c",
        "exec 3<>/dev/tcp/10.156.102.11/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; read -r line <&3",
      );
      const log = on("apache-1", "bash", "-c", "cat /var/log/apache2/*access.log").output;
      expect(log).toContain(` ${pods.addressOf(name)} `);
    }
  });

  test("is put right by another update, and then nothing changes", () => {
    // The policy that was deleted by hand.
    example.good("up", "--yes", "--skip-preview", "--refresh");
    expect(kubectl("get", "networkpolicy", "guard").status).toBe(0);
    example.good("preview", "--refresh", "--expect-no-changes");
  });

  test("goes, with the routes", () => {
    example.down();
    expect(labelled("pods")).toEqual([]);
  });
});
