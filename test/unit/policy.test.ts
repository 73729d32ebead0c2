import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { EngineEvent, PreviewOptions } from "@pulumi/pulumi/automation";
import { afterEach, describe, expect, test } from "vitest";
import { findingOf, Policy } from "../../cli/policy";
import {
  KubernetesLayer,
  lab,
  OpenStack,
  type OpenStackArgs,
  type Platform,
  ServiceLayer,
  Site,
  SwarmLayer,
} from "../../components";
import {
  checkResources,
  type FunctionResources,
  podResources,
  serviceResources,
} from "../../components/function/resources";
import { Problems } from "../../components/problem/problem";
import { levelsIn, mandatory } from "../../policy/levels";
import { fromWire } from "../../policy/resource";
import { MACHINE_REPLACEMENT, RULES } from "../../policy/rules";
import { CASES, container, type Inputs, resource } from "../policy/cases";
import { type Made, record, refusalOf, settled, value } from "./mocks";

describe("each rule", () => {
  test("has what passes and what fails", () => {
    expect(Object.keys(CASES).sort()).toEqual(RULES.map(({ name }) => name).sort());
    for (const { passes, fails } of Object.values(CASES))
      expect(Math.min(passes.length, fails.length)).toBeGreaterThan(1);
  });

  const rows = RULES.flatMap((one) => [
    ...(CASES[one.name]?.passes ?? []).map(([what, given]) => [one.name, "lets pass", what, one, given, []] as const),
    ...(CASES[one.name]?.fails ?? []).map(
      ([what, given, words]) => [one.name, "is against", what, one, given, words] as const,
    ),
  ]);
  test.each(rows)("%s %s: %s", (_, verdict, __, one, given, words) => {
    const said = one.check(given);
    expect(said.length > 0).toBe(verdict === "is against");
    for (const text of words) expect(said.join("\n")).toContain(text);
    // Each sentence says what is wrong and, after a colon, what to do.
    for (const sentence of said) expect(sentence).toMatch(/^[^A-Z].*: \S/);
  });
});

describe("a machine that would be made anew", () => {
  const server = (metadata: Inputs) => resource("openstack:compute/instance:Instance", { metadata });
  const machine = (labels: Inputs[]) =>
    container({ labels: [{ label: "hybrid-vnf.role", value: "server" }, ...labels] });
  const allowed = { label: "hybrid-vnf.replaceable", value: "true" };

  test("is refused, and told with why", () => {
    const said = MACHINE_REPLACEMENT.check(server({}), server({}), ["imageName", "userData"]);
    expect(said).toContain("because of imageName, userData");
    expect(said).toContain("hybrid-vnf.replaceable=true");
    expect(MACHINE_REPLACEMENT.check(machine([allowed]), machine([]), [])).toContain("made anew, and what is on it");
  });

  test("is not, where its label allows it", () => {
    expect(MACHINE_REPLACEMENT.check(server({}), server({ "hybrid-vnf.replaceable": "true" }), [])).toBeUndefined();
    expect(MACHINE_REPLACEMENT.check(machine([]), machine([allowed]), [])).toBeUndefined();
  });

  test("is not, where it never ran and the cloud's recovery counts another one", () => {
    expect(MACHINE_REPLACEMENT.check(server({}), server({ "hybrid-vnf.generation": "2" }), [])).toBeUndefined();
    expect(
      MACHINE_REPLACEMENT.check(server({ "hybrid-vnf.generation": "2" }), server({ "hybrid-vnf.generation": "2" }), []),
    ).toBeDefined();
  });

  test("is none where it is no machine", () => {
    expect(MACHINE_REPLACEMENT.check(container({}), container({}), [])).toBeUndefined();
  });

  test("must be protected, or allowed to be lost, for a pack that sees no plan", () => {
    expect(MACHINE_REPLACEMENT.checkAlone(server({}))).toHaveLength(1);
    expect(MACHINE_REPLACEMENT.checkAlone({ ...server({}), isProtected: true })).toEqual([]);
    expect(MACHINE_REPLACEMENT.checkAlone(machine([allowed]))).toEqual([]);
  });
});

