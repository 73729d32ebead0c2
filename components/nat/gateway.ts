import * as pulumi from "@pulumi/pulumi";
import type { FunctionInstance, NetworkFunction } from "../function/function";
import { legIn } from "../machine/leg";
import type { MachineLike } from "../machine/machine";
import { Address } from "../network/address";
import { Cidr } from "../network/cidr";
import type { NetworkIdentity } from "../network/network";
import { checkCarrier, interfacesOf, putTable, tableOf, tableText } from "../nftables/table";
import { A_MACHINE, A_NETWORK, listOf, optional, requireArguments, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { Problems } from "../problem/problem";

/** The protocols whose ports a gateway forwards. */
export const FORWARD_PROTOCOLS = ["tcp", "udp"] as const;

/** A port of a gateway's own address outside, and what answers there from within. */
export interface PortForward {
  /** The port that is asked for outside. */
  port: number;
  /** The IPv4 address within that it leads to. */
  address: string;
  /** The port there. @default the same */
  targetPort?: number;
  /**
   * Whether the server within sees the gateway's own address in place of that of whoever asks, so that its answers come back without a route of theirs.
   * @default false: it sees who asks, and needs a route back
   */
  translateSource?: boolean;
  /** Whose port it is. @default "tcp" */
  protocol?: (typeof FORWARD_PROTOCOLS)[number];
}

/** Where a gateway stands, and what it translates. */
export interface NatGatewayArgs {
  /** The machine that it runs on, for it alone; on a cloud, of the role "router". */
  machine: MachineLike;
  /** The network in which all that comes from the machine's other ones goes out with the gateway's own address. */
  outside: NetworkIdentity;
  /** Ports of that address that lead within. @default none */
  portForwards?: readonly PortForward[];
  /** What it is called in chains. @default the component's name */
  functionName?: string;
}

/**
 * Network address translation (NAT, RFC 3022) on a machine of its own: what leaves by one of its legs has the gateway's address there, and ports
 * of that address lead to addresses within.
 * @throws InvalidInput with everything that is wrong with its input
 * @example
 * const machine = new vnf.Machine("edge", { networks: [site.transit, clients], role: "router", host: 30 });
 * const portForwards = [{ port: 8080, address: "10.110.100.11", targetPort: 80, translateSource: true }];
 * const nat = new vnf.NatGateway("nat", { machine, outside: site.transit, portForwards });
 * new vnf.ServiceChain("web", { from: clients, functions: [nat, router], to: apache });
 */
export class NatGateway extends pulumi.ComponentResource implements NetworkFunction {
  public readonly name: string;
  public readonly handling = "translate";
  public readonly outside: string;
  public readonly instances: readonly FunctionInstance[];
  public readonly ready: pulumi.Output<unknown>;
  /** Its table on the machine, with a counter of connections for `source` and for each `forward-PROTOCOL-PORT`: `nft list counters table TABLE`. */
  public readonly table: string;

  constructor(name: string, args: NatGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("NatGateway", name), args, "NatGatewayArgs", {
      machine: A_MACHINE,
      outside: A_NETWORK,
      portForwards: optional(listOf("a list of {port, address}", "port", "address")),
    });
    const { machine, outside, portForwards = [], functionName = name } = args;
    super(
      "hybrid-vnf:nat:NatGateway",
      name,
      {
        machine: machine.id,
        outside: outside.id,
        portForwards: portForwards.map((one) => ({ ...one })),
        functionName,
      },
      opts,
    );
    const problems = new Problems(`NatGateway "${name}"`);
    checkCarrier("gateway", name, { machine, functionName }, problems);
    const leg = problems.gather(() => legIn(machine, outside));
    const within = machine.legs.filter(({ network }) => network !== outside.id);
    problems.require(
      !leg || within.length > 0,
      `its only network is "${outside.id}": it translates what comes from others, so give ${machine.name} a leg in another one`,
    );
    checkForwards(portForwards, machine, outside, problems);
    problems.throwIfAny();
    if (!leg) throw new RangeError(`${name}: a gateway needs a leg outside`);

    this.name = functionName;
    this.outside = outside.id;
    this.table = tableOf(functionName);
    this.instances = [{ machine, legs: machine.legs }];
    this.ready = putTable(
      `${name}-table`,
      { machine, functionName, legs: machine.legs },
      (interfaceIn) =>
        natTable(
          { interface: interfaceIn(leg.network), address: leg.address },
          within.map(({ network }) => interfaceIn(network)),
          portForwards,
        ),
      { parent: this },
    ).id;
    this.registerOutputs({ table: this.table });
  }
}

