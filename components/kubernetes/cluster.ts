import * as path from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type MachineLike, once } from "../machine/machine";
import { planLegs } from "../machine/plan";
import { MachineScript } from "../machine/script";
import { type NetworkLike, requireDisjoint } from "../network/network";
import { Problems } from "../problem/problem";
import type { SiteLike } from "../site/site";
import { Flannel } from "./flannel";

/** How pods get their network: a bridge on the only node, or flannel's VXLAN over several. */
export const CNIS = ["bridge", "flannel"] as const;
export type Cni = (typeof CNIS)[number];

/** A Kubernetes cluster, made here or read from a contract. */
export interface KubernetesLike {
  /** Its nodes; the first one carries the control plane. */
  readonly nodes: readonly MachineLike[];
  /** Administrator's kubeconfig (secret); its bytes stay the same as long as the cluster lives. */
  readonly kubeconfig: pulumi.Input<string>;
}

export interface KubernetesClusterArgs {
  site: SiteLike;
  /** Networks that each node has a leg in; the first carries the cluster's own traffic. */
  networks: NetworkLike[];
  /** Networks that its nodes reach through a gateway: its pods and services stay clear of them too. @default none */
  beyond?: readonly { name: string; cidr: string }[];
  /** How many nodes join the one with the control plane. @default 0 */
  workers?: number;
  /** How pods get their network. @default "bridge" for one node, "flannel" for several */
  cni?: Cni;
  /** Range of the pods' addresses. @default "10.244.0.0/16" */
  podCidr?: string;
  /** Range of the services' addresses. @default "10.96.0.0/16" */
  serviceCidr?: string;
  /** Number of the control plane's address in each network. @default 10 */
  firstHost?: number;
  /** Number of the first worker's address in each network; the others follow. @default 100 */
  firstWorker?: number;
  /** Seconds that a node may take to become ready, and its API to answer; more on slow machines. @default 120 */
  readyTimeout?: number;
}

const script = (file: string) => path.join(__dirname, file);

/**
 * A cluster made by kubeadm. A node with legs in two networks would forward between them on its own; here the way between its legs is
 * closed, for pods' own traffic is not, until a router function opens it.
 */
export class KubernetesCluster extends pulumi.ComponentResource implements KubernetesLike {
  public readonly nodes: readonly MachineLike[];
  public readonly kubeconfig: pulumi.Output<string>;
  /** Where its API answers. */
  public readonly endpoint: pulumi.Output<string>;

