import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/**
 * Labels by which a namespace takes in no pod that asks for more than an ordinary program needs (Kubernetes: Pod Security Standards, "restricted").
 * What makes such pods is warned, and the API's audit log has it.
 */
export const RESTRICTED: Readonly<Record<string, string>> = Object.fromEntries(
  ["enforce", "warn", "audit"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]),
);

/** A namespace for the pods of one function, all of them restricted. @returns its name, known once it is there */
export function ownNamespace(
  name: string,
  functionName: string,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const metadata = { name: `hybrid-vnf-${functionName}`, labels: RESTRICTED };
  return new kubernetes.core.v1.Namespace(name, { metadata }, opts).metadata.name;
}
