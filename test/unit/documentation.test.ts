import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as ts from "typescript";
import { beforeAll, describe, expect, test } from "vitest";
import { NEEDS, type PublicName, publicNames, wrongExamples } from "./documentation";

const ROOT = join(__dirname, "../..");
const ENTRY = join(ROOT, "components/index.ts");

/** A compiler's host that parses each file once, for all programs, and has texts in place of some. */
function hostOf(options: ts.CompilerOptions) {
  const host = ts.createCompilerHost(options);
  const parsed = new Map<string, ts.SourceFile | undefined>();
  return (texts: Readonly<Record<string, string>>): ts.CompilerHost => ({
    ...host,
    directoryExists: undefined,
    fileExists: (file) => file in texts || host.fileExists(file),
    getSourceFile: (file, version) => {
      const text = texts[file];
      if (text !== undefined) return ts.createSourceFile(file, text, version);
      if (!parsed.has(file)) parsed.set(file, host.getSourceFile(file, version));
      return parsed.get(file);
    },
  });
}

/** The code of the documentation's own pages; a program's imports and exports are left out, for each stands in a function. */
function pages(): PublicName[] {
  const folder = join(ROOT, "docs");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".md") && !/^(decisions|reference)\//.test(file),
  );
  const found = files.flatMap((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    return [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = ""], at) => ({
      ...{ file: `docs/${file}`, name: `block ${at + 1}`, needs: [], lacks: [], isProperty: false },
      examples: [code.replaceAll(/^import .*\n/gm, "").replaceAll(/^export (?=const )/gm, "")],
    }));
  });
  expect(found.length).toBeGreaterThan(10);
  return found;
}

const lacking = (names: readonly PublicName[]) =>
  names.flatMap(({ file, name, lacks }) => lacks.map((need) => `${file}: ${name}: no ${need}`));

describe("what an editor shows of the package", () => {
  const { compilerOptions } = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile).config;
  const { options } = ts.convertCompilerOptionsFromJson({ ...compilerOptions, paths: { "hybrid-vnf": [ENTRY] } }, ROOT);
  const host = hostOf(options);
  let names: PublicName[];

  const compile = (text: string): ts.Diagnostic[] => {
    const file = join(ROOT, "examples-of-comments.ts");
    const program = ts.createProgram([file], options, host({ [file]: text }));
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  };
  /** Examples may use the names of README's program, and those that it has no need of. */
  const prelude = [
    'import * as pulumi from "@pulumi/pulumi";',
    'import { z } from "zod";',
    'import { inventoryPlatform } from "./examples/own-platform/inventory";',
    readFileSync(join(ROOT, "examples/first/index.ts"), "utf8"),
  ].join("\n");

  beforeAll(() => {
    names = publicNames(ts.createProgram([ENTRY], options, host({})), ENTRY);
  }, 120_000);

  test("tells of every name what it is, what happens when it is left out, and how it is used", () => {
    for (const need of NEEDS) {
      const all = names.filter(({ needs }) => needs.includes(need));
      const met = all.filter(({ lacks }) => !lacks.includes(need));
      process.stdout.write(`public names with ${need}: ${met.length} of ${all.length}\n`);
      expect(all.length).toBeGreaterThan(50);
    }
    expect(lacking(names)).toEqual([]);
  });

  test("compiles where it is code; an example that does not is named", () => {
    const wrong = [
      { name: "lab", examples: ["const platform = vnf.labb();"], isProperty: false },
      { name: "SiteArgs.transitCidr", examples: ["24"], isProperty: true },
    ].map((one) => ({ file: "wrong.ts", needs: [], lacks: [], ...one }));
    expect(wrongExamples([...names, ...pages(), ...wrong], prelude, compile)).toEqual([
      expect.stringMatching(/^wrong\.ts: lab: its @example does not compile: Property 'labb' does not exist/),
      expect.stringMatching(/^wrong\.ts: SiteArgs\.transitCidr: its @example does not compile: Type 'number'/),
    ]);
  }, 120_000);
});

describe("a public name that lacks something", () => {
  const lackingIn = (files: Readonly<Record<string, string>>) => {
    const options = { noLib: true, types: [] };
    const texts = Object.fromEntries(Object.entries(files).map(([name, text]) => [`/library/${name}`, text]));
    const program = ts.createProgram(["/library/index.ts"], options, hostOf(options)(texts));
    return lacking(publicNames(program, "/library/index.ts"));
  };

  test("is named by its file, under the name that it is exported by", () => {
    expect(
      lackingIn({
        "index.ts": 'export { type Args as NetArgs, Net, net } from "./net";',
        "net.ts": `
          export interface Args {
            /** D. */
            given: string;
            /** D. */
            left?: string;
            said?: { bare: Far };
          }
          interface Far { bare: string }
          /** @internal */
          export interface Hidden { bare: string }
          export class Net {
            constructor(readonly bare: string, private hidden: Hidden) {}
            method(): void {}
            private own(): void {}
          }
          /** D. */
          export function net(): void {}`,
      }),
    ).toEqual([
      "library/net.ts: NetArgs: no doc comment",
      "library/net.ts: NetArgs.left: no @default",
      "library/net.ts: NetArgs.said: no doc comment",
      "library/net.ts: NetArgs.said: no @default",
      "library/net.ts: NetArgs.said.bare: no doc comment",
      "library/net.ts: Net: no doc comment",
      "library/net.ts: Net: no @example",
      "library/net.ts: Net.bare: no doc comment",
      "library/net.ts: Net.method: no doc comment",
      "library/net.ts: net: no @example",
      "library/net.ts: Far: no doc comment",
      "library/net.ts: Far.bare: no doc comment",
    ]);
  });

  test("is one whose every overload, and whose call, does not show it", () => {
    expect(
      lackingIn({
        "index.ts": `
          /** D. @example f("") */
          export function f(one: string): void;
          export function f(one: string, two: string): void;
          export function f(): void {}
          /** D. @example new C() */
          export class C {
            /** @throws E */
            constructor() {}
          }`,
      }),
    ).toEqual([
      "library/index.ts: f: no doc comment",
      "library/index.ts: f: no @example",
      "library/index.ts: C: no @example",
    ]);
  });

  test("is not one that shows what it implements, or overrides", () => {
    expect(
      lackingIn({
        "index.ts": `
          /** D. */
          export interface Like {
            /** D. */
            name: string;
          }
          /** D. */
          class Base {
            /** D. */
            run(): void {}
          }
          /** D. @example new C() */
          export class C extends Base implements Like {
            name: string;
            override run(): void {}
          }`,
      }),
    ).toEqual([]);
  });

  test("may be a method of what is exported as a constant", () => {
    expect(
      lackingIn({
        "index.ts": 'export { all } from "./all";',
        "all.ts": `
          /** D. */
          class Registry {
            /** D. */
            register(): void {}
          }
          /** D. @example all */
          export const all = new Registry();`,
      }),
    ).toEqual(["library/all.ts: Registry.register: no @example"]);
  });
});
