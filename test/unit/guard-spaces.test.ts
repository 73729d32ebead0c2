import { beforeEach, describe, expect, test, vi } from "vitest";
import { up } from "../../cli/chain";
import type { Context } from "../../cli/context";
import { guardedUp } from "../../cli/guard";
import type { ChainPreview, PlannedPath, PlannedStep, StackPlan } from "../../cli/plan";
import { previewChain } from "../../cli/preview";
import { type Count, WINDOW } from "../../cli/stream";
import { hop, machine, recorded, reference } from "./published";

// Stacks of somebody's own: none is called as this repository's are.
vi.mock("../../cli/layers", async (original) => ({
  ...(await original<object>()),
  layers: [
    { name: "ground", upstream: [] },
    { name: "shop", upstream: ["ground"] },
    { name: "news", upstream: ["ground"] },
  ],
  projectOf: (layer: string) => `acme-${layer}`,
}));
vi.mock("../../cli/chain", async (original) => ({ ...(await original<object>()), up: vi.fn() }));
vi.mock("../../cli/preview", async (original) => ({ ...(await original<object>()), previewChain: vi.fn() }));

/** Streams that are answered at once, as `world` says by the address that they ask. */
const { FakeStream, world } = vi.hoisted(() => {
  const world = { streams: [] as FakeStream[], answers: (_url: string): number => 200, ahead: 0 };
  class FakeStream {
    readonly url: string;
    readonly broken = new Promise<never>(() => {});
    stopped = false;
    constructor(
      { url }: PlannedPath,
      readonly key: string,
      readonly count: Count,
    ) {
      this.url = url;
      world.streams.push(this);
    }
    async ended(requests: number): Promise<void> {
      for (let at = 0; at < requests + world.ahead; at++) this.count.line(`${at} ${world.answers(this.url)} 0.010`);
    }
    async stop(): Promise<void> {
      this.stopped = true;
    }
  }
  return { FakeStream, world };
});
vi.mock("../../cli/stream", async (original) => ({ ...(await original<object>()), Stream: FakeStream }));

const told: string[] = [];
const interrupt = vi.fn();
const contract = (facts: PlannedPath): Record<string, unknown> => ({ layer: "service", version: 3, ...facts });
const planned = (
  layer: string,
  after?: PlannedPath,
  before?: PlannedPath,
  steps: readonly PlannedStep[] = [],
): StackPlan => ({
  ...{ layer, project: `acme-${layer}`, ending: "done", changes: {}, steps, errors: [], warnings: [] },
  ...(before ? { before: contract(before) } : {}),
  ...(after ? { after: contract(after) } : {}),
});
const plan = (...stacks: StackPlan[]): void => {
  const chains = stacks.flatMap(({ layer, before, after }) =>
    (after ?? before)
      ? [{ layer, pathBefore: before as PlannedPath | undefined, pathAfter: after as PlannedPath | undefined }]
      : [],
  );
  const { pathBefore, pathAfter } = chains.at(-1) ?? {};
  const preview: ChainPreview = {
    stack: "dev",
    stacks,
    pathBefore,
    pathAfter,
    findings: [],
    ...(chains.length > 1 ? { chains } : {}),
  };
  vi.mocked(previewChain).mockResolvedValue(preview);
};

/** Runs it where these stacks are up. */
function guard(isUp: Readonly<Record<string, PlannedPath | undefined>>, allowedLoss = 0): Promise<unknown> {
  const engine = {
    published: async (layer: string) =>
      isUp[layer] && { contract: contract(isUp[layer]), secrets: { privateKey: `key of ${layer}` } },
    outputs: async (layer: string) => (layer in isUp ? {} : undefined),
    find: async () => undefined,
    interrupt,
  };
  const progress = { line: (line: string) => void told.push(line) };
  const context = { engine, progress, stack: "dev", signal: new AbortController().signal } as unknown as Context;
  return guardedUp(context, { requests: 4, images: async () => {}, allowedLoss });
}

const shop = reference();
const news = recorded();

beforeEach(() => {
  world.answers = () => 200;
  world.streams.length = 0;
  world.ahead = 0;
  told.length = 0;
  for (const one of [up, previewChain, interrupt]) vi.mocked(one as () => unknown).mockReset();
});

