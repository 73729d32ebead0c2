import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type MachineLike, once } from "../machine/machine";
import { planLegs } from "../machine/plan";
import { MachineScript, printedBy } from "../machine/script";
import { type NetworkLike, requireDisjoint } from "../network/network";
import { Problems } from "../problem/problem";
import type { SiteLike } from "../site/site";

/** What a client of a manager's API needs for mutual TLS, PEM each (secret as a whole). */
export interface SwarmCredentials {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A Docker Swarm cluster, made here or read from a contract. */
export interface SwarmLike {
  /** Its nodes; the first one is the manager that the endpoint names. */
  readonly nodes: readonly MachineLike[];
  /** Where the manager's API answers, over mutual TLS only: `tcp://HOST:2376`. */
  readonly endpoint: pulumi.Input<string>;
  readonly credentials: pulumi.Input<SwarmCredentials>;
}

export interface SwarmClusterArgs {
  site: SiteLike;
  /** Networks that each node has a leg in; the first carries the cluster's own traffic. */
  networks: NetworkLike[];
  /** How many managers; odd, since they vote (Docker's Swarm administration guide). @default 1 */
  managers?: number;
  /** How many nodes only work. @default 0 */
  workers?: number;
  /** Number of the first node's address in each network; the others follow. @default 20 */
  firstHost?: number;
}

const script = (file: string) => path.join(__dirname, file);

/** A Swarm whose API is reached over mutual TLS: certificates are made on the manager, and its authority's key never leaves it. */
export class SwarmCluster extends pulumi.ComponentResource implements SwarmLike {
  public readonly nodes: readonly MachineLike[];
  public readonly endpoint: pulumi.Output<string>;
  public readonly credentials: pulumi.Output<SwarmCredentials>;

  constructor(name: string, args: SwarmClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:swarm:SwarmCluster", name, { managers: args.managers, workers: args.workers }, opts);
    const { site } = args;
    const managers = args.managers ?? 1;
    const workers = args.workers ?? 0;
    const first = args.firstHost ?? 20;
    const problems = new Problems(`SwarmCluster "${name}"`);
    const counted = [
      problems.require(
        Number.isInteger(managers) && managers >= 1 && managers % 2 === 1,
        `managers is ${managers}: it must be 1, 3, 5 or another odd number`,
      ),
      problems.require(
        Number.isInteger(workers) && workers >= 0,
        `workers is ${workers}: it must be 0 or more, as a whole number`,
      ),
    ].every(Boolean);
    problems.require(args.networks.length > 0, "networks is empty: give it at least the transit network");
    problems.attempt(() => requireDisjoint(name, args.networks));
    const plan = Array.from({ length: counted ? managers + workers : 0 }, (_, at) => ({
      name: `${name}-${at + 1}`,
      role: at < managers ? "manager" : "worker",
      legs: planLegs(site.platform, `${name}-${at + 1}`, args.networks, first + at, problems),
    }));
    problems.done();

    const machines = plan.map(({ name: node, legs }) =>
      site.platform.machine(
        node,
        { site: site.name, role: "swarm", legs, key: site.key, group: name },
        { parent: this },
      ),
    );
    const [manager, ...joining] = machines;
    const address = plan[0]?.legs[0]?.address;
    if (!manager || !address) throw new RangeError(`${name}: a swarm has at least one manager`);
    const reached = manager.ssh.host;
    this.endpoint = pulumi.interpolate`tcp://${reached}:2376`;

    const init = new MachineScript(
      `${manager.name}-manager`,
      { machine: manager, file: script("manager.sh"), input: { ADVERTISE_ADDRESS: address, SANS: reached } },
      { parent: this },
    );
    const printed = new MachineScript(
      `${name}-credentials`,
      { machine: manager, file: script("credentials.sh"), secretOutput: true, undo: false, replaceOn: [init.id] },
      { parent: this },
    );
    const made = printedBy(printed).apply(
      (text) => JSON.parse(text) as SwarmCredentials & { workerToken: string; managerToken: string },
    );
    this.credentials = pulumi.secret(made.apply(({ ca, cert, key }) => ({ ca, cert, key })));

    const joins = new Map<MachineLike, pulumi.CustomResource>();
    joining.forEach((node, at) => {
      const planned = plan[at + 1];
      const join = new MachineScript(
        `${node.name}-join`,
        {
          machine: node,
          file: script("join.sh"),
          input: {
            MANAGER_ADDRESS: address,
            ADVERTISE_ADDRESS: planned?.legs[0]?.address ?? "",
            TOKEN: pulumi.secret(planned?.role === "manager" ? made.managerToken : made.workerToken),
          },
          replaceOn: [init.id],
        },
        { parent: this },
      );
      joins.set(node, join);
      new MachineScript(
        `${node.name}-membership`,
        {
          machine: { ...manager, identity: pulumi.interpolate`${manager.identity} ${node.identity}` },
          file: script("remove-node.sh"),
          input: { NODE_NAME: node.name },
        },
        { parent: this, dependsOn: join },
      );
    });
    this.nodes = machines.map((machine) => once(machine, joins.get(machine) ?? init));
    this.registerOutputs({ endpoint: this.endpoint, credentials: this.credentials });
  }
}
