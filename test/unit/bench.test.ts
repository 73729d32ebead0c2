import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { describe, expect, test } from "vitest";
import { type Figure, figures, line, Measurements, median, verdictOf } from "../../bench/figures";
import { besideTheMachine } from "../../bench/functions";
import { keep, noteOf } from "../../bench/history";
import { criticalPath, described, lengthOf, waited } from "../../cli/critical-path";
import { timelineOf } from "../../cli/draw/timeline";
import { parse } from "../../cli/main";
import { type TimedStep, Timeline } from "../../cli/timeline";

describe("a figure", () => {
  const figure = (goal?: Figure["goal"]): Figure => ({ group: "lab", name: "it", unit: "s", how: "by hand", goal });

  test.each([
    [{ atMost: 10 }, 10, "met"],
    [{ atMost: 10 }, 11, "near"],
    [{ atMost: 10 }, 11.01, "missed"],
    [{ atLeast: 10 }, 10, "met"],
    [{ atLeast: 10 }, 9, "near"],
    [{ atLeast: 10 }, 8.99, "missed"],
    [{ atMost: 10 }, Number.NaN, "missed"],
    [{ atLeast: 10 }, Number.NaN, "missed"],
    [{ between: [0.8, 1.2] as const }, 0.8, "met"],
    [{ between: [0.8, 1.2] as const }, 1.3, "near"],
    [{ between: [0.8, 1.2] as const }, 1.33, "missed"],
    [{ between: [0.8, 1.2] as const }, 0.7, "missed"],
    [{ between: [0.8, 1.2] as const }, Number.NaN, "missed"],
    [undefined, 1000, "measured"],
  ])("with the goal %j: %d is %s", (goal, value, verdict) => {
    expect(verdictOf(figure(goal), value)).toBe(verdict);
  });

  test("is the median of its rounds", () => {
    const found = new Measurements();
    for (const value of [9, 30, 10]) found.add("down", value);
    expect(found.all).toMatchObject([{ key: "down", value: 10, rounds: [9, 30, 10], verdict: "met" }]);
    expect(line(found.all[0] as (typeof found.all)[number])).toMatch(
      /^down +10\.0 s +≤ 10 {2}met {3}\(9\.00, 30\.0, 10\.0\)$/,
    );
    expect(median([4, 1])).toBe(4);
    expect(() => median([])).toThrow("nothing was measured");
  });

  test("comes in the table's order, whenever it was measured", () => {
    const found = new Measurements();
    found.add("routes", 1);
    found.add("up", 1);
    expect(found.all.map(({ key }) => key)).toEqual(["up", "routes"]);
    expect(Object.keys(figures).indexOf("up")).toBeLessThan(Object.keys(figures).indexOf("routes"));
  });
});

describe("the memory of QEMU beside its machine's", () => {
  const piece = (at: string, sizeKiB: number, pssKiB: number) =>
    `${at}-${at}f rw-p 00000000 00:00 0 \nSize:           ${sizeKiB} kB\nRss:            ${sizeKiB} kB\nPss:            ${pssKiB} kB\nPss_Dirty:      0 kB\n`;

  test("is all but the piece that is as large as the machine's", () => {
    const smaps = piece("7f00", 160 * 1024, 90 * 1024) + piece("7f10", 64 * 1024, 30 * 1024) + piece("7f20", 512, 256);
    expect(besideTheMachine(smaps, 160)).toBe(30.25);
  });

  test("is not told where no piece, or more than one, is", () => {
    expect(() => besideTheMachine(piece("7f00", 512, 256), 160)).toThrow("0 pieces of memory of 160 MiB, and not one");
    const twice = piece("7f00", 512, 256) + piece("7f10", 160 * 1024, 1) + piece("7f20", 160 * 1024, 1);
    expect(() => besideTheMachine(twice, 160)).toThrow("2 pieces of memory of 160 MiB, and not one");
  });
});

