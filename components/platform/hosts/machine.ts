import * as path from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type Leg, type MachineArgs, type MachineLike, type Role, type SshAccess } from "../../machine/machine";
import { MachineScript, withSession } from "../../machine/script";
import { BootedLegs } from "../booted-legs";
import type { HostArgs } from "./hosts";

export interface HostMachineArgs extends MachineArgs {
  host: HostArgs;
  /** Key that lets root in before the site's own does (secret). */
  entryKey: pulumi.Input<string>;
  /** Image on the operator's Docker engine whose Kubernetes goes to a host that has none. */
  image: string;
}

/** The Debian packages that each role's scripts call; the machine image holds the same (images/machine/Dockerfile). */
const PACKAGES: Readonly<Record<Role, readonly string[]>> = {
  client: ["apache2-utils", "curl", "iproute2", "iputils-ping", "traceroute"],
  server: ["apache2", "curl", "iproute2", "iptables"],
  swarm: ["curl", "docker.io", "iproute2", "iptables", "openssl"],
  kubernetes: [
    "conntrack",
    "containerd",
    "ethtool",
    "iproute2",
    "iptables",
    "jq",
    "kmod",
    "nftables",
    "openssl",
    "procps",
    "runc",
    "socat",
  ],
};

const script = (file: string) => path.join(__dirname, file);

/** A host that is there already, with what its role needs put on it; all of it goes again when the machine is given back. */
export class HostMachine extends pulumi.ComponentResource implements MachineLike {
  public readonly legs: readonly Leg[];
  public readonly ssh: SshAccess;
  public readonly identity: pulumi.Output<string>;

  constructor(
    public readonly name: string,
    args: HostMachineArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("hybrid-vnf:hosts:Machine", name, { role: args.role, host: args.host.host }, opts);
    const { host, port, hostKey, addresses } = args.host;
    const reached = {
      host: host ?? addresses[0] ?? "",
      port: port ?? 22,
      user: "root",
      hostKey,
    };
    // A host that was installed anew has another key, and everything is set up on it again.
    const known = `${reached.host} ${hostKey}`;
    const admitted = new MachineScript(
      `${name}-admit`,
      {
        machine: { name, legs: [], ssh: { ...reached, privateKey: args.entryKey }, identity: known },
        file: script("admit.sh"),
        input: { PUBLIC_KEY: args.key.publicKey },
        replaceOn: [args.key.publicKey],
      },
      { parent: this },
    );
    this.ssh = { ...reached, privateKey: args.key.privateKey };
    const own = { name, legs: [], ssh: this.ssh, identity: known };
    const packages = new MachineScript(
      `${name}-packages`,
      { machine: own, file: script("packages.sh"), input: { PACKAGES: PACKAGES[args.role].join(" ") } },
      { parent: this, dependsOn: admitted },
    );
    const ready: pulumi.Resource[] = [packages];
    if (args.role === "kubernetes") {
      ready.push(
        new command.local.Command(
          `${name}-programs`,
          {
            create: "bash -s -- create",
            delete: "bash -s -- delete",
            stdin: withSession(script("carry.sh"), own, { IMAGE: args.image }),
            addPreviousOutputInEnv: false,
            logging: "stderr",
            triggers: [known, args.image],
          },
          { parent: this, dependsOn: packages, deleteBeforeReplace: true },
        ),
      );
    }
    const found = new BootedLegs(`${name}-boot`, { machine: own }, { parent: this, dependsOn: ready });
    this.identity = pulumi.all([known, found.id]).apply(([text]) => text);
    this.legs = found.legs(args.legs);
    this.registerOutputs({ identity: this.identity });
  }
}
