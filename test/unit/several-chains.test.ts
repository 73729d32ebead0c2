import { beforeEach, describe, expect, test, vi } from "vitest";
import { check } from "../../cli/chain";
import { readPreview } from "../../cli/comment/read";
import { render } from "../../cli/comment/render";
import type { Context } from "../../cli/context";
import { lint } from "../../cli/lint";
import type { ChainPreview, PlannedPath, StackPlan } from "../../cli/plan";
import { chainsOf, describePreview } from "../../cli/preview";
import { describe as describeReport, type Report, verify } from "../../cli/verify";
import { path, preview as previewOf } from "./previews";
import { recorded } from "./published";

vi.mock("../../cli/verify", async (original) => ({ ...(await original<object>()), verify: vi.fn() }));

const contract = (facts: PlannedPath): Record<string, unknown> => ({ layer: "service", version: 3, ...facts });
/** The same path under other addresses. */
const moved = <T>(facts: T, from: string, to: string): T => JSON.parse(JSON.stringify(facts).replaceAll(from, to));

describe("verify, where several stacks publish a chain", () => {
  const first = recorded();
  const second = moved(recorded(), "10.77.", "10.88.");
  const report: Report = {
    urls: [first.url],
    requests: 4,
    answered: 4,
    replies: { b: 4 },
    strange: 0,
    traces: [],
    machines: 3,
    differences: [],
    good: true,
    problems: [],
  };
  const broken: Report = {
    ...report,
    urls: [second.url],
    answered: 3,
    replies: { b: 3 },
    differences: [{ at: "r", sentence: "r drops packets." }],
    good: false,
    problems: ["r drops packets."],
  };
  const asked = (published: Record<string, unknown>): Promise<Report> => {
    const engine = {
      mayPublish: () => true,
      published: async (layer: string) =>
        published[layer] && { contract: published[layer], secrets: { privateKey: `key of ${layer}` } },
    };
    const context = { engine, stack: "dev", signal: new AbortController().signal };
    return check(context as unknown as Context, 4);
  };
  beforeEach(() => void vi.mocked(verify).mockReset());

  test("asks each of them, and says which is which", async () => {
    vi.mocked(verify).mockImplementation(async (facts) => (facts.url === second.url ? broken : report));
    const seen = await asked({ swarm: contract(second), service: contract(first) });
    expect(vi.mocked(verify).mock.calls.map(([facts, key]) => [facts.url, key])).toEqual([
      [second.url, "key of swarm"],
      [first.url, "key of service"],
    ]);
    expect(seen).toEqual({
      urls: [second.url, first.url],
      requests: 8,
      answered: 7,
      replies: { b: 7 },
      strange: 0,
      traces: [],
      machines: 6,
      differences: broken.differences,
      good: false,
      problems: ["swarm: r drops packets."],
      chains: [
        { layer: "swarm", ...broken },
        { layer: "service", ...report },
      ],
    });
    expect(describeReport(seen)).toEqual([
      "chain    swarm",
      "url      http://10.88.2.1",
      "replies  3 of 4: b 3",
      "r drops packets.",
      "chain    service",
      "url      http://10.77.2.1",
      "replies  4 of 4: b 4",
      "path     as published: 3 machines watched marked connections, there and back",
    ]);
  });

  test("asks them one after the other, since they may share machines", async () => {
    let running = 0;
    vi.mocked(verify).mockImplementation(async () => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return report;
    });
    expect((await asked({ swarm: contract(second), service: contract(first) })).good).toBe(true);
  });

  test("says of one what it always said", async () => {
    vi.mocked(verify).mockResolvedValue(report);
    expect(await asked({ site: { layer: "site", version: 3 }, service: contract(first) })).toEqual(report);
    await expect(asked({ site: { layer: "site", version: 3 } })).rejects.toThrow("There is no service to ask");
  });
});

describe("a preview in which several stacks publish a chain", () => {
  const stack = (layer: string, before: PlannedPath, after: PlannedPath): StackPlan => ({
    ...{ layer, project: `hybrid-vnf-${layer}`, ending: "done", changes: {}, steps: [], errors: [], warnings: [] },
    before: contract(before),
    after: contract(after),
  });
  const shop = (facts: PlannedPath): PlannedPath => moved(facts, "10.100.", "10.110.");
  const whole = previewOf();
  const stacks = [...whole.stacks, stack("shop", shop(path()), shop(path(3))), stack("web", path(), path())];
  const chains = chainsOf(stacks);
  const preview: ChainPreview = { ...whole, stacks, pathBefore: path(), pathAfter: path(), chains };

  test("knows each by its stack", () => {
    expect(chains.map(({ layer, pathBefore, pathAfter }) => [layer, pathBefore?.url, pathAfter?.url])).toEqual([
      ["shop", "http://10.110.100.20", "http://10.110.100.20"],
      ["web", "http://10.100.100.20", "http://10.100.100.20"],
    ]);
    expect(readPreview(JSON.stringify(preview))).toEqual(JSON.parse(JSON.stringify(preview)));
  });

  test("lints each, and names the stack", () => {
    const { routes: [there] = [], ...facts } = recorded();
    const sound = recorded();
    const cut = { ...facts, routes: there ? [there] : [] };
    const lines = (...all: [string, PlannedPath][]): readonly string[] => {
      const plans = all.map(([layer, one]) => stack(layer, one, one));
      const found = chainsOf(plans);
      const [last] = found.slice(-1);
      return lint({ stacks: [], pathAfter: last?.pathAfter, ...(found.length > 1 ? { chains: found } : {}) }).map(
        ({ subject, message }) => `${subject}: ${message}`,
      );
    };
    const sentence =
      "Answers from b (10.77.2.1) to a end at b: no route of b leads there; see to the chain's way back.";
    expect(lines(["shop", cut], ["web", sound])).toEqual([`b: Chain of the shop stack: ${sentence}`]);
    expect(lines(["shop", cut], ["web", cut])).toEqual([
      `b: Chain of the shop stack: ${sentence}`,
      `b: Chain of the web stack: ${sentence}`,
    ]);
    expect(lines(["web", cut])).toEqual([`b: ${sentence}`]);
  });

  test("tells of the path that changes, and shows all in the comment", () => {
    expect(describePreview(preview)).toEqual([
      "path       shop: dev/clients → nginx (10.110.100.20) → quagga (10.110.101.10) → apache-1 (10.110.102.11), apache-2 (10.110.102.12), apache-3 (10.110.102.13)",
    ]);
    const text = render(preview);
    expect(text.match(/^#### The path.*$/gm)).toEqual([
      "#### The path of <code>shop</code> before",
      "#### The path of <code>shop</code> after",
      "#### The path of <code>web</code>, which stays as it is",
    ]);
    const after = text.slice(text.indexOf("</code> after"), text.indexOf("of <code>web</code>"));
    expect(after).toContain("apache-3<br/>10.110.102.13<br/>new");
    const noticed = text.slice(text.indexOf("#### What requests"), text.indexOf("#### The path"));
    expect(noticed).toMatch(/^- <code>shop<\/code>: .*apache.*3/m);
    expect(noticed).toMatch(/^- <code>web<\/code>: Nothing/m);
  });
});
