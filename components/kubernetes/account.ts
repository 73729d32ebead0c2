import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** A service account in `kube-system`, and what it may do in the whole cluster. */
export interface ClusterAccount {
  readonly account: kubernetes.core.v1.ServiceAccount;
  /** Until this is there, it may do nothing. */
  readonly binding: kubernetes.rbac.v1.ClusterRoleBinding;
}

/** Makes an account for pods that serve all nodes; all objects of it are called `called`. */
export function clusterAccount(
  name: string,
  called: string,
  rules: kubernetes.types.input.rbac.v1.PolicyRule[],
  opts: pulumi.CustomResourceOptions,
): ClusterAccount {
  const namespace = "kube-system";
  const account = new kubernetes.core.v1.ServiceAccount(
    `${name}-account`,
    { metadata: { name: called, namespace } },
    opts,
  );
  const role = new kubernetes.rbac.v1.ClusterRole(`${name}-role`, { metadata: { name: called }, rules }, opts);
  const binding = new kubernetes.rbac.v1.ClusterRoleBinding(
    `${name}-binding`,
    {
      metadata: { name: called },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
      subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace }],
    },
    opts,
  );
  return { account, binding };
}
