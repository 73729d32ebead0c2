import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cloud } from "./cloud";

/** The flavor that no host has room for: a server of it ends in ERROR. */
export const NOWHERE = "m1.nowhere";

/** Name, cores, memory (MiB), disk (GiB): the sizes that OpenStack clouds have had since DevStack. */
const FLAVORS: readonly (readonly [string, number, number, number])[] = [
  ["m1.tiny", 1, 512, 5],
  ["m1.small", 2, 2048, 20],
  ["m1.medium", 2, 4096, 40],
  ["m1.large", 4, 8192, 80],
  [NOWHERE, 1, 64 << 20, 1],
];

export interface FixturesArgs {
  /** File of the machine image, in qcow2. @default one with nothing in it, enough for servers that are records */
  image?: string;
}

/** What a cloud's operator gives every project: the external network `public`, flavors, and the image `machine`. */
export async function makeFixtures(cloud: Cloud, args: FixturesArgs = {}): Promise<void> {
  const { external } = cloud;
  const pool = `start=${external.host(100)},end=${external.host(200)}`;
  await cloud.execAll(
    [
      "network create public --external --provider-network-type flat --provider-physical-network external",
      `subnet create public --network public --subnet-range ${external} --no-dhcp --gateway ${external.host(1)} --allocation-pool ${pool}`,
      ...FLAVORS.map(
        ([name, cores, memory, disk]) => `flavor create ${name} --vcpus ${cores} --ram ${memory} --disk ${disk}`,
      ),
    ].map((command) => command.split(" ")),
    "admin",
  );
  await makeImage(cloud, "machine", { file: args.image });
}

export interface ImageArgs {
  /** Its file, in qcow2. @default one with nothing in it */
  file?: string;
  /** Whether it is marked as one whose machines start with cloud-init. @default true */
  cloudInit?: boolean;
}

/** A public image. */
export async function makeImage(cloud: Cloud, name: string, { file, cloudInit = true }: ImageArgs = {}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-image-"));
  try {
    const empty = join(folder, "empty");
    if (file === undefined) writeFileSync(empty, Buffer.alloc(1 << 20));
    const format = file === undefined ? "raw" : "qcow2";
    const mark = cloudInit ? " --property hybrid_vnf_cloud_init=true" : "";
    await cloud.withFile(file ?? empty, (there) =>
      cloud.exec(
        `image create ${name} --public --container-format bare --disk-format ${format} --file ${there}${mark}`.split(
          " ",
        ),
        "admin",
      ),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
