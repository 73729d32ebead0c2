import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "../machine/machine";
import { planLegs } from "../machine/plan";
import { MachineScript } from "../machine/script";
import type { NetworkLike } from "../network/network";
import { requireDisjoint } from "../network/network";
import { Problems } from "../problem/problem";
import type { SiteLike } from "../site/site";

export interface WebServersArgs {
  site: SiteLike;
  /** Range of the network made for them. @example "10.100.102.0/24" */
  cidr: string;
  /** How many servers. @default 2 */
  replicas?: number;
  /** What index.html says; `{name}` stands for the server's name. @default "{name}" in a heading */
  index?: string;
  /** Number of the first server's address in the network; the others follow. @default 11 */
  firstHost?: number;
}

/** A web server as its clients see it. */
export interface WebServer {
  readonly name: string;
  readonly address: string;
}

/** Apache servers on a network of their own, each with an index.html that names it. */
export class WebServers extends pulumi.ComponentResource {
  public readonly network: NetworkLike;
  public readonly servers: readonly WebServer[];
  public readonly machines: readonly MachineLike[];
  /** Their addresses, in the order of their names. */
  public readonly addresses: readonly string[];

  constructor(name: string, args: WebServersArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:webservers:WebServers", name, { cidr: args.cidr, replicas: args.replicas }, opts);
    const { site } = args;
    const replicas = args.replicas ?? 2;
    const first = args.firstHost ?? 11;
    const problems = new Problems(`WebServers "${name}"`);
    problems.attempt(() =>
      requireDisjoint(`WebServers "${name}"`, [
        { name: "servers", cidr: args.cidr },
        { name: site.transit.name, cidr: site.transit.cidr },
      ]),
    );
    const counted = problems.require(
      Number.isInteger(replicas) && replicas >= 1,
      `replicas is ${replicas}: at least 1 server is needed, as a whole number`,
    );
    const planned = Array.from({ length: counted ? replicas : 0 }, (_, at) => ({
      name: `${name}-${at + 1}`,
      legs: planLegs(site.platform, `${name}-${at + 1}`, [{ name: "servers", cidr: args.cidr }], first + at, problems),
    }));
    problems.done();

    this.network = site.platform.network("servers", { site: site.name, cidr: args.cidr }, { parent: this });
    this.servers = planned.map(({ name: server, legs }) => ({ name: server, address: legs[0]?.address ?? "" }));
    this.addresses = this.servers.map((server) => server.address);
    this.machines = this.servers.map((server) => {
      const machine = site.platform.machine(
        server.name,
        {
          site: site.name,
          role: "server",
          legs: [{ network: this.network, address: server.address }],
          key: site.key,
          group: name,
        },
        { parent: this },
      );
      new MachineScript(
        `${server.name}-apache`,
        {
          machine,
          file: path.join(__dirname, "apache.sh"),
          input: {
            NAME: server.name,
            ADDRESS: server.address,
            INDEX: (args.index ?? "<!doctype html><title>{name}</title><h1>{name}</h1>\n").replaceAll(
              "{name}",
              server.name,
            ),
          },
        },
        { parent: this },
      );
      return machine;
    });
    this.registerOutputs({ addresses: this.addresses });
  }
}
