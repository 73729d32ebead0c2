import * as pulumi from "@pulumi/pulumi";
import { Firewall, type FirewallArgs, type FirewallRule, NatGateway, type NatGatewayArgs } from "../../components";
import { chain, clients, group, moon, type Row, servers, there, transit, wrong } from "./ground";

/** A machine that another stack made, between transit and the servers. */
const wall = () => there("wall", 30, [transit, servers]);
const firewall = (args: Partial<FirewallArgs>) => () => new Firewall("f", { machine: wall(), rules: [], ...args });
const WEB: FirewallRule = { name: "web", from: "transit", to: "servers", protocol: "tcp", ports: [80] };
const ruled = (...rules: object[]) => firewall({ rules: rules.map((rule) => ({ ...WEB, ...rule })) });
const ported = (ports: unknown, more: object = {}) => ruled({ ports: wrong(ports), ...more });

const FIREWALLS: Row[] = [
  ["a firewall without arguments", () => new Firewall("f", wrong(undefined)), ['Firewall "f": its arguments are']],
  ["a firewall on nothing", firewall({ machine: wrong(undefined) }), ["machine is undefined: it must be a machine"]],
  ["a firewall without rules", firewall({ rules: wrong(undefined) }), ["rules is undefined", "{name, from, to}"]],
  ["a firewall with one rule for a list", firewall({ rules: wrong(WEB) }), ["rules is an object"]],
  [
    "a rule from nowhere said",
    firewall({ rules: [wrong({ name: "web", to: "servers" })] }),
    ['number 1 has no "from"'],
  ],
  ["zones in a list", firewall({ zones: wrong([transit, servers]) }), ["zones is a list of 2", "{ outside:"]],
  ["a zone that is no list", firewall({ zones: wrong({ outside: transit }) }), ["zones is an object", "lists of Net"]],
  ["zones that are known later", firewall({ zones: wrong(pulumi.output({})) }), ["zones is an output"]],
  ["a firewall whose name no chain takes", firewall({ functionName: "The Wall" }), ['its name "The Wall" can\'t']],
  [
    "a firewall whose name is a number",
    firewall({ functionName: wrong(7) }),
    ["functionName is 7: it must be a plain text"],
  ],
  ["no zones", firewall({ zones: {} }), ["its zones have 0 network(s): a firewall stands between at least two"]],
  [
    "a firewall on a machine with one leg",
    firewall({ machine: there("wall", 30, [transit]) }),
    ["its zones have 1 network(s)", "in each of which wall has a leg"],
  ],
  [
    "a zone of a network that the firewall has no leg in",
    firewall({ zones: { outside: [transit], inside: [moon] } }),
    ['wall has no leg in network "test/moon"', '"test/transit", "test/servers"'],
  ],
  [
    "an empty zone",
    firewall({ zones: { outside: [transit], inside: [servers], beyond: [] } }),
    ['zone "beyond" has no network'],
  ],
  [
    "a network in two zones",
    firewall({ zones: { outside: [transit, servers], inside: [servers] } }),
    ['network "test/servers" is in zone "outside" and in zone "inside"'],
  ],
  [
    "a network twice in one zone",
    firewall({ zones: { outside: [transit, transit], inside: [servers] } }),
    ['zone "outside" names "test/transit" twice'],
  ],
  [
    "a zone's name with a blank",
    firewall({ zones: { "the outside": [transit], inside: [servers] } }),
    ['a zone is called "the outside"'],
  ],
  [
    "two firewalls on one machine",
    () => {
      const machine = wall();
      new Firewall("other", { machine, rules: [] });
      return firewall({ machine })();
    },
    ['wall forwards for "other" already: give the firewall a machine of its own'],
  ],
  [
    "a firewall on a cluster's node",
    firewall({ machine: { ...wall(), innerRanges: [{ name: "the pods of k8s", cidr: "10.244.0.0/16" }] } }),
    ["wall carries the pods of k8s", "give it a machine of its own"],
  ],
  ["a rule from an unknown zone", ruled({ from: "moon" }), ['rule "web" is from "moon"', "(transit, servers)"]],
  ["a rule to an unknown zone", ruled({ to: "toString" }), ['rule "web" is to "toString"', "(transit, servers)"]],
  ["a rule to a zone that is none", ruled({ to: 5 }), ['rule "web" is to 5, which is none of its zones']],
  ["a rule from a network to itself", ruled({ to: "transit" }), ['rule "web" is from "transit" to itself']],
  ["a rule's name in capitals", ruled({ name: "Web" }), ['a rule is called "Web"']],
  ["a rule's name that is a number", ruled({ name: 1 }), ["a rule is called 1"]],
  ["two rules of one name", ruled({}, { ports: [443] }), ['rules number 1 and 2 are both called "web"']],
  ["a protocol that is none", ruled({ protocol: "http" }), ['the protocol of rule "web" is "http"', "tcp, udp, icmp"]],
  ["an action that is none", ruled({ action: "allow" }), ['the action of rule "web" is "allow"', "accept, drop"]],
  ["ports with icmp", ruled({ protocol: "icmp" }), ['rule "web" has ports, and icmp knows none']],
  ["ports without a protocol", ruled({ protocol: undefined }), ['rule "web" has ports and no protocol']],
  ["no ports", ported([]), ['the ports of rule "web" are an empty list']],
  ["a port for a list", ported(80), ['the ports of rule "web" are 80: give a list']],
  ["port 0", ported([0]), ['the ports of rule "web" name 0', "from 1 to 65535"]],
  ["a port beyond the last", ported([65536]), ['the ports of rule "web" name 65536']],
  ["half a port", ported([80.5]), ['the ports of rule "web" name 80.5']],
  ["a port's name", ported(["http"]), ['the ports of rule "web" name "http"']],
  ["a port as a text", ported(["80"]), ['the ports of rule "web" name "80"', '"8000-8010"']],
  ["ports from the higher to the lower", ported(["90-80"]), ['the ports of rule "web" name "90-80"']],
  ["a range of ports beyond the last", ported(["80-70000"]), ['the ports of rule "web" name "80-70000"']],
  ["a range without an end", ported(["80-"]), ['the ports of rule "web" name "80-"']],
  ["a port twice in a rule", ported([80, 443, 80]), ['the ports of rule "web" name 80, of which others']],
  ["a port in a range beside it", ported([80, "70-90"]), ['the ports of rule "web" name "70-90", of which others']],
  [
    "a rule behind one that takes all of its packets",
    ruled({ name: "all", protocol: undefined, ports: undefined }, { action: "drop" }),
    ['rule "web" can never match, for "all" before it takes all of its packets'],
  ],
  [
    "a rule behind one for more ports",
    ruled({ name: "low", ports: ["1-1023"] }, { ports: [22, 80] }),
    ['rule "web" can never match, for "low" before it takes'],
  ],
  [
    "a rule behind two that take its ports together",
    ruled({ name: "low", ports: ["1-1023"] }, { name: "high", ports: ["1024-65535"] }, { ports: ["80-8080"] }),
    ['rule "web" can never match, for "low" and "high" before it take all'],
  ],
  [
    "a rule for all protocols behind another one",
    ruled(
      { name: "all", protocol: undefined, ports: undefined },
      { name: "more", protocol: undefined, ports: undefined },
    ),
    ['rule "more" can never match, for "all" before it'],
  ],
  [
    "a rule between zones of several networks behind another one",
    firewall({
      machine: there("wall", 30, [transit, servers, clients]),
      zones: { outside: [transit, clients], inside: [servers] },
      rules: ["one", "two"].map((name) => ({ name, from: "outside", to: "outside" })),
    }),
    ['rule "two" can never match, for "one" before it'],
  ],
];

