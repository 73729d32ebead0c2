import type * as pulumi from "@pulumi/pulumi";
import type { MachineArgs, MachineLike } from "../../machine/machine";
import type { NetworkArgs, NetworkLike } from "../../network/network";
import { Problems } from "../../problem/problem";
import type { KeyPair } from "../../ssh/key";
import { type Platform, type PlatformFacts, platformFor, type WholeFacts } from "../platform";

export interface HybridArgs {
  /** The platform of each network that is not on `otherwise`, by the network's name: "transit", "servers", "clients". */
  networks: Readonly<Record<string, Platform>>;
  /** The platform of every other network. @example lab() */
  otherwise: Platform;
}

/** Several platforms in one site: each network is on one of them, and a machine is where the networks of its legs are. */
export class Hybrid implements Platform {
  readonly kind = "hybrid";
  readonly facts: PlatformFacts;
  private readonly networks: ReadonlyMap<string, Platform>;
  private readonly otherwise: Platform;

  /** @throws InvalidInput with everything that is wrong with it. */
  constructor({ networks, otherwise }: HybridArgs) {
    const problems = new Problems("hybrid");
    problems.require(Object.keys(networks).length > 0, "networks is empty: name at least one and its platform");
    const whole = (what: string, { facts }: Platform): WholeFacts[] => {
      if (facts.kind !== "hybrid") return [facts];
      problems.require(false, `${what} is itself hybrid: name the platform of each network here`);
      return [];
    };
    const [rest] = whole("otherwise", otherwise);
    const each = Object.entries(networks).flatMap(([name, platform]) =>
      whole(`networks.${name}`, platform).map((facts) => [name, facts] as const),
    );
    problems.done();
    if (!rest) throw new RangeError("hybrid: every network has a platform");
    this.networks = new Map(Object.entries(networks));
    this.otherwise = otherwise;
    this.facts = { kind: "hybrid", otherwise: rest, networks: Object.fromEntries(each) };
  }

  of(network: string): Platform {
    return this.networks.get(network) ?? this.otherwise;
  }

  addressOf(machine: string, network: Pick<NetworkLike, "name" | "cidr">): string | undefined {
    return this.of(network.name).addressOf?.(machine, network);
  }

  network(name: string, args: NetworkArgs, opts: pulumi.ComponentResourceOptions): NetworkLike {
    return this.of(name).network(name, args, opts);
  }

  machine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): MachineLike {
    const problems = new Problems(`Machine "${name}"`);
    const networks = args.legs.map((leg) => leg.network);
    const platform = problems.attempt(() => platformFor(this, name, networks)) ?? this.otherwise;
    problems.done();
    return platform.machine(name, args, opts);
  }

  admit(name: string, key: KeyPair, opts: pulumi.ComponentResourceOptions): KeyPair {
    const all = new Set([...this.networks.values(), this.otherwise]);
    return [...all].reduce((known, platform) => platform.admit?.(name, known, opts) ?? known, key);
  }
}

/** The platform of a site whose networks are on several. */
export function hybrid(args: HybridArgs): Platform {
  return new Hybrid(args);
}
