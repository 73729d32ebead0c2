import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { ServerGroup } from "../chain/path";
import { legIn } from "../machine/leg";
import type { MachineLike } from "../machine/machine";
import { A_SITE_NETWORK, requireArguments, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { Problems } from "../problem/problem";
import { MachineScript } from "../script/script";
import { machineOn, planGroup } from "../site/legs";
import type { SiteNetwork } from "../site/network";

/** How many servers, where, and what they show. */
export interface WebServersArgs {
  /** The network that they answer in. */
  network: SiteNetwork;
  /** How many servers, from 1. @default 2 */
  serverCount?: number;
  /** HTML of their index page; `{name}` stands for the server's name. @default the name in a heading */
  page?: pulumi.Input<string>;
  /** Number of the first server's address in the network; the others follow. @default 11 */
  firstHost?: number;
  /** What the servers are called within their site: `NAME-1`, `NAME-2`. @default the component's name */
  machineName?: string;
}

/**
 * Apache servers beside each other in a network, each with an index page that names it.
 * @throws InvalidInput with everything that is wrong with its input
 * @example
 * const apache = new vnf.WebServers("apache", { network: servers, serverCount: 3, page: "<h1>Hello from {name}</h1>" });
 * const balancer = new vnf.NginxLoadBalancer("nginx", { cluster: swarm, backends: apache.addresses });
 */
export class WebServers extends pulumi.ComponentResource implements ServerGroup {
  public readonly name: string;
  public readonly network: SiteNetwork;
  public readonly machines: readonly MachineLike[];
  /** Their IPv4 addresses, in the order of their names. */
  public readonly addresses: readonly string[];

  constructor(name: string, args: WebServersArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("WebServers", name), args, "WebServersArgs", { network: A_SITE_NETWORK });
    const { network, serverCount = 2, firstHost = 11, machineName = name } = args;
    super("hybrid-vnf:webservers:WebServers", name, { network: network.id, serverCount, firstHost, machineName }, opts);
    const { site } = network;
    const problems = new Problems(`WebServers "${name}"`);
    const counted = [
      problems.requireWhole("serverCount", serverCount, 1, 1000),
      problems.requireHost("firstHost", firstHost),
      problems.requireName("machineName", machineName),
    ].every(Boolean);
    problems.requireText("page", args.page);
    problems.require(
      typeof args.page !== "string" || !/^\S+\.html?$/i.test(args.page.trim()),
      `page is ${describe(args.page)}, the name of a file: give the page's HTML itself`,
    );
    const hostnames = Array.from({ length: counted ? serverCount : 0 }, (_, at) => `${machineName}-${at + 1}`);
    const planned = planGroup(site, hostnames, [network], (place) => firstHost + place, problems);
    problems.throwIfAny();

    this.name = machineName;
    this.network = network;
    this.machines = planned.map(({ hostname, legs }, at) => {
      const number = at + 1;
      const machine = machineOn(
        site,
        `${name}-${number}`,
        { site: site.name, hostname, role: "server", legs, key: site.key, group: { name, role: machineName } },
        { parent: this },
      );
      new MachineScript(
        `${name}-${number}-apache`,
        {
          machine,
          file: path.join(__dirname, "apache.sh"),
          input: {
            NAME: hostname,
            ADDRESS: legIn(machine, network).address,
            INDEX: pulumi
              .output(args.page ?? "<!doctype html><title>{name}</title><h1>{name}</h1>\n")
              .apply((page) => page.replaceAll("{name}", hostname)),
          },
        },
        { parent: this },
      );
      return machine;
    });
    this.addresses = this.machines.map((machine) => legIn(machine, network).address);
    this.registerOutputs({ addresses: this.addresses });
  }
}
