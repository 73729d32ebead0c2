/** The controllers of Kubernetes that make pods, and where in each its pods are described. */
const POD_TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  "core/Pod": [],
  "core/ReplicationController": ["spec", "template"],
  "apps/Deployment": ["spec", "template"],
  "apps/DaemonSet": ["spec", "template"],
  "apps/StatefulSet": ["spec", "template"],
  "apps/ReplicaSet": ["spec", "template"],
  "batch/Job": ["spec", "template"],
  "batch/CronJob": ["spec", "jobTemplate", "spec", "template"],
};

/**
 * Where an object describes its pods; undefined where it has none.
 * @param type the SDK's, such as "kubernetes:apps/v1:Deployment"
 */
export function podTemplateIn(type: string): readonly string[] | undefined {
  const [, group, kind] = /^kubernetes:(\w+)(?:\.k8s\.io)?\/\w+:(\w+)$/.exec(type) ?? [];
  return POD_TEMPLATES[`${group}/${kind}`];
}
