import * as path from "node:path";
import * as ts from "typescript";

/** What a public name needs for an editor to say enough of it. */
export const NEEDS = ["doc comment", "@default", "@example"] as const;
export type Need = (typeof NEEDS)[number];

/** A public name of a library, and what an editor shows of it. */
export interface PublicName {
  /** The file that declares it, beginning with the name of the library's folder. */
  readonly file: string;
  /** `Site`, `SiteArgs.platform`, `KubernetesFacts.servers.name`. */
  readonly name: string;
  readonly needs: readonly Need[];
  readonly lacks: readonly Need[];
  /** The code of its examples: statements, or, of a property, a value that it may have. */
  readonly examples: readonly string[];
  readonly isProperty: boolean;
}

interface Shown {
  readonly text: readonly ts.SymbolDisplayPart[];
  readonly tags: readonly ts.JSDocTagInfo[];
}

/** Types whose optional members somebody who writes a program may leave out. */
const CHOSEN = /^\w+(Args|Settings)(\.|$)/;

/** The names that a library's entry exports, and the types of its own that these speak of, with their members. */
export function publicNames(program: ts.Program, entry: string): PublicName[] {
  const checker = program.getTypeChecker();
  const folder = path.dirname(entry);
  const source = program.getSourceFile(entry);
  const module = source && checker.getSymbolAtLocation(source);
  if (!module) throw new Error(`${entry} exports nothing`);

  const target = (one: ts.Symbol) => (one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one);
  const exported = new Map(checker.getExportsOfModule(module).map((one) => [target(one), one.name]));
  const ownDeclaration = (symbol: ts.Symbol) =>
    symbol.declarations?.find((one) => one.getSourceFile().fileName.startsWith(`${folder}/`));
  /** The library's own class that an exported constant is made from: a program calls its methods. */
  const classOf = (symbol: ts.Symbol): ts.Symbol | undefined => {
    const made = symbol.flags & ts.SymbolFlags.Variable ? checker.getTypeOfSymbol(symbol).getSymbol() : undefined;
    return made && made.flags & ts.SymbolFlags.Class && ownDeclaration(made) ? made : undefined;
  };
  const offered = new Set([...exported.keys()].flatMap((symbol) => classOf(symbol) ?? []));

  const found: PublicName[] = [];
  const add = (at: ts.Declaration, name: string, { text, tags }: Shown, needs: readonly Need[], isProperty = false) => {
    const shows = (need: Need) =>
      need === "doc comment"
        ? ts.displayPartsToString([...text]).trim() !== ""
        : tags.some((tag) => `@${tag.name}` === need);
    found.push({
      file: path.relative(path.dirname(folder), at.getSourceFile().fileName),
      name,
      needs,
      lacks: needs.filter((need) => !shows(need)),
      examples: tags.flatMap((tag) => (tag.name === "example" ? [ts.displayPartsToString(tag.text)] : [])),
      isProperty,
    });
  };
  // These look at what a member implements or overrides, too.
  const shown = (symbol: ts.Symbol): Shown => ({
    text: symbol.getDocumentationComment(checker),
    tags: symbol.getJsDocTags(checker),
  });
  /** What stands at a call: its signature's, and of what has one signature only, the name's where the signature says nothing. */
  const shownAtCall = (signature: ts.Signature, symbol: ts.Symbol, isOnly: boolean): Shown => {
    const own = { text: signature.getDocumentationComment(checker), tags: signature.getJsDocTags() };
    const other = isOnly ? shown(symbol) : own;
    return { text: own.text.length > 0 ? own.text : other.text, tags: own.tags.length > 0 ? own.tags : other.tags };
  };

  const queue = [...new Set([...exported.keys(), ...offered])];
  const refer = (node: ts.Node) => {
    const symbol = checker.getSymbolAtLocation(node);
    const referred = symbol && target(symbol);
    if (referred && !(referred.flags & ts.SymbolFlags.TypeParameter) && !queue.includes(referred)) queue.push(referred);
  };
  /** Looks through a declaration, but for what is in bodies: for members, and for the types that it speaks of. */
  const descend = (node: ts.Node, name: string): void =>
    ts.forEachChild(node, (child) => {
      if (ts.isBlock(child) || child === (node as ts.HasInitializer).initializer) return;
      if (isHidden(child) && !ts.isConstructorDeclaration(child)) return;
      if (ts.isTypeReferenceNode(child)) refer(child.typeName);
      if (ts.isExpressionWithTypeArguments(child)) refer(child.expression);
      const symbol = isMember(child) ? checker.getSymbolAtLocation(child.name) : undefined;
      if (isMember(child) && symbol) {
        const full = `${name}.${symbol.name}`;
        const isMethod = (symbol.flags & ts.SymbolFlags.Method) !== 0;
        const needs: Need[] = ["doc comment"];
        if (symbol.flags & ts.SymbolFlags.Optional && CHOSEN.test(name)) needs.push("@default");
        const owner = ts.isClassDeclaration(child.parent) ? child.parent.name : undefined;
        const made = owner && checker.getSymbolAtLocation(owner);
        if (isMethod && made && offered.has(made)) needs.push("@example");
        add(child, full, shown(symbol), needs, !isMethod);
        descend(child, full);
      } else if (!ts.isConditionalTypeNode(child)) descend(child, name);
    });

  for (const symbol of queue) {
    const at = ownDeclaration(symbol);
    if (!at || isHidden(at)) continue;
    const name = exported.get(symbol) ?? symbol.name;
    const type = symbol.flags & ts.SymbolFlags.Value ? checker.getTypeOfSymbol(symbol) : undefined;
    const calls = [...(type?.getConstructSignatures() ?? []), ...(type?.getCallSignatures() ?? [])].filter(
      ({ declaration }) => !declaration || !isHidden(declaration),
    );
    const called: readonly Need[] = exported.has(symbol) ? ["doc comment", "@example"] : ["doc comment"];
    for (const call of calls) add(at, name, shownAtCall(call, symbol, calls.length === 1), called);
    if (calls.length === 0) add(at, name, shown(symbol), classOf(symbol) ? called : ["doc comment"]);
    for (const declaration of symbol.declarations ?? []) descend(declaration, name);
  }
  return found;
}

