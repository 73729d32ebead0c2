import * as pulumi from "@pulumi/pulumi";
import { claim } from "../function/claims";
import type { KubernetesLike } from "../kubernetes/kubernetes";
import { Address } from "../network/address";
import { Cidr } from "../network/cidr";
import { listOf, requireArguments, requireProperties, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { Problems } from "../problem/problem";
import type { NetworkAttachment } from "./attachment";

/** An interface that a pod is to have beside the one in the cluster's own network. */
export interface PodInterface {
  /** What it is attached to. */
  attachment: NetworkAttachment;
  /** Number of its address in the attachment's network; of a `host-local` one, among those that it gives away. @default of `host-local` and `whereabouts` the next free one; `static` needs it */
  host?: number;
  /** What the pod calls the interface. @default "net1", "net2" … in the order of the list */
  interface?: string;
}

/** An interface that a pod has. */
export interface AttachedLeg {
  /** The network's identity, such as "dev/transit". */
  readonly network: string;
  /** The network's IPv4 range in CIDR notation. */
  readonly cidr: string;
  /** Its IPv4 address there. @default unknown: the attachment gives it away */
  readonly address?: string;
  /** What the pod calls it. */
  readonly interface: string;
}

/** What makes a pod have its interfaces. */
export interface AttachedPod {
  /** For the pod's metadata: what Multus reads; known once the attachments are there. */
  readonly annotations: pulumi.Output<Record<string, string>>;
  /** The interfaces, in the order of the list. */
  readonly legs: readonly AttachedLeg[];
}

/** What a list of interfaces must be. */
export const POD_INTERFACES = listOf("a list of {attachment, host}", "attachment");

/**
 * Checks interfaces of a pod, and takes their addresses; what is wrong goes to `problems`.
 * @param owner who has the addresses from here on, as messages call it
 */
export function planInterfaces(
  problems: Problems,
  owner: string,
  interfaces: readonly PodInterface[],
): readonly AttachedLeg[] {
  const names = interfaces.map((one, at) => one.interface ?? `net${at + 1}`);
  const clusters = new Set(interfaces.map(({ attachment }) => attachment.cluster));
  problems.require(
    clusters.size <= 1,
    `its attachments are of ${clusters.size} clusters (${[...clusters].map(({ name }) => name).join(", ")}): a pod runs on one`,
  );
  return interfaces.flatMap(({ attachment, host }, at) => {
    const { network, ipam } = attachment;
    const name = names[at] as string;
    problems.require(
      typeof name === "string" && /^[A-Za-z0-9_.-]{1,15}$/.test(name) && name !== "lo" && name !== "eth0",
      `an interface is called ${describe(name)}: take at most 15 letters, digits, ".", "_" and "-", and neither "lo" nor "eth0", which every pod has`,
    );
    problems.require(
      names.indexOf(name) === at,
      `two of its interfaces are called ${describe(name)}: give each a name of its own`,
    );
    problems.require(
      interfaces.findIndex((one) => one.attachment === attachment) === at,
      `its interfaces name the attachment "${attachment.name}" twice: a pod has one interface in each`,
    );
    problems.require(
      host !== undefined || ipam !== "static",
      `its interface in "${attachment.name}" has no host, and ipam "static" gives none away: say the number of its address in ${network.cidr}`,
    );
    problems.require(
      host === undefined || ipam !== "whereabouts",
      `its interface in "${attachment.name}" has host ${describe(host)}, and ipam "whereabouts" gives addresses away itself: leave host out, or give the attachment ipam "static"`,
    );
    const address =
      host === undefined ? undefined : problems.gather(() => Cidr.parse(network.cidr).host(host).toString());
    if (address !== undefined && ipam !== "whereabouts") takeAddress(problems, owner, attachment, address);
    return [
      { network: network.id, cidr: network.cidr, interface: name, ...(address === undefined ? {} : { address }) },
    ];
  });
}

/** An interface whose address neighbours can be told. */
export type AddressedLeg = AttachedLeg & Required<Pick<AttachedLeg, "address">>;

/**
 * The same for a function, to whose addresses its neighbours send.
 * @param what what messages call the function
 */
export function planAddressed(
  problems: Problems,
  { what, owner, cluster }: { readonly what: string; readonly owner: string; readonly cluster: KubernetesLike },
  interfaces: readonly PodInterface[],
): readonly AddressedLeg[] {
  const other = interfaces.find(({ attachment }) => attachment.cluster !== cluster);
  problems.require(
    other === undefined,
    `the attachment "${other?.attachment.name}" is one of the cluster ${other?.attachment.cluster.name}, and ${what} runs on ${cluster.name}: name one of that`,
  );
  return planInterfaces(problems, owner, interfaces).map((leg, at) => {
    const { address } = leg;
    const { name, ipam } = (interfaces[at] as PodInterface).attachment;
    problems.require(
      address !== undefined || ipam === "static",
      `its interface in "${name}" has no host, and its neighbours send to its address: ${ipam === "whereabouts" ? 'give the attachment ipam "static", and say the number' : "say the number"}`,
    );
    return { ...leg, address: address ?? "" };
  });
}

function takeAddress(
  problems: Problems,
  owner: string,
  { cluster, network }: NetworkAttachment,
  address: string,
): void {
  if (network.site) {
    const { plan } = network.site;
    problems.gather(() => plan.addAddress(network, address, owner));
    return;
  }
  const node = cluster.nodes.find((one) =>
    one.legs.some((leg) => leg.network === network.id && leg.address === address),
  );
  const holder = node?.name ?? claim(cluster, `${network.id} ${Address.parse(address)}`, owner);
  problems.require(
    holder === undefined,
    `${owner} would have the address ${address} in network "${network.name}", which ${holder} has: give one of the two another host number`,
  );
}

/** The annotation that Multus reads (Network Plumbing Working Group: multi-net-spec, 4.1). */
export function annotationsOf(
  interfaces: readonly PodInterface[],
  legs: readonly AttachedLeg[],
): pulumi.Output<Record<string, string>> {
  return pulumi.all(interfaces.map(({ attachment }) => attachment.ready)).apply(
    (): Record<string, string> => ({
      "k8s.v1.cni.cncf.io/networks": JSON.stringify(
        legs.map(({ cidr, address, interface: name }, at) => ({
          name: interfaces[at]?.attachment.name,
          namespace: "default",
          interface: name,
          ...(address === undefined ? {} : { ips: [`${address}/${Cidr.parse(cidr).prefix}`] }),
        })),
      ),
    }),
  );
}

/**
 * Gives a pod interfaces beside the one in the cluster's own network, which stays its way out: what it does there is kept from these.
 * @param name the pod's, or that of what makes it, as messages call it
 * @throws InvalidInput with everything that is wrong with the interfaces
 * @example
 * const cluster = new vnf.KubernetesCluster("nodes", { networks: [site.transit, servers], attachments: true });
 * const attachment = new vnf.NetworkAttachment("on-transit", { cluster, network: site.transit });
 * const { annotations } = vnf.attachPod("monitor", [{ attachment, host: 41 }]);
 * const metadata = { labels: { app: "monitor" }, annotations };
 */
export function attachPod(name: string, interfaces: readonly PodInterface[]): AttachedPod {
  const subject = subjectOf("Pod", name);
  requireProperties(subject, { interfaces }, { interfaces: POD_INTERFACES });
  for (const [at, one] of interfaces.entries())
    requireArguments(`${subject}: interfaces[${at}]`, one, "PodInterface", {});
  const problems = new Problems(subject);
  problems.require(interfaces.length > 0, "interfaces is empty: name an attachment");
  const legs = planInterfaces(problems, name, interfaces);
  problems.throwIfAny();
  return { annotations: annotationsOf(interfaces, legs), legs };
}
