import type { KeyPair } from "../machine/access";
import type { AddressPlan } from "../network/plan";
import type { Platform } from "../platform/platform";

/** A site, made here or read from a contract. */
export interface SiteLike {
  /** Its name, part of the name on the platform of everything in it. */
  readonly name: string;
  /** Where its machines and networks come from. */
  readonly platform: Platform;
  /** The key that opens every machine of the site. */
  readonly key: KeyPair;
  /** Ranges and addresses that are given away in it. */
  readonly plan: AddressPlan;
}