/** Whether a declaration is no part of the package's: private, or left out of its types (`stripInternal`). */
function isHidden(node: ts.Node): boolean {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  const isPrivate = ts.canHaveModifiers(node) && ts.getCombinedModifierFlags(node as ts.Declaration) & hidden;
  return Boolean(isPrivate) || ts.getJSDocTags(node).some((tag) => tag.tagName.text === "internal");
}

function isMember(node: ts.Node): node is ts.Declaration & { readonly name: ts.Node } {
  return (
    ts.isPropertySignature(node) ||
    ts.isMethodSignature(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isGetAccessor(node) ||
    (ts.isParameter(node) && ts.isParameterPropertyDeclaration(node, node.parent))
  );
}

/** What is wrong with the examples of a library, a sentence each: they are compiled together, behind a program whose names they may use. */
export function wrongExamples(
  names: readonly PublicName[],
  prelude: string,
  compile: (text: string) => ts.Diagnostic[],
) {
  let text = prelude;
  const starts: { at: number; of: PublicName }[] = [];
  for (const of of names)
    for (const code of of.examples) {
      starts.push({ at: text.length, of });
      const [type, ...keys] = of.name.split(".");
      const member = `vnf.${type}${keys.map((key) => `["${key}"]`).join("")}`;
      text += of.isProperty
        ? `(): NonNullable<${member}> => (${code});\n`
        : `async (): Promise<unknown> => {\n${code}\nreturn undefined;\n};\n`;
    }
  return compile(text).map(({ start = 0, messageText }) => {
    const { of } = starts.findLast(({ at }) => at <= start) ?? {};
    const where = of ? `${of.file}: ${of.name}: its @example` : "what stands before the examples";
    return `${where} does not compile: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
}
