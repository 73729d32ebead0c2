import { join } from "node:path";
import type { Measurements } from "./figures";
import { Program, report, requestsPerSecond, shell } from "./measure";

/** Measures what a router's interfaces and privileges cost, and a virtual machine in a pod, on the programs in examples/. */

/** The ways that the router of examples/attachments can run. */
const ROUTERS = {
  attached: { attached: "true", privileged: "false" },
  ofTheNode: { attached: "false", privileged: "false" },
  privileged: { attached: "false", privileged: "true" },
} as const;

function measureRouters(found: Measurements, rounds: number, requests: number): void {
  const program = new Program(join("examples", "attachments"));
  try {
    for (let round = 1; round <= rounds; round++) {
      const [attached, ofTheNode, privileged] = Object.entries(ROUTERS).map(([way, config]) => {
        program.up(config);
        const rate = requestsPerSecond("hybrid-vnf-attach-client", `${program.output("url")}/`, requests);
        report(`a router ${way}: ${rate} requests/s`);
        return rate;
      }) as [number, number, number];
      found.add("attachmentsByNode", attached / ofTheNode);
      found.add("leastByPrivileged", ofTheNode / privileged);
    }
  } finally {
    program.end();
  }
}

/** A pod, as far as it is read here. */
interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly startTime: string;
    readonly conditions: readonly { readonly type: string; readonly lastTransitionTime: string }[];
  };
}

/** Memory of QEMU in MiB beside that of its machine, which is one piece of it, as large as the machine's: from the kernel's list of its pieces (proc(5)). */
export function besideTheMachine(smaps: string, machineMiB: number): number {
  const pieces = smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).filter(Boolean);
  const amount = (piece: string, field: string): number =>
    Number(new RegExp(`^${field}: +(\\d+) kB`, "m").exec(piece)?.[1] ?? Number.NaN);
  const own = pieces.filter((piece) => amount(piece, "Size") !== machineMiB * 1024);
  if (own.length !== pieces.length - 1)
    throw new Error(`QEMU has ${pieces.length - own.length} pieces of memory of ${machineMiB} MiB, and not one.`);
  return own.reduce((sum, piece) => sum + amount(piece, "Pss"), 0) / 1024;
}

/** As examples/virtual-machines has it. */
const MACHINE_MIB = 160;

function measureMachines(found: Measurements, rounds: number): void {
  const program = new Program(join("examples", "virtual-machines"));
  const kubectl = (...args: string[]): string => {
    const config = ["--kubeconfig", "/etc/kubernetes/admin.conf", "--namespace", "hybrid-vnf-guest"];
    return shell("docker", "exec", "hybrid-vnf-vmpod-k8s-1", "kubectl", ...config, ...args);
  };
  try {
    program.up({});
    for (let round = 1; round <= rounds; round++) {
      if (round > 1) {
        kubectl("delete", "pod", "--all");
        kubectl("rollout", "status", "deployment/guest", "--timeout", "300s");
      }
      const [pod] = (JSON.parse(kubectl("get", "pods", "--output", "json")) as { items: Pod[] }).items;
      const ready = pod?.status.conditions.find(({ type }) => type === "Ready")?.lastTransitionTime ?? "";
      const seconds = (Date.parse(ready) - Date.parse(pod?.status.startTime ?? "")) / 1000;
      const smaps = kubectl("exec", "deploy/guest", "--", "sh", "-c", "cat /proc/$(pidof qemu-system-x86_64)/smaps");
      const memory = besideTheMachine(smaps, MACHINE_MIB);
      report(`a virtual machine: ${seconds} s to HTTP, ${memory.toFixed(0)} MiB beside its own`);
      found.add("machineReady", seconds);
      found.add("machineMemory", memory);
    }
  } finally {
    program.end();
  }
}

export function measureFunctions(
  found: Measurements,
  { rounds, requests }: { rounds: number; requests: number },
): void {
  measureRouters(found, rounds, requests);
  measureMachines(found, rounds);
}
