import type * as pulumi from "@pulumi/pulumi";
import type { KeyPair } from "../../machine/access";
import type { MachineArgs, MachineLike } from "../../machine/machine";
import type { NetworkIdentity } from "../../network/network";
import { A_PLATFORM, objectWith, requireArguments, requireProperties } from "../../problem/arguments";
import { nearest } from "../../problem/nearest";
import { Problems } from "../../problem/problem";
import { publishedPlatform } from "../module";
import { type NetworkArgs, type Platform, platformOfLegs } from "../platform";

/** Which platform carries which network of a site. */
export interface HybridArgs {
  /** The platform of each network that is not on `otherwise`, by the network's name: "transit", "servers", "clients". */
  networks: Readonly<Record<string, Platform>>;
  /** The platform of every other network. @example vnf.lab() */
  otherwise: Platform;
}

/**
 * Several platforms in one site: each network is on one of them, and a machine is where the networks of its legs are.
 * @throws InvalidInput when no network is named, or one of the platforms is itself made of several
 * @example
 * const hosts = vnf.hosts({ hosts: { "apache-1": { addresses: ["10.110.102.11"], hostKey: "ssh-ed25519 AAAA…" } } });
 * const { kind } = new vnf.Hybrid({ networks: { servers: hosts }, otherwise: vnf.lab() }).platformOf("servers"); // "hosts"
 */
export class Hybrid implements Platform {
  readonly kind = "hybrid";
  readonly facts: pulumi.Input<unknown>;
  private readonly networks: ReadonlyMap<string, Platform>;
  private readonly otherwise: Platform;

  constructor(args: HybridArgs) {
    requireArguments("hybrid", args, "HybridArgs", {
      networks: objectWith('an object of platforms by role, such as {"servers": hosts(…)}'),
      otherwise: A_PLATFORM,
    });
    const { networks, otherwise } = args;
    requireProperties(
      "hybrid: networks",
      networks,
      Object.fromEntries(Object.keys(networks).map((role) => [role, A_PLATFORM])),
    );
    const problems = new Problems("hybrid");
    problems.require(Object.keys(networks).length > 0, "networks is empty: name at least one and its platform");
    for (const [what, platform] of [
      ["otherwise", otherwise] as const,
      ...Object.entries(networks).map(([role, one]) => [`networks.${role}`, one] as const),
    ])
      problems.require(
        platform.platformOf === undefined,
        `${what} is itself made of several platforms: name the platform of each network here`,
      );
    problems.throwIfAny();
    this.networks = new Map(Object.entries(networks));
    this.otherwise = otherwise;
    this.facts = {
      otherwise: publishedPlatform(otherwise),
      networks: Object.fromEntries(Object.entries(networks).map(([role, one]) => [role, publishedPlatform(one)])),
    };
  }

  platformOf(role: string): Platform {
    return this.networks.get(role) ?? this.otherwise;
  }

  addressOf(hostname: string, network: NetworkIdentity): string | undefined {
    return this.platformOf(network.name).addressOf?.(hostname, network);
  }

  ownAddress(network: NetworkIdentity): string | undefined {
    return this.platformOf(network.name).ownAddress?.(network);
  }

  mtuOf(network: NetworkIdentity): pulumi.Input<number> | undefined {
    return this.platformOf(network.name).mtuOf?.(network);
  }

  /** @throws InvalidInput when the network's name is nearly one that `networks` has: it would be on another platform than was meant, unsaid. */
  network(name: string, args: NetworkArgs, opts: pulumi.ComponentResourceOptions): pulumi.Input<string> {
    const near = this.networks.has(args.role) ? undefined : nearest(args.role, [...this.networks.keys()]);
    const problems = new Problems(`Network "${name}"`);
    problems.require(
      near === undefined,
      `networks of the hybrid names "${near}", and this is "${args.role}", which would be on ${this.otherwise.kind}: did you mean "${near}"? Name both there if both are meant`,
    );
    problems.throwIfAny();
    return this.platformOf(args.role).network(name, args, opts);
  }

  machine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): MachineLike {
    const problems = new Problems(`Machine "${args.hostname}"`);
    const networks = args.legs.map((leg) => leg.network);
    const platform = problems.gather(() => platformOfLegs(this, args.hostname, networks)) ?? this.otherwise;
    problems.throwIfAny();
    return platform.machine(name, args, opts);
  }

  authorize(name: string, key: KeyPair, opts: pulumi.ComponentResourceOptions): KeyPair {
    const all = new Set([...this.networks.values(), this.otherwise]);
    return [...all].reduce((known, platform) => platform.authorize?.(name, known, opts) ?? known, key);
  }
}

/**
 * The platform of a site whose networks are on several. What joins them is yours: a Gateway in the chain says where it is.
 * @throws InvalidInput when no network is named, or one of the platforms is itself made of several
 * @example
 * const hosts = vnf.hosts({ hosts: { "apache-1": { addresses: ["10.110.102.11"], hostKey: "ssh-ed25519 AAAA…" } } });
 * const platform = vnf.hybrid({ networks: { servers: hosts }, otherwise: vnf.lab() });
 */
export function hybrid(args: HybridArgs): Platform {
  return new Hybrid(args);
}
