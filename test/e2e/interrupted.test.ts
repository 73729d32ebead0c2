import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { eventually, orphanedPlugins } from "./operator";

const lab = new OwnCheckout("broken", 149);
const { bothAnswer, command, enginesIn, leftovers } = lab;

beforeAll(() => lab.begin());
afterAll(() => lab.end());

describe("interrupted", () => {
  /** Output lines that mark three different moments of an up. */
  const moments = [/site-transit/, /kubernetes-cluster-1/, /service-(nginx|quagga)/];
  test.each(moments)("an engine killed at %s: the next up ends in a working chain", async (moment) => {
    let killed = false;
    const ended = await command("up", [], (child) => {
      child.stdout?.on("data", (chunk: Buffer) => {
        if (killed || !moment.test(chunk.toString()) || child.pid === undefined) return;
        killed = true;
        process.kill(-child.pid, "SIGKILL");
        for (const engine of enginesIn("stacks")) process.kill(engine, "SIGKILL");
      });
    });
    expect(killed).toBe(true);
    expect(ended.status).not.toBe(0);
    expect((await command("up")).status).toBe(0);
    expect(bothAnswer()).toBe(true);
    expect((await command("down")).status).toBe(0);
    expect(leftovers()).toEqual([]);
    await eventually("no plugin is left", 30, () => orphanedPlugins().length === 0 || orphanedPlugins().join(", "));
  });
});
