import * as path from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { SshAccess } from "../../machine/access";
import { type Leg, legsFound } from "../../machine/leg";
import { type MachineArgs, type MachineLike, machineId, type Role } from "../../machine/machine";
import { MachineScript, printedBy, withSession } from "../../script/script";
import type { HostSettings } from "./settings";

export interface HostMachineArgs extends MachineArgs {
  host: HostSettings;
  /** Image on the operator's Docker engine whose Kubernetes goes to a host that has none. */
  image: string;
}

/** How SSH reaches a host. */
export function sshOf({ host, port, hostKey, addresses }: HostSettings): Omit<SshAccess, "privateKey"> {
  return { host: host ?? addresses[0] ?? "", port: port ?? 22, user: "root", hostKey };
}

/** The Debian packages that each role's scripts call; the machine image holds the same (images/machine/Dockerfile). */
const PACKAGES: Readonly<Record<Role, readonly string[]>> = {
  client: ["apache2-utils", "curl", "iproute2", "iputils-ping", "traceroute"],
  server: ["apache2", "curl", "iproute2", "iptables"],
  router: ["iproute2", "nftables", "procps", "traceroute"],
  swarm: ["apparmor", "curl", "docker.io", "iproute2", "iptables", "openssl"],
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
  public readonly id: string;
  public readonly name: string;
  public readonly legs: readonly Leg[];
  public readonly ssh: SshAccess;
  public readonly identity: pulumi.Output<string>;

  constructor(name: string, args: HostMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    const { site, hostname, role, host } = args;
    super("hybrid-vnf:hosts:Machine", name, { site, hostname, role, addresses: host.addresses }, opts);
    this.id = machineId(site, hostname);
    this.name = hostname;
    this.ssh = { ...sshOf(host), privateKey: args.key.privateKey };
    // A host that was installed anew has another key, and everything is set up on it again.
    const own = { id: this.id, name: hostname, legs: [], ssh: this.ssh, identity: host.hostKey };
    const packages = new MachineScript(
      `${name}-packages`,
      { machine: own, file: script("packages.sh"), input: { PACKAGES: PACKAGES[role].join(" ") } },
      { parent: this },
    );
    const ready: pulumi.Resource[] = [packages];
    if (role === "kubernetes") {
      ready.push(
        new command.local.Command(
          `${name}-programs`,
          {
            create: "bash -s -- create",
            delete: "bash -s -- delete",
            stdin: withSession(script("carry.sh"), own, { IMAGE: args.image }),
            addPreviousOutputInEnv: false,
            logging: "stderr",
            triggers: [own.identity, args.image],
          },
          { parent: this, dependsOn: packages, deleteBeforeReplace: true },
        ),
      );
    }
    const found = new MachineScript(
      `${name}-boot`,
      { machine: own, file: path.join(__dirname, "../../machine/legs.sh"), undo: false },
      { parent: this, dependsOn: ready },
    );
    this.identity = pulumi.all([own.identity, found.id]).apply(([text]) => text);
    this.legs = legsFound(hostname, args.legs, printedBy(found));
    this.registerOutputs({ id: this.id, identity: this.identity });
  }
}
