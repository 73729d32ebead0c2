/** How a kubelet hands out processors: `static` gives whole ones to pods that ask for whole ones (Kubernetes: CPU Management Policies). */
export const CPU_MANAGER_POLICIES = ["none", "static"] as const;
/** `none`: all pods share all processors; `static`: a pod that asks for whole ones has them for itself. */
export type CpuManagerPolicy = (typeof CPU_MANAGER_POLICIES)[number];

/** What a kubelet makes of NUMA nodes (Kubernetes: Topology Manager Policies). */
export const TOPOLOGY_MANAGER_POLICIES = ["none", "best-effort", "restricted", "single-numa-node"] as const;
/** `single-numa-node` takes in no pod whose processors and devices it can't have on one; the others look for it, or don't. */
export type TopologyManagerPolicy = (typeof TOPOLOGY_MANAGER_POLICIES)[number];
