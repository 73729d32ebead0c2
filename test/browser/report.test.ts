import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pngOf } from "../../cli/draw/png";
import { drawn } from "../../cli/draw/svg";
import { pageOf } from "../../cli/report/page";
import { topologyOf } from "../../cli/topology";
import { manyContracts, referenceContracts } from "../contracts";
import { startChromium } from "./chromium";
import { lastUpOf, overviewOf } from "./pages";

/** The report and the pictures in Debian's Chromium, without a window. */

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-report-"));
let browser: Browser;

beforeAll(async () => {
  browser = await startChromium();
}, 600_000);

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

const REPORTS = [
  ["of the reference chain", referenceContracts(), 30],
  ["of 20 functions", manyContracts(20), 60],
  ["of 200 functions", manyContracts(200), 300],
  ["of nothing", { site: undefined, service: undefined }, 0],
] as const;

/** Opens a file as somebody would; all that it asks for beside itself is noted. */
async function opened(
  name: string,
  content: string,
  look: { readonly dark: boolean; readonly width: number },
): Promise<{ page: Page; asked: string[] }> {
  const file = join(folder, name);
  writeFileSync(file, content);
  const asked: string[] = [];
  const page = await browser.newPage({
    colorScheme: look.dark ? "dark" : "light",
    viewport: { width: look.width, height: 800 },
  });
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  return { page, asked };
}

/** Texts of a picture that leave the box that they stand in, as the browser's own font has them. */
const CLIPPED = `[...document.querySelectorAll("svg g > rect")].flatMap((rect) => {
  const box = rect.getBBox();
  const own = [...rect.parentElement.querySelectorAll(":scope > text")];
  return own.flatMap((text) => {
    const { x, y, width, height } = text.getBBox();
    const within = [...rect.parentElement.querySelectorAll(":scope > rect")].some((one) => {
      const room = one.getBBox();
      return x >= room.x && x + width <= room.x + room.width + 0.5 && y >= room.y - 1 && y + height <= room.y + room.height + 1;
    });
    return within ? [] : [text.textContent + " in " + box.width];
  });
}).concat([...document.querySelectorAll("svg")].flatMap((svg) => {
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  return [...svg.querySelectorAll(":scope > text")].flatMap((text) => {
    const box = text.getBBox();
    return box.x >= 0 && box.x + box.width <= width && box.y >= 0 && box.y + box.height <= height ? [] : [text.textContent];
  });
}))`;

