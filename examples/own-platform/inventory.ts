import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

/** A machine of the inventory: who made it set it up with everything that its role needs. */
export interface Entry {
  /** Its public SSH host key. */
  readonly hostKey: string;
  /** Names of its interfaces, in the order of the networks that it is asked to be in. */
  readonly interfaces: readonly string[];
}

/** A platform of machines that an inventory lists by host name, at the addresses that the library plans. */
export class Inventory implements vnf.Platform {
  readonly kind = "inventory";
  constructor(readonly facts: Readonly<Record<string, Entry>>) {}

  /** Networks are there already. */
  network(_name: string, { cidr }: vnf.PlatformNetworkArgs): string {
    return cidr;
  }

  machine(_name: string, { site, hostname, legs, key }: vnf.PlatformMachineArgs): vnf.MachineLike {
    const entry = this.facts[hostname];
    if (!entry) throw new vnf.InvalidInput("inventory", [`it has no machine "${hostname}": add one of that name`]);
    const ssh = { host: legs[0]?.address ?? "", port: 22, user: "root", privateKey: key.privateKey };
    return {
      id: vnf.machineId(site, hostname),
      name: hostname,
      legs: legs.map(({ network, address }, at) => ({
        network: network.id,
        cidr: network.cidr,
        address,
        interface: entry.interfaces[at] ?? `eth${at}`,
      })),
      ssh: { ...ssh, hostKey: entry.hostKey },
      identity: pulumi.output(entry.hostKey),
    };
  }
}

/** With this, contracts and settings know the kind too. */
export const inventoryPlatform: vnf.PlatformModule = {
  kind: "inventory",
  settings: {},
  needs: { images: ["base"], plugins: [], ranges: false },
  fromSettings: async () => new Inventory({}),
  fromFacts: async (facts) => new Inventory(facts as Record<string, Entry>),
};
