import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type Descriptor, givenDescriptor, readDescriptors } from "../descriptor/descriptor";
import { copied, type Override, override, parsePath } from "../descriptor/override";
import { claim } from "../function/claims";
import { providerFrom } from "../function/provider";
import { type CheckedResources, checkResources, type FunctionResources } from "../function/resources";
import { keepsPolicies } from "../kubernetes/cni";
import type { KubernetesLike } from "../kubernetes/kubernetes";
import { podTemplateIn } from "../kubernetes/pods";
import { requireRuntimeClass } from "../kubernetes/runtime";
import { type Expectation, listOf, objectWith, optional, requireArguments, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { nearest } from "../problem/nearest";
import { Problems } from "../problem/problem";
import { containersIn, limit, requireVariables, setVariables } from "./containers";
import { type FixedObject, fixedFieldsOf, guard } from "./fixed";
import { typeOf } from "./kinds";

/** What an object of Kubernetes is known by, with its labels and annotations. */
export interface ManifestMetadata {
  /** Its name, which no other object of its kind has in its namespace. */
  name: string;
  /** The namespace that it is in. @default the provider's own, "default" */
  namespace?: string;
  /** What else there is, such as `labels`. */
  [field: string]: unknown;
}

/** An object of Kubernetes as a manifest tells of it. */
export interface KubernetesManifest {
  /** Its API group and version. @example "apps/v1" */
  apiVersion: string;
  /** What it is. @example "Deployment" */
  kind: string;
  /** What it is known by. */
  metadata: ManifestMetadata;
  /** What else its kind has, such as `spec`. */
  [field: string]: unknown;
}

/** Which objects of a microservice's manifests are meant. */
export interface ManifestChoice {
  /** Their kind. @default any */
  kind?: string;
  /** Their name. @default any */
  name?: string;
  /** Their namespace, as the manifest has it. @default any */
  namespace?: string;
}

/** Another value in one object of a microservice's manifests. */
export interface ManifestOverride extends ManifestChoice, Override {}

/** Variables of the containers in a microservice's manifests. */
export interface ContainerVariables extends ManifestChoice {
  /** The container's name. @default all containers of these objects */
  container?: string;
  /** By their names; they take the place of those that the manifest has. */
  variables: Readonly<Record<string, pulumi.Input<string>>>;
}

/** What runs on which cluster, and what is to differ from its manifests. */
export interface KubernetesMicroserviceArgs extends FunctionResources {
  /** The cluster that it runs on. */
  cluster: KubernetesLike;
  /** Absolute paths of YAML files, of any number of documents each, and objects. @example [`${__dirname}/web.yaml`] */
  manifests: readonly (string | KubernetesManifest)[];
  /** Other values in the manifests, in this order; each in the one object that it names. @default none */
  overrides?: readonly ManifestOverride[];
  /** Variables for containers. @default those of the manifests */
  env?: readonly ContainerVariables[];
  /** Name of a RuntimeClass of the cluster, for pods whose manifest names none. @default the cluster's own runtime */
  runtimeClass?: string;
  /** Whether an object is deleted and made anew where a field changes that Kubernetes lets nobody change. @default false: such a change is refused at preview */
  replaceable?: boolean;
  /** Seconds that each object may take to be ready. @default 600 */
  readyTimeoutSeconds?: number;
}

/** An object of YAML or JSON. */
type Data = Record<string, unknown>;

/** An object of the manifests, checked. */
interface Found {
  readonly descriptor: Descriptor;
  /** A copy of what the descriptor says, which overrides change. */
  readonly data: Data;
  readonly type: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  /** What messages call it. */
  readonly title: string;
  /** The same for no two objects of a cluster. */
  readonly identity: string;
}

const isData = (value: unknown): value is Data =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !pulumi.Output.isInstance(value);
const A_MANIFEST: Expectation = {
  what: "a list of absolute paths of YAML files, or of objects with apiVersion, kind and metadata",
  holds: (value) =>
    Array.isArray(value) && value.every((one) => (typeof one === "string" && one !== "") || isData(one)),
};

/** An object of a manifest as its cluster has it. */
export class KubernetesObject extends pulumi.CustomResource {
  /** Its name, its namespace and what the cluster adds. */
  public readonly metadata!: pulumi.Output<ManifestMetadata>;
  /** What it is to be, with what the cluster adds. */
  public readonly spec!: pulumi.Output<unknown>;
  /** What the cluster says of it. */
  public readonly status!: pulumi.Output<unknown>;

  /** @internal */
  constructor(type: string, name: string, data: Data, opts: pulumi.CustomResourceOptions) {
    super(type, name, { spec: undefined, status: undefined, ...data }, opts);
  }
}

/** Reads one object; what it lacks goes to `problems`. */
function found(problems: Problems, descriptor: Descriptor): Found | undefined {
  const { value, place } = descriptor;
  if (
    !problems.require(
      isData(value),
      `${place()} is ${describe(value)}: it must be an object with apiVersion, kind and metadata`,
    )
  )
    return undefined;
  const { apiVersion, kind, metadata } = value as Data;
  const name = isData(metadata) ? metadata.name : undefined;
  const namespace = isData(metadata) ? metadata.namespace : undefined;
  const texts = [
    ["apiVersion", apiVersion],
    ["kind", kind],
    ["metadata.name", name],
  ] as const;
  for (const [field, text] of texts)
    problems.require(
      typeof text === "string" && text !== "",
      text === undefined || text === null
        ? `${place()} has no ${field}: every object of Kubernetes has one`
        : `${place(...field.split("."))}: ${field} is ${describe(text)}: it must be a plain text`,
    );
  problems.require(
    namespace === undefined || typeof namespace === "string",
    `${place("metadata", "namespace")}: metadata.namespace is ${describe(namespace)}: it must be a plain text`,
  );
  if (typeof apiVersion !== "string" || typeof kind !== "string" || typeof name !== "string") return undefined;
  const typed = typeOf(apiVersion, kind);
  if ("against" in typed) {
    problems.require(false, `${place(typed.against.startsWith("kind") ? "kind" : "apiVersion")}: ${typed.against}`);
    return undefined;
  }
  const space = typeof namespace === "string" ? namespace : undefined;
  const group = typed.type.split(":")[1]?.split("/")[0];
  return {
    descriptor,
    data: copied(value as Data),
    type: typed.type,
    kind,
    name,
    namespace: space,
    title: `${kind} "${name}"${space === undefined ? "" : ` in "${space}"`}`,
    identity: `${kind}${group === "core" ? "" : `.${group}`} ${space ?? "default"}/${name}`,
  };
}

const isMeant = ({ kind, name, namespace }: ManifestChoice, object: Found): boolean =>
  (kind === undefined || kind === object.kind) &&
  (name === undefined || name === object.name) &&
  (namespace === undefined || namespace === object.namespace);

const choiceText = ({ kind, name, namespace }: ManifestChoice): string =>
  `${kind ?? "object"}${name === undefined ? "" : ` "${name}"`}${namespace === undefined ? "" : ` in "${namespace}"`}`;

/** What there is in place of what is meant and not there. */
function thereIs(objects: readonly Found[], choice: ManifestChoice): string {
  const titles = objects.map(({ title }) => title);
  const meant = nearest(choiceText(choice), titles);
  return meant === undefined ? `they have ${titles.join(", ")}` : `did you mean ${meant}?`;
}

/** What names an object, which its resource is known by. */
const IDENTITY = ["apiVersion", "kind", "metadata", "metadata.name", "metadata.namespace"];

function applyOverrides(problems: Problems, objects: readonly Found[], overrides: readonly ManifestOverride[]): void {
  const places = new Map<string, number>();
  for (const [at, change] of overrides.entries()) {
    const subject = `overrides[${at}]`;
    const [object, ...others] = objects.filter((one) => isMeant(change, one));
    if (!object) {
      problems.require(
        false,
        `${subject} is for ${choiceText(change)}, which is not in the manifests: ${thereIs(objects, change)}`,
      );
      continue;
    }
    if (
      !problems.require(
        others.length === 0,
        `${subject} is for ${choiceText(change)}, which may be ${[object, ...others].map(({ title }) => title).join(" or ")}: name one by kind, name and namespace`,
      ) ||
      !problems.require(
        !IDENTITY.includes(parsePath(String(change.path))?.join(".") ?? ""),
        `${subject}: "${change.path}" is what ${object.title} is known by (${object.descriptor.place("metadata")}): write it in the manifest`,
      )
    )
      continue;
    const place = `${object.identity} ${parsePath(String(change.path))?.join("\n")}`;
    const other = places.get(place);
    problems.require(
      other === undefined,
      `${subject} and overrides[${other}] are both for "${change.path}" of ${object.title}: name each place once`,
    );
    places.set(place, at);
    override(problems, subject, object.title, { descriptor: object.descriptor, data: object.data, change });
  }
}

function applyVariables(problems: Problems, objects: readonly Found[], env: readonly ContainerVariables[]): void {
  for (const [at, choice] of env.entries()) {
    const subject = `env[${at}]`;
    requireVariables(problems, subject, choice.variables);
    const meant = objects.filter((one) => isMeant(choice, one));
    if (meant.length === 0) {
      problems.require(
        false,
        `${subject} is for ${choiceText(choice)}, which is not in the manifests: ${thereIs(objects, choice)}`,
      );
      continue;
    }
    const containers = meant.flatMap(({ type, data }) => containersIn(data, podTemplateIn(type) ?? ["none"]));
    const [first] = meant;
    if (
      !problems.require(
        containers.length > 0,
        choice.kind === undefined && choice.name === undefined
          ? `${subject}: the manifests describe no container, and variables are for containers`
          : `${subject} is for ${first?.title} (${first?.descriptor.place("kind")}), which describes no container: name one that does`,
      )
    )
      continue;
    const chosen = containers.filter(({ name }) => choice.container === undefined || choice.container === name);
    problems.require(
      chosen.length > 0,
      `${subject} is for container "${choice.container}", which ${choiceText(choice)} does not have: there ${containers.length === 1 ? "is" : "are"} ${[...new Set(containers.map(({ name }) => `"${name}"`))].join(", ")}`,
    );
    for (const container of chosen) setVariables(container, choice.variables);
  }
}

function applyLimits(problems: Problems, objects: readonly Found[], resources: CheckedResources): void {
  for (const { type, data, descriptor } of objects) {
    const template = podTemplateIn(type);
    if (template === undefined) continue;
    for (const container of containersIn(data, template)) limit(problems, container, descriptor, resources);
  }
}

function applyRuntimeClass(objects: readonly Found[], runtimeClass: string): void {
  for (const { type, data } of objects) {
    const template = podTemplateIn(type);
    const spec = template && [...template, "spec"].reduce<unknown>((one, step) => isData(one) && one[step], data);
    if (isData(spec)) spec.runtimeClassName ??= runtimeClass;
  }
}

/** The objects that another one can't be made before: its namespace, and the definition of its kind. */
function neededBy(one: Found, objects: readonly Found[]): readonly Found[] {
  return objects.filter(({ kind, name, data }) => {
    if (kind === "Namespace") return one.namespace === name && one.kind !== "Namespace";
    if (kind !== "CustomResourceDefinition") return false;
    const { group, names } = (data.spec ?? {}) as { group?: unknown; names?: { kind?: unknown } };
    return one.type.startsWith(`kubernetes:${group}/`) && names?.kind === one.kind;
  });
}

/**
 * What manifests describe, on a Kubernetes cluster, with other values where asked: an object each, applied by the server (server-side apply),
 * ready once all of them are.
 * @throws InvalidInput with everything that is wrong with its input, by file and line
 * @example
 * const image = new vnf.Image("web-image", { folder: "nginx", runtime: "containerd", nodes: k8s.nodes });
 * const web = new vnf.KubernetesMicroservice("web", {
 *   cluster: k8s,
 *   manifests: [`${__dirname}/web.yaml`],
 *   overrides: [{ kind: "Deployment", path: "spec.template.spec.containers[0].image", value: image.reference }],
 *   env: [{ variables: { GREETING: "hello" } }],
 * });
 */
export class KubernetesMicroservice extends pulumi.ComponentResource {
  /** Its objects, by `KIND/NAME`, or `KIND/NAMESPACE/NAME` where the manifest names one: `Service/web`. */
  public readonly objects: Readonly<Record<string, KubernetesObject>>;
  /** Known once every object is ready. */
  public readonly ready: pulumi.Output<unknown>;

  constructor(name: string, args: KubernetesMicroserviceArgs, opts?: pulumi.ComponentResourceOptions) {
    const subject = subjectOf("KubernetesMicroservice", name);
    requireArguments(subject, args, "KubernetesMicroserviceArgs", {
      cluster: objectWith("a KubernetesCluster, or what a contract tells of one", "nodes", "networks", "kubeconfig"),
      manifests: A_MANIFEST,
      overrides: optional(listOf("a list of {kind, name, path, value}", "path", "value")),
      env: optional(listOf("a list of {kind, name, container, variables}", "variables")),
    });
    const { cluster, manifests, overrides = [], env = [], replaceable = false, readyTimeoutSeconds } = args;
    const problems = new Problems(subject);
    problems.require(manifests.length > 0, "manifests is empty: name at least one file, or give an object");
    const descriptors = manifests.flatMap((one, at) =>
      typeof one === "string"
        ? readDescriptors(problems, `manifests[${at}]`, one, "kubernetes")
        : [givenDescriptor(`manifests[${at}]`, one)],
    );
    const objects = descriptors.flatMap((descriptor) => found(problems, descriptor) ?? []);
    const first = new Map<string, Found>();
    for (const object of objects) {
      const other = first.get(object.identity);
      problems.require(
        other === undefined,
        `${object.descriptor.place()} is ${object.title}, which ${other?.descriptor.place()} is already: give one of the two another name`,
      );
      if (!other) first.set(object.identity, object);
    }
    // What an override is for may be what could not be read.
    if (problems.all.length === 0) {
      problems.require(
        objects.length > 0 || manifests.length === 0,
        "its manifests have no object: all documents are empty",
      );
      applyOverrides(problems, objects, overrides);
      applyVariables(problems, objects, env);
    }
    const resources = checkResources(problems, args);
    applyLimits(problems, objects, resources);
    requireRuntimeClass(problems, args.runtimeClass);
    if (args.runtimeClass !== undefined) applyRuntimeClass(objects, args.runtimeClass);
    if (readyTimeoutSeconds !== undefined)
      problems.requireWhole("readyTimeoutSeconds", readyTimeoutSeconds, 1, 9999, "seconds");
    problems.require(
      typeof replaceable === "boolean",
      `replaceable is ${describe(replaceable)}: it must be true or false`,
    );
    for (const { title, type, descriptor } of keepsPolicies(cluster.cni) === false ? objects : [])
      problems.require(
        !/^kubernetes:networking\.k8s\.io\/\w+:NetworkPolicy$/.test(type),
        `${descriptor.place("kind")}: ${title} would be taken and not kept, for the pods' network of its cluster ${cluster.name} is "${cluster.cni}", which knows no policies: give the cluster cni "kube-router", "calico" or "cilium", or leave the policy out`,
      );
    if (problems.all.length === 0)
      for (const { identity, title, descriptor } of objects) {
        const holder = claim(cluster, identity, name);
        problems.require(
          holder === undefined,
          `${descriptor.place()}: its cluster ${cluster.name} has ${title} already, by ${holder}: give one of the two another name or namespace`,
        );
      }
    problems.throwIfAny();

    const fixed = new Map(
      objects.map(({ identity, title, type, data, descriptor }): [string, FixedObject] => [
        identity,
        {
          fields: fixedFieldsOf(type, data),
          name: title,
          place: (path) => descriptor.place(...path.split(".")),
        },
      ]),
    );
    const hook = `${name}: fields that may not change`;
    const { hooks, objects: record } = guard(hook, subject, fixed, replaceable, opts?.hooks);
    // Not by mergeOptions, which copies the hooks, and this one is there only later.
    super("hybrid-vnf:microservice:KubernetesMicroservice", name, { objects: record }, { ...opts, hooks });
    const provider = providerFrom(opts, kubernetes.Provider) ?? cluster.provider;
    const timeout = readyTimeoutSeconds === undefined ? undefined : `${readyTimeoutSeconds}s`;
    const made = new Map<Found, KubernetesObject>();
    // Those first that others need.
    const ordered = [...objects].sort((one, other) => neededBy(one, objects).length - neededBy(other, objects).length);
    for (const object of ordered) {
      const { kind, data, namespace } = object;
      const secrets = kind === "Secret" ? ["data", "stringData"].filter((key) => key in data) : [];
      made.set(
        object,
        new KubernetesObject(
          object.type,
          `${name}-${namespace === undefined ? "" : `${namespace}/`}${object.name}-${kind.toLowerCase()}`,
          { ...data, ...Object.fromEntries(secrets.map((key) => [key, pulumi.secret(data[key])])) },
          {
            parent: this,
            provider,
            dependsOn: neededBy(object, objects).flatMap((needed) => made.get(needed) ?? []),
            ...(secrets.length > 0 ? { additionalSecretOutputs: secrets } : {}),
            ...(timeout === undefined ? {} : { customTimeouts: { create: timeout, update: timeout } }),
          },
        ),
      );
    }
    this.objects = Object.fromEntries(
      [...made].map(([{ kind, name, namespace }, resource]) => [
        [kind, ...(namespace === undefined ? [] : [namespace]), name].join("/"),
        resource,
      ]),
    );
    this.ready = pulumi.all([...made.values()].map(({ id }) => id));
    this.registerOutputs({});
  }
}
