import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(__dirname, "../..");
const readme = readFileSync(join(root, "README.md"), "utf8");

test("README's program is the first example, which the tests compile and preview", () => {
  expect(readme).toContain(`\`\`\`ts\n${readFileSync(join(root, "examples/first/index.ts"), "utf8")}\`\`\``);
});

test("what README links to is there", () => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link = ""]) => link);
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
});
