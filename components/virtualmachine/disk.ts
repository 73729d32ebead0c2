import type { types } from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Expectation } from "../problem/arguments";
import { describe } from "../problem/describe";
import { isLater, type Problems } from "../problem/problem";

/** How a disk is stored: QEMU's own format, or as it is. */
export const DISK_FORMATS = ["qcow2", "raw"] as const;
/** How a disk is stored: QEMU's own format, or as it is. */
export type DiskFormat = (typeof DISK_FORMATS)[number];

/** A disk that is a file in a container image, which nodes have or pull. */
export interface ImageDisk {
  /** The image; it needs no program in it. @example "registry.example.org/team/appliance:4.2" */
  image: pulumi.Input<string>;
  /** The file in it. @default "/disk/disk.qcow2" */
  path?: string;
  /** How it is stored. @default "qcow2" */
  format?: DiskFormat;
}

/** A disk that is a file in a volume, which is read only. */
export interface ClaimDisk {
  /** Name of a PersistentVolumeClaim in the machine's namespace. */
  claim: pulumi.Input<string>;
  /** The file in it. @default "/disk.qcow2" */
  path?: string;
  /** How it is stored. @default "qcow2" */
  format?: DiskFormat;
}

/** A disk that each machine fetches when it has none yet. */
export interface UrlDisk {
  /** Where it is: http:// or https://. */
  url: string;
  /** What its SHA-256 must be, 64 hexadecimal digits. */
  sha256: string;
  /** How it is stored. @default "qcow2" */
  format?: DiskFormat;
}

/** What a virtual machine starts from. It stays as it is: what the machine writes goes elsewhere. */
export type VirtualDisk = ImageDisk | ClaimDisk | UrlDisk;

const keysOf = (disk: object) => ["image", "claim", "url"].filter((key) => key in disk);

export const A_DISK: Expectation = {
  what: "{ image }, { claim } or { url, sha256 }",
  holds: (disk) =>
    disk === undefined ||
    (typeof disk === "object" && disk !== null && !isLater(disk as pulumi.Input<unknown>) && keysOf(disk).length === 1),
  tell: (disk) =>
    typeof disk === "object" && disk !== null && keysOf(disk).length > 1
      ? `an object with ${keysOf(disk).join(" and ")}`
      : describe(disk),
};

/** Notes what is wrong with a disk. */
export function checkDisk(problems: Problems, disk: VirtualDisk): void {
  const { format } = disk;
  problems.require(
    format === undefined || DISK_FORMATS.includes(format),
    `the disk's format is ${describe(format)}: it must be ${DISK_FORMATS.map((one) => `"${one}"`).join(" or ")}`,
  );
  if ("url" in disk) {
    problems.require(
      typeof disk.url === "string" && /^https?:\/\/[^\s/]+\/\S+$/.test(disk.url),
      `the disk's url is ${describe(disk.url)}: it must be the address of a file, such as "https://images.example.org/appliance.qcow2"`,
    );
    problems.require(
      typeof disk.sha256 === "string" && /^[0-9a-f]{64}$/.test(disk.sha256),
      `the disk's sha256 is ${describe(disk.sha256)}: it must be 64 hexadecimal digits, so that no other file is started from`,
    );
    return;
  }
  problems.require(
    disk.path === undefined || (typeof disk.path === "string" && /^(\/[^/\s]+)+$/.test(disk.path)),
    `the disk's path is ${describe(disk.path)}: it must be the absolute path of a file, such as "/disk/disk.qcow2"`,
  );
  const [key, from] = "image" in disk ? (["image", disk.image] as const) : (["claim", disk.claim] as const);
  problems.require(
    isLater(from) || (typeof from === "string" && from !== ""),
    `the disk's ${key} is ${describe(from)}: it must be a text that is not empty`,
  );
  const spelled = key === "claim" && typeof from === "string" && from !== "";
  problems.require(
    !spelled || /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(from),
    `the disk's claim is ${describe(from)}: it must be the name of a PersistentVolumeClaim`,
  );
}

/** Where a machine's pod has its disk from. */
export interface DiskInPod {
  readonly env: Readonly<Record<string, string>>;
  readonly volumes: types.input.core.v1.Volume[];
  readonly mounts: types.input.core.v1.VolumeMount[];
  readonly initContainers: types.input.core.v1.Container[];
}

/**
 * What a machine's pod has of its disk. Out of a container image it is copied, by a program that is put beside it, for such an image need hold
 * nothing but the disk.
 * @param tool the image that has this program
 */
export function diskInPod(
  disk: VirtualDisk,
  tool: { readonly image: pulumi.Input<string>; readonly imagePullPolicy: string },
  container: Omit<types.input.core.v1.Container, "name">,
): DiskInPod {
  const format = { DISK_FORMAT: disk.format ?? "qcow2" };
  if ("url" in disk)
    return {
      env: { ...format, DISK: disk.url, DISK_SHA256: disk.sha256 },
      volumes: [],
      mounts: [],
      initContainers: [],
    };
  if ("claim" in disk) {
    const mount = { name: "disk", mountPath: "/disk", readOnly: true };
    return {
      env: { ...format, DISK: `/disk${disk.path ?? "/disk.qcow2"}` },
      volumes: [{ name: "disk", persistentVolumeClaim: { claimName: disk.claim, readOnly: true } }],
      mounts: [mount],
      initContainers: [],
    };
  }
  const mount = { name: "disk", mountPath: "/vm-disk" };
  return {
    env: { ...format, DISK: "/vm-disk/disk" },
    volumes: [{ name: "disk", emptyDir: {} }],
    mounts: [{ ...mount, readOnly: true }],
    initContainers: [
      { ...container, ...tool, name: "tool", args: ["tool", "/vm-disk/cp"], volumeMounts: [mount] },
      {
        ...container,
        name: "disk",
        image: disk.image,
        imagePullPolicy: "IfNotPresent",
        command: ["/vm-disk/cp", disk.path ?? "/disk/disk.qcow2", "/vm-disk/disk"],
        volumeMounts: [mount],
      },
    ],
  };
}
