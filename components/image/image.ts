import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "../machine/machine";
import { MACHINES, requireArguments, subjectOf } from "../problem/arguments";
import { Problems } from "../problem/problem";
import { withInput, withSession } from "../script/script";

/** What is built, and which nodes get it. */
export interface ImageArgs {
  /** Folder under images/ that it is built from. @example "quagga" */
  folder: string;
  /** What runs containers on the nodes: Kubernetes' containerd or Swarm's Docker. */
  runtime: "containerd" | "docker";
  /** The nodes that get it. */
  nodes: readonly MachineLike[];
  /**
   * Registry that it is pushed to, and that the nodes pull it from: host, with a port or path where there is one. This machine's
   * Docker engine must be logged in there, the nodes must be let in without. The image stays there when the resource goes.
   * @example "registry.example.org/team"
   * @default none: it is handed to each node over SSH
   */
  registry?: pulumi.Input<string>;
}

const IMAGES = path.join(__dirname, "../../images");

/** Whether a folder below images/ can be built. */
function isBuildable(folder: unknown): boolean {
  return (
    typeof folder === "string" && /^[a-z0-9-]+$/.test(folder) && fs.existsSync(path.join(IMAGES, folder, "Dockerfile"))
  );
}

/** Hashes of images' folders, each taken once: many functions share an image. */
const hashes = new Map<string, string>();

/** A hash over the names, modes and bytes of a folder's files, its tests aside: changes exactly when the image would. */
export function contentHash(folder: string): string {
  const hash = crypto.createHash("sha256");
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  const tested = (file: string) => /^test(\.sh$|\/)/.test(path.relative(folder, file));
  for (const file of entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !tested(file))
    .sort()) {
    const executable = (fs.statSync(file).mode & 0o100) !== 0;
    hash
      .update(`${path.relative(folder, file)}\0${executable}\0`)
      .update(fs.readFileSync(file))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 12);
}

const builds = new WeakMap<object, Map<string, docker.RemoteImage>>();

/**
 * The last build of an image in this program, which the next one waits for and finds in Docker's cache: two at once of what is not there yet
 * would make two images of one name, and a node that is to have the one would be handed the other.
 */
function lastBuildOf(name: string, made?: docker.RemoteImage): docker.RemoteImage | undefined {
  const program = pulumi.runtime.getStackResource();
  if (!program) return undefined; // such as in a test without an engine
  const own = builds.get(program) ?? new Map<string, docker.RemoteImage>();
  builds.set(program, own);
  if (made) own.set(name, made);
  return own.get(name);
}

/** A registry, checked: it must be what images can have before their names (the grammar of image references, with its host). */
export function requireRegistry(
  problems: Problems,
  registry: pulumi.Input<string> | undefined,
): pulumi.Input<string> | undefined {
  return problems.checked(registry, (found, known) => {
    found.requireText("registry", known);
    if (typeof known !== "string") return;
    const host = /^(localhost|[a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9-]+(?=:))(:[0-9]{1,5})?$/;
    const [first = "", ...path] = known.split("/");
    found.require(
      host.test(first) && path.every((part) => /^[a-z0-9]+([._-]+[a-z0-9]+)*$/.test(part)),
      `registry is "${known}": it must be a host, with a port or a path where there is one, in lower case and without "https://", such as "registry.example.org/team"`,
    );
  });
}

/**
 * An image built from its folder by the operator's Docker engine, and handed to nodes over SSH or pulled by them from a registry.
 * @throws InvalidInput when `registry` is no host that images can be on
 * @example
 * const image = new vnf.Image("quagga-image", { folder: "quagga", runtime: "containerd", nodes: k8s.nodes });
 */
export class Image extends pulumi.ComponentResource {
  /**
   * What nodes know it by. Without a registry its name with a tag that is its content, `hybrid-vnf/quagga:0123456789ab`, known once
   * every node has it; with one its name there and its digest, `registry.example.org/team/hybrid-vnf/quagga@sha256:…`.
   */
  public readonly reference: pulumi.Output<string>;

  constructor(logicalName: string, args: ImageArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("Image", logicalName), args, "ImageArgs", {
      folder: { what: `a folder of images/ with a Dockerfile`, holds: isBuildable },
      runtime: { what: '"containerd" or "docker"', holds: (one) => one === "containerd" || one === "docker" },
      nodes: MACHINES,
    });
    super("hybrid-vnf:image:Image", logicalName, { folder: args.folder, runtime: args.runtime }, opts);
    const context = path.join(IMAGES, args.folder);
    const problems = new Problems(`Image "${logicalName}"`);
    const registry = requireRegistry(problems, args.registry);
    problems.throwIfAny();
    const hash = hashes.get(context) ?? contentHash(context);
    hashes.set(context, hash);
    const name = `hybrid-vnf/${args.folder}:${hash}`;
    const reference = registry === undefined ? pulumi.output(name) : pulumi.interpolate`${registry}/${name}`;
    const before = lastBuildOf(name);
    const built = new docker.RemoteImage(
      `${logicalName}-build`,
      { name: reference, build: { context, labels: { "hybrid-vnf.image": args.folder } }, keepLocally: true },
      {
        parent: this,
        provider: this.operatorsEngine(logicalName),
        ignoreChanges: ["build"],
        ...(before ? { dependsOn: before } : {}),
      },
    );
    lastBuildOf(name, built);
    this.reference =
      args.registry === undefined
        ? this.deliver(logicalName, args, reference, built)
        : this.push(logicalName, reference, built);
    this.registerOutputs({ reference: this.reference });
  }

  /** The provider of this machine's Docker engine, where a caller names one of another engine, such as a Swarm's, for what this is part of. */
  private operatorsEngine(name: string): docker.Provider | undefined {
    const named = this.getProvider("docker:index/remoteImage:RemoteImage");
    return named ? new docker.Provider(`${name}-engine`, {}, { parent: this }) : undefined;
  }

  /** By the client's own login: `docker.RegistryImage` knows neither `docker login` nor a registry that asks for none. */
  private push(name: string, reference: pulumi.Output<string>, built: docker.RemoteImage): pulumi.Output<string> {
    return new command.local.Command(
      `${name}-push`,
      {
        create: "bash -s -- create",
        stdin: withInput(path.join(__dirname, "push.sh"), { IMAGE: reference, IMAGE_ID: built.imageId }),
        addPreviousOutputInEnv: false,
        logging: "stderr",
        triggers: [reference],
      },
      { parent: this },
    ).stdout;
  }

  private deliver(
    name: string,
    args: ImageArgs,
    reference: pulumi.Output<string>,
    built: docker.RemoteImage,
  ): pulumi.Output<string> {
    const deliveries = args.nodes.map(
      (node) =>
        new command.local.Command(
          `${name}-on-${node.id.replace("/", "-")}`,
          {
            create: "bash -s -- create",
            delete: "bash -s -- delete",
            stdin: withSession(path.join(__dirname, "deliver.sh"), node, {
              IMAGE: reference,
              IMAGE_ID: built.imageId,
              RUNTIME: args.runtime,
            }),
            addPreviousOutputInEnv: false,
            logging: "stderr",
            triggers: [reference, node.runtimeIdentity ?? node.identity],
          },
          { parent: this, deleteBeforeReplace: false, ...(node.resource ? { deletedWith: node.resource } : {}) },
        ),
    );
    return pulumi.all([reference, ...deliveries.map((delivery) => delivery.id)]).apply(([known]) => known ?? "");
  }
}
