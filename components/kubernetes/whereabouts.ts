import * as path from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "../machine/machine";
import { WHEREABOUTS_RELEASE } from "../release";
import { MachineScript } from "../script/script";
import { handOver } from "./handed";

/** The group of what it keeps in the cluster (whereabouts: doc/crds). */
const GROUP = "whereabouts.cni.cncf.io";
/** Where it keeps it: that of a kubeconfig that names none. */
const namespace = "kube-system";
const TEXT = { type: "string" };

/** Its kinds of objects, and what each tells. */
const KINDS: readonly {
  readonly kind: string;
  readonly plural: string;
  readonly spec: kubernetes.types.input.apiextensions.v1.JSONSchemaProps;
}[] = [
  {
    kind: "IPPool",
    plural: "ippools",
    spec: {
      type: "object",
      required: ["range", "allocations"],
      properties: {
        range: { ...TEXT, description: "The range, in CIDR notation." },
        allocations: {
          type: "object",
          description: "Who has which address: by its distance from the range's first.",
          additionalProperties: {
            type: "object",
            required: ["id", "podref"],
            properties: { id: TEXT, podref: TEXT, ifname: TEXT },
          },
        },
      },
    },
  },
  {
    kind: "OverlappingRangeIPReservation",
    plural: "overlappingrangeipreservations",
    spec: {
      type: "object",
      required: ["podref"],
      properties: { containerid: TEXT, podref: TEXT, ifname: TEXT },
    },
  },
];

export interface WhereaboutsArgs {
  /** The node with the control plane. */
  control: MachineLike;
  /** The cluster's nodes, each known once it has joined. */
  nodes: readonly MachineLike[];
  /** The machine that the cluster is deleted with, and all of this in it. @default none: each object is deleted by itself */
  deletedWith?: pulumi.Resource;
}

/**
 * whereabouts on each node: a CNI plugin that gives addresses of one range to interfaces of pods on any node, and keeps in the cluster who has
 * which. It asks the API by an account of its own, for it takes turns by a lease, and a node may have none but its own.
 */
export class Whereabouts extends pulumi.ComponentResource {
  /** Known once every node can ask for addresses. */
  public readonly ready: pulumi.Output<unknown>;

  constructor(name: string, { control, nodes, deletedWith }: WhereaboutsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:kubernetes:Whereabouts", name, { nodes: nodes.map(({ id }) => id) }, opts);
    const child: pulumi.CustomResourceOptions = { parent: this, ...(deletedWith ? { deletedWith } : {}) };
    const definitions = KINDS.map(
      ({ kind, plural, spec }) =>
        new kubernetes.apiextensions.v1.CustomResourceDefinition(
          `${name}-${plural}`,
          {
            metadata: { name: `${plural}.${GROUP}` },
            spec: {
              group: GROUP,
              scope: "Namespaced",
              names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
              versions: [
                {
                  name: "v1alpha1",
                  served: true,
                  storage: true,
                  schema: { openAPIV3Schema: { type: "object", properties: { spec } } },
                },
              ],
            },
          },
          child,
        ),
    );
    const metadata = { name: "whereabouts", namespace };
    const account = new kubernetes.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata, automountServiceAccountToken: false },
      child,
    );
    // Nodes take turns by it. It is made here, for what they made themselves would stay.
    const lease = new kubernetes.coordination.v1.Lease(`${name}-lease`, { metadata }, child);
    const role = new kubernetes.rbac.v1.Role(
      `${name}-role`,
      {
        metadata,
        rules: [
          { apiGroups: [GROUP], resources: ["ippools"], verbs: ["get", "list", "create", "patch"] },
          {
            apiGroups: [GROUP],
            resources: ["overlappingrangeipreservations"],
            verbs: ["get", "create", "delete"],
          },
          {
            apiGroups: ["coordination.k8s.io"],
            resources: ["leases"],
            resourceNames: [lease.metadata.name],
            verbs: ["get", "update"],
          },
        ],
      },
      child,
    );
    const binding = new kubernetes.rbac.v1.RoleBinding(
      `${name}-binding`,
      {
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
        subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace }],
      },
      child,
    );
    const secret = new kubernetes.core.v1.Secret(
      `${name}-token`,
      {
        metadata: {
          ...metadata,
          annotations: { "kubernetes.io/service-account.name": account.metadata.name },
        },
        type: "kubernetes.io/service-account-token",
      },
      child,
    );
    const token = new MachineScript(
      `${name}-token-of-the-account`,
      {
        machine: control,
        file: path.join(__dirname, "whereabouts-token.sh"),
        input: { SECRET: secret.metadata.name },
        secretOutput: true,
        undo: false,
      },
      { parent: this },
    );
    const configured = nodes.map((node) => {
      const place = node.id.replace("/", "-");
      const program = handOver(
        `${name}-plugin-on-${place}`,
        {
          folder: "whereabouts",
          node,
          releases: [`whereabouts ${WHEREABOUTS_RELEASE}`],
          input: { WHAT: "the CNI plugin whereabouts", LIST: "cni-whereabouts" },
        },
        { parent: this },
      );
      return new MachineScript(
        `${name}-on-${place}`,
        {
          machine: node,
          file: path.join(__dirname, "whereabouts.sh"),
          input: { TOKEN: pulumi.secret(token.stdout) },
          replaceOnChanges: [program.id],
        },
        { parent: this, dependsOn: [binding, ...definitions] },
      );
    });
    this.ready = pulumi.all(configured.map((one) => one.id)).apply((all) => all.length);
    this.registerOutputs({});
  }
}
