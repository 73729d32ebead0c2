import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { INPUTS } from "../../components/problem/inputs";
import { REFERENCE, type Reference, reference } from "../../scripts/reference";
import { STACKS } from "../../stacks/settings";

describe("the reference", () => {
  let pages: Reference["pages"];
  let inputs: Reference["inputs"];
  beforeAll(() => {
    ({ pages, inputs } = reference());
  }, 120_000);

  test("is that of the types (mend it with `npm run reference`)", () => {
    const committed = readdirSync(REFERENCE).map(
      (file) => [file, readFileSync(join(REFERENCE, file), "utf8")] as const,
    );
    expect(new Map(committed)).toEqual(pages);
    expect(INPUTS).toEqual(inputs);
  });

  test("tells of what a program begins with: its arguments, what is left out, an example", () => {
    const chain = pages.get("chains.md") ?? "";
    expect(chain).toContain(
      'const chain = new vnf.ServiceChain("web", { from: clients, functions: [balancer, router], to: apache });',
    );
    expect(chain).toMatch(/^\| `returnPath` \| `readonly NetworkFunction\[\]` \| the same functions, /m);
    expect(pages.get("platforms.md")).toContain("`lab(args?: LabArgs): Platform`");
  });

  test("has every setting of every stack", () => {
    const settings = pages.get("settings.md");
    for (const table of Object.values(STACKS))
      for (const key of Object.keys(table)) expect(settings).toContain(`| \`${key}\` |`);
  });
});
