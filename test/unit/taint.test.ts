import type { Deployment, Stack } from "@pulumi/pulumi/automation";
import { describe, expect, test } from "vitest";
import { keepMarks, markedAgain, markedIn } from "../../cli/taint";

const one = (name: string, more: object = {}) => ({
  urn: `urn:pulumi:dev::p::t::${name}`,
  ...{ type: "t", id: `${name}-id`, created: "2026-12-01T00:00:00Z", ...more },
});
const state = (...resources: object[]): Deployment => ({ version: 3, deployment: { manifest: {}, resources } });
const marked = (...names: string[]) => markedIn(state(...names.map((name) => one(name, { taint: true }))));

describe("resources that are marked to be made anew", () => {
  test("are known by the state, those aside that are on their way out", () => {
    const found = markedIn(state(one("a"), one("b", { taint: true }), one("c", { taint: true, delete: true })));
    expect(found.map(({ urn }) => urn)).toEqual([one("b").urn]);
    expect(markedIn({ version: 3, deployment: {} } as Deployment)).toEqual([]);
  });

  test("bear their mark again where they were not made anew", () => {
    const anew = one("b", { created: "2026-12-01T00:01:00Z" });
    const after = state(one("a"), anew, one("c", { delete: true }), one("d", { id: "other" }), one("e"));
    expect(markedAgain(after, marked("a", "b", "c", "d"))).toEqual(
      state(one("a", { taint: true }), anew, one("c", { delete: true }), one("d", { id: "other" }), one("e")),
    );
    expect(markedAgain(after, marked("b", "d"))).toBeUndefined();
    expect(markedAgain(state(one("a", { taint: true })), marked("a"))).toBeUndefined();
  });

  test("cost nothing where there are none, and no import where none lost its mark", async () => {
    const calls: string[] = [];
    const stack = {
      exportStack: async () => {
        calls.push("export");
        return state(one("a"));
      },
      importStack: async ({ deployment }: Deployment) => {
        calls.push(`import ${JSON.stringify(deployment.resources).includes('"taint":true')}`);
      },
    } as unknown as Stack;
    await keepMarks(stack, []);
    expect(calls).toEqual([]);
    await keepMarks(stack, marked("b"));
    expect(calls).toEqual(["export"]);
    await keepMarks(stack, marked("a"));
    expect(calls).toEqual(["export", "export", "import true"]);
  });
});
