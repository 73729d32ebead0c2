import { runtime } from "@pulumi/pulumi";
import type { EngineEvent, StepEventMetadata, StepEventStateMetadata } from "@pulumi/pulumi/automation";
import { nameOf } from "./diagnostics";
import { PLANNED_OPERATIONS, type PlannedProperty, type PlannedStep, SECRET, UNKNOWN } from "./plan";

/** What the engine's events show in place of a secret. */
const MASK = "[secret]";

/** What the engine means to do with a resource, by the event that says so; undefined where that is nothing. */
export function stepOf({ resourcePreEvent }: EngineEvent): PlannedStep | undefined {
  if (resourcePreEvent === undefined) return undefined;
  const { metadata } = resourcePreEvent;
  const { urn, type } = metadata;
  // A replacement comes as three steps, of which one bears that name.
  const operation = PLANNED_OPERATIONS.find((one) => one === metadata.op);
  if (operation === undefined) return undefined;
  const custom = (metadata.new ?? metadata.old)?.custom === true;
  const properties = operation === "update" || operation === "replace" ? propertiesOf(metadata) : [];
  return { operation, urn, type, name: nameOf(urn), custom, properties };
}

/** What a step changes; only the names of inputs where the provider tells no more. */
function propertiesOf({ detailedDiff, diffs = [], keys = [], old, new: made }: StepEventMetadata): PlannedProperty[] {
  const detailed = Object.entries(detailedDiff ?? {});
  const all =
    detailed.length > 0
      ? detailed.map(([path, { diffKind, inputDiff }]) => ({
          path,
          replaces: diffKind.endsWith("-replace"),
          inputDiff,
        }))
      : [...new Set([...diffs, ...keys])]
          .sort()
          .map((path) => ({ path, replaces: keys.includes(path), inputDiff: true }));
  return all.map(({ path, replaces, inputDiff }) => ({
    path,
    replaces,
    before: shown(at(path, inputDiff ? old?.inputs : (old as StepEventStateMetadata | undefined)?.outputs)),
    after: shown(at(path, made?.inputs)),
  }));
}

/** The value at a path such as `labels[0].value` or `data["a.b"]`. */
export function at(path: string, value: unknown): unknown {
  const keys = [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, plain]) => quoted?.replace(/\\(.)/g, "$1") ?? index ?? plain ?? "",
  );
  return keys.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    value,
  );
}

/** The same value as people may read it: neither secrets nor the engine's marks are in it. */
export function shown(value: unknown): unknown {
  if (value === runtime.unknownValue) return UNKNOWN;
  if (value === MASK) return SECRET;
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value;
  const known = value as Readonly<Record<string, unknown>>;
  if (known[runtime.specialSigKey] === runtime.specialSecretSig) return SECRET;
  return Object.fromEntries(Object.entries(known).map(([key, one]) => [key, shown(one)]));
}
