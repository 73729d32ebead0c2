import * as pulumi from "@pulumi/pulumi";
import { readDescriptors, type Steps } from "../descriptor/descriptor";
import type { Platform } from "../platform/platform";
import type { Problems } from "../problem/problem";

type Data = Record<string, unknown>;

/** What makes the pods' network by its project's own manifest. */
export interface NetworkManifest {
  /** The objects, those first that others are of or in. */
  readonly objects: readonly ManifestObject[];
  /** The images that nodes run, each once. */
  readonly images: readonly string[];
}

interface ManifestObject {
  readonly kind: string;
  readonly name: string;
  readonly data: Data;
}

const isData = (value: unknown): value is Data => typeof value === "object" && value !== null && !Array.isArray(value);

/** Images in a manifest, and where each stands. */
function imagesIn(value: unknown, steps: Steps = []): [image: string, steps: Steps][] {
  if (Array.isArray(value)) return value.flatMap((one, at) => imagesIn(one, [...steps, at]));
  if (!isData(value)) return [];
  return Object.entries(value).flatMap(([key, one]): [string, Steps][] =>
    key === "image" && typeof one === "string" && "name" in value
      ? [[one, [...steps, key]]]
      : imagesIn(one, [...steps, key]),
  );
}

/** Whether an image is always the same one: by a digest, or by the tag of a release. */
const isPinned = (image: string): boolean => /@sha256:[0-9a-f]{64}$|:(?!latest$)[A-Za-z0-9_][\w.-]*$/.test(image);

/** Server of the registry that an image comes from (the grammar of image references). */
export function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : "docker.io";
}

/** What stands against a platform's machines pulling the images, where it knows that beforehand. */
export async function withoutWay(
  { images }: Pick<NetworkManifest, "images">,
  cni: string,
  platform: Pick<Platform, "unreachable">,
): Promise<string[]> {
  const registries = [...new Set(images.map(registryOf))];
  const against = await Promise.all(registries.map((registry) => platform.unreachable?.(`https://${registry}`)));
  return registries.flatMap((registry, at) =>
    against[at] === undefined
      ? []
      : `cni "${cni}" has its nodes pull images from ${registry}, and ${against[at]}: open the way there, let cniManifest name images of a registry that they reach, or use cni "kube-router", which takes nothing from registries`,
  );
}

/** Reads a network's own manifest; what is wrong with it goes to `problems`, with its line. */
export function readNetworkManifest(problems: Problems, cni: string, file: string): NetworkManifest {
  const before = problems.all.length;
  const documents = readDescriptors(problems, "cniManifest", file, "kubernetes");
  const images = new Set<string>();
  const objects = documents.flatMap(({ value, place }): ManifestObject[] => {
    const { apiVersion, kind, metadata } = isData(value) ? value : {};
    const name = isData(metadata) ? metadata.name : undefined;
    const isObject = [apiVersion, kind, name].every((text) => typeof text === "string" && text !== "");
    problems.require(isObject, `${place()} is no object of Kubernetes: each has apiVersion, kind and metadata.name`);
    if (!isObject) return [];
    for (const [image, steps] of kind === "CustomResourceDefinition" ? [] : imagesIn(value)) {
      problems.require(
        isPinned(image),
        `${place(...steps)}: the image ${image} is another one tomorrow: name the tag of a release, or its digest`,
      );
      images.add(image);
    }
    return [{ kind: String(kind), name: String(name), data: value as Data }];
  });
  problems.require(
    problems.all.length > before || objects.some(({ kind }) => kind === "DaemonSet"),
    `cniManifest has no DaemonSet, so nothing of ${cni} would run on the nodes: name the whole manifest of one of its releases`,
  );
  const first = ["CustomResourceDefinition", "Namespace"];
  const rank = ({ kind }: ManifestObject) => (first.includes(kind) ? 0 : 1);
  return { objects: [...objects].sort((one, other) => rank(one) - rank(other)), images: [...images] };
}

/** An object of it, of a kind that no SDK need know. */
class NetworkObject extends pulumi.CustomResource {}

/** The objects of a network's manifest, on their cluster. */
export class ManifestNetwork extends pulumi.ComponentResource {
  constructor(
    name: string,
    { objects, deletedWith }: Pick<NetworkManifest, "objects"> & { readonly deletedWith?: pulumi.Resource },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("hybrid-vnf:kubernetes:ManifestNetwork", name, {}, opts);
    const needed: pulumi.Resource[] = [];
    for (const { kind, name: called, data } of objects) {
      const version = String(data.apiVersion);
      const isNeeded = kind === "CustomResourceDefinition" || kind === "Namespace";
      const made = new NetworkObject(
        `kubernetes:${version.includes("/") ? version : `core/${version}`}:${kind}`,
        `${name}-${called}-${kind.toLowerCase()}`,
        data,
        { parent: this, dependsOn: isNeeded ? [] : [...needed], ...(deletedWith ? { deletedWith } : {}) },
      );
      if (isNeeded) needed.push(made);
    }
    this.registerOutputs({});
  }
}
