import * as path from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type AddressedLeg, annotationsOf, POD_INTERFACES, type PodInterface, planAddressed } from "../attachment/pod";
import { claim } from "../function/claims";
import type { FunctionInstance, NetworkFunction } from "../function/function";
import { providerFrom } from "../function/provider";
import { checkResources, type FunctionResources, podResources } from "../function/resources";
import { Image, requireRegistry } from "../image/image";
import type { KubernetesLike } from "../kubernetes/kubernetes";
import { checkReserved, type ReservedShare, requireReserved, withReserved } from "../kubernetes/reserved";
import { requireRuntimeClass, runtimeOf } from "../kubernetes/runtime";
import { FORWARDS, recommendedLabels } from "../labels";
import { requireOutside } from "../machine/inner";
import { type Leg, legIn } from "../machine/leg";
import { Address } from "../network/address";
import { Cidr } from "../network/cidr";
import type { NetworkIdentity } from "../network/network";
import { listOf, NETWORKS, objectWith, optional, requireArguments, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { Problems } from "../problem/problem";
import { MachineScript } from "../script/script";
import { checkProtocols, daemonsOf, protocolLines, type RoutingProtocols, requireProtocols } from "./configuration";
import { privilegesOf } from "./privileges";

/** Where its container finds its routes. */
const CONFIG_FOLDER = "/etc/hybrid-vnf";
const ROUTES_FILE = "routes";
const PROTOCOLS_FOLDER = "/etc/hybrid-vnf-protocols";
const PROTOCOLS_FILE = "frr.conf";
/** What its probes ask (images/quagga/healthy.sh). */
const HEALTHY = { exec: { command: ["/healthy.sh"] }, timeoutSeconds: 5 };

/** A route to a network beyond a neighbour of the router. */
export interface StaticRoute {
  /** In CIDR notation. @example "10.200.0.0/16" */
  destination: string;
  /** The neighbour's IPv4 address, in a network that the router's node has a leg in. */
  nextHop: string;
}

/** Where a router runs, and what it forwards between. */
export interface QuaggaRouterArgs extends FunctionResources, ReservedShare, RoutingProtocols {
  /** The cluster that it runs on. */
  cluster: KubernetesLike;
  /** Name of the node that it runs on. @default the first one */
  node?: string;
  /** Networks that it forwards between; its node has a leg in each. @default all networks of the cluster */
  networks?: readonly NetworkIdentity[];
  /**
   * Interfaces of its own that it forwards between, in place of its node's legs: its pod is not in the node's network then, and the chain leads
   * through the pod's addresses. @default none: it forwards between its node's legs
   */
  attachments?: readonly PodInterface[];
  /** Networks beyond its neighbours. @default none */
  routes?: readonly StaticRoute[];
  /** 1 forwards, 0 closes the path. @default 1 */
  replicas?: pulumi.Input<0 | 1>;
  /** Whether its container is privileged, and may do all on its node; else it has no more capabilities than FRR forwards with, and a root file system that it can't write. @default false */
  privileged?: boolean;
  /**
   * Name of a RuntimeClass of the cluster. One that gives each pod a machine, such as that of Kata Containers, has not its node's network: give
   * the router `attachments` then. @default the cluster's own runtime
   */
  runtimeClass?: string;
  /** Seconds between taking its pod down and killing it. @default 10 */
  graceSeconds?: pulumi.Input<number>;
  /** Registry that its image goes through. @default none: the image is handed to its node over SSH */
  registry?: pulumi.Input<string>;
  /** What it is called in the cluster and in chains. @default the component's name */
  functionName?: string;
}

/**
 * A router on Kubernetes: FRR, which carries Quagga's configuration on, in a pod on its node's own network. While it runs it opens
 * the path between its node's legs, and closes it when it stops. With `attachments` it has a network and legs of its own.
 * @throws InvalidInput with everything that is wrong with its input
 * @example
 * const routes = [{ destination: "10.200.0.0/16", nextHop: "10.110.102.254" }];
 * const router = new vnf.QuaggaRouter("quagga", { cluster: k8s, networks: [site.transit, servers], routes });
 * @example
 * const router = new vnf.QuaggaRouter("quagga", { cluster: k8s, ospf: { helloSeconds: 1, passive: [servers], bfd: true } });
 */
export class QuaggaRouter extends pulumi.ComponentResource implements NetworkFunction {
  public readonly name: string;
  public readonly handling = "route";
  public readonly instances: readonly FunctionInstance[];
  public readonly ready: pulumi.Output<unknown>;
  /** The routes that it installs, as its container reads them: `CIDR dev INTERFACE` or `CIDR NEXTHOP`, commas between. */
  public readonly routes: pulumi.Output<string>;

  constructor(name: string, args: QuaggaRouterArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("QuaggaRouter", name), args, "QuaggaRouterArgs", {
      cluster: objectWith("a KubernetesCluster, or what a contract tells of one", "nodes", "networks", "kubeconfig"),
      networks: optional(NETWORKS),
      attachments: optional(POD_INTERFACES),
      routes: optional(listOf("a list of {destination, nextHop}", "destination", "nextHop")),
    });
    requireProtocols(subjectOf("QuaggaRouter", name), args);
    const {
      cluster,
      attachments,
      networks = attachments?.map(({ attachment }) => attachment.network) ?? cluster.networks,
      routes = [],
      replicas = 1,
      privileged = false,
      functionName = name,
    } = args;
    super(
      "hybrid-vnf:quagga:QuaggaRouter",
      name,
      { networks: networks.map((network) => network.id), routes: [...routes], replicas, functionName },
      opts,
    );
    const problems = new Problems(`QuaggaRouter "${name}"`);
    const node = args.node === undefined ? cluster.nodes[0] : cluster.nodes.find((one) => one.name === args.node);
    const checkedReplicas = problems.checked<number>(replicas, (found, known) =>
      found.require(
        known === 0 || known === 1,
        `replicas is ${describe(known)}: a router has addresses of its own, so it runs once (1) or not at all (0)`,
      ),
    );
    const nodeNames = cluster.nodes.map((one) => `"${one.name}"`).join(", ");
    problems.require(
      node !== undefined,
      args.node === undefined || cluster.nodes.length === 0
        ? "its cluster has no node"
        : `its cluster ${cluster.name} has no node ${describe(args.node)} (it has: ${nodeNames}): name one of those`,
    );
    problems.require(
      typeof privileged === "boolean",
      `privileged is ${describe(privileged)}: it must be true or false`,
    );
    requireRuntimeClass(problems, args.runtimeClass);
    problems.require(networks.length > 0, "networks is empty: name the networks that it forwards between");
    const attached = attachments ? checkAttachments(problems, args, attachments, functionName) : [];
    const legs: readonly Leg[] = attachments
      ? attached
      : node
        ? networks.flatMap((network) => problems.gather(() => legIn(node, network)) ?? [])
        : [];
    /** Whose neighbours its routes lead to. */
    const place = node && (attachments ? { name: "the router", legs } : node);
    const nextHops = new Map<string, string>();
    for (const route of routes) {
      const isDefault = !problems.require(
        route.destination !== "0.0.0.0/0",
        `the route to ${route.destination} would take the node's own default route: name a smaller network`,
      );
      const destination = isDefault ? undefined : problems.gather(() => Cidr.parseDestination(route.destination));
      const beside = place?.legs.find((leg) => destination?.overlaps(Cidr.parse(leg.cidr)));
      problems.require(
        beside === undefined,
        `the route to ${route.destination} overlaps ${beside?.cidr}, which ${place?.name} has a leg in: no route is needed there`,
      );
      if (node && destination) requireOutside(problems, `the route to ${route.destination}`, destination, node, true);
      const other = nextHops.get(route.destination);
      problems.require(
        other === undefined,
        `routes names ${route.destination} twice (by ${other} and by ${route.nextHop}): name each destination once`,
      );
      nextHops.set(route.destination, route.nextHop);
      const nextHop = problems.gather(() => Address.parse(route.nextHop));
      problems.require(
        !nextHop || !place || place.legs.some((leg) => Cidr.parse(leg.cidr).admits(nextHop)),
        `the next hop ${route.nextHop} of ${route.destination} is in none of the ${attachments ? "router" : "node"}'s networks (${place?.legs.map((leg) => leg.cidr).join(", ")}): name a neighbour`,
      );
      problems.require(
        !place?.legs.some((leg) => leg.address === route.nextHop),
        `the next hop ${route.nextHop} of ${route.destination} is the address of ${place?.name} itself: name a neighbour's`,
      );
    }
    const protocols = checkProtocols(problems, args, {
      networks,
      addresses: legs.map((leg) => leg.address),
      destinations: routes.map((route) => route.destination),
    });
    const daemons = daemonsOf(protocols);
    const speaker = node && !attachments && daemons.length > 0 ? claim(node, "routing protocols", name) : undefined;
    problems.require(
      speaker === undefined,
      `its node ${node?.name} has a router that speaks with neighbours already, ${speaker}: give that one all protocols, or run this one on another node`,
    );
    problems.require(
      cluster.cni !== "kube-router" || attachments !== undefined || !daemons.includes("bgpd"),
      `kube-router speaks BGP on its node ${node?.name} already, on the port that it would listen on: give it attachments, which are a network of its own, or run it on a cluster with another cni`,
    );
    const graceSeconds = problems.requireSeconds("graceSeconds", args.graceSeconds, 0);
    problems.require(
      !problems.requireName("functionName", functionName) || /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(functionName),
      `its name "${functionName}" can't be used: take a lower-case letter, then at most 62 lower-case letters, digits and dashes (functionName)`,
    );
    const registry = requireRegistry(problems, args.registry);
    const resources = withReserved(podResources(checkResources(problems, args)), args);
    const { cpuRequest, cpuLimit, memoryRequestMiB } = args;
    checkReserved(problems, args, cluster, { cpuRequest, cpuLimit, memoryRequestMiB });
    const twin = claim(cluster, functionName, name);
    problems.require(
      twin === undefined,
      `its cluster ${cluster.name} runs "${functionName}" already, by ${twin}: give one of the two another functionName`,
    );
    problems.throwIfAny();
    if (!node) throw new RangeError(`${name}: a router needs a node`);

    this.name = functionName;
    // Routes of its neighbours lead to it, and its own are FRR's: none are its node's.
    this.instances = [attachments ? { pod: { node, deployment: functionName }, legs } : { machine: node, legs }];
    this.routes = pulumi
      .all(legs.slice(1).map((leg) => pulumi.interpolate`${leg.cidr} dev ${leg.interface}`))
      .apply((connected) =>
        [...connected, ...routes.map((route) => `${route.destination} ${route.nextHop}`)].join(","),
      );
    const interfaces = pulumi.all(legs.map((leg) => leg.interface)).apply((all) => [...new Set(all)].join(","));

    const lines =
      daemons.length === 0
        ? undefined
        : pulumi.all([protocols, legs] as const).apply(([checked, known]) => protocolLines(checked, known));

    const image = new Image(
      `${name}-image`,
      { folder: "quagga", runtime: "containerd", nodes: [node], registry },
      { parent: this },
    );
    const selected = { app: functionName };
    const labels = { ...selected, ...recommendedLabels("frr", functionName, "router") };
    // Not in the pod's own specification, so that other routes are no other pod.
    const config = `${functionName}-routes`;
    const provider = providerFrom(opts, kubernetes.Provider) ?? cluster.provider;
    const file = new kubernetes.core.v1.ConfigMap(
      `${name}-config`,
      { metadata: { name: config, namespace: "default", labels }, data: { [ROUTES_FILE]: this.routes } },
      { parent: this, provider, deleteBeforeReplace: true },
    );
    // A Secret, for passwords are among the lines.
    const secret =
      lines === undefined
        ? undefined
        : new kubernetes.core.v1.Secret(
            `${name}-protocols`,
            {
              metadata: { name: `${functionName}-protocols`, namespace: "default", labels },
              stringData: { [PROTOCOLS_FILE]: lines },
            },
            { parent: this, provider, deleteBeforeReplace: true },
          );
    const may = privilegesOf(privileged);
    const { dedicatedCores, singleNumaNode } = args;
    const reserved = requireReserved(
      name,
      { cluster, nodes: [node.name], functionName, dedicatedCores, singleNumaNode },
      this,
    );
    const deployment = new kubernetes.apps.v1.Deployment(
      `${name}-deployment`,
      {
        metadata: { name: functionName, namespace: "default", labels },
        spec: {
          replicas: checkedReplicas,
          strategy: { type: "Recreate" },
          selector: { matchLabels: selected },
          template: {
            metadata: {
              labels: { ...labels, [FORWARDS]: "true" },
              ...(attachments ? { annotations: annotationsOf(attachments, attached) } : {}),
            },
            spec: {
              ...(attachments ? {} : { hostNetwork: true }),
              ...runtimeOf(args.runtimeClass),
              nodeSelector: { "kubernetes.io/hostname": node.name },
              // The node is chosen by its legs; beside workers, the first one is kept free of ordinary pods.
              tolerations: [{ key: "node-role.kubernetes.io/control-plane", operator: "Exists", effect: "NoSchedule" }],
              // It asks nothing of the cluster.
              automountServiceAccountToken: false,
              enableServiceLinks: false,
              terminationGracePeriodSeconds: graceSeconds ?? 10,
              volumes: [
                { name: "config", configMap: { name: config } },
                ...(secret ? [{ name: "protocols", secret: { secretName: `${functionName}-protocols` } }] : []),
                ...may.volumes,
              ],
              containers: [
                {
                  name: "quagga",
                  image: image.reference,
                  imagePullPolicy: registry !== undefined ? "IfNotPresent" : "Never",
                  securityContext: may.securityContext,
                  resources,
                  env: [
                    { name: "INTERFACES", value: interfaces },
                    { name: "ROUTES_FILE", value: `${CONFIG_FOLDER}/${ROUTES_FILE}` },
                    ...(secret
                      ? [
                          { name: "DAEMONS", value: daemons.join(",") },
                          { name: "PROTOCOLS_FILE", value: `${PROTOCOLS_FOLDER}/${PROTOCOLS_FILE}` },
                        ]
                      : []),
                  ],
                  volumeMounts: [
                    { name: "config", mountPath: CONFIG_FOLDER, readOnly: true },
                    ...(secret ? [{ name: "protocols", mountPath: PROTOCOLS_FOLDER, readOnly: true }] : []),
                    ...may.mounts,
                  ],
                  startupProbe: { ...HEALTHY, periodSeconds: 1, failureThreshold: 60 },
                  // No Service asks it: it tells whoever looks that the way is closed, before the next one is started.
                  readinessProbe: { ...HEALTHY, periodSeconds: 10, failureThreshold: 2 },
                  livenessProbe: { ...HEALTHY, periodSeconds: 10, failureThreshold: 3 },
                },
              ],
            },
          },
        },
      },
      {
        parent: this,
        provider,
        dependsOn: [file, ...(secret ? [secret] : []), ...reserved],
        deleteBeforeReplace: true,
      },
    );
    const given = new MachineScript(
      `${name}-routes`,
      {
        machine: node,
        file: path.join(__dirname, "routes.sh"),
        input: { ROUTER: functionName, ROUTES: this.routes, ...(lines ? { PROTOCOLS: lines } : {}) },
        replaceOnChanges: [deployment.id],
        undo: false,
      },
      { parent: this },
    );
    this.ready = given.id;
    this.registerOutputs({ routes: this.routes });
  }
}

/** Its interfaces, each with an address that neighbours can be told. */
function checkAttachments(
  problems: Problems,
  { cluster, networks }: QuaggaRouterArgs,
  attachments: readonly PodInterface[],
  owner: string,
): readonly AddressedLeg[] {
  problems.require(
    networks === undefined,
    "it has networks and attachments: it forwards between the one or the other, so leave one out",
  );
  problems.require(
    attachments.length > 1,
    `attachments names ${attachments.length}: a router forwards between at least two`,
  );
  return planAddressed(problems, { what: "the router", owner, cluster }, attachments);
}
