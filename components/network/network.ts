import type * as pulumi from "@pulumi/pulumi";

/** What tells a network from every other one, and its range: plain facts, known before anything is made. */
export interface NetworkIdentity {
  /** Its site's name and its role there, such as "dev/transit": the same wherever the network is spoken of. */
  readonly id: string;
  /** Its role within its site: "transit", "servers", "clients". */
  readonly name: string;
  /** Its IPv4 range in CIDR notation (RFC 4632). @example "10.100.101.0/24" */
  readonly cidr: string;
}

/** A network, made here or read from a contract. */
export interface NetworkLike extends NetworkIdentity {
  /** What its platform needs to attach a leg to it: in the lab, the Docker network's name. */
  readonly ref: pulumi.Input<string>;
  /** Most bytes of an IPv4 packet there (MTU), as its platform tells. @default not known */
  readonly mtu?: pulumi.Input<number>;
}

/**
 * The identity of a site's network, by which legs, contracts and messages speak of it.
 * @example
 * const id = vnf.networkId("dev", "transit"); // "dev/transit"
 */
export function networkId(site: string, role: string): string {
  return `${site}/${role}`;
}
