import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROWS } from "../bad-input/rows";
import { Backend, type Previewed, type Previews } from "./previewed";

let backend: Backend;
let rows: Previews;
const took: { row: string; seconds: number }[] = [];

beforeAll(async () => {
  backend = new Backend();
  rows = await backend.stack("rows", "rows");
});
afterAll(() => {
  backend.remove();
  const all = took.reduce((sum, { seconds }) => sum + seconds, 0);
  const [slowest] = [...took].sort((a, b) => b.seconds - a.seconds);
  process.stdout.write(
    `${took.length} rows through the engine in ${Math.round(all)} s, ${Math.round((took.length * 60) / all)} a minute; the slowest took ${slowest?.seconds} s: ${slowest?.row}\n`,
  );
});

/** A refusal in one sentence, words of which are known; nothing is made. */
function refused(row: string, { errors, told, output, planned, seconds }: Previewed, words: readonly string[]): void {
  took.push({ row, seconds });
  expect(errors, output).toHaveLength(1);
  for (const text of words) expect(errors[0]).toContain(text);
  // The SDK tells what such a program throws once by itself, and the engine once more.
  expect(new Set(told).size, output).toBe(1);
  expect(told.length, output).toBeLessThanOrEqual(2);
  expect(output).not.toMatch(/^\s+at |\.[jt]s:\d|Unhandled|node_modules|\[object|Calling \[/m);
  const [, name = ""] = /^\w+ "([^"]*)": /.exec(errors[0] ?? "") ?? [];
  expect(planned.filter((one) => one.startsWith(name))).toEqual([]);
  expect(seconds).toBeLessThan(5);
}

describe("what proves the test", () => {
  test("a program without a mistake is green", async () => {
    const previewed = await rows.preview(async () => ({ answer: 42 }));
    expect(previewed).toMatchObject({ errors: [], told: [] });
  });

  test("a mistake that is no refusal of ours is told with a stack trace", async () => {
    const previewed = await rows.preview(async () => {
      throw new TypeError("x is undefined");
    });
    expect(previewed.output).toMatch(/^\s+at /m);
  });

  test("a sentence is told as often as any program's", async () => {
    const { errors, told } = await rows.preview(async () => {
      throw new pulumi.RunError("It is so.");
    });
    expect(errors).toEqual(["It is so."]);
    expect(told).toHaveLength(2);
  });
});

describe("each mistake is refused by the engine's preview", () => {
  test.each(ROWS)("%s", async (row, program, words) => {
    const previewed = await rows.preview(async () => {
      await program();
    });
    refused(row, previewed, words);
  });
});
