import * as kubernetes from "@pulumi/kubernetes";
import { nearest } from "../problem/nearest";

/** What the SDK has of one version of an API group: its kinds by their names. */
type Kinds = Readonly<Record<string, unknown>>;

const SDK = kubernetes as unknown as Readonly<Record<string, Readonly<Record<string, Kinds>>>>;
/** Of the SDK's modules, those that are no API group. */
const OTHERS: ReadonlySet<string> = new Set([
  "Provider",
  "helm",
  "kustomize",
  "lifecycle",
  "meta",
  "settings",
  "types",
  "yaml",
]);

const isVersion = (name: string): boolean => /^v\d+((alpha|beta)\d+)?$/.test(name);

/** The names of the kinds themselves, without the SDK's lists and patches of them, and its other names. */
function kindsIn(kinds: Kinds): readonly string[] {
  const names = new Set(Object.keys(kinds));
  return [...names].filter((name) => names.has(`${name}Patch`) && !name.endsWith("List"));
}

/** The type that the SDK gives a kind, such as "kubernetes:apps/v1:Deployment". */
function typeIn(kinds: Kinds, kind: string): string {
  return String((kinds[kind] as { __pulumiType?: unknown } | undefined)?.__pulumiType);
}

/** The SDK's module of an API group that Kubernetes itself serves; undefined for the group of a custom resource. */
function moduleOf(
  group: string,
): { readonly name: string; readonly versions: Readonly<Record<string, Kinds>> } | undefined {
  const name = group.split(".")[0] ?? "";
  if (OTHERS.has(name) || !Object.hasOwn(SDK, name) || (group.includes(".") && !group.endsWith(".k8s.io")))
    return undefined;
  const versions = Object.fromEntries(Object.entries(SDK[name] ?? {}).filter(([version]) => isVersion(version)));
  const served = Object.values(versions).some((kinds) => {
    const [first] = kindsIn(kinds);
    return first !== undefined && typeIn(kinds, first).startsWith(`kubernetes:${group}/`);
  });
  return served ? { name, versions } : undefined;
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(", ");
const meaning = (word: string, known: readonly string[]): string => {
  const meant = nearest(word, known);
  return meant === undefined ? `it has ${quoted(known)}` : `did you mean "${meant}"?`;
};

/** The type of an object's resource, or what stands against its API version and kind. */
export function typeOf(apiVersion: string, kind: string): { readonly type: string } | { readonly against: string } {
  const [version = "", group = "core", ...rest] = apiVersion.split("/").reverse();
  const form = { against: `apiVersion is "${apiVersion}": it must be VERSION or GROUP/VERSION, such as "apps/v1"` };
  if (rest.length > 0 || !isVersion(version) || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(group)) return form;
  if (!/^[A-Z][A-Za-z0-9]*$/.test(kind))
    return { against: `kind is "${kind}": it must be a name such as "Deployment"` };
  const module = moduleOf(group);
  if (!module) {
    // A group without a dot is Kubernetes' own (CustomResourceDefinition: spec.group).
    if (group.includes(".")) return { type: `kubernetes:${apiVersion}:${kind}` };
    const groups = Object.keys(SDK).filter((name) => moduleOf(name) !== undefined && name !== "core");
    return {
      against: `apiVersion is "${apiVersion}", and Kubernetes has no group "${group}": ${meaning(group, groups)}`,
    };
  }
  const known = module.versions[version];
  if (!known)
    return {
      against: `apiVersion is "${apiVersion}", and the group "${group}" has no version "${version}": ${meaning(version, Object.keys(module.versions))}`,
    };
  const kinds = kindsIn(known);
  if (kinds.includes(kind)) return { type: typeIn(known, kind) };
  if (kind.endsWith("List"))
    return { against: `kind is "${kind}": write each object of the list as a document of its own, with --- between` };
  const elsewhere = Object.keys(SDK)
    .filter((name) => !OTHERS.has(name))
    .flatMap((name) =>
      Object.entries(SDK[name] ?? {}).flatMap(([, one]) =>
        kindsIn(one ?? {}).includes(kind) ? [typeIn(one, kind)] : [],
      ),
    )
    .map((type) => (type.split(":")[1] ?? "").replace(/^core\//, ""));
  const hint = elsewhere.length > 0 ? `it is a kind of ${quoted([...new Set(elsewhere)])}` : meaning(kind, kinds);
  return { against: `kind is "${kind}", which ${apiVersion} does not have: ${hint}` };
}
