import * as path from "node:path";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { type MachineLike, readyAfter } from "../machine/machine";
import { requireDisjoint } from "../network/disjoint";
import type { NetworkIdentity } from "../network/network";
import { requireArguments, SITE_NETWORKS, subjectOf } from "../problem/arguments";
import { Problems } from "../problem/problem";
import { MachineScript, printedBy } from "../script/script";
import { machineOn, planGroup, siteOfNetworks } from "../site/legs";
import type { SiteNetwork } from "../site/network";
import { type SwarmCredentials, type SwarmLike, serviceProvider } from "./swarm";

/** How many nodes a Swarm has, and where they stand. */
export interface SwarmClusterArgs {
  /** Networks of one site that each node has a leg in; the first carries the cluster's own traffic. */
  networks: readonly SiteNetwork[];
  /** How many managers, from 1 to 99; odd, since they vote (Docker's Swarm administration guide). @default 1 */
  managerCount?: number;
  /** How many worker nodes, from 0. @default 0 */
  workerCount?: number;
  /** Number of the first node's address in each network; the others follow. @default 20 */
  firstHost?: number;
  /** What its nodes are called within their site: `NAME-1`, `NAME-2`. @default the component's name */
  machineName?: string;
}

const script = (file: string) => path.join(__dirname, file);

/**
 * A Swarm whose API is reached over mutual TLS: certificates are made on the manager, and its authority's key never leaves it.
 * @throws InvalidInput with everything that is wrong with its input
 * @example
 * const swarm = new vnf.SwarmCluster("swarm", { networks: [site.transit, clients], managerCount: 3 });
 * const balancer = new vnf.NginxLoadBalancer("nginx", { cluster: swarm, backends: apache.addresses });
 */
export class SwarmCluster extends pulumi.ComponentResource implements SwarmLike {
  public readonly name: string;
  public readonly networks: readonly NetworkIdentity[];
  public readonly nodes: readonly MachineLike[];
  public readonly endpoint: pulumi.Output<string>;
  public readonly credentials: pulumi.Output<SwarmCredentials>;
  private made?: docker.Provider;

  constructor(
    private readonly logicalName: string,
    args: SwarmClusterArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const name = logicalName;
    requireArguments(subjectOf("SwarmCluster", name), args, "SwarmClusterArgs", { networks: SITE_NETWORKS });
    const { networks, managerCount = 1, workerCount = 0, firstHost = 20, machineName = name } = args;
    super(
      "hybrid-vnf:swarm:SwarmCluster",
      name,
      { networks: networks.map((network) => network.id), managerCount, workerCount, firstHost, machineName },
      opts,
    );
    const problems = new Problems(`SwarmCluster "${name}"`);
    const counted = [
      problems.requireWhole("managerCount", managerCount, 1, 99) &&
        problems.require(
          managerCount % 2 === 1,
          `managerCount is ${managerCount}: it must be odd, such as 1, 3 or 5, since managers vote`,
        ),
      problems.requireWhole("workerCount", workerCount, 0, 1000),
      problems.requireHost("firstHost", firstHost),
      problems.requireName("machineName", machineName),
    ].every(Boolean);
    const site = siteOfNetworks(networks, problems);
    problems.gather(() => requireDisjoint(name, [...new Set(networks)]));
    const hostnames = Array.from(
      { length: counted ? managerCount + workerCount : 0 },
      (_, at) => `${machineName}-${at + 1}`,
    );
    const planned = site ? planGroup(site, hostnames, networks, (place) => firstHost + place, problems) : [];
    const plan = planned.map((one, at) => ({
      ...one,
      name: `${name}-${at + 1}`,
      role: at < managerCount ? "manager" : "worker",
    }));
    problems.throwIfAny();
    if (!site) throw new RangeError(`${name}: a swarm belongs to a site`);

    this.name = machineName;
    this.networks = networks.map(({ id, name: role, cidr }) => ({ id, name: role, cidr }));
    const group = { name, role: machineName };
    const machines = plan.map(({ name: node, hostname, legs }) =>
      machineOn(site, node, { site: site.name, hostname, role: "swarm", legs, key: site.key, group }, { parent: this }),
    );
    const [manager, ...joining] = machines;
    const address = plan[0]?.legs[0]?.address;
    if (!manager || !address) throw new RangeError(`${name}: a swarm has at least one manager`);
    const reached = manager.ssh.host;
    this.endpoint = pulumi.interpolate`tcp://${reached}:2376`;

    const init = new MachineScript(
      `${name}-1-manager`,
      { machine: manager, file: script("manager.sh"), input: { ADVERTISE_ADDRESS: address, SANS: reached } },
      { parent: this },
    );
    const printed = new MachineScript(
      `${name}-credentials`,
      {
        machine: manager,
        file: script("credentials.sh"),
        secretOutput: true,
        undo: false,
        replaceOnChanges: [init.id],
      },
      { parent: this },
    );
    const made = printedBy(printed).apply(
      (text) => JSON.parse(text) as SwarmCredentials & { workerToken: string; managerToken: string },
    );
    this.credentials = pulumi.secret(made.apply(({ ca, cert, key }) => ({ ca, cert, key })));

    const joins = new Map<MachineLike, pulumi.CustomResource>();
    joining.forEach((node, at) => {
      const planned = plan[at + 1];
      const logical = planned?.name ?? "";
      const join = new MachineScript(
        `${logical}-join`,
        {
          machine: node,
          file: script("join.sh"),
          input: {
            MANAGER_ADDRESS: address,
            ADVERTISE_ADDRESS: planned?.legs[0]?.address ?? "",
            TOKEN: pulumi.secret(planned?.role === "manager" ? made.managerToken : made.workerToken),
          },
          replaceOnChanges: [init.id],
        },
        { parent: this },
      );
      joins.set(node, join);
      new MachineScript(
        `${logical}-membership`,
        {
          machine: { ...manager, identity: pulumi.interpolate`${manager.identity} ${node.identity}` },
          file: script("remove-node.sh"),
          input: { NODE_NAME: node.name },
        },
        { parent: this, dependsOn: join },
      );
    });
    this.nodes = machines.map((machine) => readyAfter(machine, joins.get(machine) ?? init));
    this.registerOutputs({ endpoint: this.endpoint, credentials: this.credentials });
  }

  get provider(): docker.Provider {
    this.made ??= serviceProvider(`${this.logicalName}-provider`, this, { parent: this });
    return this.made;
  }
}
