import { z } from "zod";
import { type ChainPreview, PLAN_VERSION, PLANNED_OPERATIONS } from "../plan";

/** A text that is no preview; `message` says what it lacks. */
export class NoPreviewError extends Error {
  override readonly name = "NoPreviewError";
}

const text = z.string();
const address = z.looseObject({ network: text, address: text.optional() });
/** As much of a path as a comment shows; a plan may leave out or not know what a contract has. */
const path = z.looseObject({
  url: text,
  from: text,
  clients: z.array(z.looseObject({ name: text })),
  hops: z.array(
    z.looseObject({
      name: text,
      handling: text,
      in: address,
      out: address,
      backends: z.array(text).optional(),
      instances: z.array(z.looseObject({ legs: z.array(z.looseObject({ network: text })) })),
    }),
  ),
  servers: z.array(z.looseObject({ name: text, address: text })),
});
const step = z.looseObject({
  operation: z.enum(PLANNED_OPERATIONS),
  urn: text,
  type: text,
  name: text,
  custom: z.boolean(),
  properties: z.array(z.looseObject({ path: text, replaces: z.boolean() })),
});
const preview = z.looseObject({
  version: z.literal(PLAN_VERSION).optional(),
  stack: text,
  stacks: z.array(
    z.looseObject({
      layer: text,
      ending: z.enum(["done", "failed", "skipped"]),
      changes: z.record(text, z.number().optional()),
      steps: z.array(step),
      errors: z.array(text),
      warnings: z.array(text),
    }),
  ),
  pathBefore: path.optional(),
  pathAfter: path.optional(),
  chains: z.array(z.looseObject({ layer: text, pathBefore: path.optional(), pathAfter: path.optional() })).optional(),
  findings: z.array(
    z.looseObject({ check: text, severity: z.enum(["error", "warning"]), subject: text, message: text }),
  ),
});

/** Reads what `preview --json` printed. @throws NoPreviewError naming what is missing or of the wrong form */
export function readPreview(json: string): ChainPreview {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new NoPreviewError(
      json.trim() === ""
        ? "There is no preview: what should hold it is empty."
        : "The preview is no JSON: hand over what `preview --json` prints, and nothing else.",
    );
  }
  const parsed = preview.safeParse(value);
  if (parsed.success) return value as ChainPreview;
  const [issue] = parsed.error.issues;
  throw new NoPreviewError(
    `The preview is not of the form that this version of the command prints: ${issue?.path.join(".") || "it"}: ${issue?.message ?? "wrong"}.`,
  );
}
