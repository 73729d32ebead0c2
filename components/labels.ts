/** Marks by which a reader, and the policy, knows what a machine or a workload is for: their only home. */

/** Label of a workload that forwards packets which are not its own, and so may have its node's network or its privileges. */
export const FORWARDS = "hybrid-vnf.forwards";

/** Label, or metadata, of a machine that may be made anew without being asked for: "true". */
export const REPLACEABLE = "hybrid-vnf.replaceable";

/** Label, or metadata, of a machine: what it is for. */
export const MACHINE_ROLE = "hybrid-vnf.role";

/** Metadata of a machine on a cloud: counts the servers that were made for it, from 2; another one takes the place of one that never ran. */
export const GENERATION = "hybrid-vnf.generation";
