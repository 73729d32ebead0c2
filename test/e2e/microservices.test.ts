import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { OwnCheckout } from "./checkout";
import { aroundTests, Example } from "./example";
import { type Ended, inShell, labelled, ROOT } from "./operator";
import { expectConnected } from "./pods";

const lab = new OwnCheckout("microservices", 100);
const example = new Example("microservices", { checkout: lab });

/** A service as Docker's API has it, as far as a compose file says. */
interface ServiceSpec {
  readonly Mode: unknown;
  readonly TaskTemplate: {
    readonly ContainerSpec: {
      readonly Image: string;
      readonly Env?: readonly string[];
      readonly Secrets?: readonly { readonly File: unknown }[];
      readonly Configs?: readonly { readonly File: unknown }[];
      readonly [field: string]: unknown;
    };
    readonly Resources: unknown;
  };
}

/** What a service is to run, without the names and labels that whoever deployed it gave. */
function wordsOf({ Mode, TaskTemplate: { ContainerSpec, Resources } }: ServiceSpec) {
  const { Image, Env, Command, Args, Mounts, Healthcheck, StopSignal, StopGracePeriod } = ContainerSpec;
  return {
    Mode,
    Resources,
    Image,
    Command,
    Args,
    Mounts,
    Healthcheck,
    StopSignal,
    StopGracePeriod,
    Env: Env?.filter((one) => !one.startsWith("HYBRID_VNF_")),
    Secrets: ContainerSpec.Secrets?.map(({ File }) => File),
    Configs: ContainerSpec.Configs?.map(({ File }) => File),
  };
}

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

  test("a service of the compose file is what the Docker client makes of the same words", () => {
    const { services, configs } = parse(fs.readFileSync(path.join(ROOT, "examples/microservices/store.yaml"), "utf8"));
    const onSwarm = (command: string, input = ""): Ended =>
      inShell("bash", ["-c", `docker exec -i hybrid-vnf-native-swarm-1 bash -c "$1" <<<"$2"`, "bash", command, input]);
    const specOf = (name: string) => {
      const { status, output } = onSwarm(`docker service inspect ${name}`);
      expect(status, output).toBe(0);
      const [{ Spec: spec }] = JSON.parse(output) as [{ Spec: ServiceSpec }];
      return spec;
    };
    const ours = specOf("shop-store");
    const { image, ...store } = services.store;
    expect(image).toBe("nginx:1.22");
    // The same port can be had once on a node; variables and image are as the overrides have them.
    const { Image: overridden } = ours.TaskTemplate.ContainerSpec;
    const same = {
      ...store,
      ports: [],
      image: overridden,
      environment: { GREETING: "hello" },
      // Clients of Docker 20 take no units there.
      volumes: [{ ...store.volumes[0], tmpfs: { size: 16 << 20 } }],
    };
    const stack = {
      version: "3.8",
      services: { store: same },
      configs: { server: configs.server },
      secrets: { signature: { external: true } },
    };
    const deploy = (described: unknown) =>
      onSwarm(
        "cd /tmp/golden && docker stack deploy --resolve-image never --compose-file - golden",
        stringify(described),
      );
    const conf = fs.readFileSync(path.join(ROOT, "examples/microservices/store.conf"), "utf8");
    expect(onSwarm("mkdir -p /tmp/golden && cat >/tmp/golden/store.conf", conf).status).toBe(0);
    expect(onSwarm("docker secret create signature -", "theirs").status).toBe(0);
    try {
      const made = deploy(stack);
      expect(made.status, made.output).toBe(0);
      expect(wordsOf(specOf("golden_store"))).toEqual(wordsOf(ours));
      const refused = deploy({ ...stack, services: { store: { ...same, helthcheck: {} } } });
      expect(refused.status).not.toBe(0);
      expect(refused.output).toContain("helthcheck");
    } finally {
      onSwarm("docker stack rm golden; docker secret rm signature; rm -r /tmp/golden");
    }
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
