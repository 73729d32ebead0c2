import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import * as ts from "typescript";
import { help } from "../cli/main";
import { verbs } from "../cli/verbs";
import type { Setting } from "../components";
import { STACKS } from "../stacks/settings";

const ROOT = path.join(__dirname, "..");
const LIBRARY = path.join(ROOT, "components");

/** Where the pages are. */
export const REFERENCE = path.join(ROOT, "docs/reference");

/** Where the fields of what can be given are. */
const INPUTS = path.join(LIBRARY, "problem/inputs.ts");

/** The pages: what each is about, and the folders of components/ that it tells of. */
const PAGES: readonly (readonly [file: string, title: string, folders: readonly string[]])[] = [
  ["sites.md", "Sites, networks and machines", ["site", "network", "machine", "ssh", "route"]],
  ["platforms.md", "Platforms", ["platform"]],
  ["clusters.md", "Clusters", ["kubernetes", "attachment", "swarm"]],
  [
    "functions.md",
    "Network functions",
    [
      "function",
      "quagga",
      "firewall",
      "nat",
      "nftables",
      "nginx",
      "webservers",
      "virtualmachine",
      "gateway",
      "image",
      "microservice",
      "descriptor",
    ],
  ],
  ["chains.md", "Chains", ["chain"]],
  ["contracts.md", "Contracts and layers", ["contracts", "layers"]],
  ["own.md", "For components of your own", ["problem", "script", "setting"]],
];

/** The text of a doc comment, on one line for a table. */
const inline = (text: string): string => text.replaceAll(/\s*\n\s*/g, " ").trim();
const cell = (text: string): string => inline(text).replaceAll("|", "\\|");
const code = (text: string): string => `\`${cell(text).replaceAll(/\s+/g, " ")}\``;

/** What is made of the types and doc comments of what the library exports. */
export interface Reference {
  /** Pages by their file names. */
  readonly pages: ReadonlyMap<string, string>;
  /** The fields of each type that can be given, and the type of one that has fields itself: what components/problem/inputs.ts has. */
  readonly inputs: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
}

