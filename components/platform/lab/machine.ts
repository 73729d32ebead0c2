import * as path from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { MACHINE_ROLE, REPLACEABLE } from "../../labels";
import type { SshAccess } from "../../machine/access";
import { type Leg, legsFound } from "../../machine/leg";
import { type MachineArgs, type MachineLike, machineId } from "../../machine/machine";
import { MachineScript, printedBy } from "../../script/script";
import { SshKey } from "../../ssh/key";
import { imageId } from "./engine";
import { physicalName } from "./name";

export interface LabMachineArgs extends MachineArgs {
  /** Name of its image on the Docker engine. */
  image: string;
}

/** What Docker's `--privileged` would give, by name: some hosts lack CAP_SYS_RESOURCE, and `--privileged` then fails (capabilities(7)). */
const CAPABILITIES = [
  "AUDIT_CONTROL",
  "AUDIT_READ",
  "BLOCK_SUSPEND",
  "DAC_READ_SEARCH",
  "IPC_LOCK",
  "IPC_OWNER",
  "LEASE",
  "LINUX_IMMUTABLE",
  "MAC_ADMIN",
  "MAC_OVERRIDE",
  "NET_ADMIN",
  "NET_BROADCAST",
  "SYSLOG",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_MODULE",
  "SYS_NICE",
  "SYS_PACCT",
  "SYS_PTRACE",
  "SYS_RAWIO",
  "SYS_TIME",
  "SYS_TTY_CONFIG",
  "WAKE_ALARM",
].map((name) => `CAP_${name}`);

/**
 * Where a cluster node keeps its container images: on a volume, since overlayfs cannot lie on overlayfs. The volume outlives a container
 * that was deleted behind our back; the machine that takes its place empties it at its first boot (images/machine, boot).
 */
const STORES: Partial<Record<MachineArgs["role"], string>> = {
  kubernetes: "/var/lib/containerd",
  swarm: "/var/lib/docker",
};

/** A systemd container with one leg in each network it is asked to be in. */
export class LabMachine extends pulumi.ComponentResource implements MachineLike {
  public readonly id: string;
  public readonly name: string;
  public readonly legs: readonly Leg[];
  public readonly ssh: SshAccess;
  public readonly identity: pulumi.Output<string>;
  public readonly resource: pulumi.Resource;

  constructor(name: string, args: LabMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    const { site, hostname, role, image: imageName } = args;
    super("hybrid-vnf:lab:Machine", name, { site, hostname, role, image: imageName }, opts);
    this.id = machineId(site, hostname);
    this.name = hostname;
    const hostKey = new SshKey(`${name}-host-key`, { parent: this });
    const labels = [
      { label: "hybrid-vnf.site", value: site },
      { label: MACHINE_ROLE, value: role },
      { label: REPLACEABLE, value: "true" },
    ];
    const store = STORES[role];
    const volume = store
      ? new docker.Volume(
          `${name}-store`,
          { name: physicalName(site, hostname), labels },
          { parent: this, deleteBeforeReplace: true },
        )
      : undefined;
    const container = new docker.Container(
      `${name}-container`,
      {
        name: physicalName(site, hostname),
        hostname,
        image: imageId(imageName, this),
        command: ["/usr/local/lib/hybrid-vnf/boot"],
        capabilities: { adds: CAPABILITIES },
        securityOpts: ["seccomp=unconfined", "systempaths=unconfined", "apparmor=unconfined"],
        cgroupnsMode: "private",
        devices: [{ hostPath: "/dev/kmsg", containerPath: "/dev/kmsg", permissions: "rwm" }],
        tmpfs: { "/run": "exec", "/tmp": "exec" },
        stopSignal: "SIGRTMIN+3",
        destroyGraceSeconds: 1,
        restart: "unless-stopped",
        networksAdvanced: args.legs.map((leg) => ({ name: leg.network.ref, ipv4Address: leg.address })),
        ...(volume ? { volumes: [{ containerPath: store, volumeName: volume.name }] } : {}),
        uploads: [
          { file: "/root/.ssh/authorized_keys", content: args.key.publicKey },
          { file: "/etc/ssh/ssh_host_ed25519_key", content: hostKey.privateKey, permissions: "0600" },
          { file: "/etc/ssh/ssh_host_ed25519_key.pub", content: hostKey.publicKey },
        ],
        labels,
      },
      // Docker takes "systempaths" out of what it tells of a container, so a refresh would always see a difference.
      { parent: this, deleteBeforeReplace: true, ignoreChanges: ["securityOpts"] },
    );
    this.resource = container;
    this.ssh = {
      host: args.legs[0]?.address ?? "",
      port: 22,
      user: "root",
      privateKey: args.key.privateKey,
      hostKey: hostKey.publicKey,
    };
    const found = new MachineScript(
      `${name}-boot`,
      {
        machine: { id: this.id, name: hostname, legs: [], ssh: this.ssh, identity: container.id, resource: container },
        file: path.join(__dirname, "../../machine/legs.sh"),
        undo: false,
      },
      { parent: this },
    );
    this.identity = pulumi.all([container.id, found.id]).apply(([id]) => id);
    this.legs = legsFound(hostname, args.legs, printedBy(found));
    this.registerOutputs({ id: this.id, identity: this.identity });
  }
}
