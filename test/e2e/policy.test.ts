import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { EngineEvent, PulumiFn } from "@pulumi/pulumi/automation";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findingOf, Policy } from "../../cli/policy";
import rootProgram from "../../index";
import { type PolicyResource, SecretValue, UNKNOWN } from "../../policy/resource";
import { RULES, SECRETS } from "../../policy/rules";
import { CASES } from "../policy/cases";
import { ROOT } from "./operator";
import { Backend, PATIENCE, type Previews } from "./previewed";

/** A resource of any type. */
class Anything extends pulumi.CustomResource {}

const PACK = path.join(ROOT, "policy");

/** The same value as a program has it, where an output stands for what is unknown or secret. */
function asInput(value: unknown): unknown {
  if (value === UNKNOWN) return pulumi.output(pulumi.unknown);
  if (value instanceof SecretValue) return pulumi.secret(asInput(value.value));
  if (Array.isArray(value)) return value.map(asInput);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, asInput(one)]));
}

/** A resource of that type, which needs no provider; of a provider's own, the provider, with something unknown so that nobody is asked. */
function make(name: string, { type, inputs }: PolicyResource): void {
  const props = asInput(inputs) as Record<string, unknown>;
  if (type === "pulumi:providers:docker")
    new docker.Provider(name, { ...props, sshOpts: [pulumi.output(pulumi.unknown)] } as docker.ProviderArgs);
  else new pulumi.ComponentResource(type, name, props);
}

const ALL = RULES.flatMap(({ name }) => {
  const { passes = [], fails = [] } = CASES[name] ?? {};
  return [
    ...passes.map(([what, one]) => ({ rule: name, what, one, isRefused: false })),
    ...fails.map(([what, one]) => ({ rule: name, what, one, isRefused: true })),
  ].map((row, at) => ({ ...row, name: `${name}-${at + 1}` }));
});

/** All cases in one program. */
const everything: PulumiFn = async () => {
  for (const { name, one } of ALL) make(name, one);
};

let backend: Backend;
let stack: Previews;
beforeAll(async () => {
  backend = await Backend.open();
  stack = await backend.stack("policy", "dev");
});
afterAll(() => backend.remove());

/** The rules that stand against resources, as `RESOURCE: RULE`. */
const sorted = (findings: readonly { readonly subject: string; readonly check: string }[], prefix = ""): string[] =>
  [
    ...new Set(findings.map(({ subject, check }) => `${/"(.*)"/.exec(subject)?.[1]}: ${check.replace(prefix, "")}`)),
  ].sort();

/** What every case is to be refused for: by its own rule, whatever others say. */
const REFUSED = ALL.filter(({ isRefused }) => isRefused).map(({ name, rule }) => `${name}: ${rule}`);
const PASSED = ALL.filter(({ isRefused }) => !isRefused).map(({ name, rule }) => `${name}: ${rule}`);

describe("in this process, as the command holds it", () => {
  test("every case is found by its rule, and nothing is refused of what passes", async () => {
    const policy = new Policy();
    const { errors } = await stack.preview(async () => {
      policy.watch(false);
      return everything();
    });
    expect(errors).toEqual([]);
    const found = sorted(policy.findings);
    expect(REFUSED.filter((one) => !found.includes(one))).toEqual([]);
    expect(PASSED.filter((one) => found.includes(one))).toEqual([]);
  });

  test.each(RULES.map(({ name }) => name))("what %s stands against is not made", async (rule) => {
    const row = ALL.find((one) => one.isRefused && one.rule === rule);
    const { errors, output, seconds } = await stack.preview(async () => {
      new Policy((one) => (one === rule ? "mandatory" : "disabled")).watch(true);
      // It is refused before anybody looks for a provider of its type.
      if (row) new Anything(row.one.type, row.name, asInput(row.one.inputs) as pulumi.Inputs);
    });
    expect(seconds, output).toBeLessThan(PATIENCE / 2);
    expect(errors, output).toHaveLength(1);
    expect(errors[0]).toMatch(new RegExp(`^\\w+ "${row?.name}":.*\\(${rule}\\)$`, "s"));
    expect(output).not.toMatch(/^\s+at |node_modules/m);
  });
});

test("what a component is given is refused before anything in it is made", async () => {
  const { errors, planned, output } = await stack.preview(async () => {
    new Policy().watch(true);
    const parent = new pulumi.ComponentResource("a:b:C", "outer", { password: "x" });
    const inner = new pulumi.ComponentResource("a:b:C", "inner", {}, { parent });
    new command.local.Command("inner-command", { create: "true" }, { parent: inner });
    new command.local.Command("beside", { create: "true" });
  });
  expect(errors[0], output).toMatch(/^C "outer": password holds a key, a password or a token in the open/);
  expect(planned.filter((name) => name !== "beside")).toEqual([]);
});

test("what waits for a refused resource holds up no end", async () => {
  const { errors, planned, seconds, output } = await stack.preview(async () => {
    new Policy().watch(true);
    const refused = new command.local.Command("refused", { create: "true", environment: { PASSWORD: "x" } });
    new command.local.Command("after", { create: "true" }, { dependsOn: [refused] });
    new command.local.Command("of-its-output", { create: refused.stdout });
    new command.local.Command("beside", { create: "true" });
    return { said: refused.stdout };
  });
  expect(errors, output).toEqual([expect.stringMatching(/^Command "refused": environment/)]);
  expect(planned).toEqual(["beside"]);
  expect(seconds, output).toBeLessThan(PATIENCE / 2);
});

describe("in a process of Pulumi's own, as a policy pack", () => {
  const violations = async (program: PulumiFn, config: Record<string, unknown> = {}, asked = {}) => {
    const findings: { subject: string; check: string; severity: string }[] = [];
    const hear = (event: EngineEvent) => {
      const finding = findingOf(event);
      if (finding) findings.push(finding);
    };
    const previewed = await stack.preview(program, config, { policyPacks: [PACK], hear, ...asked });
    return { ...previewed, findings };
  };

  test("every case is found by its rule, as the command finds it", async () => {
    const { findings, output } = await violations(everything);
    const found = sorted(findings, "hybrid-vnf/");
    // A pack mends these: it makes a secret of what is none.
    const isSecret = (one: string) => one.endsWith(`: ${SECRETS.name}`);
    expect(
      REFUSED.filter((one) => !found.includes(one)),
      output,
    ).toEqual(REFUSED.filter(isSecret));
    expect(PASSED.filter((one) => found.includes(one))).toEqual([]);
    expect(findings.every(({ severity }) => severity === "error")).toBe(true);
    expect(output).not.toContain("can't run policy");
  });

  test("levels are Pulumi's own configuration", async () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "hybrid-vnf-policy-")), "policy.json");
    fs.writeFileSync(file, JSON.stringify({ all: "disabled", limits: "advisory" }));
    const { findings, errors } = await violations(everything, {}, { policyPackConfigs: [file] });
    expect(errors).toEqual([]);
    expect(new Set(findings.map(({ check, severity }) => `${check} ${severity}`))).toEqual(
      new Set(["hybrid-vnf/limits warning"]),
    );
  });
});

test("the root program's chain has nothing against it, by either way", async () => {
  const policy = new Policy();
  const root = await backend.stack("hybrid-vnf", "dev");
  const run: PulumiFn = async () => {
    policy.watch(true);
    return rootProgram();
  };
  const { errors, output, planned } = await root.preview(run, {}, { policyPacks: [PACK], hear: policy.event });
  expect(errors, output).toEqual([]);
  expect(policy.findings).toEqual([]);
  expect(planned).toContain("service-nginx-service");
});