export function reference(): Reference {
  const entry = path.join(LIBRARY, "index.ts");
  const { config } = ts.readConfigFile(path.join(ROOT, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  const program = ts.createProgram([entry], options);
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry) ?? raise(`${entry} is missing`));
  const target = (one: ts.Symbol) => (one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one);
  const exported = checker.getExportsOfModule(module ?? raise(`${entry} exports nothing`));

  const own = (symbol: ts.Symbol) =>
    symbol.declarations?.find((one) => one.getSourceFile().fileName.startsWith(`${LIBRARY}/`));
  const says = (symbol: ts.Symbol): string =>
    ts.displayPartsToString(symbol.getDocumentationComment(checker)).replaceAll(/\{@link (\w+)\}/g, "`$1`");
  const tagged = (symbol: ts.Symbol, tag: string): readonly string[] =>
    symbol.getJsDocTags(checker).flatMap((one) => (one.name === tag ? [ts.displayPartsToString(one.text)] : []));
  const isPublic = (symbol: ts.Symbol): boolean => {
    const at = own(symbol);
    return (
      at !== undefined &&
      !symbol.getJsDocTags(checker).some(({ name }) => name === "internal") &&
      !(ts.getCombinedModifierFlags(at) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected))
    );
  };
  /** Types of the library's own that the shown ones speak of. */
  const spokenOf = new Set<ts.Symbol>();
  const speakOf = (node: ts.Node): void => {
    const symbol = ts.isTypeReferenceNode(node) ? checker.getSymbolAtLocation(node.typeName) : undefined;
    const found = symbol && target(symbol);
    if (found && isPublic(found) && found.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias))
      spokenOf.add(found);
    ts.forEachChild(node, speakOf);
  };
  /** Types that can be given: arguments, and the interfaces that they are made of. What is only told has fields that are read-only. */
  const inputs = new Set<ts.Symbol>();
  const fieldsOf = (symbol: ts.Symbol) => checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol));
  const give = (symbol: ts.Symbol): void => {
    if (inputs.has(symbol)) return;
    inputs.add(symbol);
    for (const one of fieldsOf(symbol)) for (const given of givenIn(one)) give(given);
  };
  /** The types that can be given of a field, by themselves or in a list. */
  const givenIn = (field: ts.Symbol): readonly ts.Symbol[] => {
    const found = (node: ts.Node): readonly ts.Symbol[] => {
      if (ts.isUnionTypeNode(node)) return node.types.flatMap(found);
      if (ts.isTypeOperatorNode(node)) return found(node.type);
      if (ts.isArrayTypeNode(node)) return found(node.elementType);
      const symbol = ts.isTypeReferenceNode(node) ? checker.getSymbolAtLocation(node.typeName) : undefined;
      return symbol && isGiven(target(symbol)) ? [target(symbol)] : [];
    };
    const written = (own(field) as ts.PropertySignature | undefined)?.type;
    return written ? found(written) : [];
  };
  const isGiven = (symbol: ts.Symbol): boolean =>
    own(symbol) !== undefined &&
    (symbol.flags & ts.SymbolFlags.Interface) !== 0 &&
    fieldsOf(symbol).every(
      (one) =>
        one.flags & ts.SymbolFlags.Property &&
        one.declarations?.every((at) => !(ts.getCombinedModifierFlags(at) & ts.ModifierFlags.Readonly)),
    );
  for (const one of exported.map(target)) if (/(Args|Settings)$/.test(one.name) && isGiven(one)) give(one);

  /** A type as its declaration writes it; as the compiler infers it where it writes none. */
  const typeOf = (symbol: ts.Symbol): string => {
    const at = own(symbol);
    const written = at && (at as ts.PropertySignature).type;
    if (written) speakOf(written);
    if (written) return written.getText();
    return checker.typeToString(checker.getTypeOfSymbol(symbol), at, ts.TypeFormatFlags.NoTruncation);
  };
  const signature = (name: string, one: ts.Signature): string => {
    const parameters = one.parameters.map((parameter) => {
      const at = parameter.valueDeclaration as ts.ParameterDeclaration | undefined;
      const optional = at && (at.questionToken || at.initializer) ? "?" : "";
      return `${at?.dotDotDotToken ? "..." : ""}${parameter.name}${optional}: ${typeOf(parameter)}`;
    });
    const generic = one.typeParameters?.map(({ symbol }) => symbol.declarations?.[0]?.getText() ?? symbol.name);
    const back = one.declaration?.type?.getText() ?? checker.typeToString(one.getReturnType());
    return `${name}${generic ? `<${generic.join(", ")}>` : ""}(${parameters.join(", ")}): ${back}`;
  };
  const examples = (symbol: ts.Symbol) => tagged(symbol, "example").map((text) => `\`\`\`ts\n${text.trim()}\n\`\`\``);
  const throws = (symbol: ts.Symbol) =>
    tagged(symbol, "throws").map((text) => `Throws ${inline(text).replace(/\.$/, "")}.`);

  const table = (heading: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
    rows.length === 0
      ? []
      : [`**${heading}**`, [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n")];
  /** What can be given: name, type, what happens without it, meaning. */
  const argumentsTable = (heading: string, type: ts.Type): string[] =>
    table(
      heading,
      ["name", "type", "if left out", "what it is"],
      checker
        .getPropertiesOfType(type)
        .filter(isPublic)
        .map((one) => {
          const fallback = tagged(one, "default")[0];
          const optional = one.flags & ts.SymbolFlags.Optional;
          return [code(one.name), code(typeOf(one)), optional ? cell(fallback ?? "") : "needed", cell(says(one))];
        }),
    );
  const membersTable = (heading: string, type: ts.Type): string[] => {
    const members = checker.getPropertiesOfType(type).filter((one) => isPublic(one) && own(one));
    const isMethod = (one: ts.Symbol) => (one.flags & ts.SymbolFlags.Method) !== 0;
    return [
      ...table(
        heading,
        ["name", "type", "what it is"],
        members
          .filter((one) => !isMethod(one))
          .map((one) => [
            code(`${one.name}${one.flags & ts.SymbolFlags.Optional ? "?" : ""}`),
            code(typeOf(one)),
            cell(says(one)),
          ]),
      ),
      ...members.filter(isMethod).flatMap((one) => {
        const calls = checker.getTypeOfSymbol(one).getCallSignatures();
        return [
          calls.map((call) => `\`${inline(signature(one.name, call))}\``).join("  \n"),
          [says(one), ...throws(one)].join(" ").trim(),
          ...examples(one),
        ];
      }),
    ];
  };

  const shown = new Set<ts.Symbol>();
  const sectionOf = (symbol: ts.Symbol, name: string): string[] => {
    shown.add(symbol);
    const about = [says(symbol), ...throws(symbol), ...examples(symbol)];
    const value = symbol.flags & ts.SymbolFlags.Value ? checker.getTypeOfSymbol(symbol) : undefined;
    const calls = value?.getCallSignatures() ?? [];
    if (symbol.flags & ts.SymbolFlags.Class) {
      const argumentsOf = exported.find((one) => one.name === `${name}Args`);
      const statics = checker.getPropertiesOfType(value as ts.Type).filter((one) => one.name !== "prototype");
      if (argumentsOf) shown.add(target(argumentsOf));
      return [
        ...about,
        ...(argumentsOf
          ? argumentsTable(`Arguments (\`${name}Args\`)`, checker.getDeclaredTypeOfSymbol(target(argumentsOf)))
          : (value?.getConstructSignatures() ?? [])
              .filter(
                ({ declaration }) =>
                  declaration && !ts.getJSDocTags(declaration).some((tag) => tag.tagName.text === "internal"),
              )
              .map((one) => `\`${inline(signature(`new ${name}`, one)).replace(/: \w+(<.*>)?$/, "")}\``)),
        ...membersTable("What it tells", checker.getDeclaredTypeOfSymbol(symbol)),
        ...statics.filter(isPublic).flatMap((one) => [
          ...checker
            .getTypeOfSymbol(one)
            .getCallSignatures()
            .map((call) => `\`${inline(signature(`${name}.${one.name}`, call))}\``),
          [says(one), ...throws(one)].join(" ").trim(),
          ...examples(one),
        ]),
      ];
    }
    if (calls.length > 0) {
      const first = calls[0];
      const documented = says(symbol) || ts.displayPartsToString(first?.getDocumentationComment(checker));
      return [calls.map((call) => `\`${inline(signature(name, call))}\``).join("  \n"), documented, ...about.slice(1)];
    }
    if (symbol.flags & ts.SymbolFlags.Interface)
      return inputs.has(symbol)
        ? [...about, ...argumentsTable("What can be given", checker.getDeclaredTypeOfSymbol(symbol))]
        : [...about, ...membersTable("What it has", checker.getDeclaredTypeOfSymbol(symbol))];
    const at = own(symbol);
    if (at && ts.isTypeAliasDeclaration(at)) speakOf(at.type);
    if (at && ts.isTypeAliasDeclaration(at)) return [...about, `\`\`\`ts\n${at.getText()}\n\`\`\``];
    const made = value?.getSymbol();
    const members =
      made && made.flags & ts.SymbolFlags.Class && own(made) && value ? membersTable("What it has", value) : [];
    return [...about, ...(members.length > 0 ? [] : [code(typeOf(symbol))]), ...members];
  };

  const folderOf = (symbol: ts.Symbol): string => {
    const at = own(symbol) ?? raise(`${symbol.name} is not of this library`);
    return path.relative(LIBRARY, at.getSourceFile().fileName).split("/")[0] ?? "";
  };
  const sections: { name: string; file: string; lines: string[] }[] = [];
  const add = (symbol: ts.Symbol, name: string): void => {
    const folder = folderOf(symbol).replace(/^(platform)s\.ts$/, "$1");
    const [file] =
      PAGES.find(([, , folders]) => folders.includes(folder)) ??
      raise(`No page of the reference tells of components/${folder}: name it in scripts/reference.ts`);
    if (!shown.has(symbol)) sections.push({ name, file, lines: sectionOf(symbol, name) });
  };
  for (const one of exported) if (folderOf(target(one)) !== "release.ts") add(target(one), one.name);
  // A set that grows while it is walked: what these types speak of comes after them.
  for (const one of spokenOf) add(one, one.name);
  // The arguments of a class stand with it, whichever of the two is exported first.
  const told = sections.filter(
    ({ name, lines }) =>
      lines.length > 0 && !(name.endsWith("Args") && sections.some((one) => `${one.name}Args` === name)),
  );
  const made = "<!-- Made by `npm run reference` from the library's types and doc comments. -->";
  const pages = PAGES.map(([file, title]) => {
    const own = told.filter((one) => one.file === file);
    const text = own.flatMap(({ name, lines }) => [`## ${name}`, ...lines.filter((line) => line !== "")]);
    return [file, `${[`# ${title}`, made, ...text].join("\n\n")}\n`] as const;
  });
  const index = PAGES.map(([file, title]) => {
    const own = told.filter((one) => one.file === file).map(({ name }) => name);
    // Of two headings that differ in case alone, the second one's anchor gets a number.
    const anchor = (name: string, at: number): string => {
      const before = own.slice(0, at).filter((one) => one.toLowerCase() === name.toLowerCase()).length;
      return `${name.toLowerCase()}${before > 0 ? `-${before}` : ""}`;
    };
    return `- [${title}](${file}): ${own.map((name, at) => `[${name}](${file}#${anchor(name, at)})`).join(", ")}`;
  });
  const intro =
    "What the library exports; an editor shows the same on hover. Commands and settings have pages of their own.";
  const others = ["- [Commands](commands.md)", "- [Settings of the stacks](settings.md)"];
  const all = new Map([
    ["README.md", `${["# Reference", made, intro, [...index, ...others].join("\n")].join("\n\n")}\n`],
    ["commands.md", `${["# Commands", made, ...commands()].join("\n\n")}\n`],
    ["settings.md", `${["# Settings of the stacks", made, ...settings()].join("\n\n")}\n`],
    ...pages,
  ]);
  const names = new Map(exported.map((one) => [target(one), one.name]));
  const nameOf = (symbol: ts.Symbol): string => names.get(symbol) ?? symbol.name;
  const fields = [...inputs].map((symbol) => [
    nameOf(symbol),
    Object.fromEntries(
      fieldsOf(symbol)
        .filter(isPublic)
        .map((one) => [one.name, givenIn(one).map(nameOf)[0] ?? null]),
    ),
  ]);
  return { pages: all, inputs: Object.fromEntries(fields.sort()) };
}

/** What the command says of itself. */
function commands(): string[] {
  const block = (text: string): string => `\`\`\`text\n${text}\n\`\`\``;
  return [
    "As the command says them in a checkout. Where the package is installed, `npx hybrid-vnf VERB` takes the place of `npm run VERB --`.",
    block(help()),
    ...verbs.flatMap((one) => [`## ${one.name}`, block(help(one))]),
  ];
}

/** The table of settings, stack by stack. */
function settings(): string[] {
  const tables: Readonly<Record<string, Readonly<Record<string, Setting>>>> = STACKS;
  return [
    "`pulumi config set KEY VALUE` in the stack's folder sets one; `--path KEY.FIELD` a field of one that has several.",
    ...Object.entries(tables).flatMap(([stack, table]) => [
      `## stacks/${stack}`,
      [
        "| key | if left out | what it is |",
        "| --- | --- | --- |",
        ...Object.entries(table).map(
          ([key, one]) =>
            `| ${code(key)} | ${one.default === undefined ? "" : code(String(one.default))} | ${cell(one.meaning)}${one.secret ? " Secret." : ""} |`,
        ),
      ].join("\n"),
    ]),
  ];
}

function raise(message: string): never {
  throw new Error(message);
}

if (require.main === module) {
  rmSync(REFERENCE, { recursive: true, force: true });
  mkdirSync(REFERENCE, { recursive: true });
  const { pages, inputs } = reference();
  for (const [file, text] of pages) writeFileSync(path.join(REFERENCE, file), text);
  const about =
    "Made by `npm run reference`: the fields of what can be given, and the types of those that have fields themselves.";
  writeFileSync(INPUTS, `/** ${about} */\nexport const INPUTS = ${JSON.stringify(inputs)} as const;\n`);
}
