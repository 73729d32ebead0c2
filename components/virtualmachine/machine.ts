import * as crypto from "node:crypto";
import * as path from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type AddressedLeg, annotationsOf, POD_INTERFACES, type PodInterface, planAddressed } from "../attachment/pod";
import { checkBackends } from "../function/backends";
import { claim } from "../function/claims";
import type { FunctionInstance, NetworkFunction } from "../function/function";
import { providerFrom } from "../function/provider";
import { requireCores } from "../function/resources";
import { Image, requireRegistry } from "../image/image";
import type { PodGroup } from "../kubernetes/address";
import type { KubernetesLike } from "../kubernetes/kubernetes";
import { ownNamespace, ownNamespaceOf, PRIVILEGED, RESTRICTED } from "../kubernetes/namespace";
import { checkReserved, type ReservedShare, requireReserved, withReserved } from "../kubernetes/reserved";
import { requireRuntimeClass, runtimeOf } from "../kubernetes/runtime";
import { FORWARDS, recommendedLabels } from "../labels";
import { listOf, objectWith, optional, requireArguments, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { isLater, Problems } from "../problem/problem";
import { MachineScript, scriptOn } from "../script/script";
import { checkGuestCheck, type GuestCheck, probeOf } from "./check";
import { A_DISK, checkDisk, diskInPod, type VirtualDisk } from "./disk";

/** What keeps a virtual machine's pods running: a Deployment replaces them when it changes, a ReplicaSet does not, a DaemonSet has one on each node. */
export const WORKLOAD_KINDS = ["Deployment", "ReplicaSet", "DaemonSet"] as const;
/** `Deployment` replaces its pods when it changes, `ReplicaSet` leaves those that run, `DaemonSet` has one on each node. */
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

/** What a machine finds at its first start, as cloud-init reads it (NoCloud). */
export interface GuestSeed {
  /** Its host name. @default its pod's name */
  hostname?: string;
  /** User data, such as a script or "#cloud-config". @default none */
  userData?: pulumi.Input<string>;
  /** Public keys that its user lets in. @default none */
  sshKeys?: readonly string[];
}

/** What a machine does that ends its clients' connections and opens its own, as a load balancer does. Its disk or its user data makes it one. */
export interface GuestProxy {
  /** What it opens connections to, `ADDRESS` or `ADDRESS:PORT` each. */
  backends: readonly string[];
  /** The TCP port that it answers on, at its attachments' addresses. @default 80 */
  port?: number;
}

/** Where what a machine writes outlives its pod. */
export interface GuestVolume {
  /** Name of a PersistentVolumeClaim in the machine's namespace. @default one of its own, which is a folder of `node` */
  claim?: string;
  /** Name of the node that keeps it; the folder goes with the machine. @default the cluster's last one */
  node?: string;
  /** How large its own claim is, in GiB; a folder does not hold to it. @default 10 */
  sizeGiB?: number;
}

/** What boots in a pod, with what, and how it is known to be well. */
export interface VirtualMachineArgs extends ReservedShare {
  /** The cluster that it runs on. */
  cluster: KubernetesLike;
  /** What it starts from. @default a small Debian of the library's own, with Apache and the guest agent */
  disk?: VirtualDisk;
  /** How large it sees its disk, in GiB. @default as large as it is */
  diskGiB?: number;
  /** Its memory in MiB. @default 256 */
  memoryMiB?: number;
  /** Whether its memory is in pages of 2 MiB, which its node has set aside. @default false */
  hugepages?: boolean;
  /** MiB that QEMU itself may take beside the machine's memory. @default 192 */
  overheadMiB?: number;
  /** Its processors. @default 1 */
  cpus?: number;
  /** Cores that its pod may use at most. @default all that its node has */
  cpuLimit?: number;
  /** Cores that its pod has for sure when its node is busy. @default 0.1 */
  cpuRequest?: number;
  /** TCP ports of it that its pod's address leads to. @default [80] */
  ports?: readonly number[];
  /**
   * Interfaces of its own in the site's networks, with addresses that stay. Its pod then runs once, on one node, in a namespace that lets what
   * plugs them in have NET_ADMIN (Pod Security "privileged"). @default none: it is reached by its ports alone
   */
  attachments?: readonly PodInterface[];
  /**
   * Whether it forwards between its attachments, so that it stands in a chain as a router. The library's own guest is told by its seed; another
   * one's user data must see to it. What it forwards never leaves by its pod's address, and nor does anything else of it.
   * @default true, with attachments in two networks or more, unless it is a proxy
   */
  forwards?: boolean;
  /** What it is in a chain in place of a router: one that ends connections, such as Nginx. It has attachments. @default none: it forwards, or serves */
  proxy?: GuestProxy;
  /** Name of the node that it runs on. @default that of its volume; with attachments the cluster's last one; else any */
  node?: string;
  /** Host name, keys and user data. @default its pod's name, and nothing else */
  seed?: GuestSeed;
  /** Keeps what it writes when its pod goes. @default it goes with the pod */
  volume?: GuestVolume;
  /** How many of it, from 0; a DaemonSet has one on each node. @default 1 */
  replicas?: pulumi.Input<number>;
  /**
   * Name of a namespace that is there, for its pods. @default one of its own, which takes in no pod with more rights (Pod Security "restricted", with
   * attachments "privileged"); with a claim that is there, "default"
   */
  namespace?: string;
  /** What keeps its pods running. @default "Deployment" */
  kind?: WorkloadKind;
  /** Name of a RuntimeClass of the cluster, such as that of Kata Containers. @default the cluster's own runtime */
  runtimeClass?: string;
  /** When it serves. @default it answers on its first port, by HTTP; without a port, as soon as QEMU runs */
  readiness?: GuestCheck;
  /** When it need not be started again. @default as long as QEMU runs it: not where its disk can't be written, and it is halted */
  liveness?: GuestCheck;
  /** Seconds that it may take to be ready. @default 300 */
  bootSeconds?: number;
  /** Seconds between pressing its power button and killing it. @default 60 */
  graceSeconds?: number;
  /**
   * The resource by which the cluster's device plugin hands out /dev/kvm. Where a guest has run under it within seconds, the machine does too.
   * @default none: it is emulated, which preview warns of
   * @example "devices.kubevirt.io/kvm"
   */
  kvmResource?: string;
  /** Whether to emulate it whatever there is, without a warning. @default false */
  emulated?: boolean;
  /** Registry that its images go through. @default none: the images are handed to the nodes over SSH */
  registry?: pulumi.Input<string>;
  /** What it is called in the cluster and in chains. @default the component's name */
  functionName?: string;
}

/** The user and group that QEMU runs as: nobody in particular. */
const USER = 65532;
const SEED = "/seed";
const HUGEPAGES = "/hugepages";
/** Whether QEMU runs the machine (images/vm/start.sh). */
const RUNNING = { exec: { command: ["/start.sh", "running"] } };

/**
 * Virtual machines of one kind, each by QEMU in an ordinary pod without privileges: `kubectl logs` shows its serial console, `kubectl attach` types
 * into it. Its address is its pod's, of which the ports lead into it; with `attachments` it has interfaces and addresses in the site's networks beside
 * that, and forwards between them: a router of a chain. It ends as by its power button.
 * @throws InvalidInput with everything that is wrong with its input
 * @example
 * const userData = "#!/bin/sh\necho '<h1>guest</h1>' >/var/www/html/index.html\n";
 * const guest = new vnf.VirtualMachine("guest", { cluster: k8s, memoryMiB: 192, seed: { userData }, replicas: 2 });
 * @example
 * const nodes = new vnf.KubernetesCluster("nodes", { networks: [site.transit, servers], attachments: true });
 * const attachments = [site.transit, servers].map((network) => ({
 *   attachment: new vnf.NetworkAttachment(`on-${network.name}`, { cluster: nodes, network }),
 *   host: 30,
 * }));
 * const router = new vnf.VirtualMachine("router", { cluster: nodes, attachments });
 */
export class VirtualMachine extends pulumi.ComponentResource implements PodGroup, NetworkFunction {
  public readonly name: string;
  public readonly handling: "route" | "proxy";
  /** Where it forwards, or is a proxy; without a leg where it is neither. */
  public readonly instances: readonly FunctionInstance[];
  public readonly port?: number;
  public readonly backends?: readonly string[];
  public readonly labels: Readonly<Record<string, string>>;
  public readonly ports: readonly number[];
  public readonly namespace: pulumi.Output<string>;
  public readonly ready: pulumi.Output<unknown>;

  constructor(name: string, args: VirtualMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("VirtualMachine", name), args, "VirtualMachineArgs", {
      cluster: objectWith("a KubernetesCluster, or what a contract tells of one", "nodes", "networks", "kubeconfig"),
      disk: A_DISK,
      ports: optional(listOf("a list of TCP ports")),
      attachments: optional(POD_INTERFACES),
      seed: optional(objectWith("{ hostname, userData, sshKeys }")),
      volume: optional(objectWith("{ claim } or { node, sizeGiB }")),
      proxy: optional(objectWith("{ backends, port }", "backends")),
    });
    const { cluster, ports = [80], replicas = 1, kind = "Deployment", seed = {}, volume, functionName = name } = args;
    const { memoryMiB = 256, overheadMiB = 192, cpus = 1, bootSeconds = 300, graceSeconds = 60 } = args;
    super("hybrid-vnf:virtualmachine:VirtualMachine", name, { kind, replicas, memoryMiB, cpus, functionName }, opts);
    const problems = new Problems(`VirtualMachine "${name}"`);
    const keeper = volume && volume.claim === undefined ? this.keeperOf(cluster, volume, problems) : undefined;
    const { attachments = [] } = args;
    const home = args.node === undefined ? undefined : cluster.nodes.find((one) => one.name === args.node);
    problems.require(
      args.node === undefined || home !== undefined,
      `its cluster ${cluster.name} has no node ${describe(args.node)} (it has: ${cluster.nodes.map((one) => `"${one.name}"`).join(", ")}): name one of those`,
    );
    problems.require(
      !home || !keeper || home === keeper,
      `node is "${home?.name}", and its volume is on "${keeper?.name}": name that, or the other one for the volume`,
    );
    /** The one that it runs on, where that is said. */
    const node = keeper ?? home ?? (attachments.length > 0 ? cluster.nodes.at(-1) : undefined);
    const checked = this.check(name, args, problems);
    const { legs } = checked;
    const provider = providerFrom(opts, kubernetes.Provider) ?? cluster.provider;
    const child = { parent: this, provider };

    this.name = functionName;
    this.labels = { app: functionName };
    this.ports = ports;
    const takesClaim = volume?.claim !== undefined || (args.disk !== undefined && "claim" in args.disk);
    const namespace = args.namespace ?? (takesClaim ? "default" : undefined);
    this.namespace =
      namespace === undefined
        ? ownNamespace(`${name}-namespace`, functionName, legs.length > 0 ? PRIVILEGED : RESTRICTED, child)
        : pulumi.output(namespace);
    const { proxy } = args;
    const forwards = args.forwards ?? (proxy === undefined && legs.length > 1);
    const pod = { deployment: functionName, namespace: namespace ?? ownNamespaceOf(functionName), guest: true };
    this.handling = proxy ? "proxy" : "route";
    if (proxy) {
      this.port = proxy.port ?? 80;
      this.backends = proxy.backends;
    }
    this.instances = [(forwards || proxy) && node ? { pod: { node, ...pod }, legs } : { legs: [] }];
    if (args.kvmResource === undefined && args.emulated !== true)
      pulumi.log.warn(
        `${functionName} will be emulated, many times slower than on a processor, for no pod has /dev/kvm by itself: name the resource by which the cluster's device plugin hands it out (kvmResource), or accept it (emulated: true)`,
        this,
      );

    const nodes = node ? [node] : cluster.nodes;
    const image = new Image(
      `${name}-image`,
      { folder: "vm", runtime: "containerd", nodes, registry: args.registry },
      { parent: this },
    );
    const disk: VirtualDisk = args.disk ?? {
      image: new Image(
        `${name}-disk`,
        { folder: "guest", runtime: "containerd", nodes, registry: args.registry },
        { parent: this },
      ).reference,
    };
    const own = { image: image.reference, imagePullPolicy: args.registry === undefined ? "Never" : "IfNotPresent" };

    const seedText = pulumi.output(seed.userData ?? "");
    const keys = (seed.sshKeys ?? []).map((key) => `${key.trim()}\n`).join("");
    const hasUserData = seed.userData !== undefined;
    const hasSeed = hasUserData || keys !== "";
    // Others are another first start: of a new pod, and of a machine whose disk was kept.
    const revision = seedText.apply((text) =>
      crypto.createHash("sha256").update(`${keys}\0${text}`).digest("hex").slice(0, 12),
    );
    const before: pulumi.Resource[] = [];
    if (hasSeed)
      before.push(
        new kubernetes.core.v1.Secret(
          `${name}-seed`,
          {
            metadata: { name: `${functionName}-seed`, namespace: this.namespace, labels: this.labels },
            stringData: { ...(hasUserData ? { "user-data": seedText } : {}), ...(keys ? { "ssh-keys": keys } : {}) },
          },
          { ...child, deleteBeforeReplace: true },
        ),
      );
    if (node && legs.length > 0)
      before.push(
        scriptOn(
          `${name}-legs`,
          { machine: node, file: path.join(__dirname, "legs.sh"), input: { MACHINE: functionName }, undo: false },
          { parent: this },
        ),
      );
    const claimName = keeper ? this.keep(name, keeper, volume?.sizeGiB ?? 10, child, before) : volume?.claim;
    this.refuseResize(name, child);

    const { hugepages = false, dedicatedCores, singleNumaNode } = args;
    const memory: Record<string, string> = hugepages
      ? { memory: `${overheadMiB}Mi`, "hugepages-2Mi": `${memoryMiB}Mi` }
      : { memory: `${memoryMiB + overheadMiB}Mi` };
    const cores = (number: number) => `${Math.round(number * 1000)}m`;
    const resources = withReserved(
      {
        requests: { ...memory, cpu: cores(args.cpuRequest ?? 0.1) },
        limits: { ...memory, ...(args.cpuLimit === undefined ? {} : { cpu: cores(args.cpuLimit) }) },
      },
      args,
    );
    before.push(
      ...requireReserved(
        name,
        {
          ...{ cluster, nodes: nodes.map((one) => one.name), functionName, dedicatedCores, singleNumaNode },
          hugepagesMiB: hugepages ? memoryMiB : 0,
        },
        this,
      ),
    );
    const kvm = args.kvmResource && !args.emulated ? { [args.kvmResource]: "1" } : {};
    const container = {
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        readOnlyRootFilesystem: true,
      },
      resources,
    };
    const its = diskInPod(disk, own, container);
    const legsIn: Record<string, string> =
      legs.length === 0
        ? {}
        : { LEGS: legs.map((leg) => `${leg.interface}=${leg.address}/${leg.cidr.split("/")[1]}`).join(",") };
    const device = { name: "device", mountPath: "/dev/net" };
    const plugged = {
      ...container,
      ...own,
      name: "legs",
      args: ["legs"],
      securityContext: {
        ...container.securityContext,
        runAsNonRoot: false,
        runAsUser: 0,
        capabilities: { drop: ["ALL"], add: ["NET_ADMIN", "MKNOD"] },
      },
      env: Object.entries(legsIn).map(([variable, value]) => ({ name: variable, value })),
      volumeMounts: [device],
    };
    const env: Record<string, pulumi.Input<string>> = {
      ...its.env,
      MEMORY_MIB: String(memoryMiB),
      CPUS: String(cpus),
      PORTS: ports.join(","),
      ...legsIn,
      ...(forwards ? { FORWARDS: "yes" } : {}),
      ...(hugepages ? { MEMORY_PATH: HUGEPAGES } : {}),
      ACCEL: args.emulated ? "tcg" : "auto",
      ...(args.diskGiB === undefined ? {} : { DISK_GIB: String(args.diskGiB) }),
      ...(seed.hostname === undefined ? {} : { GUEST_NAME: seed.hostname }),
      ...(volume ? { INSTANCE_ID: hasSeed ? pulumi.interpolate`${functionName}-${revision}` : functionName } : {}),
      ...(hasUserData ? { USER_DATA: `${SEED}/user-data` } : {}),
      ...(keys ? { SSH_KEYS: `${SEED}/ssh-keys` } : {}),
    };
    const { readiness, liveness } = checked;
    const probes = {
      ...(readiness
        ? {
            startupProbe: {
              ...probeOf(readiness),
              periodSeconds: 2,
              failureThreshold: Math.ceil(bootSeconds / 2),
              timeoutSeconds: 5,
            },
            readinessProbe: { ...probeOf(readiness), periodSeconds: 2, failureThreshold: 3, timeoutSeconds: 5 },
          }
        : {}),
      // Without a check that ends the start, it begins when the machine may have started.
      livenessProbe: {
        ...(liveness ? probeOf(liveness) : RUNNING),
        ...(readiness ? {} : { initialDelaySeconds: bootSeconds }),
        periodSeconds: 10,
        failureThreshold: 3,
        timeoutSeconds: 10,
      },
    };
    const labels = { ...this.labels, ...recommendedLabels("qemu", functionName, "virtual-machine") };
    const annotations = pulumi.all([revision, annotationsOf(attachments, legs)]).apply(
      ([seeded, attached]): Record<string, string> => ({
        ...(hasSeed ? { "hybrid-vnf/seed": seeded } : {}),
        ...(legs.length > 0 ? attached : {}),
      }),
    );
    const template = {
      metadata: {
        labels: forwards ? { ...labels, [FORWARDS]: "true" } : labels,
        ...(hasSeed || legs.length > 0 ? { annotations } : {}),
      },
      spec: {
        ...runtimeOf(args.runtimeClass),
        ...(node ? { nodeSelector: { "kubernetes.io/hostname": node.name } } : {}),
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: graceSeconds,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: USER,
          runAsGroup: USER,
          fsGroup: USER,
          seccompProfile: { type: "RuntimeDefault" },
          // Ports below 1024 are for anyone in this pod, which has nobody else.
          sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
        },
        initContainers: [...(legs.length > 0 ? [plugged] : []), ...its.initContainers],
        containers: [
          {
            ...container,
            ...own,
            name: "vm",
            stdin: true,
            tty: true,
            env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })),
            ports: ports.map((port) => ({ containerPort: port, protocol: "TCP" })),
            resources: {
              requests: { ...resources.requests, ...kvm },
              limits: { ...resources.limits, ...kvm },
            },
            ...probes,
            volumeMounts: [
              ...its.mounts,
              { name: "state", mountPath: "/state" },
              { name: "run", mountPath: "/run/vm" },
              { name: "tmp", mountPath: "/tmp" },
              ...(legs.length > 0 ? [{ ...device, readOnly: true }] : []),
              ...(hugepages ? [{ name: "hugepages", mountPath: HUGEPAGES }] : []),
              ...(hasSeed ? [{ name: "seed", mountPath: SEED, readOnly: true }] : []),
            ],
          },
        ],
        volumes: [
          ...its.volumes,
          { name: "state", ...(claimName ? { persistentVolumeClaim: { claimName } } : { emptyDir: {} }) },
          { name: "run", emptyDir: {} },
          { name: "tmp", emptyDir: {} },
          ...(legs.length > 0 ? [{ name: device.name, emptyDir: {} }] : []),
          ...(hugepages ? [{ name: "hugepages", emptyDir: { medium: "HugePages" } }] : []),
          ...(hasSeed ? [{ name: "seed", secret: { secretName: `${functionName}-seed` } }] : []),
        ],
      },
    };
    const metadata = { name: functionName, namespace: this.namespace, labels };
    const selector = { matchLabels: this.labels };
    const made = { ...child, dependsOn: before, deleteBeforeReplace: true };
    const spec = { selector, template };
    const counted = { ...spec, replicas: checked.replicas };
    // What a machine writes belongs to one pod at a time, and so do its addresses.
    const strategy = { type: volume || legs.length > 0 ? "Recreate" : "RollingUpdate" };
    const workload =
      kind === "DaemonSet"
        ? new kubernetes.apps.v1.DaemonSet(`${name}-daemonset`, { metadata, spec }, made)
        : kind === "ReplicaSet"
          ? new kubernetes.apps.v1.ReplicaSet(`${name}-replicaset`, { metadata, spec: counted }, made)
          : new kubernetes.apps.v1.Deployment(`${name}-deployment`, { metadata, spec: { ...counted, strategy } }, made);
    this.ready = workload.id;
    this.registerOutputs({});
  }

  /** The node that keeps a volume of the machine's own. */
  private keeperOf(cluster: KubernetesLike, { node }: GuestVolume, problems: Problems) {
    const keeper = node === undefined ? cluster.nodes.at(-1) : cluster.nodes.find((one) => one.name === node);
    problems.require(
      keeper !== undefined,
      node === undefined
        ? "its cluster has no node"
        : `its cluster ${cluster.name} has no node ${describe(node)} to keep its volume (it has: ${cluster.nodes.map((one) => `"${one.name}"`).join(", ")}): name one of those`,
    );
    return keeper;
  }

  /** Notes what is wrong with the arguments, and ends with that. */
  private check(name: string, args: VirtualMachineArgs, problems: Problems) {
    const { cluster, ports = [80], replicas = 1, kind = "Deployment", seed = {}, volume, functionName = name } = args;
    const { attachments } = args;
    if (args.disk) checkDisk(problems, args.disk);
    if (args.diskGiB !== undefined) problems.requireWhole("diskGiB", args.diskGiB, 1, 65536, "GiB");
    problems.requireWhole("memoryMiB", args.memoryMiB ?? 256, 16, 2 ** 20, "MiB");
    problems.requireWhole("overheadMiB", args.overheadMiB ?? 192, 64, 2 ** 16, "MiB");
    problems.requireWhole("cpus", args.cpus ?? 1, 1, 255);
    problems.requireWhole("bootSeconds", args.bootSeconds ?? 300, 1, 9999, "seconds");
    problems.requireWhole("graceSeconds", args.graceSeconds ?? 60, 1, 9999, "seconds");
    requireCores(problems, "cpuRequest", args.cpuRequest);
    requireCores(problems, "cpuLimit", args.cpuLimit);
    checkReserved(problems, args, args.cluster, { cpuRequest: args.cpuRequest, cpuLimit: args.cpuLimit });
    problems.require(
      args.hugepages === undefined || typeof args.hugepages === "boolean",
      `hugepages is ${describe(args.hugepages)}: it must be true or false`,
    );
    problems.require(
      args.hugepages !== true || (args.memoryMiB ?? 256) % 2 === 0,
      `memoryMiB is ${args.memoryMiB}, and hugepages has it in pages of 2 MiB: take an even number`,
    );
    problems.require(
      args.cpuLimit === undefined || !((args.cpuRequest ?? 0.1) > args.cpuLimit),
      `cpuRequest is ${args.cpuRequest ?? 0.1} and cpuLimit is ${args.cpuLimit}: take a limit that is at least as large`,
    );
    ports.forEach((port, at) => {
      problems.requireWhole("a port", port, 1, 65535);
      problems.require(ports.indexOf(port) === at, `ports names ${port} twice: name each port once`);
    });
    problems.require(
      WORKLOAD_KINDS.includes(kind),
      `kind is ${describe(kind)}: it must be ${WORKLOAD_KINDS.map((one) => `"${one}"`).join(" or ")}`,
    );
    problems.require(
      kind !== "DaemonSet" || args.replicas === undefined,
      `replicas is ${describe(args.replicas)}: a DaemonSet has one on each node; leave it out, or take another kind`,
    );
    const checkedReplicas = problems.checked<number>(replicas, (found, known) => {
      if (!found.requireWhole("replicas", known, 0, 1000)) return;
      found.require(
        volume === undefined || known <= 1,
        `replicas is ${known}, and its volume keeps what one machine writes: leave the volume out, or give each machine a name and a volume of its own`,
      );
      found.require(
        attachments === undefined || known <= 1,
        `replicas is ${known}, and its attachments give it addresses of its own, so it runs once (1) or not at all (0): make another machine with others`,
      );
    });
    problems.require(
      volume === undefined || kind !== "DaemonSet",
      `kind is "DaemonSet", and its volume keeps what one machine writes: leave the volume out, or take another kind`,
    );
    if (volume) this.checkVolume(volume, problems);
    problems.require(
      seed.hostname === undefined || /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(String(seed.hostname)),
      `its host name is ${describe(seed.hostname)}: it must be at most 63 lower-case letters, digits and dashes (RFC 1123)`,
    );
    problems.requireText("userData", seed.userData);
    problems.require(
      typeof seed.userData !== "string" || /^(#|Content-Type:|From )/.test(seed.userData),
      `userData is ${describe(seed.userData)}: cloud-init knows its form by its first line, such as "#!/bin/sh" or "#cloud-config"`,
    );
    const isList = problems.require(
      seed.sshKeys === undefined || Array.isArray(seed.sshKeys),
      `sshKeys is ${describe(seed.sshKeys)}: it must be a list of public keys, such as ["ssh-ed25519 AAAA…"]`,
    );
    for (const key of isList ? ((seed.sshKeys ?? []) as readonly unknown[]) : [])
      problems.require(
        typeof key === "string" && /^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\n"]*)?\n?$/.test(key),
        typeof key === "string" && key.includes("PRIVATE KEY")
          ? "an SSH key is a private one: give the public one, such as ssh-ed25519 AAAA…"
          : `an SSH key is ${describe(key)}: it must be a public key, such as "ssh-ed25519 AAAA…"`,
      );
    requireRuntimeClass(problems, args.runtimeClass);
    problems.require(
      args.namespace === undefined || /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(String(args.namespace)),
      `namespace is ${describe(args.namespace)}: it must be the name of a namespace of the cluster, such as "default"`,
    );
    problems.require(
      args.kvmResource === undefined || /^[a-z0-9.-]+\/[A-Za-z0-9._-]+$/.test(String(args.kvmResource)),
      `kvmResource is ${describe(args.kvmResource)}: it must be the name of a device plugin's resource, such as "devices.kubevirt.io/kvm"`,
    );
    problems.require(
      args.emulated === undefined || typeof args.emulated === "boolean",
      `emulated is ${describe(args.emulated)}: it must be true or false`,
    );
    checkGuestCheck(problems, "readiness", args.readiness, ports);
    checkGuestCheck(problems, "liveness", args.liveness, ports);
    problems.require(
      !problems.requireName("functionName", functionName) || /^[a-z]([a-z0-9-]{0,46}[a-z0-9])?$/.test(functionName),
      `its name "${functionName}" can't be used: take a lower-case letter, then at most 47 lower-case letters, digits and dashes (functionName)`,
    );
    problems.require(cluster.nodes.length > 0, "its cluster has no node");
    requireRegistry(problems, args.registry);
    const legs = this.checkAttachments(args, functionName, problems);
    const twin = claim(cluster, functionName, name);
    problems.require(
      twin === undefined,
      `its cluster ${cluster.name} runs "${functionName}" already, by ${twin}: give one of the two another functionName`,
    );
    problems.throwIfAny();
    const [first] = ports;
    const answers: GuestCheck | undefined = first === undefined ? undefined : { http: { port: first } };
    return { replicas: checkedReplicas, readiness: args.readiness ?? answers, liveness: args.liveness, legs };
  }

  /** Its interfaces in the site's networks. */
  private checkAttachments(args: VirtualMachineArgs, owner: string, problems: Problems): readonly AddressedLeg[] {
    const { cluster, attachments, kind = "Deployment", forwards } = args;
    problems.require(
      forwards === undefined || typeof forwards === "boolean",
      `forwards is ${describe(forwards)}: it must be true or false`,
    );
    problems.require(
      forwards !== true || (attachments?.length ?? 0) > 1,
      `forwards is true, and attachments names ${attachments?.length ?? 0}: a machine forwards between at least two`,
    );
    this.checkProxy(args, problems);
    if (!attachments) return [];
    problems.require(attachments.length > 0, "attachments is empty: name an attachment, or leave it out");
    problems.require(
      kind === "Deployment" || !WORKLOAD_KINDS.includes(kind),
      `kind is "${kind}", and its attachments give it addresses of its own: take "Deployment", which ends one machine before it starts the next`,
    );
    for (const { attachment } of attachments)
      problems.require(
        attachment.plugin !== "ipvlan",
        `the attachment "${attachment.name}" is ipvlan, which leads packets by the addresses of the pod's interface, and these are the machine's: take macvlan`,
      );
    const legs = planAddressed(problems, { what: "the machine", owner, cluster }, attachments);
    for (const { interface: called } of legs)
      problems.require(
        !/^(eth|vmtap)\d+$/.test(called),
        `an interface is called "${called}", as the machine's kernel or its pod call others: take another name, such as "net1"`,
      );
    return legs;
  }

  private checkProxy({ proxy, attachments = [], forwards }: VirtualMachineArgs, problems: Problems): void {
    if (!proxy) return;
    problems.require(
      attachments.length > 0,
      "it is a proxy without attachments: give it one in its clients' network, and one where its packets go",
    );
    problems.require(
      forwards !== true,
      "forwards is true, and it is a proxy, which ends connections: leave one of the two out",
    );
    checkBackends(problems, proxy.backends);
    if (proxy.port !== undefined) problems.requireWhole("proxy.port", proxy.port, 1, 65535);
  }

  private checkVolume({ claim: its, node, sizeGiB }: GuestVolume, problems: Problems): void {
    problems.require(
      its === undefined || (node === undefined && sizeGiB === undefined),
      `its volume is the claim ${describe(its)}, and names a node or a size too: a claim that is there has its own`,
    );
    problems.require(
      its === undefined || (!isLater(its) && /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(String(its))),
      `its volume's claim is ${describe(its)}: it must be the name of a PersistentVolumeClaim`,
    );
    if (sizeGiB !== undefined) problems.requireWhole("the volume's sizeGiB", sizeGiB, 1, 65536, "GiB");
  }

  /** A volume that is a folder of a node, and a claim to it. @returns the claim's name */
  private keep(
    name: string,
    node: KubernetesLike["nodes"][number],
    sizeGiB: number,
    child: pulumi.CustomResourceOptions,
    before: pulumi.Resource[],
  ): string {
    const claimName = `${this.name}-state`;
    // Of all namespaces: in another one, the machine has another volume over the same folder, before the former one goes.
    const volumeName = pulumi.interpolate`${this.namespace}-${claimName}`;
    const folder = `/var/lib/hybrid-vnf/volumes/${this.name}`;
    const storage = `${sizeGiB}Gi`;
    const made = new MachineScript(
      `${name}-folder`,
      { machine: node, file: path.join(__dirname, "volume.sh"), input: { FOLDER: folder, OWNER: String(USER) } },
      { parent: this },
    );
    const volume = new kubernetes.core.v1.PersistentVolume(
      `${name}-volume`,
      {
        metadata: { name: volumeName, labels: this.labels },
        spec: {
          capacity: { storage },
          accessModes: ["ReadWriteOnce"],
          persistentVolumeReclaimPolicy: "Retain",
          storageClassName: "",
          claimRef: { namespace: this.namespace, name: claimName },
          local: { path: folder },
          nodeAffinity: {
            required: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node.name] }] },
              ],
            },
          },
        },
      },
      { ...child, dependsOn: made },
    );
    before.push(
      new kubernetes.core.v1.PersistentVolumeClaim(
        `${name}-claim`,
        {
          metadata: { name: claimName, namespace: this.namespace, labels: this.labels },
          spec: {
            accessModes: ["ReadWriteOnce"],
            storageClassName: "",
            volumeName,
            resources: { requests: { storage } },
          },
        },
        { ...child, dependsOn: volume },
      ),
    );
    return claimName;
  }

  /** The cluster would resize a running pod, of which the machine in it learns nothing. */
  private refuseResize(name: string, child: pulumi.CustomResourceOptions): void {
    const policy = `${this.name}-no-live-resize`;
    const made = new kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
      `${name}-resize`,
      {
        metadata: { name: policy, labels: this.labels },
        spec: {
          failurePolicy: "Fail",
          matchConstraints: {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": this.namespace } },
            objectSelector: { matchLabels: this.labels },
            resourceRules: [
              { apiGroups: [""], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["pods/resize"] },
            ],
          },
          validations: [
            {
              expression: "false",
              message: `${this.name} is a virtual machine, whose memory and processors are those that it was started with: change memoryMiB or cpus in the program that made it, which starts it anew`,
            },
          ],
        },
      },
      { ...child, deleteBeforeReplace: true },
    );
    new kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
      `${name}-resize-binding`,
      { metadata: { name: policy, labels: this.labels }, spec: { policyName: policy, validationActions: ["Deny"] } },
      { ...child, dependsOn: made, deleteBeforeReplace: true },
    );
  }
}