describe.each(REPORTS)("a report %s", (name, contracts, steps) => {
  let html: string;
  beforeAll(async () => {
    const sentence =
      "kubernetes-1: the route to 10.100.102.0/24 is via 10.100.101.99 dev a-leg-of-a-very-long-name-that-cannot-be-broken-anywhere; it was via 10.100.101.10.";
    const drift = { asked: new Date().toISOString(), found: [{ layer: "service", urn: "", sentence }] };
    html = await pageOf({ ...overviewOf(contracts), drift }, steps > 0 ? lastUpOf(steps) : undefined);
  });

  test.each([
    ["light", "a desk", false, 1280],
    ["dark", "a desk", true, 1280],
    ["light", "a phone", false, 390],
    ["dark", "a phone", true, 390],
  ])("in %s on %s is whole, loads nothing, and breaks no rule of axe", async (_theme, _device, dark, width) => {
    const { page, asked } = await opened(`${name}.html`, html, { dark, width });
    expect(asked).toEqual([page.url()]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    expect(await page.evaluate(CLIPPED)).toEqual([]);
    // The page refuses every script: this one runs beside it.
    await page.evaluate(AXE);
    const seen = await page.evaluate<{ id: string; nodes: string[] }[]>(
      `axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html.slice(0, 200)) })))`,
    );
    expect(seen).toEqual([]);
    const background = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(background).toBe(dark ? "rgb(13, 17, 23)" : "rgb(255, 255, 255)");
    await page.close();
  });
});

describe("a report", () => {
  test("is used by keyboard: past what is repeated, into each table and picture, and to a picture's full size", async () => {
    const html = await pageOf(overviewOf(manyContracts(20)), lastUpOf(30));
    const { page } = await opened("keyboard.html", html, { dark: false, width: 800 });
    const focused = () =>
      page.evaluate<string>(`(() => {
        const { tagName, id, textContent, ariaLabel } = document.activeElement;
        const visible = getComputedStyle(document.activeElement).outlineStyle !== "none";
        return [tagName, ariaLabel || id || textContent, visible].join(" ");
      })()`);
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("A Skip to the drawing true");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("location.hash")).toBe("#drawing");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("INPUT chain-large true");
    const wide = () =>
      page.evaluate<number>(`document.querySelector("#chain-large ~ .scroll svg").getBoundingClientRect().width`);
    const fitting = await wide();
    expect(fitting).toBeLessThanOrEqual(800);
    await page.keyboard.press("Space");
    expect(await wide()).toBe(await page.evaluate(`Number(document.querySelector("svg").getAttribute("width"))`));
    const seen: string[] = [];
    for (let at = 0; at < 20; at++) {
      await page.keyboard.press("Tab");
      seen.push(await focused());
    }
    for (const region of ["Drawing of the chain", "Network functions", "Table of machines", "Picture of the timeline"])
      expect(seen).toContain(`DIV ${region} true`);
    await page.close();
  });

  test("is heard: landmarks, one first heading, tables with heads, pictures with a title and a description", async () => {
    const { page } = await opened("heard.html", await pageOf(overviewOf(referenceContracts()), lastUpOf(30)), {
      dark: false,
      width: 1280,
    });
    const count = (selector: string) => page.locator(selector).count();
    for (const landmark of ["header", "nav[aria-label]", "main"]) expect(await count(landmark)).toBe(1);
    expect(await count("h1")).toBe(1);
    expect(await count("main > section[aria-labelledby]")).toBe(await count("h2"));
    expect(
      await count("table:not(:has(caption)), table:not(:has(thead th[scope=col])), tbody tr:not(:has(th[scope=row]))"),
    ).toBe(0);
    for (const picture of await page.getByRole("img").all()) {
      const [title, description] = ((await picture.getAttribute("aria-labelledby")) ?? "").split(" ");
      expect(await page.locator(`#${title}`).textContent()).not.toBe("");
      expect(await page.locator(`#${description}`).textContent()).toMatch(/\d/);
    }
    expect(await page.getByRole("img").count()).toBe(2);
    const path = await page.getByRole("row", { name: "1. nginx" }).textContent();
    expect(path).toContain("clients 10.100.100.20");
    await page.close();
  });

  test("runs no script, also where a name is one", async () => {
    const contracts = structuredClone(referenceContracts()) as ReturnType<typeof referenceContracts>;
    const bad = `<img src=x onerror="document.title='caught'"><script>document.title='caught'</script>`;
    for (const one of contracts.kubernetes.servers.machines) Object.assign(one, { name: bad });
    const { page, asked } = await opened("bad.html", await pageOf(overviewOf(contracts)), { dark: false, width: 1280 });
    expect(await page.title()).toBe("Site dev, stacks dev");
    expect(asked).toHaveLength(1);
    expect(await page.locator("img, script").count()).toBe(0);
    expect(await page.getByRole("rowheader", { name: bad }).count()).toBeGreaterThan(0);
    await page.close();
  });
});

describe("a picture by itself", () => {
  test.each([4, 20, 200])(
    "of %i functions is well-formed, and no text leaves its box in the browser's own font",
    async (count) => {
      for (const shape of ["row", "house"] as const) {
        const svg = await drawn(topologyOf(manyContracts(count, shape)));
        const { page } = await opened(`${shape}.svg`, svg, { dark: false, width: 1280 });
        expect(await page.evaluate("document.documentElement.tagName")).toBe("svg");
        expect(await page.evaluate(`document.querySelectorAll("parsererror").length`)).toBe(0);
        expect(await page.evaluate(CLIPPED)).toEqual([]);
        await page.close();
      }
    },
  );

  test("follows whoever looks, into the dark too", async () => {
    const svg = await drawn(topologyOf(referenceContracts()));
    const fill = async (dark: boolean) => {
      const { page } = await opened("theme.svg", svg, { dark, width: 1280 });
      const colour = await page.evaluate(`getComputedStyle(document.querySelector("rect")).fill`);
      await page.close();
      return colour;
    };
    expect(await fill(false)).toBe("rgb(255, 255, 255)");
    expect(await fill(true)).toBe("rgb(13, 17, 23)");
  });

  test("is of the same shape as pixels, twice as large, and has text there too", async () => {
    const svg = await drawn(topologyOf(referenceContracts()), { theme: "light" });
    const [width = 0, height = 0] = [/ width="(\d+)"/, / height="(\d+)"/].map((side) => Number(side.exec(svg)?.[1]));
    const png = pngOf(svg);
    expect(png.subarray(1, 4).toString()).toBe("PNG");
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2 * width, 2 * height]);
    expect(png.length).toBeGreaterThan(2 * pngOf(svg.replaceAll(/<text.*?<\/text>/g, "")).length);
  });
});
