import type * as pulumi from "@pulumi/pulumi";
import type { KeyPair } from "../../machine/access";
import type { MachineArgs, MachineLike } from "../../machine/machine";
import { Address } from "../../network/address";
import { Cidr } from "../../network/cidr";
import type { NetworkIdentity } from "../../network/network";
import { A_TEXT, optional, requireArguments } from "../../problem/arguments";
import { InvalidInput, Problems } from "../../problem/problem";
import { MACHINE_IMAGE } from "../../release";
import { authorize } from "../../ssh/authorization";
import type { NetworkArgs, Platform } from "../platform";
import { HostMachine, sshOf } from "./machine";
import { type HostSettings, type HostsSettings, parseHosts } from "./settings";

/** A pool of hosts, and the key to them. */
export interface HostsArgs {
  /** The hosts, by the name of the machine that each is to be. */
  hosts: HostsSettings;
  /** OpenSSH private key that lets root in on each of them (secret); the site uses it to let its own key in. @default the site's key is let in already */
  privateKey?: pulumi.Input<string>;
  /** Image on the operator's Docker engine whose Kubernetes goes to hosts that have none: `npx hybrid-vnf images` makes it. @default "hybrid-vnf/machine:v1.34.4" */
  machineImage?: string;
}

/**
 * Hosts and networks that are there already. Nothing is deleted from them that was not made here.
 * @throws InvalidInput with everything that is wrong with the pool
 * @example
 * const hosts = { "apache-1": { addresses: ["10.110.102.11"], hostKey: "ssh-ed25519 AAAA…" } };
 * const address = new vnf.Hosts({ hosts }).addressOf("apache-1", servers); // "10.110.102.11"
 */
export class Hosts implements Platform {
  readonly kind = "hosts";
  readonly facts: HostsSettings;
  private readonly hosts: HostsSettings;

  constructor(
    /** As they were given; the key is not among the facts that are published. */
    readonly args: HostsArgs,
  ) {
    requireArguments("hosts", args, "HostsArgs", { machineImage: optional(A_TEXT) });
    const problems = new Problems("hosts");
    problems.requirePrivateKey("privateKey", args.privateKey);
    this.hosts = problems.gather(() => parseHosts(args.hosts)) ?? {};
    problems.throwIfAny();
    this.facts = this.hosts;
  }

  addressOf(hostname: string, network: NetworkIdentity): string {
    const { addresses } = this.host(hostname);
    const cidr = Cidr.parse(network.cidr);
    const [address, other] = addresses.filter((text) => cidr.contains(Address.parse(text)));
    if (other)
      throw new RangeError(
        `host ${hostname} has two addresses in network "${network.name}" ${cidr}, ${address} and ${other}: name the one that its leg there has`,
      );
    if (address) return address;
    throw new RangeError(
      `host ${hostname} has no address in network "${network.name}" ${cidr} (it has: ${addresses.join(", ")}): add its address there, or take another range`,
    );
  }

  /** The network as it is: its hosts have their legs in it already. */
  network(_: string, { cidr }: NetworkArgs): string {
    return cidr;
  }

  machine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): MachineLike {
    const image = this.args.machineImage ?? MACHINE_IMAGE;
    return new HostMachine(name, { ...args, host: this.host(args.hostname), image }, opts);
  }

  authorize(name: string, key: KeyPair, opts: pulumi.ComponentResourceOptions): KeyPair {
    const { privateKey } = this.args;
    if (privateKey === undefined) return key;
    const open = Object.entries(this.hosts).map(
      ([hostname, host]) => [hostname, { ...sshOf(host), privateKey }] as const,
    );
    return authorize(name, key, Object.fromEntries(open), opts);
  }

  private host(hostname: string): HostSettings {
    const host = this.hosts[hostname];
    if (host) return host;
    throw new InvalidInput("hosts", [
      `no host is given for machine "${hostname}" (given: ${Object.keys(this.hosts).join(", ")}): add one of that name`,
    ]);
  }
}

/**
 * The platform of hosts that are there already: a machine is set up on the host of its own name, and given back as it was.
 * @throws InvalidInput with everything that is wrong with the pool
 * @example
 * const hosts = { "apache-1": { addresses: ["10.110.102.11"], hostKey: "ssh-ed25519 AAAA…" } };
 * const platform = vnf.hosts({ hosts, privateKey: new pulumi.Config().requireSecret("hostsKey") });
 */
export function hosts(args: HostsArgs): Platform {
  return new Hosts(args);
}
