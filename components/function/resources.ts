import { describe } from "../problem/describe";
import type { Problems } from "../problem/problem";

/** What a function may take of the nodes that it runs on (Kubernetes: Resource Management for Pods and Containers). */
export interface FunctionResources {
  /** MiB of memory that each of its containers may use at most; one that wants more is ended, and started again. @default 256 */
  memoryLimitMiB?: number;
  /** MiB of memory that a node must have left for each of them. @default 32 */
  memoryRequestMiB?: number;
  /** Cores that each of them may use at most. @default all that its node has */
  cpuLimit?: number;
  /** Cores that each of them has for sure when its node is busy. @default 0.02 */
  cpuRequest?: number;
}

/** The same, checked, with the defaults; without a limit of the processor where there is none. */
export type CheckedResources = Required<Omit<FunctionResources, "cpuLimit">> & Pick<FunctionResources, "cpuLimit">;

/** Cores from a thousandth up: the least that Docker and Kubernetes tell apart. */
export function requireCores(problems: Problems, name: string, cores: number | undefined): void {
  problems.require(
    cores === undefined || (typeof cores === "number" && cores >= 0.001 && cores <= 1024),
    `${name} is ${describe(cores)}: it must be a number of cores from 0.001 to 1024`,
  );
}

/** What a function asks for, checked; what is wrong goes to `problems`. */
export function checkResources(problems: Problems, args: FunctionResources): CheckedResources {
  const { memoryLimitMiB = 256, memoryRequestMiB = 32, cpuRequest = 0.02, cpuLimit } = args;
  problems.requireWhole("memoryLimitMiB", memoryLimitMiB, 16, 2 ** 20, "MiB");
  problems.requireWhole("memoryRequestMiB", memoryRequestMiB, 1, 2 ** 20, "MiB");
  requireCores(problems, "cpuRequest", cpuRequest);
  requireCores(problems, "cpuLimit", cpuLimit);
  problems.require(
    !(memoryRequestMiB > memoryLimitMiB),
    `memoryRequestMiB is ${memoryRequestMiB} and memoryLimitMiB is ${memoryLimitMiB}: take a limit that is at least as large`,
  );
  problems.require(
    cpuLimit === undefined || !(cpuRequest > cpuLimit),
    `cpuRequest is ${cpuRequest} and cpuLimit is ${cpuLimit}: take a limit that is at least as large`,
  );
  return { memoryLimitMiB, memoryRequestMiB, cpuRequest, cpuLimit };
}

/** As a container of a pod is told. */
export function podResources({ memoryLimitMiB, memoryRequestMiB, cpuRequest, cpuLimit }: CheckedResources): {
  readonly limits: Record<string, string>;
  readonly requests: Record<string, string>;
} {
  const cores = (number: number): string => `${Math.round(number * 1000)}m`;
  return {
    limits: { memory: `${memoryLimitMiB}Mi`, ...(cpuLimit === undefined ? {} : { cpu: cores(cpuLimit) }) },
    requests: { memory: `${memoryRequestMiB}Mi`, cpu: cores(cpuRequest) },
  };
}

/** As a service of a Swarm is told. */
export function serviceResources({ memoryLimitMiB, memoryRequestMiB, cpuRequest, cpuLimit }: CheckedResources): {
  readonly limits: { readonly memoryBytes: number; readonly nanoCpus?: number };
  readonly reservation: { readonly memoryBytes: number; readonly nanoCpus: number };
} {
  const bytes = (mebibytes: number): number => mebibytes * 2 ** 20;
  const nanoCpus = (cores: number): number => Math.round(cores * 1000) * 1_000_000;
  return {
    limits: { memoryBytes: bytes(memoryLimitMiB), ...(cpuLimit === undefined ? {} : { nanoCpus: nanoCpus(cpuLimit) }) },
    reservation: { memoryBytes: bytes(memoryRequestMiB), nanoCpus: nanoCpus(cpuRequest) },
  };
}
