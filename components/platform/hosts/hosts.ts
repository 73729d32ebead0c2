import type * as pulumi from "@pulumi/pulumi";
import { MACHINE_IMAGE, type MachineArgs, type MachineLike } from "../../machine/machine";
import { Address } from "../../network/address";
import { Cidr } from "../../network/cidr";
import type { NetworkArgs, NetworkLike } from "../../network/network";
import { InvalidInput } from "../../problem/problem";
import { letIn } from "../../ssh/admission";
import type { KeyPair } from "../../ssh/key";
import type { Platform, PlatformFacts } from "../platform";
import { HostMachine, reachOf } from "./machine";
import { type HostSettings, type HostsSettings, parseHosts } from "./settings";

export interface HostsArgs {
  /** The hosts, by the name of the machine that each is to be. */
  hosts: HostsSettings;
  /** OpenSSH private key that lets root in on each of them (secret); the site uses it to let its own key in. @default the site's key is let in already */
  privateKey?: pulumi.Input<string>;
  /** Image on the operator's Docker engine whose Kubernetes goes to hosts that have none. @default "hybrid-vnf/machine:v1.34.4" */
  machineImage?: string;
}

/** Hosts and networks that are there already. Nothing is deleted from them that was not made here. */
export class Hosts implements Platform {
  readonly kind = "hosts";
  readonly facts: PlatformFacts;
  private readonly hosts: HostsSettings;

  /** @throws InvalidInput with everything that is wrong with the pool. */
  constructor(readonly args: HostsArgs) {
    this.hosts = parseHosts(args.hosts);
    this.facts = { kind: "hosts", hosts: this.hosts };
  }

  addressOf(machine: string, network: Pick<NetworkLike, "name" | "cidr">): string {
    const { addresses } = this.host(machine);
    const cidr = Cidr.parse(network.cidr);
    const address = addresses.find((text) => cidr.contains(Address.parse(text)));
    if (address) return address;
    throw new RangeError(
      `host ${machine} has no address in network "${network.name}" ${cidr} (it has: ${addresses.join(", ")}): add its address there, or take another range`,
    );
  }

  /** The network as it is: its hosts have their legs in it already. */
  network(name: string, args: NetworkArgs): NetworkLike {
    return { name, cidr: args.cidr, ref: args.cidr };
  }

  machine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): MachineLike {
    const image = this.args.machineImage ?? MACHINE_IMAGE;
    return new HostMachine(name, { ...args, host: this.host(name), image }, opts);
  }

  admit(name: string, key: KeyPair, opts: pulumi.ComponentResourceOptions): KeyPair {
    const { privateKey } = this.args;
    if (privateKey === undefined) return key;
    const open = Object.entries(this.hosts).map(
      ([machine, host]) => [machine, { ...reachOf(host), privateKey }] as const,
    );
    return letIn(name, key, Object.fromEntries(open), opts);
  }

  private host(machine: string): HostSettings {
    const host = this.hosts[machine];
    if (host) return host;
    throw new InvalidInput("hosts", [
      `no host is given for machine "${machine}" (given: ${Object.keys(this.hosts).join(", ")}): add one of that name`,
    ]);
  }
}

/** The platform of hosts that are there already. */
export function hosts(args: HostsArgs): Platform {
  return new Hosts(args);
}
