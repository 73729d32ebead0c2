import { expect } from "vitest";
import { type Ended, eventually } from "./operator";

/** A pod for `kubectl run`, and where it runs. */
interface Pod {
  readonly name: string;
  readonly node: string;
  readonly labels?: string;
}

/** Pods of a cluster that ask one another: those that answer, on port 5353, and those that ask. Their images are on every node. */
export class Pods {
  constructor(private readonly kubectl: (...args: string[]) => Ended) {}

  good(...args: string[]): string {
    const { status, output } = this.kubectl(...args);
    expect(status, output).toBe(0);
    return output;
  }

  private run({ name, node, labels = `app=${name}` }: Pod, image: string, ...command: string[]): void {
    const spec = { nodeName: node, terminationGracePeriodSeconds: 0, tolerations: [{ operator: "Exists" }] };
    this.good(
      ...["run", name, "--image", image, "--image-pull-policy", "Never", "--labels", labels],
      ...["--overrides", JSON.stringify({ spec }), ...command],
    );
  }

  answering(...pods: readonly Pod[]): void {
    for (const pod of pods) this.run(pod, "registry.k8s.io/coredns/coredns:v1.12.1", "--", "-dns.port", "5353");
  }

  asking(...pods: readonly Pod[]): void {
    for (const pod of pods) this.run(pod, "debian:bookworm-slim", "--command", "--", "sleep", "infinity");
  }

  ready(...names: readonly string[]): void {
    this.good("wait", ...names.map((name) => `pod/${name}`), "--for=condition=Ready", "--timeout=60s");
  }

  addressOf(name: string): string {
    return this.good("get", "pod", name, "--output", "jsonpath={.status.podIP}");
  }

  /** Whether a pod gets a connection: to `HOST/PORT`. */
  reaches(name: string, target: string): boolean {
    return this.kubectl("exec", name, "--", "timeout", "2", "bash", "-c", `exec 3<>/dev/tcp/${target}`).status === 0;
  }
}

/** The same for every network of pods: a pod on one node reaches another one on another node (or the same), a Service, and a machine outside. */
export async function expectConnected(
  kubectl: (...args: string[]) => Ended,
  nodes: { readonly answers: string; readonly asks: string },
  outside: string,
): Promise<void> {
  const pods = new Pods(kubectl);
  pods.answering({ name: "probe", node: nodes.answers });
  pods.good("expose", "pod", "probe", "--port", "80", "--target-port", "5353");
  pods.asking({ name: "prober", node: nodes.asks });
  pods.ready("probe", "prober");
  const service = pods.good("get", "service", "probe", "--output", "jsonpath={.spec.clusterIP}");
  expect(pods.addressOf("probe")).toMatch(/^10\.244\.\d+\.\d+$/);
  // A pod without a probe is ready before it listens, and a node learns of a Service a moment later.
  for (const [what, target] of Object.entries({
    "the other pod": `${pods.addressOf("probe")}/5353`,
    "its Service": `${service}/80`,
    "a machine outside": outside,
  }))
    await eventually(`a pod reaches ${what}`, 60, () => pods.reaches("prober", target) || `no way to ${target}`);
  pods.good("delete", "pod/probe", "pod/prober", "service/probe");
}
