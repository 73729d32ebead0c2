import { describe } from "../problem/describe";
import type { Problems } from "../problem/problem";

/** How pods get their network: a bridge on the only node; or over several nodes by flannel's VXLAN, by kube-router's routes, or as Calico and Cilium do. */
export const CNIS = ["bridge", "flannel", "kube-router", "calico", "cilium"] as const;
/**
 * `bridge` joins the pods of one node, `flannel` those of several, over VXLAN (RFC 7348), `kube-router` by routes that nodes tell each other by
 * BGP (RFC 4271); `calico` and `cilium` as their own manifests say. The last three know NetworkPolicies.
 */
export type Cni = (typeof CNIS)[number];

/** Those that keep NetworkPolicies (Kubernetes: Network Policies); the others take them, and do nothing. */
const WITH_POLICIES: readonly string[] = ["kube-router", "calico", "cilium"];
/** Those whose manifest, with images from registries, is a user's. */
const BY_MANIFEST: readonly string[] = ["calico", "cilium"];

/** Those that have ended, and what does now what they did. */
const ENDED: Readonly<Record<string, string>> = {
  weave:
    'Weave Net has ended with its company: take "flannel" for an overlay alone, or one of its successors with NetworkPolicies, "cilium" and "calico"',
  romana:
    'Romana has ended: take one of its successors, "kube-router" and "calico", which join pods by routes and keep NetworkPolicies as it did',
};

/** Why a word names no network of pods, as the end of a sentence; undefined where it does. */
export function againstCni(cni: unknown): string | undefined {
  if (CNIS.includes(cni as Cni)) return undefined;
  return (
    (typeof cni === "string" && Object.hasOwn(ENDED, cni) ? ENDED[cni] : undefined) ??
    `it must be ${CNIS.map((known) => `"${known}"`)
      .join(", ")
      .replace(/, ([^,]*)$/, " or $1")}`
  );
}

/** What a setting says of it. @throws RangeError with what there is in its place */
export function requiredCni(given: unknown): Cni {
  const against = againstCni(given);
  if (against !== undefined) throw new RangeError(against);
  return given as Cni;
}

/** Whether its NetworkPolicies are kept; undefined where it is not known what joins its pods. */
export function keepsPolicies(cni: string | undefined): boolean | undefined {
  return cni === undefined ? undefined : WITH_POLICIES.includes(cni);
}

/** Whether its objects are those of a manifest that the user gives. */
export const isByManifest = (cni: string): boolean => BY_MANIFEST.includes(cni);

/** Notes what is no network of pods, or none for so many nodes; or a manifest that it has not, or has not got. */
export function requireCni(problems: Problems, cni: Cni, workerCount: number, manifest: string | undefined): void {
  const against = againstCni(cni);
  problems.require(against === undefined, `cni is ${describe(cni)}: ${against}`);
  problems.require(
    cni !== "bridge" || !(workerCount > 0),
    `cni "bridge" joins the pods of one node only, and workerCount is ${workerCount}: use cni "flannel" or "kube-router", or workerCount 0`,
  );
  problems.requireName("cniManifest", manifest);
  problems.require(
    against !== undefined || isByManifest(cni) || manifest === undefined,
    `cniManifest is ${describe(manifest)}, and cni ${describe(cni)} is made without one: leave it out, or use cni "calico" or "cilium"`,
  );
  problems.require(
    !isByManifest(cni) || manifest !== undefined,
    `cni "${cni}" is made of its project's own manifest, and cniManifest is undefined: download that of one release (${cni === "cilium" ? "what `helm template` makes of its chart" : "manifests/calico.yaml"}), and name the file`,
  );
}
