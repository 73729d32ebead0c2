import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { MachineArgs, MachineLike } from "../machine/machine";
import type { NetworkArgs, NetworkLike } from "../network/network";
import type { KeyPair } from "../ssh/key";
import { hostsSettings } from "./hosts/settings";
import { openStackSettings } from "./openstack/settings";

/** The platforms that this library knows. */
export const PLATFORMS = ["lab", "openstack", "hosts", "hybrid"] as const;
export type PlatformKind = (typeof PLATFORMS)[number];

const wholeFacts = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("lab") }),
  z.object({ kind: z.literal("openstack"), openstack: openStackSettings }),
  z.object({ kind: z.literal("hosts"), hosts: hostsSettings }),
]);
/** The facts of a platform that is not made of others. */
export type WholeFacts = z.infer<typeof wholeFacts>;

/** What another program needs to make machines in the same place: no secret among it. The site publishes it, so that it is said once. */
export const platformFacts = z.discriminatedUnion("kind", [
  wholeFacts,
  z.object({ kind: z.literal("hybrid"), otherwise: wholeFacts, networks: z.record(z.string(), wholeFacts) }),
]);
export type PlatformFacts = z.infer<typeof platformFacts>;

/** Where machines and networks come from. Nothing outside components/platform/ names one. */
export interface Platform {
  readonly kind: PlatformKind;
  readonly facts: PlatformFacts;
  network(name: string, args: NetworkArgs, opts: pulumi.ComponentResourceOptions): NetworkLike;
  machine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): MachineLike;
  /** The platform that a network of the site is on. @default this one */
  of?(network: string): Platform;
  /** The address that a machine has in a network, where that is so before anything is made. @throws RangeError when it has none there */
  addressOf?(machine: string, network: Pick<NetworkLike, "name" | "cidr">): string | undefined;
  /** Lets the site's key in on machines that are there already; the same key comes back, known once they let it in. */
  admit?(name: string, key: KeyPair, opts: pulumi.ComponentResourceOptions): KeyPair;
}

/** The platform that a machine with legs in these networks comes from. @throws RangeError when they are on several */
export function platformFor(platform: Platform, machine: string, networks: readonly { name: string }[]): Platform {
  const of = (name: string) => platform.of?.(name) ?? platform;
  const all = new Set(networks.map((network) => of(network.name)));
  if (all.size > 1) {
    const legs = networks.map(({ name }) => `"${name}" on ${of(name).kind}`).join(", ");
    throw new RangeError(
      `${machine} would have legs on ${all.size} platforms (${legs}): give it legs on one of them, and reach the other through a gateway`,
    );
  }
  return [...all][0] ?? platform;
}
