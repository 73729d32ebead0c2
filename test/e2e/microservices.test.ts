import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { aroundTests, Example } from "./example";
import { inShell, labelled, ROOT } from "./operator";
import { expectConnected } from "./pods";

const lab = new OwnCheckout("microservices", 100);
const example = new Example("microservices", { checkout: lab });

describe("a manifest on Kubernetes and a compose file on a Swarm", () => {
  aroundTests(lab, example);

  /** What the catalog on Kubernetes, the store on the Swarm and the teller beside it, which asks the store by its name, answer a client. */
  const asked = () =>
    ["10.140.100.10:30080", "10.140.100.20:8080", "10.140.100.20:8081"].map(
      (address) =>
        inShell("docker", ["exec", "hybrid-vnf-native-client", "curl", "-sS", "--max-time", "5", `http://${address}/`])
          .output,
    );
  const kubectl = (...args: string[]) =>
    inShell("docker", [
      "exec",
      "-i",
      "hybrid-vnf-native-k8s-1",
      "kubectl",
      "--kubeconfig",
      "/etc/kubernetes/admin.conf",
      ...args,
    ]);
  /** What the API server says of a file's objects, which it does not keep. */
  const dryRun = (file: string) => {
    const asked = "kubectl --kubeconfig /etc/kubernetes/admin.conf apply --server-side --force-conflicts";
    const run = `docker exec -i hybrid-vnf-native-k8s-1 ${asked} --dry-run=server --validate=strict -f - < "$0"`;
    return inShell("bash", ["-c", run, path.join(ROOT, file)]);
  };

  /** By and by: a node learns of a Service's pods a moment after they are ready. */
  const become = (answers: string[]) => expect.poll(asked, { timeout: 60_000 }).toEqual(answers);

  test("come up with their overrides, and answer", async () => {
    example.up();
    await become(["catalog: hello\n", "store: hello, yours\n", "store: hello, yours\n"]);
  });

  test("are on a node whose pods reach each other, services and machines by its bridge", () =>
    expectConnected(kubectl, { answers: "k8s-1", asks: "k8s-1" }, "10.140.100.20/8080"));

  test("another preview changes nothing", () => {
    example.good("preview", "--refresh", "--expect-no-changes");
  });

  test("the manifest is one that the API server takes, and one with a field that it does not know is none", () => {
    const good = dryRun("examples/microservices/catalog.yaml");
    expect(good.status, good.output).toBe(0);
    expect(good.output).toContain("deployment.apps/catalog serverside-applied (server dry run)");
    const bad = dryRun("test/e2e/golden/bad/unknown-field.yaml");
    expect(bad.status).not.toBe(0);
    expect(bad.output).toContain("replcas");
  });

  test("other overrides are another revision of each, and nothing else", async () => {
    example.good("config", "set", "greeting", "salve");
    example.good("config", "set", "replicas", "2");
    example.good("config", "set", "--secret", "signature", "mine");
    example.up();
    await become(["catalog: salve\n", "store: salve, mine\n", "store: salve, mine\n"]);
    expect(kubectl("get", "deployment", "catalog", "-o", "jsonpath={.status.readyReplicas}").output).toBe("2");
    example.good("preview", "--expect-no-changes");
  });

  test("go, and leave nothing", () => {
    example.down();
    expect(labelled("native")).toEqual([]);
  });
});
