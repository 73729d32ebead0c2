import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SETTINGS } from "./settings";

/** Where the schema is that the settings files name. */
export const SCHEMA_FILE = join(__dirname, "settings.schema.json");

/** The JSON Schema of the settings files (Pulumi.STACK.yaml) of all stacks and of the root program, from the table of settings. */
export function settingsSchema(): object {
  const layers = Object.entries(SETTINGS).map(([layer, table]) => {
    const own = Object.entries(table).map(([key, { meaning, default: fallback, schema }]) => [
      key,
      { description: meaning, ...(fallback === undefined ? {} : { default: fallback }), ...schema },
    ]);
    return [layer, Object.fromEntries(own) as Record<string, object>] as const;
  });
  const stacks = layers.flatMap(([layer, table]) =>
    Object.entries(table).map(([key, schema]) => [`hybrid-vnf-${layer}:${key}`, schema]),
  );
  const root = layers.map(([layer, properties]) => [
    `hybrid-vnf:${layer}`,
    { description: `Settings of the ${layer} layer.`, type: "object", properties, additionalProperties: false },
  ]);
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
        properties: Object.fromEntries([...root, ...stacks]),
        // Other packages' settings are theirs; a misspelt one of ours is marked.
        propertyNames: {
          anyOf: [{ not: { pattern: "^hybrid-vnf" } }, { enum: [...root, ...stacks].map(([key]) => key) }],
        },
      },
    },
  };
}

if (require.main === module) writeFileSync(SCHEMA_FILE, `${JSON.stringify(settingsSchema(), null, 2)}\n`);