describe("what stands in the engine's events", () => {
  const replaced = (op: string, labels: Inputs[] = []) =>
    ({
      resourcePreEvent: {
        metadata: {
          op,
          urn: "urn:pulumi:dev::p::docker:index/container:Container::apache-1-container",
          type: "docker:index/container:Container",
          keys: ["image"],
          old: { inputs: machineInputs() },
          new: { inputs: machineInputs(labels) },
        },
      },
    }) as unknown as EngineEvent;
  const machineInputs = (labels: Inputs[] = []) => ({
    labels: [{ label: "hybrid-vnf.role", value: "server" }, ...labels],
  });

  test("a machine that would be lost is found once, by whatever step", () => {
    const policy = new Policy();
    for (const op of ["delete-replaced", "replace", "create-replacement"]) policy.event(replaced(op));
    expect(policy.findings).toEqual([
      {
        check: "machine-replacement",
        severity: "error",
        subject: 'Container "apache-1-container"',
        message: expect.stringContaining("because of image"),
      },
    ]);
  });

  test("one that is updated, or may be lost, is not", () => {
    const policy = new Policy();
    policy.event(replaced("update"));
    policy.event(replaced("replace", [{ label: "hybrid-vnf.replaceable", value: "true" }]));
    expect(policy.findings).toEqual([]);
  });

  test("before a change that would lose a machine, a preview says so, and the change is not begun", async () => {
    const progress = { line() {}, begin() {}, busy() {}, seen() {}, step() {}, end() {}, close() {} };
    const previewing = (op: string) => ({
      preview: async ({ onEvent }: PreviewOptions = {}) => {
        onEvent?.(replaced(op));
        return { stdout: "", stderr: "", changeSummary: {} };
      },
    });
    await new Policy().foresee("site", previewing("update"), progress);
    await new Policy(() => "advisory").foresee("site", previewing("replace"), progress);
    const lost = new Policy().foresee("site", previewing("replace"), progress);
    await expect(lost).rejects.toThrow(/^site: error: Container "apache-1-container": the machine would be made anew/);
  });

  test("a pack's violation is a finding", () => {
    const policyEvent = {
      resourceUrn: "urn:pulumi:dev::p::a:b/c:D$docker:index/service:Service::web",
      message: "<{%fg 1%}>It is too large.<{%reset%}>\n",
      color: "raw",
      policyName: "size",
      policyPackName: "ours",
      policyPackVersion: "1",
      policyPackVersionTag: "1",
      enforcementLevel: "mandatory" as const,
    };
    const event = { policyEvent, sequence: 1, timestamp: 0 };
    const finding = { check: "ours/size", severity: "error", subject: 'Service "web"', message: "It is too large." };
    expect(findingOf(event)).toEqual(finding);
    expect(findingOf({ ...event, policyEvent: { ...policyEvent, enforcementLevel: "warning" } })?.severity).toBe(
      "warning",
    );
    expect(findingOf({ sequence: 1, timestamp: 0 })).toBeUndefined();
    const policy = new Policy();
    policy.event(event);
    expect(policy.findings).toEqual([finding]);
  });
});

describe("levels", () => {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "hybrid-vnf-policy-")), "policy.json");
  const read = (text: string) => {
    fs.writeFileSync(file, text);
    return levelsIn(file);
  };

  test("are those of Pulumi's own file, in both of its forms", () => {
    const levels = read('{"all": "advisory", "limits": "disabled", "secrets": {"enforcementLevel": "mandatory"}}');
    expect(["limits", "secrets", "pinned-images"].map(levels)).toEqual(["disabled", "mandatory", "advisory"]);
    expect(mandatory("limits")).toBe("mandatory");
    expect(read("{}")("limits")).toBe("mandatory");
  });

  test.each([
    ['{"limit": "advisory"}', ['there is no rule "limit"', 'did you mean "limits"?']],
    [
      '{"limits": "off", "nonsense-at-all": "advisory"}',
      ['"limits" is "off"', '"disabled"', "there are machine-replacement,"],
    ],
    ["[]", ["it must be an object"]],
    ["{", ["it is no JSON"]],
  ])("%s is refused in one sentence each", (text, words) => {
    const { message } = refusalOf(() => read(text));
    for (const word of words) expect(message).toContain(word);
  });

  test("a file that is not there is named", () => {
    expect(refusalOf(() => levelsIn("/nowhere/policy.json")).message).toContain(
      '"/nowhere/policy.json": there is no such file',
    );
  });
});