describe("a guard over stacks of any name", () => {
  test("sends its requests through the chain that one of them publishes, with that one's key", async () => {
    plan(planned("ground"), planned("shop", shop, shop));
    await guard({ ground: undefined, shop });
    expect(world.streams).toMatchObject([{ url: shop.url, key: "key of shop", stopped: true }]);
    expect(up).toHaveBeenCalledTimes(1);
    expect(told).toEqual([`guard: 0 of ${WINDOW} requests were lost during the change; the slowest answer took 0.0 s`]);
  });

  test("sends them through each of several chains, and says which is which", async () => {
    plan(planned("shop", shop, shop), planned("news", news, news));
    await guard({ ground: undefined, shop, news });
    expect(world.streams).toMatchObject([
      { url: shop.url, key: "key of shop", stopped: true },
      { url: news.url, key: "key of news", stopped: true },
    ]);
    expect(told).toEqual([
      `guard: shop: 0 of ${WINDOW} requests were lost during the change; the slowest answer took 0.0 s`,
      `guard: news: 0 of ${WINDOW} requests were lost during the change; the slowest answer took 0.0 s`,
    ]);
  });

  test("stops the change of all where one of several loses requests", async () => {
    plan(planned("shop", shop, shop), planned("news", news, news));
    vi.mocked(up).mockImplementation(async ({ signal }) => {
      world.answers = (url) => (url === news.url ? 502 : 200);
      for (const one of world.streams) await one.ended(2);
      signal.throwIfAborted();
      throw new Error("the change went on");
    });
    await expect(guard({ ground: undefined, shop, news })).rejects.toThrow(
      "The change was stopped: news: 1 of the last 100 requests were lost, and 0 may be.",
    );
    expect(interrupt).toHaveBeenCalledTimes(1);
    expect(told[0]).toBe("guard: news: too many requests are lost: what has begun is finished, and then all goes back");
  });

  test("does not touch several chains of which one is unwell", async () => {
    plan(planned("shop", shop, shop), planned("news", news, news));
    world.answers = (url) => (url === news.url ? 502 : 200);
    // It is ahead of the other one.
    world.ahead = 1;
    await expect(guard({ ground: undefined, shop, news })).rejects.toThrow(
      `news: ${WINDOW} of ${WINDOW} requests are lost before anything is changed`,
    );
    expect(up).not.toHaveBeenCalled();
    expect(world.streams.map(({ stopped }) => stopped)).toEqual([true, true]);
  });

  test("refuses an outage of any of the chains, and tells of what they share once", async () => {
    const other = {
      ...news,
      hops: [hop("quagga", "route", [machine("kubernetes-1", "transit 10.100.101.10", "servers 10.100.102.10")])],
    };
    const gone = { ...shop, hops: shop.hops.filter(({ name }) => name !== "quagga") };
    plan(planned("shop", gone, shop), planned("news", { ...other, hops: [] }, other));
    await expect(guard({ ground: undefined, shop, news: other })).rejects.toThrow(
      "Nothing was changed: this change can't be made without lost requests.",
    );
    expect(told).toEqual([
      "guard: quagga is on the path no more, and no second one stands in for it: requests are lost until it is there again.",
    ]);
    expect(world.streams).toEqual([]);
  });

  test("guards nothing where no chain is up yet: neither in an empty space, nor beside the first stacks", async () => {
    await guard({});
    expect(previewChain).not.toHaveBeenCalled();
    plan(planned("ground"), planned("shop", shop));
    await guard({ ground: undefined });
    const line = "no chain is up, so no request can be lost: this time nothing is guarded";
    expect([told, vi.mocked(up).mock.calls.length, world.streams]).toEqual([[line, line], 2, []]);
  });

  test("guards what is up of several chains, and says what is not", async () => {
    plan(planned("shop", shop, shop), planned("news", news));
    await guard({ ground: undefined, shop });
    expect(world.streams).toMatchObject([{ url: shop.url }]);
    expect(told[0]).toBe("guard: the chain of news is not up yet: no request is sent through it");
  });

  test("is refused where no stack publishes a chain, or one that no request can be sent through", async () => {
    plan(planned("ground"), planned("shop"));
    await expect(guard({ ground: undefined, shop: undefined })).rejects.toThrow(
      "Nothing was changed: none of the stacks ground and shop publishes a chain (publishChain), so there is nothing to guard: bring them up without --guard.",
    );
    await expect(guard({ ground: undefined, shop: { ...shop, clients: [] }, news })).rejects.toThrow(
      "Nothing was changed: the chain of shop has no client machine to send requests from, so it can't be guarded: name one (ServiceChain, clients), or bring it up without --guard.",
    );
    expect(up).not.toHaveBeenCalled();
  });
});