  constructor(name: string, args: KubernetesClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:kubernetes:KubernetesCluster", name, { workers: args.workers, cni: args.cni }, opts);
    const { site } = args;
    const workers = args.workers ?? 0;
    const cni = args.cni ?? (workers === 0 ? "bridge" : "flannel");
    const podCidr = args.podCidr ?? "10.244.0.0/16";
    const serviceCidr = args.serviceCidr ?? "10.96.0.0/16";
    const numberOf = (at: number) => (at === 0 ? (args.firstHost ?? 10) : (args.firstWorker ?? 100) + at - 1);

    const problems = new Problems(`KubernetesCluster "${name}"`);
    problems.require(
      Number.isInteger(workers) && workers >= 0,
      `workers is ${workers}: it must be 0 or more, as a whole number`,
    );
    problems.require(
      CNIS.includes(cni),
      `cni is "${cni}": it must be ${CNIS.map((known) => `"${known}"`).join(" or ")}`,
    );
    problems.require(
      cni !== "bridge" || !(workers > 0),
      `cni "bridge" joins the pods of one node only, and workers is ${workers}: use cni "flannel", or workers 0`,
    );
    problems.requireSeconds("readyTimeout", args.readyTimeout);
    problems.require(args.networks.length > 0, "networks is empty: give it at least the transit network");
    problems.attempt(() =>
      requireDisjoint(name, [
        ...args.networks,
        ...(args.beyond ?? []),
        { name: "pods", cidr: podCidr },
        { name: "services", cidr: serviceCidr },
      ]),
    );
    const plan = Array.from({ length: Number.isInteger(workers) && workers >= 0 ? workers + 1 : 0 }, (_, at) => ({
      name: `${name}-${at + 1}`,
      legs: planLegs(site.platform, `${name}-${at + 1}`, args.networks, numberOf(at), problems),
    }));
    problems.done();

    const prepared = new Map<MachineLike, pulumi.Resource>();
    const machines = plan.map(({ name: node, legs }) => {
      const machine = site.platform.machine(
        node,
        { site: site.name, role: "kubernetes", legs, key: site.key, group: name },
        { parent: this },
      );
      const interfaces = pulumi.all(machine.legs.map((leg) => leg.interface));
      new MachineScript(
        `${node}-legs-filter`,
        {
          machine,
          file: script("legs-filter.sh"),
          input: { LEGS: interfaces.apply((all) => all.join(" ")) },
        },
        { parent: this },
      );
      const ready = new MachineScript(
        `${node}-node`,
        {
          machine,
          file: script("node.sh"),
          input: { ADDRESS: legs[0]?.address ?? "", CNI: cni, POD_CIDR: podCidr },
        },
        { parent: this },
      );
      prepared.set(machine, ready);
      return machine;
    });
    const after = (machine: MachineLike) => prepared.get(machine) ?? [];
    const [control, ...joining] = machines;
    const patience: Record<string, string> =
      args.readyTimeout === undefined ? {} : { READY_TIMEOUT: String(args.readyTimeout) };
    const address = plan[0]?.legs[0]?.address;
    if (!control || !address) throw new RangeError(`${name}: a cluster has at least one node`);
    const reached = control.ssh.host;
    this.endpoint = pulumi.interpolate`https://${reached}:6443`;

    const init = new MachineScript(
      `${control.name}-control-plane`,
      {
        machine: control,
        file: script("control-plane.sh"),
        input: {
          ADVERTISE_ADDRESS: address,
          SANS: reached,
          NODE_NAME: control.name,
          POD_CIDR: podCidr,
          SERVICE_CIDR: serviceCidr,
          CNI: cni,
          SINGLE_NODE: String(workers === 0),
          ...patience,
        },
        replaceOn: [address, podCidr, serviceCidr, cni],
      },
      { parent: this, dependsOn: after(control) },
    );
    const admin = new MachineScript(
      `${name}-kubeconfig`,
      {
        machine: control,
        file: script("kubeconfig.sh"),
        input: { ADDRESS: reached },
        secretOutput: true,
        undo: false,
        replaceOn: [init.id],
      },
      { parent: this },
    );
    this.kubeconfig = pulumi.secret(admin.stdout);

    const joins = new Map<MachineLike, pulumi.CustomResource>();
    for (const node of joining) {
      const ticket = new MachineScript(
        `${node.name}-join-command`,
        {
          machine: { ...control, identity: pulumi.interpolate`${control.identity} ${node.identity}` },
          file: script("join-command.sh"),
          input: { NODE_NAME: node.name },
          secretOutput: true,
          replaceOn: [init.id],
        },
        { parent: this },
      );
      const join = new MachineScript(
        `${node.name}-join`,
        {
          machine: node,
          file: script("worker.sh"),
          input: {
            NODE_NAME: node.name,
            JOIN_COMMAND: pulumi.secret(ticket.stdout),
            ...patience,
          },
          replaceOn: [init.id],
        },
        { parent: this, dependsOn: after(node) },
      );
      joins.set(node, join);
    }
    this.nodes = machines.map((machine) => once(machine, joins.get(machine) ?? init));
    if (cni === "flannel") {
      const provider = new kubernetes.Provider(
        `${name}-provider`,
        { kubeconfig: this.kubeconfig, upsertExistingObjects: true, enablePatchForce: true },
        { parent: this },
      );
      new Flannel(
        `${name}-flannel`,
        { podCidr, apiAddress: address, end: control.resource },
        { parent: this, providers: [provider] },
      );
    }
    this.registerOutputs({ endpoint: this.endpoint, kubeconfig: this.kubeconfig });
  }
}
