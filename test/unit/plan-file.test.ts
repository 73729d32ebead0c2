import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { afterAll, describe, expect, it, vi } from "vitest";
import * as chain from "../../cli/chain";
import { readPlan } from "../../cli/promise";
import type { Session } from "../../cli/verb";
import { up } from "../../cli/verbs/up";

vi.mock("../../cli/chain", { spy: true });

describe("a plan in a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-plan-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "plan.json");
  const whole = { version: 1, stack: "dev", stacks: [{ layer: "site", ending: "done" }], findings: [] as object[] };
  const read = (change: object) => {
    writeFileSync(file, JSON.stringify({ ...whole, ...change }));
    return readPlan(file, "dev");
  };
  const found = (severity: string) => ({
    check: "binding",
    severity,
    subject: "site",
    message: "contract.dns is gone",
  });
  it("is read, unless an error was found in it, which is named", () => {
    expect(read({ findings: [found("warning")] })).toEqual(whole.stacks);
    expect(() => read({ findings: [found("warning"), found("error")] })).toThrow(
      `--plan is '${file}', in which an error was found: mend it and preview again. error: site: contract.dns is gone (binding)`,
    );
  });
  it("is held against an up that failed, whose error stays what it is", async () => {
    vi.spyOn(chain, "up").mockImplementation(async ({ onEvent }) => {
      const urn = "urn:pulumi:dev::p::docker:index/container:Container::cache";
      const metadata = { op: "delete", urn, type: "docker:index/container:Container", old: { custom: true } };
      onEvent?.("site", { sequence: 1, timestamp: 0, resourcePreEvent: { metadata } } as unknown as EngineEvent);
      throw new Error("up: 0 of 1 stacks done");
    });
    writeFileSync(file, JSON.stringify({ ...whole, stacks: [{ ...whole.stacks[0], steps: [] }] }));
    const told: string[] = [];
    const context = { stack: "dev", progress: { line: (line: string) => told.push(line) } };
    const session = { context, alone: <T>(work: () => Promise<T>) => work() } as unknown as Session;
    await expect(up.run(session, { plan: file })).rejects.toThrow("up: 0 of 1 stacks done");
    expect(told).toEqual(["site: cache was deleted, which is not in the plan."]);
  });
  it("is refused where it is none, of another version or other stacks, or of a preview that failed", () => {
    expect(() => read({ version: 2, stacks: "other" })).toThrow(
      `--plan is '${file}', a plan of version 2, and this release reads version 1: preview again with this one.`,
    );
    expect(() => read({ version: undefined })).toThrow("which is no output of 'preview --json'");
    expect(() => read({ findings: undefined })).toThrow("which is no output of 'preview --json'");
    expect(() => read({ stack: "test" })).toThrow("a plan of the stacks 'test', and these are 'dev'");
    expect(() => read({ stacks: [{ layer: "site", ending: "failed" }] })).toThrow("the preview of site failed");
  });
});
