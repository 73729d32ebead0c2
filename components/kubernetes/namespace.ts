import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/**
 * Labels by which a namespace takes in no pod that asks for more than an ordinary program needs (Kubernetes: Pod Security Standards, "restricted").
 * What makes such pods is warned, and the API's audit log has it.
 */
export const RESTRICTED = podSecurity("restricted");
/** The same for one that takes in pods which have what no other profile lets them have, whatever a cluster's own default is. */
export const PRIVILEGED = podSecurity("privileged");

function podSecurity(profile: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    ["enforce", "warn", "audit"].map((mode) => [`pod-security.kubernetes.io/${mode}`, profile]),
  );
}

/** What the namespace of a function's own is called. */
export const ownNamespaceOf = (functionName: string): string => `hybrid-vnf-${functionName}`;

/** A namespace for the pods of one function, which are held to a profile. @returns its name, known once it is there */
export function ownNamespace(
  name: string,
  functionName: string,
  labels: Readonly<Record<string, string>>,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const metadata = { name: ownNamespaceOf(functionName), labels };
  return new kubernetes.core.v1.Namespace(name, { metadata }, opts).metadata.name;
}
