import { describe } from "../problem/describe";
import type { Problems } from "../problem/problem";

/** Notes what is no name of a RuntimeClass (Kubernetes: RuntimeClass). Whether the cluster has it, its API says when the pods are made. */
export function requireRuntimeClass(problems: Problems, runtimeClass: string | undefined): void {
  problems.require(
    runtimeClass === undefined || /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(String(runtimeClass)),
    `runtimeClass is ${describe(runtimeClass)}: it must be the name of a RuntimeClass of the cluster, such as "kata"`,
  );
}

/** As a pod's own specification is told. */
export const runtimeOf = (runtimeClass: string | undefined): { readonly runtimeClassName?: string } =>
  runtimeClass === undefined ? {} : { runtimeClassName: runtimeClass };
