/** The images that this release is made for, by name and version: their only home in the library. */

/** Image of the operator's Docker engine that holds what a machine needs (images/machine/build.sh gives it this name). */
export const MACHINE_IMAGE = "hybrid-vnf/machine:v1.34.4";

/** Image of the operator's Docker engine that client machines start from (images/client/build.sh gives it this name). */
export const CLIENT_IMAGE = "hybrid-vnf/client:latest";

/** Flannel's image, which the machine image holds. */
export const FLANNEL_IMAGE = "ghcr.io/flannel-io/flannel:v0.28.4";

/** What joins pods by routes, and knows network policies (toolchain/tools.ts). */
export const KUBE_ROUTER_RELEASE = "2.10.0";

/** What gives pods further interfaces: Multus, and the CNI project's plugins (toolchain/tools.ts). */
export const ATTACHMENT_RELEASES = { multus: "4.3.0", plugins: "1.9.1" } as const;

/** What gives their interfaces addresses across nodes (toolchain/tools.ts). */
export const WHEREABOUTS_RELEASE = "0.9.4";