const nat = (args: Partial<NatGatewayArgs>) => () =>
  new NatGateway("n", { machine: wall(), outside: transit, ...args });
const FORWARD = { port: 8080, address: "10.100.102.11" };
const forwarded = (...forwards: object[]) => nat({ portForwards: forwards.map((one) => ({ ...FORWARD, ...one })) });

const GATEWAYS: Row[] = [
  ["a NAT gateway without arguments", () => new NatGateway("n", wrong(null)), ['NatGateway "n": its arguments are']],
  ["a NAT gateway on nothing", nat({ machine: wrong("wall") }), ['machine is "wall": it must be a machine']],
  ["a NAT gateway with no outside", nat({ outside: wrong(undefined) }), ["outside is undefined: it must be a Network"]],
  [
    "forwards that are no list",
    nat({ portForwards: wrong(FORWARD) }),
    ["portForwards is an object", "{port, address}"],
  ],
  ["a forward to nowhere", nat({ portForwards: [wrong({ port: 80 })] }), ['of which number 1 has no "address"']],
  ["a NAT gateway whose name no chain takes", nat({ functionName: "-" }), ['its name "-" can\'t be used']],
  [
    "a NAT leg that is none",
    nat({ outside: moon }),
    ['wall has no leg in network "test/moon"', '"test/transit", "test/servers"'],
  ],
  [
    "a NAT gateway with one leg",
    nat({ machine: there("wall", 30, [transit]) }),
    ['its only network is "test/transit": it translates what comes from others'],
  ],
  [
    "a NAT gateway beside a firewall on one machine",
    () => {
      const machine = wall();
      new Firewall("first", { machine, rules: [] });
      return nat({ machine })();
    },
    ['wall forwards for "first" already: give the gateway a machine of its own'],
  ],
  [
    "a NAT gateway on a cluster's node",
    nat({ machine: { ...wall(), innerRanges: [{ name: "the pods of k8s", cidr: "10.244.0.0/16" }] } }),
    ["wall carries the pods of k8s, whose packets a gateway there"],
  ],
  ["a forward of port 0", forwarded({ port: 0 }), ["the port of a forward is 0", "from 1 to 65535"]],
  ["a forward of a port in words", forwarded({ port: "http" }), ['the port of a forward is "http"']],
  [
    "a forward to a port beyond the last",
    forwarded({ targetPort: 65536 }),
    ["the targetPort of the forward of port 8080"],
  ],
  ["a forward to half a port", forwarded({ targetPort: 1.5 }), ["the targetPort of the forward of port 8080 is 1.5"]],
  [
    "a source that is translated perhaps",
    forwarded({ translateSource: "no" }),
    ['translateSource of the forward of port 8080 is "no"'],
  ],
  ["a forward of icmp", forwarded({ protocol: "icmp" }), ['the protocol of the forward of port 8080 is "icmp"']],
  [
    "a port forwarded twice",
    forwarded({}, { address: "10.100.102.12" }),
    ["tcp port 8080 leads to 10.100.102.11 and to 10."],
  ],
  ["a port forwarded to no address", forwarded({ address: "apache-1" }), ['"apache-1" is not an IPv4 address']],
  [
    "a port forwarded to the gateway itself",
    forwarded({ address: "10.100.102.30" }),
    ["the forward of port 8080 leads to 10.100.102.30, which is wall's own address"],
  ],
  [
    "a port forwarded to the outside",
    forwarded({ address: "10.100.101.7" }),
    ['leads to 10.100.101.7, which is outside ("test/transit")'],
  ],
  [
    "a forward of the operator's own port",
    () => {
      const machine = wall();
      return nat({
        machine: { ...machine, ssh: { ...machine.ssh, host: "10.100.101.30" } },
        portForwards: [{ ...FORWARD, port: 22 }],
      })();
    },
    ["the forward of port 22 would take the port that SSH reaches wall at (10.100.101.30)"],
  ],
  [
    "a chain that leads out of a NAT gateway by another leg",
    () =>
      chain({ from: transit, functions: [nat({})()], to: { ...group(), machines: [there("web-1", 11, [servers])] } })(),
    ['n puts its own address into what leaves by "test/transit"', 'leave it by "test/servers"'],
  ],
];

/** Mistakes in functions that filter and translate. */
export const FILTERS: Row[] = [...FIREWALLS, ...GATEWAYS];
