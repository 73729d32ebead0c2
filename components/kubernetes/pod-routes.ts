import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { claimWay, wayOf } from "../function/claims";
import type { MachineLike } from "../machine/machine";
import { Cidr } from "../network/cidr";
import { MACHINES, objectWith, requireArguments, subjectOf } from "../problem/arguments";
import { Problems } from "../problem/problem";
import { printedBy, scriptOn } from "../script/script";
import type { KubernetesLike } from "./kubernetes";

/** Which machines reach the pods of which cluster. */
export interface PodRoutesArgs {
  /** The cluster; its `routedTo` names the networks that the machines are in. */
  cluster: KubernetesLike;
  /** Machines that are neighbours of the cluster's nodes. */
  machines: readonly MachineLike[];
}

/**
 * Static routes of machines to the pods of a cluster: to each node's range of them by that node's address in a network that both have a leg in.
 * Machines and pods then see each other by their own addresses, without an overlay and without translation.
 * @throws InvalidInput when the cluster's pods send to the machines in their node's name, or a machine is no neighbour of its nodes
 * @example
 * const k8s = new vnf.KubernetesCluster("k8s", { networks: [site.transit, servers], cni: "kube-router", routedTo: [servers] });
 * new vnf.PodRoutes("to-pods", { cluster: k8s, machines: apache.machines });
 */
export class PodRoutes extends pulumi.ComponentResource {
  /** Range of the pods of each node, by its name, in CIDR notation. */
  public readonly ranges: pulumi.Output<Record<string, string>>;
  /** Known once the routes are there. */
  public readonly installed: pulumi.Output<unknown>;

  constructor(name: string, args: PodRoutesArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("PodRoutes", name), args, "PodRoutesArgs", {
      cluster: objectWith("a KubernetesCluster, or what a contract tells of one", "nodes", "networks", "kubeconfig"),
      machines: MACHINES,
    });
    const { cluster, machines } = args;
    super("hybrid-vnf:kubernetes:PodRoutes", name, { machines: machines.map(({ id }) => id) }, opts);
    const problems = new Problems(`PodRoutes "${name}"`);
    const { routedTo = [], podCidr } = cluster;
    const [first] = cluster.nodes;
    problems.require(machines.length > 0, "machines is empty: name those that are to reach the pods");
    problems.require(
      routedTo.length > 0,
      `the pods of its cluster ${cluster.name} send in their node's name, so nobody reaches them by routes: make it with cni "kube-router" and routedTo`,
    );
    const legs = machines.map((machine) => {
      const shared = machine.legs.find(({ network }) => routedTo.some(({ id }) => id === network));
      problems.require(
        shared !== undefined || routedTo.length === 0,
        `${machine.name} has no leg in a network that its cluster ${cluster.name} is routed to (${routedTo.map((one) => one.name).join(", ")}): name that network in the cluster's routedTo, or leave the machine out`,
      );
      problems.require(
        !cluster.nodes.some(({ id }) => id === machine.id),
        `${machine.name} is a node of its cluster ${cluster.name}, which knows the way: leave it out`,
      );
      return shared?.network;
    });
    for (const machine of machines) {
      const range = podCidr === undefined ? undefined : problems.gather(() => Cidr.parse(podCidr));
      const taken =
        range &&
        claimWay(machine, {
          route: range,
          nextHop: `the nodes of ${cluster.name}`,
          targets: [],
          by: `PodRoutes "${name}"`,
        });
      problems.require(
        taken === undefined,
        `${machine.name} sends packets for ${taken?.target} ${taken && wayOf(taken.other)}, and the pods of ${cluster.name} have addresses of ${podCidr}: let one of the two have others`,
      );
    }
    problems.throwIfAny();
    if (!first) throw new RangeError(`${name}: a cluster has a node`);
    // Once all of them have joined.
    const joined = pulumi.all(cluster.nodes.map(({ identity }) => identity)).apply((all) => all.join(" "));
    const asked = scriptOn(
      `${name}-ranges`,
      {
        machine: { ...first, identity: joined },
        file: path.join(__dirname, "pod-ranges.sh"),
        input: { NODES: cluster.nodes.map((node) => node.name).join(" ") },
        undo: false,
      },
      { parent: this },
    );
    const ranges = printedBy(asked).apply((text) => text.trim().split(" "));
    this.ranges = ranges.apply((all) =>
      Object.fromEntries(cluster.nodes.map((node, at) => [node.name, all[at] ?? ""])),
    );
    // Not by its URN: what depends on a component depends on all of it, and these would wait for one another.
    const owner = `${pulumi.getProject()}/${pulumi.getStack()} ${name}`;
    const routes = machines.flatMap((machine, which) =>
      cluster.nodes.map((node, at) => {
        const destination = ranges.apply((all) => all[at] ?? "");
        return scriptOn(
          `${name}-${machine.id.replace("/", "-")}-by-${node.name}`,
          {
            machine,
            file: path.join(__dirname, "../route/route.sh"),
            input: {
              DESTINATION: destination,
              NEXT_HOP: node.legs.find(({ network }) => network === legs[which])?.address ?? "",
              OWNER: owner,
            },
            replaceOnChanges: [destination, owner],
          },
          { parent: this },
        );
      }),
    );
    this.installed = pulumi.all(routes.map(({ id }) => id));
    this.registerOutputs({ ranges: this.ranges });
  }
}
