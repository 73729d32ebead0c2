import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { render } from "../../cli/comment/render";
import { mermaidOf } from "../../cli/draw/mermaid";
import type { PlannedPath } from "../../cli/plan";
import { topologyOf } from "../../cli/topology";
import { manyContracts, referenceContracts } from "../contracts";
import * as previews from "../unit/previews";
import { startChromium } from "./chromium";

/** What `graph` and the comment write in Mermaid's language, read by Mermaid itself, which needs a browser. */

const MERMAID = readFileSync(require.resolve("@mermaid-js/tiny/dist/mermaid.tiny.js"), "utf8");
/** The characters of a chart that Mermaid reads, unless it is told otherwise (`maxTextSize`). */
const MOST = 50_000;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await startChromium();
  page = await browser.newPage();
  await page.addScriptTag({ content: MERMAID });
}, 600_000);
afterAll(() => browser?.close());

/** What kind of chart Mermaid reads; it refuses what is none, and more arrows than code hosts draw (`maxEdges`). */
const read = (chart: string): Promise<string> =>
  page.evaluate(`mermaid.parse(${JSON.stringify(chart)}).then(({ diagramType }) => diagramType)`);

/** The boxes and arrows that Mermaid draws of a chart, and its words. */
const draw = (chart: string): Promise<{ boxes: number; arrows: number; words: string }> =>
  page.evaluate(`mermaid.render("chart", ${JSON.stringify(chart)}).then(({ svg }) => {
    const drawn = new DOMParser().parseFromString(svg, "text/html");
    const count = (selector) => drawn.querySelectorAll(selector).length;
    return { boxes: count("g.node"), arrows: count("path.flowchart-link"), words: drawn.body.textContent };
  })`);

const countOf = (chart: string, line: RegExp): number => chart.split("\n").filter((one) => line.test(one)).length;

const TOPOLOGIES = [
  ["the reference chain", referenceContracts()],
  ["20 functions in a row", manyContracts(20)],
  ["20 functions in a house", manyContracts(20, "house")],
  ["200 functions in a row", manyContracts(200)],
  ["200 functions in a house", manyContracts(200, "house")],
] as const;

describe("Mermaid reads", () => {
  test.each(TOPOLOGIES)("the graph of %s", async (_, contracts) => {
    const chart = mermaidOf(topologyOf(contracts));
    expect(await read(chart)).toBe("flowchart-v2");
    expect(chart.length).toBeLessThanOrEqual(MOST);
  });

  const path = (functions: number) => manyContracts(functions).service as PlannedPath;
  test.each([
    ["one server more", previews.oneServerMore()],
    ["a replaced machine", previews.replacedMachine()],
    ["1,000 resources", previews.manyResources(1000)],
    ["20 functions in place of two", previews.preview([], { pathAfter: path(20) })],
    ["200 functions in place of 20", previews.preview([], { pathBefore: path(20), pathAfter: path(200) })],
    ["hostile names", previews.hostileNames()],
  ])("the paths in the comment of %s, and draws them", async (_, preview) => {
    const charts = [...render(preview).matchAll(/^```mermaid\n([\s\S]*?)\n```$/gm)].map(([, chart = ""]) => chart);
    expect(charts).toHaveLength(2);
    for (const chart of charts) {
      expect(await read(chart)).toBe("flowchart-v2");
      const { boxes, arrows } = await draw(chart);
      expect(boxes).toBe(countOf(chart, /^ {2}n\d+\[/));
      expect(arrows).toBe(countOf(chart, /^ {2}n\d+ -->/));
    }
  });

  test("and draws every box and arrow of the reference chain", async () => {
    const topology = topologyOf(referenceContracts());
    const chart = mermaidOf(topology);
    const { boxes, arrows, words } = await draw(chart);
    expect(boxes).toBe(countOf(chart, /^ +box\d+[[(]/));
    expect(arrows).toBe(countOf(chart, /^ {2}box\d+ (==>|<==>|---) /));
    for (const name of ["client", "swarm-1", "kubernetes-1", "apache-1", "apache-2", "nginx", "quagga"])
      expect(words).toContain(name);
  });

  test("no name as anything else than that", async () => {
    const name = '"]; click box0 "https://evil.example" %% <b> #quot;';
    const contracts = structuredClone(referenceContracts());
    for (const one of contracts.kubernetes.servers.machines) Object.assign(one, { name });
    expect((await draw(mermaidOf(topologyOf(contracts)))).words).toContain(name);
  });

  test("nothing that is no chart", async () => {
    await expect(read("flowchart LR\n  a[ --> b")).rejects.toThrow("Parse error on line 3");
  });
});
