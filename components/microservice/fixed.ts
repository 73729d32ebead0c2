import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { InvalidInput, isLater } from "../problem/problem";

/** Fields of an object that its cluster lets nobody change, by their paths. */
export type FixedFields = Readonly<Record<string, unknown>>;

const CLAIM = [
  "accessModes",
  "dataSource",
  "dataSourceRef",
  "selector",
  "storageClassName",
  "volumeMode",
  "volumeName",
];
const WORKLOAD = ["spec.selector"];

/** By group and kind: what the validation of the API server refuses to change (k8s.io/kubernetes: pkg/apis/…/validation, 1.34). */
const FIXED: Readonly<Record<string, readonly string[]>> = {
  "apps/DaemonSet": WORKLOAD,
  "apps/Deployment": WORKLOAD,
  "apps/ReplicaSet": WORKLOAD,
  "apps/StatefulSet": [...WORKLOAD, "spec.podManagementPolicy", "spec.serviceName", "spec.volumeClaimTemplates"],
  "batch/Job": [...WORKLOAD, "spec.completionMode", "spec.podFailurePolicy", "spec.template"],
  "core/PersistentVolumeClaim": CLAIM.map((field) => `spec.${field}`),
  "core/ResourceQuota": ["spec.scopes"],
  "core/Secret": ["type"],
  "core/Service": ["spec.clusterIP"],
  "networking.k8s.io/IngressClass": ["spec.controller"],
  "node.k8s.io/RuntimeClass": ["handler"],
  "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
  "scheduling.k8s.io/PriorityClass": ["value"],
  "storage.k8s.io/StorageClass": ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"],
};

/** Of a pod everything but these (Kubernetes: Pod update and replacement). */
const OF_A_POD_MAY_CHANGE = ["activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations"];

type Data = Readonly<Record<string, unknown>>;
const isData = (value: unknown): value is Data => typeof value === "object" && value !== null && !isLater(value);
const at = (data: unknown, path: string): unknown =>
  path.split(".").reduce<unknown>((within, key) => (isData(within) ? within[key] : undefined), data);

/** A pod's own specification without what may change of it. */
function fixedOfPod(spec: Data): Data {
  const withoutImages = (containers: unknown) =>
    Array.isArray(containers)
      ? containers.map((one) =>
          isData(one) ? Object.fromEntries(Object.entries(one).filter(([key]) => key !== "image")) : one,
        )
      : containers;
  return Object.fromEntries(
    Object.entries(spec)
      .filter(([key]) => !OF_A_POD_MAY_CHANGE.includes(key))
      .map(([key, value]) => [key, /^(init)?containers$/i.test(key) ? withoutImages(value) : value]),
  );
}

/**
 * What of an object its cluster lets nobody change.
 * @param type the SDK's, such as "kubernetes:apps/v1:Deployment"
 */
export function fixedFieldsOf(type: string, data: Data): FixedFields {
  const [, group = "", kind = ""] = /^kubernetes:([^/]+)\/[^:]+:(.*)$/.exec(type) ?? [];
  if (group === "core" && kind === "Pod" && isData(data.spec)) return { spec: fixedOfPod(data.spec) };
  const sealed = data.immutable === true && group === "core" ? ["binaryData", "data"] : [];
  const fields = [...(FIXED[`${group}/${kind}`] ?? []), ...sealed];
  return Object.fromEntries(fields.map((field) => [field, at(data, field) ?? null]));
}

/** What messages need of an object whose fields may not change. */
export interface FixedObject {
  readonly fields: FixedFields;
  /** Such as `Deployment "web"`. */
  readonly name: string;
  /** Where a field stands that a path leads to. */
  readonly place: (path: string) => string;
}

/**
 * Refuses, before the engine touches anything, a change of what nobody may change: it would have the provider delete the object, and make
 * it anew. The engine itself tells what the fields were, so it is refused by a preview too, and where the cluster can't be asked.
 * @param subject what messages call the component
 * @param objects by their identity, which is also their key in the component's input `objects`
 */
export function refusesReplacement(
  subject: string,
  objects: ReadonlyMap<string, FixedObject>,
): pulumi.ResourceHookFunction {
  return async ({ oldInputs, newInputs }) => {
    const [before, after] = await Promise.all([oldInputs, newInputs].map(fieldsIn));
    const problems = [...objects].flatMap(([identity, { name, fields, place }]) => {
      const [was, is] = [before?.[identity], after?.[identity]];
      if (!was || !is) return [];
      return Object.keys(fields)
        .filter((path) => !pulumi.containsUnknowns(was[path]) && !pulumi.containsUnknowns(is[path]))
        .filter((path) => !isDeepStrictEqual(was[path] ?? null, is[path] ?? null))
        .map(
          (path) =>
            `${place(path)}: ${path} of ${name} is not what it was made with, and Kubernetes lets nobody change it: take the change back, give the object another name, or let it be deleted and made anew (replaceable: true)`,
        );
    });
    if (problems.length > 0) throw new InvalidInput(subject, problems);
  };
}

/** The fields by their objects, as the engine tells them; those of secrets are secret. */
function fieldsIn(inputs: Record<string, unknown> | undefined): Promise<Record<string, FixedFields> | undefined> {
  return new Promise((resolve) => {
    const objects: pulumi.Output<unknown> = pulumi.output(inputs?.objects as pulumi.Input<unknown>);
    objects.apply((known) => resolve(known as Record<string, FixedFields> | undefined));
  });
}

/** The component's own record of fields that may not change, and the hook that it is held against by. */
export interface Guard {
  readonly hooks: pulumi.ResourceHookBinding;
  /** The input `objects`, known once the engine has taken the hook. */
  readonly objects: pulumi.Output<Record<string, FixedFields>>;
}

/** The SDK's mocks, which programs are tested by, know no hooks. */
function knowsHooks(): boolean {
  const monitor = pulumi.runtime.getMonitor() as { readonly registerResourceHook?: unknown } | undefined;
  return monitor?.registerResourceHook !== undefined;
}

/**
 * Holds a component's objects against what they were made with.
 * @param name of the hook, the same for no two components
 * @param allowed whether they may be replaced
 * @param given the caller's own hooks
 */
export function guard(
  name: string,
  subject: string,
  objects: ReadonlyMap<string, FixedObject>,
  allowed: boolean,
  given: pulumi.ResourceHookBinding = {},
): Guard {
  const beforeUpdate = [...(given.beforeUpdate ?? [])];
  const fields = Object.fromEntries([...objects].map(([identity, one]) => [identity, one.fields]));
  if (allowed || !knowsHooks()) return { hooks: given, objects: pulumi.output(fields) };
  const hook = new pulumi.ResourceHook(name, refusesReplacement(subject, objects), { onDryRun: true });
  // A language host from before there were hooks, such as the toolchain's fallback, passes no hook on to the engine: without one the engine's
  // preview tells a replacement, and nothing refuses it. Whether the hook got there, the SDK keeps out of its declarations.
  const taken = (hook as unknown as { readonly __registered: Promise<void> }).__registered.then(
    () => void beforeUpdate.push(hook),
    () => pulumi.log.debug(`${subject}: the language host knows no hooks, so that a replacement is not refused`),
  );
  return { hooks: { ...given, beforeUpdate }, objects: pulumi.output(taken).apply(() => fields) };
}
