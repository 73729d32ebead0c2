import { z } from "zod";

/** What checks the form of a value from outside, such as a schema. */
export interface Form<T> {
  safeParse(value: unknown): Checked<T>;
}

/** What came of a check: the value, or what is wrong with it, by where it is. Its values are never part of it, for they may be secret. */
export interface Checked<T> {
  readonly success: boolean;
  readonly data?: T;
  readonly error?: { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] };
}

/**
 * The JSON Schema of what a form takes.
 * @internal
 */
export function schemaOf(form: z.ZodType): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(form, { io: "input", unrepresentable: "any" });
  return schema;
}
