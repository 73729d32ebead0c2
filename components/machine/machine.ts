import * as pulumi from "@pulumi/pulumi";
import type { KeyPair, SshAccess } from "./access";
import type { Leg, LegArgs } from "./leg";

/** What a machine is for: a platform chooses image, size and access rules by it. */
export const ROLES = ["client", "server", "router", "kubernetes", "swarm"] as const;
/** What a machine is for: a platform chooses image, size and access rules by it. */
export type Role = (typeof ROLES)[number];

/** A range of addresses that lead into a machine. */
export interface InnerRange {
  /** What has them, as messages call it. @example "the pods of k8s" */
  readonly name: string;
  /** In CIDR notation. */
  readonly cidr: string;
}

/** A machine that answers SSH, made here or read from a contract. */
export interface MachineLike {
  /** Its site's name and its host name, such as "dev/apache-1": the same wherever the machine is spoken of. */
  readonly id: string;
  /** Its host name, which is its name within its site. */
  readonly name: string;
  /** One in each of its networks, in the order in which they were asked for. */
  readonly legs: readonly Leg[];
  /** How it is reached, with the key that opens it. */
  readonly ssh: SshAccess;
  /** Changes exactly when the machine is made anew: what was set up on it is then set up again. */
  readonly identity: pulumi.Input<string>;
  /**
   * The same, known as soon as its container runtime answers: images go there while the cluster that it is a node of is still being made.
   * @default its identity
   */
  readonly runtimeIdentity?: pulumi.Input<string>;
  /** The resource that the machine is, where this program makes it: whatever is on the machine is deleted with it. */
  readonly resource?: pulumi.Resource;
  /** What it has within itself, such as a cluster's pods: no route of it may lead elsewhere with those addresses. @default nothing */
  readonly innerRanges?: readonly InnerRange[];
}

/** The machine that a platform is to make. */
export interface MachineArgs {
  /** Name of the site that it belongs to; part of its name on the platform. */
  site: string;
  /** Its host name (RFC 1123 label), which is its name within the site. */
  hostname: string;
  /** What it is for: image, size and access rules go by it. */
  role: Role;
  /** The first one is where SSH reaches it. */
  legs: LegArgs[];
  /** The key that it lets in. */
  key: KeyPair;
  /** Machines of one group run on different hosts where the platform has several, and have one parent. @default a group of its own */
  group?: MachineGroup;
}

/** Machines that belong together: the nodes of a cluster, a set of servers. */
export interface MachineGroup {
  /** Logical name of what they share, the name of their parent. */
  name: string;
  /** Its name within the site, which its machines' host names begin with. @example "apache" */
  role: string;
}

/**
 * The identity of a site's machine, by which contracts, routes and messages speak of it.
 * @example
 * const id = vnf.machineId("dev", "apache-1"); // "dev/apache-1"
 */
export function machineId(site: string, hostname: string): string {
  return `${site}/${hostname}`;
}

/** The same machine, known to others only once these are done: what is set up on it then waits for them. */
export function readyAfter(machine: MachineLike, ...done: pulumi.CustomResource[]): MachineLike {
  const { id, name, legs, ssh, resource, innerRanges } = machine;
  const identity = pulumi
    .all([pulumi.output(machine.identity), ...done.map((one) => one.id)])
    .apply(([known]) => known ?? "");
  return { id, name, legs, ssh, identity, resource, innerRanges };
}
