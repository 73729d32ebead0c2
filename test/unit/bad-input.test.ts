import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as vnf from "../../components";
import { INPUTS } from "../../components/problem/inputs";
import { ROWS } from "../bad-input/rows";
import { record, settled } from "./mocks";

beforeAll(() => {
  record();
});
afterAll(settled);

/** What stands against a program, also where it says so later; fails unless it is refused as an input. */
async function refusalOf(program: () => unknown): Promise<vnf.InvalidInput> {
  try {
    await program();
  } catch (error) {
    if (error instanceof vnf.InvalidInput) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("bad input is refused in plain sentences", () => {
  test.each(ROWS)("%s", async (_, program, words) => {
    const { message, problems } = await refusalOf(program);
    for (const text of words) expect(message).toContain(text);
    expect(message).not.toContain("Calling [toString]");
    // Nothing is told twice, and nothing that the program did not do.
    expect(new Set(problems).size).toBe(problems.length);
    expect(problems.length, message).toBeLessThanOrEqual(words.length);
  });

  const components = Object.entries(vnf as Record<string, unknown>).flatMap(([name, made]) =>
    `${name}Args` in INPUTS && typeof made === "function"
      ? [[name, made as new (...args: unknown[]) => unknown] as const]
      : [],
  );
  test.each(components)("a field that %s does not know", async (name, Made) => {
    const args = { nonsense: 1 };
    const takesNoName = ["Lab", "Hosts", "Hybrid", "OpenStack"].includes(name);
    const { message } = await refusalOf(() => (takesNoName ? new Made(args) : new Made("one", args)));
    expect(message).toMatch(/there is no (setting "nonsense"|nonsense: leave it out)/);
  });

  test("each of them is another one", () => {
    const names = ROWS.map(([name]) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  test("a refusal is an error that Pulumi prints without a stack trace", () => {
    expect(pulumi.RunError.isInstance(new vnf.InvalidInput("x", ["y"]))).toBe(true);
  });

  test("no secret is told with what a contract lacks", () => {
    expect(() => vnf.siteContract.parse("s", { layer: "site", version: 3 }, { privateKey: 12345678 })).toThrow(
      /^(?!.*12345678)/s,
    );
  });
});
