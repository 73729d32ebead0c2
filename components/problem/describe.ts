import * as pulumi from "@pulumi/pulumi";

/** A value as a message shows it: short, and an output by what it is, since its value is known only later. */
export function describe(value: unknown): string {
  if (pulumi.Output.isInstance(value)) return "an output, whose value is known only later";
  if (value instanceof Promise) return "a promise, which must be awaited first";
  if (typeof value === "function") return `a function${value.name ? ` (${value.name})` : ""}`;
  if (pulumi.Resource.isInstance(value)) return `a ${value.constructor.name}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? `"${value.length > 60 ? `${value.slice(0, 60)}…` : value}"` : String(value);
}
