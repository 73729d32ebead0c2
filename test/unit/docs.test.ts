import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { help } from "../../cli/main";
import { verbs } from "../../cli/verbs";
import { MACHINE_REPLACEMENT, RULES } from "../../policy/rules";

const ROOT = join(__dirname, "../..");

/** Files below a folder of the checkout whose names end so. */
function filesIn(folder: string, ...ends: string[]): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => ends.some((end) => name.endsWith(end)) && !name.includes("node_modules"))
    .map((name) => join(folder, name));
}

const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const pages = [
  ...["README.md", "CONTRIBUTING.md", "CHANGELOG.md"],
  ...["docs", "toolchain", "examples"].flatMap((one) => filesIn(one, ".md")),
];

/** A heading's anchor, as code hosts make it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

/** The anchors of a page; the second of one name gets a number. */
function anchorsOf(file: string): Set<string> {
  const text = read(file).replaceAll(/^```[\s\S]*?^```/gm, "");
  const found = new Set<string>();
  for (const [, heading = ""] of text.matchAll(/^#+ (.*)$/gm)) {
    const anchor = anchorOf(heading);
    for (let number = 0; ; number++) {
      const one = number === 0 ? anchor : `${anchor}-${number}`;
      if (found.has(one)) continue;
      found.add(one);
      break;
    }
  }
  return found;
}

/** Why a relative link of a page leads nowhere; undefined where it leads somewhere. */
function wrong(page: string, link: string): string | undefined {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : relative(ROOT, join(ROOT, dirname(page), path));
  if (!existsSync(join(ROOT, target))) return `${page}: ${link}: there is no ${target}`;
  if (anchor === undefined || statSync(join(ROOT, target)).isDirectory()) return undefined;
  return anchorsOf(target).has(anchor) ? undefined : `${page}: ${link}: ${target} has no such heading`;
}

describe("the documentation", () => {
  test("has no relative link that leads nowhere", () => {
    const links = pages.flatMap((page) => {
      const text = read(page).replaceAll(/^```[\s\S]*?^```|`[^`\n]*`/gm, "");
      return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) =>
        /^[a-z]+:/.test(link) ? [] : [[page, link] as const],
      );
    });
    expect(links.length).toBeGreaterThan(200);
    expect(links.flatMap(([page, link]) => wrong(page, link) ?? [])).toEqual([]);
  });

  test("is all reached from its index", () => {
    const seen = new Set<string>();
    const follow = (page: string): void => {
      if (seen.has(page) || !page.endsWith(".md")) return;
      seen.add(page);
      for (const [, link = ""] of read(page).matchAll(/\]\(([^)\s#]+)[^)\s]*\)/g)) {
        const target = relative(ROOT, join(ROOT, dirname(page), link));
        if (!/^[a-z]+:/.test(link) && existsSync(join(ROOT, target))) follow(target);
      }
    };
    follow("docs/README.md");
    expect(filesIn("docs", ".md").filter((page) => !page.startsWith("docs/decisions/") && !seen.has(page))).toEqual([]);
  });

  test("and the command's help let npm print no lines of its own into what a program reads", () => {
    const code = pages.flatMap((page) => [...read(page).matchAll(/^```[\s\S]*?^```|`[^`\n]+`/gm)].map(([one]) => one));
    const texts = [...code, ...[undefined, ...verbs].map(help), read(".gitlab-ci.yml")];
    const loud = (text: string): readonly string[] =>
      text.match(/[$<]\(npm run (?!-s |--silent ).*|npm run (?!-s |--silent ).*?(?:>| --json|(?<!\|)\|(?!\|)).*/g) ??
      [];
    expect(
      loud("npm run env >file\nnpm run a | b\neval $(npm run env)\nnpm run a || b\nnpm run -s a | b"),
    ).toHaveLength(3);
    expect(texts.flatMap(loud)).toEqual([]);
  });

  test("lists in troubleshooting each rule of the policy, and no message that nothing says any more", () => {
    const sources = [
      ...["components", "cli", "policy", "toolchain", "stacks"].flatMap((one) => filesIn(one, ".ts", ".sh", ".go")),
      ...filesIn("images", ".sh"),
    ].map((file) => read(file).replaceAll(/\$\{[^}]*\}|\$\w+/g, "…"));
    const messages = [...read("docs/troubleshooting.md").matchAll(/^\| `(.+?)` \|/gm)].map(
      ([, message = ""]) => message,
    );
    expect(messages.length).toBeGreaterThan(40);
    const plain = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    const gone = messages.filter((message) => {
      const said = new RegExp(message.split("…").map(plain).join("[^\\n]{0,80}?"));
      return !sources.some((text) => said.test(text));
    });
    expect(gone).toEqual([]);
    const rules = [...RULES, MACHINE_REPLACEMENT].map(({ name }) => name);
    expect(rules.filter((name) => !read("docs/troubleshooting.md").includes(`| policy \`${name}\``))).toEqual([]);
  });
});
