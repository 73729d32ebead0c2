import { z } from "zod";

/** What checks the form of a value from outside, such as a schema. */
export interface Form<T> {
  /** Checks a value; what is wrong with it is returned, not thrown. */
  safeParse(value: unknown): Checked<T>;
}

/** What came of a check: the value, or what is wrong with it, by where it is. Its values are never part of it, for they may be secret. */
export interface Checked<T> {
  /** Whether the value has the form: then there is `data`, else `error`. */
  readonly success: boolean;
  /** The value, with the form's own defaults. */
  readonly data?: T;
  /** What stands against it. */
  readonly error?: {
    /** At least one. */
    readonly issues: readonly {
      /** Keys and indices that lead to what is wrong; none where it is the value itself. */
      readonly path: readonly PropertyKey[];
      /** The kind of value that is allowed there, where it is another kind: "string", "number", "boolean", "array" or "object". */
      readonly expected?: string;
      /** The same, where it is of that kind, and too little, too much or of another format. */
      readonly origin?: string;
      /** What is allowed there. */
      readonly message: string;
    }[];
  };
}

/**
 * The JSON Schema of what a form takes.
 * @internal
 */
export function schemaOf(form: z.ZodType): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(form, { io: "input", unrepresentable: "any" });
  return schema;
}
