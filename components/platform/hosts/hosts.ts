import * as pulumi from "@pulumi/pulumi";
import type { MachineArgs, MachineLike } from "../../machine/machine";
import { Address } from "../../network/address";
import { Cidr } from "../../network/cidr";
import type { NetworkArgs, NetworkLike } from "../../network/network";
import { Problems } from "../../problem/problem";
import type { Platform } from "../platform";
import { HostMachine } from "./machine";

/** A host that is there already. */
export interface HostArgs {
  /** Where SSH reaches it: an address or a name. @default its first address */
  host?: string;
  /** TCP port of its SSH server. @default 22 */
  port?: number;
  /** Its public host key, one line: what `ssh-keyscan` prints after the host's name, checked by you. */
  hostKey: string;
  /** Its IPv4 addresses, one in each network that it is to have a leg in. */
  addresses: string[];
}

export interface HostsArgs {
  /** The hosts, by the name of the machine that each is to be: "apache-1", "kubernetes-1", "swarm-1", "client". */
  hosts: Record<string, HostArgs>;
  /** OpenSSH private key that lets root in on each of them (secret); used once, to let the site's own key in. */
  privateKey: pulumi.Input<string>;
  /** Image on the operator's Docker engine whose Kubernetes goes to hosts that have none. @default "hybrid-vnf/machine:v1.34.4" */
  machineImage?: string;
}

/** A pool of hosts and networks that exist; nothing is deleted from them that was not made here. */
export class Hosts implements Platform {
  readonly kind = "hosts";

  /** @throws InvalidInput with everything that is wrong with the pool. */
  constructor(readonly args: HostsArgs) {
    const problems = new Problems("hosts");
    const owners = new Map<string, string>();
    for (const [name, host] of Object.entries(args.hosts)) {
      problems.require(
        /^[a-z][a-z0-9-]{0,62}$/.test(name),
        `"${name}" can't name a host: take a machine's name, such as "kubernetes-1"`,
      );
      problems.require(
        /^(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/=]+/.test(host.hostKey),
        `the hostKey of ${name} is "${host.hostKey}": give its public host key, such as "ssh-ed25519 AAAA…" (\`ssh-keyscan -t ed25519 HOST\` shows it; check it by another way)`,
      );
      problems.require(
        host.port === undefined || (Number.isInteger(host.port) && host.port >= 1 && host.port <= 65535),
        `the port of ${name} is ${host.port}: it must be a whole number from 1 to 65535`,
      );
      problems.require(host.addresses.length > 0, `${name} has no addresses: give at least one`);
      for (const text of host.addresses) {
        if (problems.attempt(() => Address.parse(text)) === undefined) continue;
        const owner = owners.get(text);
        problems.require(owner === undefined, `${name} and ${owner} both have ${text}: an address belongs to one host`);
        owners.set(text, name);
      }
    }
    problems.require(Object.keys(args.hosts).length > 0, "there is no host in it: name at least one");
    problems.done();
  }

  private host(machine: string): HostArgs {
    const host = this.args.hosts[machine];
    if (host) return host;
    throw new RangeError(
      `no host is given for machine "${machine}" (given: ${Object.keys(this.args.hosts).join(", ")}): add one of that name to hosts`,
    );
  }

  addressOf(machine: string, network: Pick<NetworkLike, "name" | "cidr">): string {
    const { addresses } = this.host(machine);
    const cidr = Cidr.parse(network.cidr);
    const address = addresses.find((text) => cidr.contains(Address.parse(text)));
    if (address) return address;
    throw new RangeError(
      `host ${machine} has no address in network "${network.name}" ${network.cidr} (it has: ${addresses.join(", ")}): add its address there, or take another range`,
    );
  }

  /** The network as it is: hosts have their legs in it already. */
  network(name: string, args: NetworkArgs): NetworkLike {
    return { name, cidr: args.cidr, ref: args.cidr };
  }

  machine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): MachineLike {
    return new HostMachine(
      name,
      {
        ...args,
        host: this.host(name),
        entryKey: this.args.privateKey,
        image: this.args.machineImage ?? "hybrid-vnf/machine:v1.34.4",
      },
      opts,
    );
  }
}

/** The platform of existing hosts. */
export function hosts(args: HostsArgs): Platform {
  return new Hosts(args);
}