describe("the history", () => {
  test("gets a line for each run, which says on what machine it was and not whose that is", () => {
    const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-bench-test-"));
    try {
      const found = new Measurements();
      found.add("up", 33.3333333);
      for (const minute of [0, 1])
        keep(
          noteOf(found.all, {
            ended: new Date(Date.UTC(2026, 0, 1, 0, minute)),
            commit: "0123456789ab+",
            load: 0.12345,
          }),
          folder,
        );
      const lines = readFileSync(join(folder, "runs.jsonl"), "utf8").trimEnd().split("\n");
      expect(lines).toHaveLength(2);
      expect(JSON.parse(lines[1] ?? "")).toEqual({
        date: "2026-01-01T00:01:00.000Z",
        commit: "0123456789ab+",
        machine: {
          cores: expect.any(Number),
          processor: expect.any(String),
          memoryGiB: expect.any(Number),
          kernel: expect.stringMatching(/^[\d.]+$/),
          node: process.version,
          load: 0.1235,
        },
        figures: { up: [33.33] },
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

const urn = (name: string): string => `urn:pulumi:dev::project::docker:index/network:Network::${name}`;
const step = (layer: string, name: string, began: number, ended: number): TimedStep => ({
  layer,
  urn: urn(name),
  op: "create",
  began,
  ended,
});

describe("the timeline of `up`", () => {
  test("keeps when each resource's step began and ended; components and refreshes are none", () => {
    let now = 0;
    const timeline = new Timeline([], () => now);
    const at = (
      time: number,
      kind: "resourcePreEvent" | "resOutputsEvent" | "resOpFailedEvent",
      name: string,
      op = "create",
      custom = true,
    ) => {
      now = time;
      timeline.event("site", {
        [kind]: { metadata: { op, urn: urn(name), new: { custom } } },
      } as unknown as EngineEvent);
    };
    at(100, "resourcePreEvent", "network");
    at(110, "resourcePreEvent", "component");
    at(120, "resOutputsEvent", "component", "create", false);
    at(130, "resourcePreEvent", "old", "refresh");
    at(140, "resOutputsEvent", "old", "refresh");
    const provider = "urn:pulumi:dev::p::pulumi:providers:docker::default_5_2_0";
    timeline.event("site", {
      resOutputsEvent: { metadata: { op: "create", urn: provider, new: { custom: true } } },
    } as unknown as EngineEvent);
    at(200, "resourcePreEvent", "machine");
    at(900, "resOutputsEvent", "network");
    at(950, "resOpFailedEvent", "machine");
    expect(timeline.steps).toEqual([step("site", "network", 100, 900), step("site", "machine", 200, 950)]);
  });

  const layers = [
    { name: "site", upstream: [] },
    { name: "swarm", upstream: ["site"] },
  ];
  const steps = [
    step("site", "key", 1000, 1500),
    step("site", "network", 1000, 3000),
    step("swarm", "image", 3500, 9000),
    step("swarm", "machine", 3500, 5000),
    step("swarm", "boot", 5000, 8000),
    // Its machine's event came late.
    step("swarm", "init", 7900, 10_000),
    step("swarm", "unrelated", 3600, 9900),
  ];
  const state = [
    { urn: urn("boot"), dependencies: [urn("machine")] },
    {
      urn: urn("init"),
      propertyDependencies: { triggers: [urn("boot")], stdin: null },
      provider: `${urn("image")}::id`,
    },
  ];
  const found = waited(
    steps,
    state.slice(0, 1).concat({ urn: urn("init"), dependencies: [urn("boot"), urn("machine")] }),
    layers,
  );
  const names = (path: readonly TimedStep[]) => path.map((one) => one.urn.split("::").at(-1));

  test("leads back from the step that ends last over what each waited for, into the stack upstream", () => {
    const path = criticalPath(found);
    expect(names(path)).toEqual(["network", "machine", "boot", "init"]);
    expect(lengthOf(path)).toBe(2000 + 1500 + 3000 + 2000);
    expect(described(path)).toEqual([
      "   1.0 s  site       created network, 2.0 s, 1.0 s after the start",
      "   3.5 s  swarm      created machine, 1.5 s, 0.5 s after network",
      "   5.0 s  swarm      created boot, 3.0 s",
      "   7.9 s  swarm      created init, 2.1 s",
    ]);
  });

  test("knows dependencies of single properties, and a provider", () => {
    expect(names(criticalPath(waited(steps, state, layers)))).toEqual(["network", "image", "init"]);
  });

  test("is drawn as bars, the critical path's with an edge", () => {
    const picture = timelineOf(found, criticalPath(found));
    expect(picture.match(/<title>/g)).toHaveLength(steps.length);
    expect(picture.match(/class="fill-(?!page)\w+ stroke-path"/g)).toHaveLength(4);
    expect(timelineOf([step("site", 'a<b"', 0, 1)], [])).toContain("a&#60;b&#34;");
  });

  test("is asked for with a file, of `up` only", () => {
    expect(parse(["up", "--timeline", "up.json"]).given.timeline).toBe("up.json");
    expect(() => parse(["down", "--timeline", "up.json"])).toThrow("--timeline goes with 'up', not with 'down'.");
  });
});
