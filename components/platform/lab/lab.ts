import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { MachineArgs, MachineLike } from "../../machine/machine";
import { Cidr } from "../../network/cidr";
import type { NetworkIdentity } from "../../network/network";
import { A_TEXT, type Expectation, optional, requireArguments } from "../../problem/arguments";
import { Problems } from "../../problem/problem";
import { CLIENT_IMAGE, MACHINE_IMAGE } from "../../release";
import type { NetworkArgs, Platform } from "../platform";
import { claimNetwork, providerOf } from "./engine";
import { LabMachine } from "./machine";
import { physicalName } from "./name";

/** Which Docker engine carries a lab, and the images of its machines. */
export interface LabArgs {
  /** The Docker engine that carries the lab. @default the local one, or the one that DOCKER_HOST names */
  provider?: docker.Provider;
  /** Image of servers and cluster nodes, present on that engine: `npx hybrid-vnf images` makes it. @default "hybrid-vnf/machine:v1.34.4" */
  machineImage?: string;
  /** Image of client machines, likewise. @default "hybrid-vnf/client:latest" */
  clientImage?: string;
}

const A_DOCKER_PROVIDER: Expectation = {
  what: "a docker.Provider",
  holds: (value) => docker.Provider.isInstance(value),
};

/**
 * Machines and networks on one Linux machine: systemd containers on Docker networks. They share its kernel.
 * @example
 * const platform = new vnf.Lab({ clientImage: "registry.example.org/team/client:1" });
 */
export class Lab implements Platform {
  readonly kind = "lab";
  readonly facts = {};

  constructor(
    /** As they were given, without defaults. */
    readonly args: LabArgs = {},
  ) {
    requireArguments("lab", args, "LabArgs", {
      provider: optional(A_DOCKER_PROVIDER),
      machineImage: optional(A_TEXT),
      clientImage: optional(A_TEXT),
    });
  }

  /** A Docker bridge network. Its first address belongs to the machine that carries the lab. */
  network(
    name: string,
    { site, role, cidr }: NetworkArgs,
    opts: pulumi.ComponentResourceOptions,
  ): pulumi.Output<string> {
    const range = Cidr.parse(cidr);
    const provider = (opts.parent && providerOf(opts.parent)) ?? this.args.provider;
    if (opts.parent) claimNetwork(physicalName(site, role), range, provider, opts.parent);
    return new docker.Network(
      `${name}-network`,
      {
        name: physicalName(site, role),
        driver: "bridge",
        ipamConfigs: [{ subnet: cidr, gateway: gatewayOf(cidr) }],
        labels: [{ label: "hybrid-vnf.site", value: site }],
      },
      { ...opts, provider, deleteBeforeReplace: true },
    ).name;
  }

  ownAddress({ cidr }: NetworkIdentity): string {
    return gatewayOf(cidr);
  }

  /** The way out of machines here is this one's. */
  async unreachable(origin: string): Promise<string | undefined> {
    try {
      await fetch(origin, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(10_000) });
      return undefined;
    } catch (error) {
      const { cause, message } = error as Error & { cause?: NodeJS.ErrnoException };
      return `this machine, through which the lab's reach it, gets no answer from there (${cause?.code ?? message})`;
    }
  }

  machine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): MachineLike {
    const problems = new Problems(`Machine "${args.hostname}"`);
    for (const { network, address } of args.legs)
      problems.require(
        address !== gatewayOf(network.cidr),
        `${args.hostname} would have the address ${address} in network "${network.name}", which belongs to the machine that carries the lab: give it another host number`,
      );
    problems.throwIfAny();
    const image =
      args.role === "client" ? (this.args.clientImage ?? CLIENT_IMAGE) : (this.args.machineImage ?? MACHINE_IMAGE);
    const named = opts.parent && providerOf(opts.parent);
    const providers = this.args.provider && !named ? [this.args.provider] : [];
    return new LabMachine(name, { ...args, image }, pulumi.mergeOptions({ providers }, opts));
  }
}

/** The first address of a network, which belongs to the machine that carries the lab. */
function gatewayOf(cidr: string): string {
  return Cidr.parse(cidr).host(1).toString();
}

/**
 * The lab platform: everything on one Docker engine, this machine's unless a provider names another. Its images are there beforehand.
 * @example
 * const site = new vnf.Site("edge", { platform: vnf.lab(), transitCidr: "10.110.101.0/24" });
 */
export function lab(args: LabArgs = {}): Platform {
  return new Lab(args);
}