describe("what a function may take of its nodes", () => {
  const asked = (args: FunctionResources) => {
    const problems = new Problems("it");
    const checked = checkResources(problems, args);
    return { problems: problems.all, pod: podResources(checked), service: serviceResources(checked) };
  };

  test("is limited without being asked for", () => {
    expect(asked({})).toEqual({
      problems: [],
      pod: { limits: { memory: "256Mi" }, requests: { memory: "32Mi", cpu: "20m" } },
      service: {
        limits: { memoryBytes: 268435456 },
        reservation: { memoryBytes: 33554432, nanoCpus: 20_000_000 },
      },
    });
  });

  test("is what is asked for", () => {
    const { pod: told, service: on } = asked({
      memoryLimitMiB: 1024,
      memoryRequestMiB: 64,
      cpuRequest: 0.5,
      cpuLimit: 2,
    });
    expect(told).toEqual({ limits: { memory: "1024Mi", cpu: "2000m" }, requests: { memory: "64Mi", cpu: "500m" } });
    expect(on.limits).toEqual({ memoryBytes: 2 ** 30, nanoCpus: 2_000_000_000 });
  });

  test.each<[FunctionResources, string]>([
    [{ memoryLimitMiB: 8 }, "memoryLimitMiB is 8: it must be a whole number of MiB from 16"],
    [{ memoryLimitMiB: 16 }, "memoryRequestMiB is 32 and memoryLimitMiB is 16: take a limit"],
    [{ cpuLimit: 0 }, "cpuLimit is 0: it must be a number of cores from 0.001 to 1024"],
    [{ cpuRequest: 1, cpuLimit: 0.5 }, "cpuRequest is 1 and cpuLimit is 0.5: take a limit"],
  ])("%j is refused", (args, words) => {
    expect(asked(args).problems.join("\n")).toContain(words);
  });
});

describe("the chain of this repository", () => {
  afterEach(settled);

  /** What the rules have against all that the chain asks for. */
  async function against(platform: Platform): Promise<readonly string[]> {
    const made: Made[] = record();
    const site = new Site("test", { platform, transitCidr: "10.100.101.0/24" });
    const kubernetes = new KubernetesLayer("kubernetes", { transit: site.transit, workerCount: 1 });
    const swarm = new SwarmLayer("swarm", { transit: site.transit, workerCount: 1 });
    const { chain } = new ServiceLayer("service", { kubernetes, swarm });
    await value(chain.url);
    await settled();
    expect(made.length).toBeGreaterThan(40);
    return made.flatMap(({ type, name, wire }) => {
      const asked = { type, name, inputs: fromWire(wire) as Inputs };
      return RULES.flatMap((one) => one.check(asked).map((sentence) => `${name}: ${sentence} (${one.name})`));
    });
  }

  test("has nothing against it in the lab", async () => {
    expect(await against(lab())).toEqual([]);
  });

  const SETTINGS: OpenStackArgs = { access: "direct", operators: ["192.0.2.0/24"], flavor: "m1", image: "machine" };
  test("has nothing against it on OpenStack", async () => {
    expect(await against(new OpenStack(SETTINGS))).toEqual([]);
  });

  test("is refused on OpenStack with SSH for everybody, and without port security beside the servers", async () => {
    const open = await against(
      new OpenStack({ ...SETTINGS, operators: ["0.0.0.0/0"], networks: { servers: { portSecurity: false } } }),
    );
    expect(open.filter((sentence) => sentence.endsWith("(ssh-from-operators)")).length).toBeGreaterThan(3);
    expect(open.filter((sentence) => sentence.endsWith("(port-security)")).length).toBeGreaterThan(3);
    expect(open.every((sentence) => /\((ssh-from-operators|port-security)\)$/.test(sentence))).toBe(true);
  });
});
