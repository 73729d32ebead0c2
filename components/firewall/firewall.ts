import * as pulumi from "@pulumi/pulumi";
import type { FunctionInstance, NetworkFunction } from "../function/function";
import type { Leg } from "../machine/leg";
import type { MachineLike } from "../machine/machine";
import type { NetworkIdentity } from "../network/network";
import { checkPorts, type Port, rangesOf, without } from "../nftables/ports";
import { anyOf, checkCarrier, interfacesOf, legsIn, putTable, tableOf, tableText } from "../nftables/table";
import {
  A_MACHINE,
  type Expectation,
  listOf,
  NETWORKS,
  optional,
  requireArguments,
  subjectOf,
} from "../problem/arguments";
import { describe } from "../problem/describe";
import { Problems } from "../problem/problem";

/** The protocols that a rule can be for. */
export const RULE_PROTOCOLS = ["tcp", "udp", "icmp"] as const;
/** What a rule does: `accept` lets a packet pass, `drop` takes it away without a word, `reject` says so to its sender (a reset, or ICMP). */
export const RULE_ACTIONS = ["accept", "drop", "reject"] as const;

/** What becomes of some packets that pass a firewall. */
export interface FirewallRule {
  /** What it is called; its counter is `rule-NAME`. */
  name: string;
  /** The zone that connections are opened from. */
  from: string;
  /** The zone that they are opened to. */
  to: string;
  /** Which protocol. @default all of them */
  protocol?: (typeof RULE_PROTOCOLS)[number];
  /** Ports that are asked for, of `tcp` or `udp`: numbers, and ranges such as "8000-8010". @default all of them */
  ports?: readonly Port[];
  /** What becomes of the packets. @default "accept" */
  action?: (typeof RULE_ACTIONS)[number];
}

/** Where a firewall stands, and what may pass it. */
export interface FirewallArgs {
  /** The machine that it runs on, for it alone; on a cloud, of the role "router". */
  machine: MachineLike;
  /** What may pass, by the first rule that fits. What none of them fits is dropped; answers pass, and what belongs to a connection that may. */
  rules: readonly FirewallRule[];
  /** Networks of the machine by the name of their zone. @default a zone for each network of the machine, by the network's name within its site */
  zones?: Readonly<Record<string, readonly NetworkIdentity[]>>;
  /** What it is called in chains. @default the component's name */
  functionName?: string;
}

