import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { describe } from "../problem/describe";
import type { Problems } from "../problem/problem";
import { MachineScript } from "../script/script";
import type { KubernetesLike } from "./kubernetes";

/** What a pod has of its node for itself. Its cluster is asked for it before the pod is made. */
export interface ReservedShare {
  /**
   * Whole processors of its node that nothing else of the cluster runs on; its memory is then all asked for from the beginning. The cluster has
   * `cpuManagerPolicy: "static"`. @default none: it shares all of them
   */
  dedicatedCores?: number;
  /** Whether what it has is on one NUMA node; the cluster has `topologyManagerPolicy: "single-numa-node"`. @default false */
  singleNumaNode?: boolean;
}

/** Notes what is wrong with a share, beside other amounts that it decides, and where its cluster is known not to hand it out. */
export function checkReserved(
  problems: Problems,
  { dedicatedCores, singleNumaNode }: ReservedShare,
  { name: cluster, cpuManagerPolicy = "static", topologyManagerPolicy = "single-numa-node" }: KubernetesLike,
  decided: Readonly<Record<string, number | undefined>>,
): void {
  problems.require(
    singleNumaNode === undefined || typeof singleNumaNode === "boolean",
    `singleNumaNode is ${describe(singleNumaNode)}: it must be true or false`,
  );
  problems.require(
    singleNumaNode !== true || dedicatedCores !== undefined,
    "singleNumaNode is true, and dedicatedCores is left out: a pod that shares its processors is on all NUMA nodes; say how many are its own",
  );
  if (dedicatedCores === undefined) return;
  problems.requireWhole("dedicatedCores", dedicatedCores, 1, 1024);
  problems.require(
    cpuManagerPolicy === "static",
    `dedicatedCores is ${describe(dedicatedCores)}, and the cluster ${cluster} has the cpuManagerPolicy "${cpuManagerPolicy}", by which all pods share all processors: give the cluster cpuManagerPolicy: "static"`,
  );
  problems.require(
    singleNumaNode !== true || topologyManagerPolicy === "single-numa-node",
    `singleNumaNode is true, and the cluster ${cluster} has the topologyManagerPolicy "${topologyManagerPolicy}": give the cluster topologyManagerPolicy: "single-numa-node"`,
  );
  for (const [name, value] of Object.entries(decided))
    problems.require(
      value === undefined,
      `${name} is ${describe(value)} beside dedicatedCores, which decides it: a pod that has processors for itself asks for as much as it may have; leave ${name} out`,
    );
}

interface Amounts {
  readonly limits: Record<string, string>;
  readonly requests: Record<string, string>;
}

/** The same amounts, or as a pod of the class `Guaranteed` asks for them: whole processors, and what it may have from the beginning. */
export function withReserved(amounts: Amounts, { dedicatedCores }: ReservedShare): Amounts {
  if (dedicatedCores === undefined) return amounts;
  const all = { ...amounts.limits, cpu: String(dedicatedCores) };
  return { limits: all, requests: all };
}

/** What is to be asked for, and for whom. */
interface Asked extends ReservedShare {
  readonly cluster: KubernetesLike;
  /** Names of the nodes that the pod may be on. */
  readonly nodes: readonly string[];
  readonly functionName: string;
  /** MiB in pages of 2 MiB. @default none */
  readonly hugepagesMiB?: number;
}

/** Asks the cluster whether a node has what the pod is to have for itself; a pod that none has would wait for it without a word. */
export function requireReserved(name: string, asked: Asked, parent: pulumi.Resource): pulumi.Resource[] {
  const { cluster, nodes, functionName, dedicatedCores = 0, hugepagesMiB = 0, singleNumaNode = false } = asked;
  const [control] = cluster.nodes;
  if (!control || (dedicatedCores === 0 && hugepagesMiB === 0)) return [];
  // Known once all of them are there.
  const identity = pulumi.all(cluster.nodes.map((one) => one.identity)).apply((all) => all.join(" "));
  return [
    new MachineScript(
      `${name}-reserved`,
      {
        machine: { ...control, identity },
        file: path.join(__dirname, "reserved.sh"),
        input: {
          NODES: nodes.join(" "),
          FUNCTION: functionName,
          CORES: String(dedicatedCores),
          HUGEPAGES_MIB: String(hugepagesMiB),
          SINGLE_NUMA: singleNumaNode ? "yes" : "no",
        },
        undo: false,
      },
      { parent },
    ),
  ];
}
