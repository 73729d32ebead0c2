import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as openstack from "@pulumi/openstack";
import * as pulumi from "@pulumi/pulumi";
import { A_TEXT, requireArguments } from "../../problem/arguments";
import { Problems } from "../../problem/problem";

/** The property of an image that says that its machines take their first instructions from cloud-init. No cloud can tell that of an image by itself. */
export const CLOUD_INIT = "hybrid_vnf_cloud_init";

/** Which file is uploaded. */
export interface MachineImageArgs {
  /** Path of the file that images/disk makes, in QCOW2. */
  file: string;
}

/**
 * A machine's disk image, uploaded. Its name holds a hash of its bytes: another image has another name, and replaces what runs on it.
 * @throws InvalidInput when the file can't be read, or is no QCOW2
 * @example
 * const { image } = new vnf.MachineImage("machine", { file: "machine.qcow2" });
 */
export class MachineImage extends pulumi.ComponentResource {
  /** Its name on the cloud, `hybrid-vnf-machine-HASH`; known once it is there to boot from. */
  public readonly image: pulumi.Output<string>;

  constructor(name: string, args: MachineImageArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(`MachineImage "${name}"`, args, "MachineImageArgs", { file: A_TEXT });
    super("hybrid-vnf:openstack:MachineImage", name, args, opts);
    const problems = new Problems(`MachineImage "${name}"`);
    const header = problems.gather(() => headerOf(args.file));
    problems.throwIfAny();
    const image = new openstack.images.Image(
      `${name}-image`,
      {
        name: `hybrid-vnf-machine-${contentOf(args.file)}`,
        localFilePath: args.file,
        containerFormat: "bare",
        diskFormat: "qcow2",
        minDiskGb: Math.ceil((header?.size ?? 0) / 2 ** 30),
        properties: { [CLOUD_INIT]: "true" },
      },
      // Glance would rename it in place, and keep the old bytes under the new name.
      { parent: this, replaceOnChanges: ["name"] },
    );
    // Known once it is there to boot from.
    this.image = pulumi.all([image.name, image.id]).apply(([known]) => known);
    this.registerOutputs({ image: this.image });
  }
}

/** The size in bytes of the disk that the file holds (QEMU: the QCOW2 image format, header). */
function headerOf(file: string): { size: number } {
  const bytes = Buffer.alloc(32);
  let descriptor: number;
  try {
    if (fs.statSync(file).isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    descriptor = fs.openSync(file, "r");
  } catch (error) {
    throw new RangeError(`${file} can't be read (${(error as NodeJS.ErrnoException).code}): make it with images/disk`);
  }
  try {
    fs.readSync(descriptor, bytes, 0, 32, 0);
  } finally {
    fs.closeSync(descriptor);
  }
  if (bytes.toString("latin1", 0, 4) !== "QFI\xfb")
    throw new RangeError(`${file} is no disk image in QCOW2: convert it (qemu-img convert -O qcow2)`);
  return { size: Number(bytes.readBigUInt64BE(24)) };
}

/** A hash over the whole file: two images may differ in a few bytes anywhere. */
function contentOf(file: string): string {
  const hash = crypto.createHash("sha256");
  const part = Buffer.alloc(1 << 24);
  const descriptor = fs.openSync(file, "r");
  try {
    for (let length = fs.readSync(descriptor, part); length > 0; length = fs.readSync(descriptor, part)) {
      hash.update(part.subarray(0, length));
    }
  } finally {
    fs.closeSync(descriptor);
  }
  return hash.digest("hex").slice(0, 12);
}