const ZONES: Expectation = {
  what: "lists of Networks by the name of their zone, such as { outside: [site.transit], inside: [servers] }",
  holds: (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !pulumi.Output.isInstance(value) &&
    Object.values(value).every((networks) => NETWORKS.holds(networks)),
};

/** A zone by its legs. */
type Zones = ReadonlyMap<string, readonly Leg[]>;

/**
 * A stateful firewall on a machine of its own: nftables between zones, of one or several networks each. Every packet of the side that has opened a
 * connection is held against the rules, so that a rule which closes ends what runs, too.
 * @throws InvalidInput with everything that is wrong with its zones and rules
 * @example
 * const machine = new vnf.Machine("wall", { networks: [site.transit, servers], role: "router", host: 30 });
 * const rules = [{ name: "web", from: "transit", to: "servers", protocol: "tcp" as const, ports: [80] }];
 * const firewall = new vnf.Firewall("firewall", { machine, rules });
 * new vnf.ServiceChain("web", { from: clients, functions: [balancer, firewall], to: apache });
 */
export class Firewall extends pulumi.ComponentResource implements NetworkFunction {
  public readonly name: string;
  public readonly handling = "route";
  public readonly stateful = true;
  public readonly instances: readonly FunctionInstance[];
  public readonly ready: pulumi.Output<unknown>;
  /** Its table on the machine, with a counter for each rule, and for `replies`, `invalid` and `unmatched` packets: `nft list counters table TABLE`. */
  public readonly table: string;
  private readonly rules: readonly FirewallRule[];
  private readonly zones: Readonly<Record<string, readonly NetworkIdentity[]>>;

  constructor(name: string, args: FirewallArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("Firewall", name), args, "FirewallArgs", {
      machine: A_MACHINE,
      rules: listOf("a list of {name, from, to}", "name", "from", "to"),
      zones: optional(ZONES),
    });
    const { machine, rules, functionName = name } = args;
    const zones = args.zones ?? zonesOf(machine);
    super(
      "hybrid-vnf:firewall:Firewall",
      name,
      {
        machine: machine.id,
        zones: Object.fromEntries(
          Object.entries(zones).map(([zone, networks]) => [zone, networks.map(({ id }) => id)]),
        ),
        rules: rules.map((rule) => ({ ...rule })),
        functionName,
      },
      opts,
    );
    const problems = new Problems(`Firewall "${name}"`);
    checkCarrier("firewall", name, { machine, functionName }, problems);
    const legs = checkZones(zones, machine, problems);
    checkRules(rules, zones, problems);
    problems.throwIfAny();

    this.name = functionName;
    this.rules = rules;
    this.zones = zones;
    this.table = tableOf(functionName);
    const all = [...legs.values()].flat();
    this.instances = [{ machine, legs: all }];
    this.ready = putTable(
      `${name}-table`,
      { machine, functionName, legs: all },
      (interfaceIn) =>
        firewallTable(
          rules,
          new Map([...legs].map(([zone, own]) => [zone, own.map((leg) => interfaceIn(leg.network))])),
        ),
      { parent: this },
    ).id;
    this.registerOutputs({ table: this.table });
  }

  closes(from: string, to: string, port: number): string | undefined {
    const zoneOf = (network: string) =>
      Object.keys(this.zones).find((zone) => this.zones[zone]?.some(({ id }) => id === network));
    const [source, destination] = [zoneOf(from), zoneOf(to)];
    const rule = this.rules.find(
      (one) =>
        one.from === source &&
        one.to === destination &&
        [undefined, "tcp"].includes(one.protocol) &&
        rangesOf(one.ports).some(([first, last]) => first <= port && port <= last),
    );
    if (rule === undefined) return `which has no rule for them from "${source}" to "${destination}"`;
    const { name, action = "accept" } = rule;
    return action === "accept" ? undefined : `whose rule "${name}" is to ${action} them`;
  }
}

/** A zone for each network of a machine, by the network's name within its site. */
function zonesOf({ legs }: MachineLike): Record<string, readonly NetworkIdentity[]> {
  return Object.fromEntries(
    legs.map(({ network, cidr }) => {
      const name = network.split("/").at(-1) ?? network;
      return [name, [{ id: network, name, cidr }]];
    }),
  );
}

function checkZones(
  zones: Readonly<Record<string, readonly NetworkIdentity[]>>,
  machine: MachineLike,
  problems: Problems,
): Zones {
  const owners = new Map<string, string>();
  for (const [zone, networks] of Object.entries(zones)) {
    problems.require(
      /^[a-z][a-z0-9-]{0,30}$/.test(zone),
      `a zone is called "${zone}": take a lower-case letter, then up to 30 lower-case letters, digits or dashes`,
    );
    problems.require(networks.length > 0, `zone "${zone}" has no network: name one, or leave the zone out`);
    for (const { id } of networks) {
      const owner = owners.get(id);
      problems.require(
        owner === undefined,
        owner === zone
          ? `zone "${zone}" names "${id}" twice: name it once`
          : `network "${id}" is in zone "${owner}" and in zone "${zone}": let it be in one of them`,
      );
      owners.set(id, zone);
    }
  }
  problems.require(
    owners.size > 1,
    `its zones have ${owners.size} network(s): a firewall stands between at least two, in each of which ${machine.name} has a leg`,
  );
  return new Map(Object.entries(zones).map(([zone, networks]) => [zone, legsIn(machine, networks, problems)]));
}

