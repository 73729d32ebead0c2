import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import * as command from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "../machine/machine";
import { accessInput, withInput } from "../machine/script";

export interface ImageArgs {
  /** Folder under images/ that it is built from. */
  folder: string;
  /** What runs containers on the nodes: Kubernetes' containerd or Swarm's Docker. */
  runtime: "containerd" | "docker";
  /** The nodes that get it. */
  nodes: readonly MachineLike[];
}

const IMAGES = path.join(__dirname, "../../images");

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

/** An image built from its folder by the operator's Docker engine and handed to nodes over SSH, with no registry between. */
export class Image extends pulumi.ComponentResource {
  /** Its name with a tag that is its content: `hybrid-vnf/quagga:0123456789ab`. Known once every node has it. */
  public readonly reference: pulumi.Output<string>;

  constructor(name: string, args: ImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:image:Image", name, { folder: args.folder, runtime: args.runtime }, opts);
    const context = path.join(IMAGES, args.folder);
    const reference = `hybrid-vnf/${args.folder}:${contentHash(context)}`;
    const built = new docker.RemoteImage(
      `${name}-build`,
      { name: reference, build: { context, labels: { "hybrid-vnf.image": args.folder } }, keepLocally: true },
      { parent: this, ignoreChanges: ["build"] },
    );
    const deliveries = args.nodes.map(
      (node) =>
        new command.local.Command(
          `${name}-on-${node.name}`,
          {
            create: "bash -s -- create",
            delete: "bash -s -- delete",
            stdin: withInput(path.join(__dirname, "deliver.sh"), {
              IMAGE: reference,
              IMAGE_ID: built.imageId,
              RUNTIME: args.runtime,
              ...accessInput(node.ssh),
            }),
            addPreviousOutputInEnv: false,
            logging: "stderr",
            triggers: [reference, node.identity],
          },
          { parent: this, deleteBeforeReplace: false, ...(node.resource ? { deletedWith: node.resource } : {}) },
        ),
    );
    this.reference = pulumi
      .all([reference, ...deliveries.map((delivery) => delivery.id)])
      .apply(([text]) => text as string);
    this.registerOutputs({ reference: this.reference });
  }
}
