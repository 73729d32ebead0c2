import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { MACHINE_IMAGE, type MachineArgs, type MachineLike } from "../../machine/machine";
import type { NetworkArgs, NetworkLike } from "../../network/network";
import type { Platform } from "../platform";
import { LabMachine } from "./machine";
import { LabNetwork } from "./network";

export interface LabArgs {
  /** The Docker engine that carries the lab. @default the local one, or the one that DOCKER_HOST names */
  provider?: docker.Provider;
  /** Image of servers and cluster nodes, present on that engine. @default "hybrid-vnf/machine:v1.34.4" */
  machineImage?: string;
  /** Image of client machines, present on that engine. @default "hybrid-vnf/client:latest" */
  clientImage?: string;
}

/** Machines and networks on one Linux machine: systemd containers on Docker networks. They share its kernel. */
export class Lab implements Platform {
  readonly kind = "lab";
  readonly facts = { kind: "lab" } as const;

  constructor(readonly args: LabArgs = {}) {}

  network(name: string, args: NetworkArgs, opts: pulumi.ComponentResourceOptions): NetworkLike {
    return new LabNetwork(name, args, this.place(opts));
  }

  machine(name: string, args: MachineArgs, opts: pulumi.ComponentResourceOptions): MachineLike {
    const image =
      args.role === "client"
        ? (this.args.clientImage ?? "hybrid-vnf/client:latest")
        : (this.args.machineImage ?? MACHINE_IMAGE);
    return new LabMachine(name, { ...args, image }, this.place(opts));
  }

  private place(opts: pulumi.ComponentResourceOptions): pulumi.ComponentResourceOptions {
    return this.args.provider ? { ...opts, providers: [this.args.provider] } : opts;
  }
}

/** The lab platform: everything on this machine's Docker engine. */
export function lab(args: LabArgs = {}): Platform {
  return new Lab(args);
}
