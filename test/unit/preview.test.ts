import * as pulumi from "@pulumi/pulumi";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { describe, expect, it } from "vitest";
import { brokenBindings, type Consumer, ReadPlans } from "../../cli/bindings";
import { type PlannedStep, SECRET, type StackPlan, UNKNOWN } from "../../cli/plan";
import { brokenPromises, PlannedStack } from "../../cli/promise";
import { at, shown, stepOf } from "../../cli/steps";

const urn = (name: string): string => `urn:pulumi:dev::p::docker:index/container:Container::${name}`;

function event(op: string, change: object = {}): EngineEvent {
  const state = { type: "docker:index/container:Container", urn: urn("web"), custom: true, inputs: {}, outputs: {} };
  const metadata = { op, urn: urn("web"), type: state.type, provider: "", old: state, new: state, ...change };
  return { sequence: 1, timestamp: 0, resourcePreEvent: { metadata } } as unknown as EngineEvent;
}

describe("what a preview means to do", () => {
  it("is told by the engine's events", () => {
    const states = {
      old: { custom: true, inputs: { image: "a", env: ["X=1"] }, outputs: { image: "a", ip: "10.0.0.1" } },
      new: { custom: true, inputs: { image: pulumi.runtime.unknownValue, env: ["[secret]"] }, outputs: {} },
    };
    const detailedDiff = {
      image: { diffKind: "update-replace", inputDiff: false },
      "env[0]": { diffKind: "update", inputDiff: true },
    };
    expect(stepOf(event("replace", { ...states, detailedDiff }))).toEqual({
      operation: "replace",
      urn: urn("web"),
      type: "docker:index/container:Container",
      name: "web",
      custom: true,
      properties: [
        { path: "image", replaces: true, before: "a", after: UNKNOWN },
        { path: "env[0]", replaces: false, before: "X=1", after: SECRET },
      ],
    });
    expect(stepOf(event("update", { diffs: ["image"], keys: ["image"] }))?.properties).toMatchObject([
      { path: "image", replaces: true },
    ]);
    for (const op of ["same", "read", "create-replacement", "delete-replaced", "refresh"])
      expect(stepOf(event(op)), op).toBeUndefined();
  });
  it.each([
    ["labels[0].value", { labels: [{ value: 7 }] }],
    ['data["a.b"].c', { data: { "a.b": { c: 7 } } }],
    ["a.b", { a: { b: 7 } }],
  ])("finds what is at %s", (path, value) => {
    expect(at(path, value)).toBe(7);
    expect(at(path, undefined)).toBeUndefined();
    expect(at(path, { labels: "no list" })).toBeUndefined();
  });
  it("shows no secret, however deep it is", () => {
    const secret = { [pulumi.runtime.specialSigKey]: pulumi.runtime.specialSecretSig, value: "PRIVATE" };
    const text = JSON.stringify(shown({ a: [secret, { b: secret }], c: pulumi.runtime.unknownValue }));
    expect(text).not.toContain("PRIVATE");
    expect(JSON.parse(text)).toEqual({ a: [SECRET, { b: SECRET }], c: UNKNOWN });
  });
});

const contract = {
  layer: "site",
  version: 3,
  transit: { id: "dev/transit", name: "transit", cidr: "10.100.101.0/24", ref: "net-1" },
};
const plan = (after: object): StackPlan =>
  ({ layer: "site", before: contract, after: { ...contract, ...after } }) as unknown as StackPlan;
const router: Consumer = {
  name: "service",
  reads: ["site"],
  contract: { hops: [{ name: "quagga", legs: [{ network: "dev/transit" }] }] },
};
const secrets = { privateKey: SECRET, kubeconfig: SECRET };
const outputs = { contract, secrets, url: "http://10.100.100.20" };
const messages = (
  { layer, before, after }: Pick<StackPlan, "layer" | "before" | "after">,
  ...rest: Parameters<typeof brokenBindings> extends [unknown, ...infer More] ? More : never
): readonly string[] =>
  brokenBindings({ layer, before: { contract: before }, after: { contract: after } }, ...rest).map(
    ({ message }) => message,
  );

