import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { eventually } from "./operator";

const lab = new OwnCheckout("whole", 150);
const { bothAnswer, leftovers, pulumi } = lab;

beforeAll(() => lab.begin());
afterAll(() => lab.end());

describe("the root program", () => {
  test("brings the same chain up as one stack, and down", async () => {
    await lab.asNewStack(".", async () => {
      const up = pulumi(".", "up", "--stack", "dev", "--yes", "--skip-preview");
      expect(up.status, up.output).toBe(0);
      await eventually("the chain answers", 60, bothAnswer);
      const down = pulumi(".", "destroy", "--stack", "dev", "--yes", "--skip-preview");
      expect(down.status, down.output).toBe(0);
    });
    expect(leftovers()).toEqual([]);
  });
});
