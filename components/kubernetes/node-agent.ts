import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { FORWARDS, recommendedLabels } from "../labels";
import { clusterAccount } from "./account";

import types = kubernetes.types.input.core.v1;

/** What makes the network of each node's pods, from a pod there. */
export interface NodeAgentArgs {
  /** What the pods, their account and its rights are called in the cluster. */
  called: string;
  /** What it may do in the whole cluster. */
  rules: kubernetes.types.input.rbac.v1.PolicyRule[];
  /** Address of the API server: it must not wait for the proxy that makes the service's address work. */
  apiAddress: string;
  /** Its container, but for what is the same of all. */
  container: Omit<types.Container, "name" | "securityContext" | "env" | "volumeMounts">;
  env: types.EnvVar[];
  /** Where its container has each of the volumes. */
  mounts: types.VolumeMount[];
  volumes: types.Volume[];
  /** What must be there before. @default nothing but its rights */
  dependsOn?: readonly pulumi.Resource[];
}

/** The lock of the packet filter's commands, which kube-proxy takes too. */
const LOCK = "/run/xtables.lock";

/** A pod on every node, in its network, which changes links, routes and the packet filter there by two capabilities, and nothing else. */
export function nodeAgent(name: string, args: NodeAgentArgs, opts: pulumi.CustomResourceOptions): void {
  const { called, container, dependsOn = [] } = args;
  const namespace = "kube-system";
  const { account, binding } = clusterAccount(name, called, args.rules, opts);
  const selected = { app: called };
  const labels = { ...selected, ...recommendedLabels(called, called, "network") };
  new kubernetes.apps.v1.DaemonSet(
    `${name}-daemonset`,
    {
      metadata: {
        name: called,
        namespace,
        labels,
        // Pods of a node that has left never end: a deletion must not wait for them.
        annotations: { "pulumi.com/deletionPropagationPolicy": "background" },
      },
      spec: {
        selector: { matchLabels: selected },
        template: {
          metadata: { labels: { ...labels, [FORWARDS]: "true" } },
          spec: {
            hostNetwork: true,
            priorityClassName: "system-node-critical",
            serviceAccountName: account.metadata.name,
            tolerations: [{ operator: "Exists" }],
            containers: [
              {
                name: called,
                ...container,
                securityContext: {
                  allowPrivilegeEscalation: false,
                  capabilities: { drop: ["ALL"], add: ["NET_ADMIN", "NET_RAW"] },
                  readOnlyRootFilesystem: true,
                  seccompProfile: { type: "RuntimeDefault" },
                },
                env: [
                  ...args.env,
                  { name: "KUBERNETES_SERVICE_HOST", value: args.apiAddress },
                  { name: "KUBERNETES_SERVICE_PORT", value: "6443" },
                ],
                volumeMounts: [...args.mounts, { name: "locks", mountPath: LOCK }],
              },
            ],
            volumes: [...args.volumes, { name: "locks", hostPath: { path: LOCK, type: "FileOrCreate" } }],
          },
        },
      },
    },
    { ...opts, dependsOn: [binding, ...dependsOn] },
  );
}