describe("a change that breaks those who read a contract", () => {
  it.each([
    [
      { ...contract.transit, cidr: "10.9.0.0/24" },
      'network "dev/transit" would become 10.9.0.0/24 from 10.100.101.0/24',
    ],
    [{ ...contract.transit, ref: UNKNOWN }, 'network "dev/transit" (10.100.101.0/24) would be made anew'],
    [{ ...contract.transit, id: "dev/other" }, 'network "dev/transit" (10.100.101.0/24) would be gone'],
  ])("is one of a network that their functions stand on: %j", (transit, how) => {
    const [message, ...more] = messages(plan({ transit }), [router], new Set(["service"]));
    expect(message).toBe(
      `${how}, and quagga of service stands on it: take service down first, or leave the network as it is`,
    );
    expect(more).toEqual([]);
    expect(messages(plan({ transit }), [{ ...router, contract: {} }], new Set(["service"]))).toEqual([]);
    expect(messages(plan({ transit }), [{ ...router, reads: [] }])).toEqual([]);
  });
  it("is a field that is gone or of another type, unless they are sound without it", () => {
    const shop: Consumer = { name: "shop/dev", reads: ["site"] };
    expect(messages(plan({ transit: undefined }), [shop])[0]).toContain(
      "contract.transit is gone, which shop/dev may read",
    );
    expect(messages(plan({ version: "4" }), [shop])[0]).toContain("contract.version becomes a string from a number");
    expect(messages(plan({ version: "4" }), [shop], new Set(["shop/dev"]))).toEqual([]);
    expect(messages(plan({ more: 1 }), [shop])).toEqual([]);
    expect(messages(plan({ version: UNKNOWN }), [shop])).toEqual([]);
  });
  it.each<[string, object, string | undefined]>([
    ["a secret", { ...outputs, secrets: { privateKey: SECRET } }, "secrets.kubeconfig is gone"],
    ["all secrets", { ...outputs, secrets: undefined }, "secrets is gone"],
    ["an output beside them", { contract, secrets }, "url is gone"],
    ["an output of another type", { ...outputs, url: ["http://10.100.100.20"] }, "url becomes a list from a string"],
    ["the contract", { secrets, url: "" }, "contract is gone"],
    ["another value", { ...outputs, url: UNKNOWN, more: 1 }, undefined],
    ["an output that becomes a secret", { ...outputs, url: SECRET }, undefined],
    ["secrets that are one", { ...outputs, secrets: SECRET }, undefined],
  ])("is a name among all outputs: %s", (_, after, how) => {
    const found = brokenBindings({ layer: "site", before: outputs, after: after as typeof outputs }, [
      { name: "shop/dev", reads: ["site"] },
      { name: "other/dev", reads: [] },
    ]);
    const message = `${how}, which shop/dev may read: keep it beside what is new until shop/dev is up without it, or take shop/dev down first`;
    expect(found).toEqual(how === undefined ? [] : [{ check: "binding", severity: "error", subject: "site", message }]);
  });
});

describe("a program that is previewed", () => {
  const reference = (name: string): EngineEvent =>
    event("read", { type: "pulumi:pulumi:StackReference", new: { inputs: { name } } });
  const plans = new ReadPlans(new Map([["site-project/dev", Promise.resolve({ contract })]]));
  it("reads a stack past its plan by a reference of its own, which a contract's is not", async () => {
    expect(plans.isPast("site-project/dev")).toBe(false);
    expect(await plans.get("site-project/dev")).toEqual({ contract });
    plans.event(reference("organization/site-project/dev"));
    expect(plans.isPast("site-project/dev")).toBe(false);
    plans.event(reference("organization/site-project/dev"));
    expect(plans.isPast("site-project/dev")).toBe(true);
    plans.event(reference("organization/other/dev"));
    expect(plans.isPast("other/dev")).toBe(true);
    expect(plans.get("other/dev")).toBeUndefined();
    plans.event(event("create"));
    expect(plans.isPast("web")).toBe(false);
  });
});

describe("what a plan promised and what was done", () => {
  const step = (operation: PlannedStep["operation"], name = "web"): PlannedStep => ({
    operation,
    urn: urn(name),
    type: "docker:index/container:Container",
    name,
    custom: true,
    properties: [],
  });
  const promised = (steps: readonly PlannedStep[], after: object = {}): StackPlan => ({ ...plan(after), steps });
  it("are the same where all was done that was planned", () => {
    const after = { address: UNKNOWN, key: SECRET };
    const done = { steps: [step("create")], contract: { ...contract, address: "10.0.0.7", key: "k" } };
    expect(brokenPromises(promised([step("create")], after), done)).toEqual([]);
  });
  it("differ by what was not done, done otherwise or done besides, and by what is published", () => {
    const plannedSteps = [step("create"), step("update", "api")];
    const done = { steps: [step("replace", "api"), step("delete", "db")], contract: { ...contract, version: 4 } };
    expect(brokenPromises(promised(plannedSteps), done)).toEqual([
      "site: the plan creates web, and it was left as it is.",
      "site: the plan updates api, and it was replaced.",
      "site: db was deleted, which is not in the plan.",
      "site: the plan publishes 3 as contract.version, and it is 4.",
    ]);
  });
  it("differ by values that were known, where both tell of the same property", () => {
    const update = (...values: [string, unknown][]): PlannedStep => ({
      ...step("update"),
      properties: values.map(([path, after]) => ({ path, replaces: false, after })),
    });
    const plannedStep = update(
      ["env.SERVERS", "a,b"],
      ["image", UNKNOWN],
      ["key", SECRET],
      ["labels", [{ v: 1 }]],
      ["x", 1],
    );
    const kept = update(
      ["env.SERVERS", "a,b"],
      ["image", "sha256:1"],
      ["key", SECRET],
      ["labels", [{ v: 1 }]],
      ["y", 2],
    );
    const broken = update(
      ["env.SERVERS", "a"],
      ["image", "sha256:1"],
      ["key", SECRET],
      ["labels", [{ v: 2 }]],
      ["y", 2],
    );
    expect(brokenPromises(promised([plannedStep]), { steps: [kept], contract })).toEqual([]);
    expect(brokenPromises(promised([plannedStep]), { steps: [broken], contract })).toEqual([
      'site: the plan sets env.SERVERS of web to "a,b", and it was set to "a".',
      "site: the plan sets labels.0.v of web to 1, and it was set to 2.",
    ]);
  });
  it("are told of an up that failed as far as it came: what is not done yet breaks no promise", () => {
    const stack = new PlannedStack(promised([step("create"), step("update", "api"), step("create", "db")]));
    for (const [op, name] of [
      ["create", "web"],
      ["replace", "api"],
      ["delete", "cache"],
    ] as const)
      stack.event("site", event(op, { urn: urn(name) }));
    stack.event("service", event("delete", { urn: urn("other") }));
    expect(stack.brokenSoFar()).toEqual([
      "site: the plan updates api, and it was replaced.",
      "site: cache was deleted, which is not in the plan.",
    ]);
  });
});
