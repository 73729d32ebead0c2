import type * as pulumi from "@pulumi/pulumi";
import { Problems } from "../problem/problem";
import { Cidr } from "./cidr";

/** A network, made here or read from a contract. */
export interface NetworkLike {
  /** Its name within the site: "transit", "servers", "clients". */
  readonly name: string;
  /** Its IPv4 range, such as "10.100.101.0/24". */
  readonly cidr: string;
  /** What its platform needs to attach a leg to it: in the lab, the Docker network's name. */
  readonly ref: pulumi.Input<string>;
}

/** What a network is asked to be. */
export interface NetworkArgs {
  /** The site it belongs to; part of its name outside. */
  site: string;
  /** Its IPv4 range, such as "10.100.101.0/24". */
  cidr: string;
}

/** @throws InvalidInput when a range is malformed or two of them overlap, all such at once. */
export function requireDisjoint(subject: string, networks: readonly { name: string; cidr: string }[]): void {
  const problems = new Problems(subject);
  const parsed = networks.flatMap((network) => {
    const cidr = problems.attempt(() => Cidr.parse(network.cidr));
    return cidr ? [{ name: network.name, cidr }] : [];
  });
  parsed.forEach((one, at) => {
    for (const other of parsed.slice(at + 1)) {
      problems.require(
        !one.cidr.overlaps(other.cidr),
        `network "${one.name}" ${one.cidr} overlaps network "${other.name}" ${other.cidr}: give one of them a range of its own`,
      );
    }
  });
  problems.done();
}
