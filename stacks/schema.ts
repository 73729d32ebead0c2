import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ts from "typescript";
import type { Setting } from "../components";
import { SETTINGS, STACKS } from "./settings";

/** Where the schema is that the settings files name. */
export const SCHEMA_FILE = join(__dirname, "settings.schema.json");

type Schema = Readonly<Record<string, unknown>>;
const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null;

/** The JSON Schema of the settings files (Pulumi.STACK.yaml) of all stacks and of the root program, from the table of settings. */
export function settingsSchema(): object {
  const meanings = meaningsOf(join(__dirname, "../components"));
  const propertiesOf = (table: Readonly<Record<string, Setting>>, prefix = "") =>
    Object.fromEntries(
      Object.entries(table).map(([key, { meaning, default: fallback, schema }]) => [
        `${prefix}${key}`,
        {
          description: meaning,
          ...(fallback === undefined ? {} : { default: fallback }),
          ...(explained(schema, meanings) as Schema),
        },
      ]),
    );
  const stacks = Object.entries(STACKS).map(([layer, table]) => propertiesOf(table, `hybrid-vnf-${layer}:`));
  const root = Object.entries(SETTINGS).map(([layer, table]) => [
    `hybrid-vnf:${layer}`,
    {
      description: `Settings of the ${layer} layer.`,
      type: "object",
      properties: propertiesOf(table),
      additionalProperties: false,
    },
  ]);
  const properties: Schema = Object.assign({}, Object.fromEntries(root), ...stacks);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Settings of a stack of hybrid-vnf",
    type: "object",
    properties: {
      encryptionsalt: { type: "string" },
      secretsprovider: { type: "string" },
      encryptedkey: { type: "string" },
      config: {
        type: "object",
        properties,
        // Other packages' settings are theirs; a misspelt one of ours is marked.
        propertyNames: { anyOf: [{ not: { pattern: "^hybrid-vnf" } }, { enum: Object.keys(properties) }] },
      },
    },
  };
}

/** What the members of each exported interface mean, by its name: their doc comments, and the default that these name. */
function meaningsOf(folder: string): ReadonlyMap<string, Schema> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const interfaces = files.flatMap((name) => {
    const source = ts.createSourceFile(name, readFileSync(join(folder, name), "utf8"), ts.ScriptTarget.Latest, true);
    return source.statements.filter(ts.isInterfaceDeclaration);
  });
  return new Map(interfaces.map((one) => [one.name.text, Object.fromEntries(one.members.map(meaningOf))]));
}

function meaningOf(member: ts.TypeElement): readonly [string, string] {
  const said = ts.getJSDocCommentsAndTags(member).map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "");
  const fallback = ts.getJSDocTags(member).find((tag) => tag.tagName.text === "default");
  const text = ts.getTextOfJSDocComment(fallback?.comment);
  return [member.name?.getText() ?? "", `${said.join(" ")}${text === undefined ? "" : ` Default: ${text}.`}`.trim()];
}

/** The same schema; objects whose title names an interface say what each of their properties means. */
function explained(schema: unknown, meanings: ReadonlyMap<string, Schema>): unknown {
  if (Array.isArray(schema)) return schema.map((one) => explained(one, meanings));
  if (!isSchema(schema)) return schema;
  const own = Object.fromEntries(Object.entries(schema).map(([key, one]) => [key, explained(one, meanings)]));
  if (typeof schema.title !== "string" || !isSchema(own.properties)) return own;
  const meaning = meanings.get(schema.title) ?? {};
  const properties = Object.entries(own.properties).map(([key, one]) => [
    key,
    { description: meaning[key], ...(one as Schema) },
  ]);
  return { ...own, properties: Object.fromEntries(properties) };
}

if (require.main === module) writeFileSync(SCHEMA_FILE, `${JSON.stringify(settingsSchema(), null, 2)}\n`);
