import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import {
  functionOf,
  Gateway,
  KubernetesCluster,
  lab,
  Machine,
  type MachineLike,
  MachineScript,
  machineId,
  Network,
  type NetworkFunction,
  NginxLoadBalancer,
  type PathArgs,
  type Platform,
  QuaggaRouter,
  type ServerGroup,
  ServiceChain,
  Site,
  type SiteNetwork,
  SwarmCluster,
  WebServers,
} from "../../components";
import type { FunctionSpec, ProgramSpec } from "./spec";

/** What a program has made, by its names. */
export interface Program {
  readonly chains: readonly ServiceChain[];
  /** What each chain was given. */
  readonly paths: readonly PathArgs[];
  /** The machines that it has made. */
  readonly machines: readonly MachineLike[];
}

/** A platform of the program's own, whose machines are there already. */
const OWN_PLATFORM: Platform = {
  kind: "own",
  facts: {},
  network: (name) => name,
  machine: (_, { site, hostname, legs, key }) => ({
    id: machineId(site, hostname),
    name: hostname,
    identity: hostname,
    legs: legs.map(({ network, address }, at) => ({
      ...{ network: network.id, cidr: network.cidr, address, interface: `eth${at}` },
    })),
    ssh: {
      host: legs[0]?.address ?? "",
      port: 22,
      user: "root",
      privateKey: key.privateKey,
      hostKey: "ssh-ed25519 AAAA",
    },
  }),
};

/** What a spec speaks of by its name. */
class Named<T> extends Map<string, T> {
  of(name: string): T {
    const found = this.get(name);
    if (found === undefined) throw new Error(`the program has no "${name}"`);
    return found;
  }

  all(names: readonly string[]): T[] {
    return names.map((name) => this.of(name));
  }
}

/** Makes what a spec says, from top to bottom. */
export function make(spec: ProgramSpec): Program {
  const sites = new Named<Site>();
  const networks = new Named<SiteNetwork>();
  const machines = new Named<MachineLike>();
  const groups = new Named<ServerGroup>();
  const kubernetes = new Named<KubernetesCluster>();
  const swarms = new Named<SwarmCluster>();
  const functions = new Named<NetworkFunction>();
  const nodes: MachineLike[] = [];

  for (const { name, transitCidr, platform } of spec.sites) {
    const site = new Site(name, { platform: platform === "lab" ? lab() : OWN_PLATFORM, transitCidr });
    sites.set(name, site);
    networks.set(`${name}-transit`, site.transit);
  }
  for (const { name, site, cidr, role } of spec.networks)
    networks.set(name, new Network(name, { site: sites.of(site), cidr, role }));
  for (const { name, networks: legs, ...args } of spec.machines)
    machines.set(name, new Machine(name, { ...args, networks: networks.all(legs) }));
  for (const { name, network, ...args } of spec.servers) {
    const servers = new WebServers(name, { ...args, network: networks.of(network) });
    groups.set(name, servers);
    nodes.push(...servers.machines);
  }
  for (const { name, network, machines: members } of spec.groups)
    groups.set(name, { name, network: networks.of(network), machines: machines.all(members) });
  for (const { name, kind, networks: legs, ...args } of spec.clusters) {
    const on = { ...args, networks: networks.all(legs) };
    if (kind === "kubernetes") kubernetes.set(name, new KubernetesCluster(name, on));
    else swarms.set(name, new SwarmCluster(name, on));
    nodes.push(...(kubernetes.get(name) ?? swarms.of(name)).nodes);
  }
  const functionFor = (one: FunctionSpec): NetworkFunction => {
    switch (one.kind) {
      case "router": {
        const { kind: _, name, cluster, networks: legs, replicas, ...args } = one;
        return new QuaggaRouter(name, {
          ...args,
          cluster: kubernetes.of(cluster),
          ...(legs ? { networks: networks.all(legs) } : {}),
          ...(replicas === undefined ? {} : { replicas: replicas as 0 | 1 }),
        });
      }
      case "balancer": {
        const { kind: _, name, cluster, ...args } = one;
        return new NginxLoadBalancer(name, { ...args, cluster: swarms.of(cluster) });
      }
      case "own": {
        const { kind: _, machines: carriers, ...args } = one;
        const instances = machines.all(carriers).map((machine) => ({ machine, legs: machine.legs }));
        // A proxy's program is nothing that a model of addresses and routes would look at.
        const works = (one.handling === "proxy" ? [] : instances).map(
          ({ machine }, at) =>
            new MachineScript(`${one.name}-${at + 1}-forward`, {
              machine,
              file: path.join(__dirname, "forward.sh"),
              input: { HANDLING: one.handling },
            }).id,
        );
        return { ...args, instances, ready: pulumi.all(works) };
      }
      case "gateway":
        return new Gateway(one.name, {
          legs: one.legs.map(({ network, ...leg }) => ({ ...leg, network: networks.of(network) })),
        });
      case "published":
        return functionOf(one.facts, pulumi.secret("PRIVATE"));
    }
  };
  for (const one of spec.functions) functions.set(one.name, functionFor(one));
  const paths = spec.chains.map(
    ({ from, clients, functions: there, to, returnPath }): PathArgs => ({
      from: networks.of(from),
      clients: machines.all(clients),
      functions: functions.all(there),
      to: groups.of(to),
      ...(returnPath ? { returnPath: functions.all(returnPath) } : {}),
    }),
  );
  const chains = paths.map((args, at) => new ServiceChain(spec.chains[at]?.name ?? "", args));
  return { chains, paths, machines: [...machines.values(), ...nodes] };
}
