/** Marks by which a reader, and the policy, knows what a machine or a workload is for: their only home. */

/**
 * Labels that Kubernetes' own tools know a workload and its pods by (Kubernetes: Recommended Labels). No selector has them.
 * @param application what runs, such as "frr"
 * @param instance what it is called in its cluster
 * @param component what it is for
 */
export function recommendedLabels(application: string, instance: string, component: string): Record<string, string> {
  return {
    "app.kubernetes.io/name": application,
    "app.kubernetes.io/instance": instance,
    "app.kubernetes.io/component": component,
    "app.kubernetes.io/managed-by": "hybrid-vnf",
  };
}

/** Label of a workload that forwards packets which are not its own, and so may have its node's network or its privileges. */
export const FORWARDS = "hybrid-vnf.forwards";

/** Label, or metadata, of a machine that may be made anew without being asked for: "true". */
export const REPLACEABLE = "hybrid-vnf.replaceable";

/** Label, or metadata, of a machine: what it is for. */
export const MACHINE_ROLE = "hybrid-vnf.role";

/** Metadata of a machine on a cloud: counts the servers that were made for it, from 2; another one takes the place of one that never ran. */
export const GENERATION = "hybrid-vnf.generation";