/** Whether each rule can be read by itself, and can ever match behind those before it. */
function checkRules(
  rules: readonly FirewallRule[],
  zones: Readonly<Record<string, readonly NetworkIdentity[]>>,
  problems: Problems,
): void {
  const sound = rules.filter((rule, at) => {
    const { name, protocol, ports, action } = rule;
    const called = typeof name === "string" ? `rule "${name}"` : `rule number ${at + 1}`;
    const twin = rules.findIndex((other) => other.name === name);
    const known = (end: "from" | "to") =>
      problems.require(
        Object.keys(zones).includes(rule[end]),
        `${called} is ${end} ${describe(rule[end])}, which is none of its zones (${Object.keys(zones).join(", ") || "it has none"}): name one of them`,
      );
    const between = [known("from"), known("to")].every(Boolean);
    return [
      problems.require(
        typeof name === "string" && /^[a-z0-9][a-z0-9-]{0,30}$/.test(name),
        `a rule is called ${describe(name)}: take at most 31 lower-case letters, digits and dashes`,
      ),
      problems.require(
        twin === at || typeof name !== "string",
        `rules number ${twin + 1} and ${at + 1} are both called "${name}", and so would their counters be: give each a name of its own`,
      ),
      problems.require(
        !between || rule.from !== rule.to || (zones[rule.from]?.length ?? 0) > 1,
        `${called} is from "${rule.from}" to itself, which is one network: nothing that passes the firewall stays in it`,
      ) && between,
      problems.require(
        protocol === undefined || RULE_PROTOCOLS.includes(protocol),
        `the protocol of ${called} is ${describe(protocol)}: it must be one of ${RULE_PROTOCOLS.join(", ")}`,
      ),
      problems.require(
        action === undefined || RULE_ACTIONS.includes(action),
        `the action of ${called} is ${describe(action)}: it must be one of ${RULE_ACTIONS.join(", ")}`,
      ),
      problems.require(
        ports === undefined || protocol === "tcp" || protocol === "udp" || !RULE_PROTOCOLS.includes(protocol ?? "icmp"),
        protocol === "icmp"
          ? `${called} has ports, and icmp knows none: leave them out, or name tcp or udp`
          : `${called} has ports and no protocol: name tcp or udp`,
      ),
      checkPorts(problems, `the ports of ${called}`, ports),
    ].every(Boolean);
  });
  sound.forEach((rule, at) => {
    const before = sound
      .slice(0, at)
      .filter(
        (other) =>
          other.from === rule.from && other.to === rule.to && [undefined, rule.protocol].includes(other.protocol),
      );
    const left = before.reduce((ranges, other) => without(ranges, rangesOf(other.ports)), rangesOf(rule.ports));
    const takers = before.filter((other) => without(rangesOf(rule.ports), rangesOf(other.ports)).length < 1);
    const named = (takers.length > 0 ? takers.slice(0, 1) : before).map(({ name }) => `"${name}"`).join(" and ");
    problems.require(
      left.length > 0,
      `rule "${rule.name}" can never match, for ${named} before it ${takers.length > 0 || before.length === 1 ? "takes" : "take"} all of its packets: put it before, or leave it out`,
    );
  });
}

/** What is in a firewall's table, where zones are interfaces (nft(8)). */
export function firewallTable(rules: readonly FirewallRule[], zones: ReadonlyMap<string, readonly string[]>): string {
  const legs = interfacesOf([...zones.values()].flat());
  const lines = rules.map(({ name, from, to, protocol, ports, action = "accept" }) => {
    const asked = protocol ? [ports ? `${protocol} dport ${anyOf(ports)}` : `meta l4proto ${protocol}`] : [];
    const told = protocol === "tcp" ? "reject with tcp reset" : "reject with icmpx type admin-prohibited";
    return [
      ...[`iifname ${interfacesOf(zones.get(from) ?? [])}`, `oifname ${interfacesOf(zones.get(to) ?? [])}`, ...asked],
      ...["counter name", `rule-${name}`, action === "reject" ? told : action],
    ].join(" ");
  });
  const forward = [
    "type filter hook forward priority filter; policy accept;",
    // Between other interfaces, the machine is not the firewall's.
    `iifname != ${legs} oifname != ${legs} accept`,
    "ct state invalid counter name invalid drop",
    "ct state related counter name replies accept",
    "ct direction reply ct state established counter name replies accept",
    ...lines,
    "counter name unmatched drop",
  ];
  return tableText([...rules.map(({ name }) => `rule-${name}`), "replies", "invalid", "unmatched"], { forward });
}
