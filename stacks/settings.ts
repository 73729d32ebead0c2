import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import {
  CNIS,
  choice,
  count,
  PUBLISH_MODES,
  platforms,
  ROUTER_PRIVILEGES,
  readSettings,
  type SettingWithDefault,
  structure,
  text,
} from "../components";
import { requiredCni } from "../components/kubernetes/cni";
import { schemaOf } from "../components/setting/form";

const seconds = (what: string) => count(`Seconds that ${what}.`, 1, 9999, 120);
const range = (what: string, cidr: string) => text(`IPv4 range of ${what}, in CIDR notation.`, cidr);
const zeroOrOne = (meaning: string): SettingWithDefault<0 | 1> => {
  const setting = choice(meaning, ["0", "1"], "1");
  return { ...setting, schema: { enum: [0, 1, "0", "1"] }, read: (given) => (setting.read(given) === "0" ? 0 : 1) };
};
const route = z.strictObject({ destination: z.string(), nextHop: z.string() }).meta({ title: "StaticRoute" });
const routes = z.array(route, { error: 'it must be a list of {"destination": CIDR, "nextHop": ADDRESS}' });

/** Every setting of every layer: read by the layers' own stacks, by the root program and by the command. */
export const SETTINGS = {
  site: {
    siteName: text("The site's name, part of the name of everything in it.", "dev"),
    platform: choice(
      "Kind of the platform that machines and networks come from.",
      platforms.kinds,
      platforms.kinds[0] ?? "",
    ),
    transitCidr: range("the network between the clusters", "10.100.101.0/24"),
    ...platforms.settings,
  },
  kubernetes: {
    serversCidr: range("the web servers' network", "10.100.102.0/24"),
    serverCount: count("How many web servers.", 1, 1000, 2),
    page: text("HTML of the web servers' index page; {name} stands for the server's name."),
    workerCount: count("How many Kubernetes nodes join the one with the control plane.", 0, 1000, 0),
    cni: {
      ...choice(
        "How pods get their network: bridge for one node; flannel or kube-router for several; calico or cilium by cniManifest.",
        CNIS,
      ),
      read: requiredCni,
    },
    cniManifest: text("Absolute path of the manifest of one release of calico or cilium."),
    gatewayAddress: text(
      "IPv4 address on transit of the gateway to the servers' network, where that is on another platform.",
    ),
    gatewayReturnAddress: text(
      "The same gateway's IPv4 address in the servers' network, where they need a route back.",
    ),
    readyTimeoutSeconds: seconds("a node may take to become ready, and its API to answer"),
  },
  swarm: {
    clientsCidr: range("the clients' network", "10.100.100.0/24"),
    managerCount: count("How many Swarm managers; an odd number, since they vote.", 1, 99, 1),
    workerCount: count("How many Swarm worker nodes.", 0, 1000, 0),
  },
  service: {
    publishMode: choice(
      "How the balancer's port is published: on its task's node, or by Swarm's routing mesh.",
      PUBLISH_MODES,
      "host",
    ),
    port: count("TCP port that the balancer answers on.", 1, 65535, 80),
    routerReplicas: zeroOrOne("1 runs the router, 0 takes it down."),
    routerPrivileges: choice(
      "What the router may do on its node: no more than it forwards with, or all (a privileged container).",
      ROUTER_PRIVILEGES,
      "least",
    ),
    routes: structure("Networks beyond the router's neighbours.", routes, schemaOf(routes)),
    registry: text(
      "Registry that the functions' images go through, such as registry.example.org/team. Without one they are handed to the nodes over SSH.",
    ),
    readyTimeoutSeconds: seconds("the balancer's tasks may take to be healthy"),
  },
} as const;
export type Layer = keyof typeof SETTINGS;

const READER = {
  stack: text("Name of the stack whose contracts are read, where it is another one than this stack's."),
};

/** The settings of each layer's own stack: those of the layer, and where its contracts are read. */
export const STACKS = {
  site: SETTINGS.site,
  kubernetes: { ...READER, ...SETTINGS.kubernetes },
  swarm: { ...READER, ...SETTINGS.swarm },
  service: { ...READER, ...SETTINGS.service },
} as const;

/** The running project's settings, as texts. */
function texts(): Record<string, string> {
  const prefix = `${pulumi.getProject()}:`;
  const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
}

/** The settings of a layer's own stack. @throws InvalidInput with everything that is wrong with them */
export function settings<L extends Layer>(layer: L) {
  return readSettings(STACKS[layer], texts(), pulumi.getProject());
}

const anyObject = z.record(z.string(), z.unknown(), { error: "it must be an object" });
const ROOT = Object.fromEntries(
  Object.keys(SETTINGS).map((layer) => [layer, structure(`Settings of the ${layer} layer.`, anyObject)]),
);

/** The settings of a layer in the root program, which has an object for each. @throws InvalidInput with everything that is wrong with them */
export function layerSettings<L extends Layer>(layer: L) {
  const project = pulumi.getProject();
  const given = Object.entries(readSettings(ROOT, texts(), project)[layer] ?? {});
  const own = given.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]);
  return readSettings(SETTINGS[layer], Object.fromEntries(own), project, `${layer}.`);
}

/** Name of the stack of another layer: `organization/hybrid-vnf-LAYER/STACK`, the same stack name as this one's unless configured. */
export function stackOf(layer: string, stackName: string = pulumi.getStack()): string {
  return `${pulumi.getOrganization()}/hybrid-vnf-${layer}/${stackName}`;
}