function checkForwards(
  forwards: readonly PortForward[],
  machine: MachineLike,
  outside: NetworkIdentity,
  problems: Problems,
): void {
  const { ssh } = machine;
  const own = machine.legs.find(({ network }) => network === outside.id)?.address;
  forwards.forEach(({ port, address, targetPort, translateSource, protocol = "tcp" }, at) => {
    const called = `the forward of port ${describe(port)}`;
    const isPort = problems.requireWhole("the port of a forward", port, 1, 65535);
    if (targetPort !== undefined) problems.requireWhole(`the targetPort of ${called}`, targetPort, 1, 65535);
    problems.require(
      FORWARD_PROTOCOLS.includes(protocol),
      `the protocol of ${called} is ${describe(protocol)}: it must be one of ${FORWARD_PROTOCOLS.join(", ")}`,
    );
    problems.require(
      translateSource === undefined || typeof translateSource === "boolean",
      `translateSource of ${called} is ${describe(translateSource)}: it must be true or false`,
    );
    const twin = forwards.findIndex((one) => one.port === port && (one.protocol ?? "tcp") === protocol);
    problems.require(
      !isPort || twin === at,
      `${protocol} port ${port} leads to ${forwards[twin]?.address} and to ${address}: forward each port once`,
    );
    problems.require(
      protocol !== "tcp" || port !== ssh.port || own === undefined || ssh.host !== own,
      `${called} would take the port that SSH reaches ${machine.name} at (${own}): forward another one`,
    );
    const target = problems.gather(() => Address.parse(address));
    problems.require(
      !machine.legs.some((leg) => leg.address === address),
      `${called} leads to ${address}, which is ${machine.name}'s own address: name one within`,
    );
    const range = problems.gather(() => Cidr.parse(outside.cidr));
    problems.require(
      !target || !range?.contains(target) || address === own,
      `${called} leads to ${address}, which is outside ("${outside.id}"): name one within`,
    );
  });
}

/** What is in a gateway's table (nft(8)). */
export function natTable(
  outside: { readonly interface: string; readonly address: string },
  within: readonly string[],
  forwards: readonly PortForward[],
): string {
  const { interface: leg, address: own } = outside;
  const counterOf = ({ protocol = "tcp", port }: PortForward): string => `forward-${protocol}-${port}`;
  return tableText(["source", ...forwards.map(counterOf)], {
    source: [
      "type nat hook postrouting priority srcnat; policy accept;",
      `iifname ${interfacesOf(within)} oifname "${leg}" counter name source snat ip to ${own}`,
      ...forwards
        .filter(({ translateSource }) => translateSource)
        .map(({ protocol = "tcp", port, address, targetPort = port }) => {
          const asked = `ip daddr ${address} ${protocol} dport ${targetPort}`;
          return `iifname "${leg}" ct status dnat ${asked} masquerade`;
        }),
    ],
    forwards: [
      "type nat hook prerouting priority dstnat; policy accept;",
      ...forwards.map((one) => {
        const { protocol = "tcp", port, address, targetPort = port } = one;
        const asked = `iifname "${leg}" ip daddr ${own} ${protocol} dport ${port}`;
        return `${asked} counter name ${counterOf(one)} dnat ip to ${address}:${targetPort}`;
      }),
    ],
  });
}
