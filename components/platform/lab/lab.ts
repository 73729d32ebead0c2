import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { MachineArgs, MachineLike } from "../../machine/machine";
import { Cidr } from "../../network/cidr";
import { A_PROVIDER, A_TEXT, optional, requireArguments } from "../../problem/arguments";
import { CLIENT_IMAGE, MACHINE_IMAGE } from "../../release";
import type { NetworkArgs, Platform } from "../platform";
import { claimNetwork } from "./engine";
import { LabMachine } from "./machine";
import { physicalName } from "./name";

export interface LabArgs {
  /** The Docker engine that carries the lab. @default the local one, or the one that DOCKER_HOST names */
  provider?: docker.Provider;
  /** Image of servers and cluster nodes, present on that engine: `npm run images` in a checkout of hybrid-vnf makes it. @default "hybrid-vnf/machine:v1.34.4" */
  machineImage?: string;
  /** Image of client machines, likewise. @default "hybrid-vnf/client:latest" */
  clientImage?: string;
}

/** Machines and networks on one Linux machine: systemd containers on Docker networks. They share its kernel. */
export class Lab implements Platform {
  readonly kind = "lab";
  readonly facts = {};

  readonly providers: readonly pulumi.ProviderResource[];

  constructor(readonly args: LabArgs = {}) {
    requireArguments("lab", args, {
      provider: optional(A_PROVIDER),
      machineImage: optional(A_TEXT),
      clientImage: optional(A_TEXT),
    });
    this.providers = args.provider ? [args.provider] : [];
  }

  /** A Docker bridge network. Its first address belongs to the machine that carries the lab. */
  network(
    name: string,
    { site, role, cidr }: NetworkArgs,
    opts: pulumi.ComponentResourceOptions,
  ): pulumi.Output<string> {
    const range = Cidr.parse(cidr);
    if (opts.parent) claimNetwork(physicalName(site, role), range, opts.parent);
    return new docker.Network(
      `${name}-network`,
      {
        name: physicalName(site, role),
        driver: "bridge",
        ipamConfigs: [{ subnet: cidr, gateway: range.host(1).toString() }],
        labels: [{ label: "hybrid-vnf.site", value: site }],
      },
      { ...opts, deleteBeforeReplace: true },
    ).name;
  }

  machine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): MachineLike {
    const image =
      args.role === "client" ? (this.args.clientImage ?? CLIENT_IMAGE) : (this.args.machineImage ?? MACHINE_IMAGE);
    return new LabMachine(name, { ...args, image }, pulumi.mergeOptions({ providers: [...this.providers] }, opts));
  }
}

/** The lab platform: everything on this machine's Docker engine. */
export function lab(args: LabArgs = {}): Platform {
  return new Lab(args);
}
