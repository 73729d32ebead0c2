import type * as pulumi from "@pulumi/pulumi";
import type { MachineArgs, MachineLike } from "../machine/machine";
import type { NetworkArgs, NetworkLike } from "../network/network";

/** The platforms that this library knows. */
export const PLATFORMS = ["lab"] as const;

/** Where machines and networks come from. Nothing outside components/platform/ names one. */
export interface Platform {
  readonly kind: (typeof PLATFORMS)[number];
  network(name: string, args: NetworkArgs, opts: pulumi.ComponentResourceOptions): NetworkLike;
  machine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): MachineLike;
}
