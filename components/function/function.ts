import type * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "../machine/machine";

/**
 * How a function treats the packets that pass it. `route`: it forwards them as they are. `translate`: it forwards them with another source address,
 * its own (NAT, RFC 3022). `proxy`: it ends its clients' connections, and opens its own.
 */
export const PACKET_HANDLINGS = ["route", "translate", "proxy"] as const;
/** `route` forwards packets as they are, `translate` with its own source address (NAT), `proxy` ends connections and opens its own. */
export type PacketHandling = (typeof PACKET_HANDLINGS)[number];

/** A function's interface in one network; every leg of a machine is one. */
export interface FunctionLeg {
  /** The network's identity, such as "dev/transit". */
  readonly network: string;
  /** The network's IPv4 range in CIDR notation. */
  readonly cidr: string;
  /** Its IPv4 address there. @default unknown: neighbours in that network have a default route that leads to it */
  readonly address?: string;
  /** What its machine or pod calls it. @default unknown, unless the instance has a machine, which says it */
  readonly interface?: pulumi.Input<string>;
  /** TCP ports that its platform's access rules open to anyone. @default all: there are no such rules */
  readonly openPorts?: readonly number[];
}

/** A pod with a network of its own. */
export interface FunctionPod {
  /** The node that it runs on. */
  readonly node: MachineLike;
  /** The Deployment that makes it. */
  readonly deployment: string;
  /** The Deployment's namespace. @default "default" */
  readonly namespace?: string;
  /** Whether its legs are those of a virtual machine in it: the pod's interfaces have no address, and its routes are not what forwards. @default false */
  readonly guest?: boolean;
}

/** One place where a function runs. */
export interface FunctionInstance {
  /** The machine that carries it, where a chain may install routes. @default none: its routes are somebody else's */
  readonly machine?: MachineLike;
  /** The pod that it is, where it has a network of its own: its node can be asked what the pod sees. @default none */
  readonly pod?: FunctionPod;
  /** One in each of its networks, which are the same for all instances. */
  readonly legs: readonly FunctionLeg[];
}

/** Whatever has a place in a chain (RFC 7665: service function), made here or published by another stack. */
export interface NetworkFunction {
  /** Its name in the chains that it stands in. */
  readonly name: string;
  /** How it treats packets. Routes lead on past one that routes; they end at a proxy and, on the way back, at one that translates. */
  readonly handling: PacketHandling;
  /** Whether it remembers connections, so that the way back must pass it too. @default true, except for `route` */
  readonly stateful?: boolean;
  /** Where it runs; neighbours send to the first one. All have legs in the same networks. */
  readonly instances: readonly FunctionInstance[];
  /** Of one that translates: the network in which its packets go out with its own address. @default whichever they leave by */
  readonly outside?: string;
  /** Of a proxy: the TCP port that it answers on. @default 80 */
  readonly port?: number;
  /** Of a proxy: what it opens connections to, `ADDRESS` or `ADDRESS:PORT` each. @default unknown */
  readonly backends?: readonly string[];
  /**
   * Of one that filters: why requests to this TCP port, from one network to the other, do not pass it; undefined where they do. A chain warns of it.
   * @default all pass
   */
  closes?(from: string, to: string, port: number): string | undefined;
  /** Known once it is at work. @default it is at work already */
  readonly ready?: pulumi.Input<unknown>;
}

/** Whether a function remembers connections. */
export function isStateful({ handling, stateful }: NetworkFunction): boolean {
  return stateful ?? handling !== "route";
}
