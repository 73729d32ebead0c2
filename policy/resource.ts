import { runtime } from "@pulumi/pulumi";

/** Stands in a resource's inputs where a value is known only once something else is made. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** A value that is kept secret. */
export class SecretValue {
  constructor(readonly value: unknown) {}
}

/** A resource as a program asks for it. */
export interface PolicyResource {
  /** Its type's token, such as "docker:index/container:Container". */
  readonly type: string;
  readonly name: string;
  /** Plain data, in which `UNKNOWN` and `SecretValue` stand for what is unknown and what is secret. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Whether the engine refuses to delete or replace it (Pulumi's option `protect`). @default false */
  readonly isProtected?: boolean;
}

/** What stands on the wire for an unknown boolean, number, list, asset, archive and object (Pulumi: sdk/go/common/resource/plugin/rpc.go), and for an unknown text. */
const UNKNOWNS: ReadonlySet<unknown> = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
  runtime.unknownValue,
]);

/** A value as it goes to the engine, with what is unknown and what is secret by our own marks. */
export function fromWire(value: unknown): unknown {
  if (UNKNOWNS.has(value)) return UNKNOWN;
  if (Array.isArray(value)) return value.map(fromWire);
  if (typeof value !== "object" || value === null) return value;
  const wrapped = value as Readonly<Record<string, unknown>>;
  if (wrapped[runtime.specialSigKey] === runtime.specialSecretSig) return new SecretValue(fromWire(wrapped.value));
  return Object.fromEntries(Object.entries(wrapped).map(([key, one]) => [key, fromWire(one)]));
}

/** What is in a value, whether it is a secret or not. */
function bare(value: unknown): unknown {
  return value instanceof SecretValue ? bare(value.value) : value;
}

/** What stands at a place in a resource's inputs, such as `at(inputs, "spec", "template")`; undefined where there is nothing. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  const known = bare(value);
  const [key, ...rest] = path;
  if (key === undefined) return known;
  if (typeof known !== "object" || known === null) return known === UNKNOWN ? UNKNOWN : undefined;
  return at((known as Readonly<Record<string, unknown>>)[key], ...rest);
}

/** The entries of a list at a place; none where it is no list, or not known. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The text at a place; undefined where there is none, or it is not known. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" ? found : undefined;
}
