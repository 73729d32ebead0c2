import * as path from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "../machine/machine";
import { ATTACHMENT_RELEASES } from "../release";
import { MachineScript } from "../script/script";
import { handOver } from "./handed";

/** The group of what describes an attachment (Network Plumbing Working Group: multi-net-spec). */
export const ATTACHMENT_GROUP = "k8s.cni.cncf.io";

export interface MultusArgs {
  /** The cluster's nodes, each known once it has joined. */
  nodes: readonly MachineLike[];
  /** The machine that the cluster is deleted with, and all of this in it. @default none: each object is deleted by itself */
  deletedWith?: pulumi.Resource;
}

/**
 * Multus on each node, with the CNI plugins that it calls, and the kind of object that describes an attachment. It asks the API as the node that
 * it runs on, by the kubelet's own certificate, so that no other secret is on a node.
 */
export class Multus extends pulumi.ComponentResource {
  /** Known once pods can be given further interfaces on every node. */
  public readonly ready: pulumi.Output<unknown>;

  constructor(name: string, { nodes, deletedWith }: MultusArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:kubernetes:Multus", name, { nodes: nodes.map(({ id }) => id) }, opts);
    const child: pulumi.CustomResourceOptions = { parent: this, ...(deletedWith ? { deletedWith } : {}) };
    const definition = new kubernetes.apiextensions.v1.CustomResourceDefinition(
      `${name}-definition`,
      {
        metadata: { name: `network-attachment-definitions.${ATTACHMENT_GROUP}` },
        spec: {
          group: ATTACHMENT_GROUP,
          scope: "Namespaced",
          names: {
            kind: "NetworkAttachmentDefinition",
            listKind: "NetworkAttachmentDefinitionList",
            plural: "network-attachment-definitions",
            singular: "network-attachment-definition",
            shortNames: ["net-attach-def"],
          },
          versions: [
            {
              name: "v1",
              served: true,
              storage: true,
              schema: {
                openAPIV3Schema: {
                  type: "object",
                  properties: {
                    spec: {
                      type: "object",
                      properties: { config: { type: "string", description: "The CNI configuration, as JSON." } },
                    },
                  },
                },
              },
            },
          ],
        },
      },
      child,
    );
    const role = new kubernetes.rbac.v1.ClusterRole(
      `${name}-role`,
      {
        metadata: { name: "hybrid-vnf-attachments" },
        rules: [
          {
            apiGroups: [ATTACHMENT_GROUP],
            resources: ["network-attachment-definitions"],
            verbs: ["get", "list", "watch"],
          },
        ],
      },
      child,
    );
    const binding = new kubernetes.rbac.v1.ClusterRoleBinding(
      `${name}-binding`,
      {
        metadata: { name: "hybrid-vnf-attachments" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
        subjects: [{ kind: "Group", name: "system:nodes", apiGroup: "rbac.authorization.k8s.io" }],
      },
      child,
    );
    const releases = Object.entries(ATTACHMENT_RELEASES).map((one) => one.join(" "));
    const configured = nodes.map((node) => {
      const place = node.id.replace("/", "-");
      const plugins = handOver(
        `${name}-plugins-on-${place}`,
        { folder: "attachments", node, releases },
        { parent: this },
      );
      return new MachineScript(
        `${name}-on-${place}`,
        { machine: node, file: path.join(__dirname, "multus.sh"), replaceOnChanges: [plugins.id] },
        { parent: this, dependsOn: binding },
      );
    });
    this.ready = pulumi.all([definition, ...configured].map((one) => one.id)).apply((all) => all.length);
    this.registerOutputs({});
  }
}
