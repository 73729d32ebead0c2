import * as fs from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { shapes } from "../../bench/scale/programs";
import { record, settled } from "./mocks";

vi.mock("node:fs", async (original) => {
  const real = await original<typeof import("node:fs")>();
  return { ...real, readFileSync: vi.fn(real.readFileSync) };
});

beforeEach(() => void record());
afterEach(settled);

/** How many files a program of a size reads, and how many resources it makes. */
async function readsOf(shape: "chain" | "functions", count: number): Promise<{ reads: number; resources: number }> {
  const made = record();
  vi.mocked(fs.readFileSync).mockClear();
  shapes[shape](count);
  await settled();
  return { reads: vi.mocked(fs.readFileSync).mock.calls.length, resources: made.length };
}

// The work is counted, for a time would tell of the machine as well.
test.each(["chain", "functions"] as const)("a %s of many reads no more files than one of few", async (shape) => {
  await readsOf(shape, 2);
  const few = await readsOf(shape, 4);
  const many = await readsOf(shape, 16);
  expect(many.resources).toBeGreaterThan(few.resources * 2);
  expect(many.reads).toBe(few.reads);
});

test("what a program registers grows by the same with each function, machine and route", async () => {
  for (const shape of ["chain", "functions", "machines", "routes"] as const) {
    const sizes: number[] = [];
    for (const count of [2, 6, 10]) {
      const made = record();
      shapes[shape](count);
      await settled();
      sizes.push(made.length);
    }
    const [small = 0, middle = 0, large = 0] = sizes;
    expect(middle, shape).toBeGreaterThan(small);
    expect(large - middle, shape).toBe(middle - small);
  }
});
