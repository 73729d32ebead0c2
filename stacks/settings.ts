import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import {
  CNIS,
  choice,
  count,
  type Platform,
  PUBLISH_MODES,
  platforms,
  readSettings,
  type SettingWithDefault,
  type SiteFacts,
  structure,
  text,
} from "../components";
import { schemaOf } from "../components/setting/form";

const stack = text("Name of the stack whose contracts are read, where it is another one than this stack's.");
const seconds = (what: string) => count(`Seconds that ${what}.`, 1, 9999, 120);
const range = (what: string, cidr: string) => text(`IPv4 range of ${what}, in CIDR notation.`, cidr);
const zeroOrOne = (meaning: string): SettingWithDefault<0 | 1> => {
  const setting = choice(meaning, ["0", "1"], "1");
  return { ...setting, read: (given) => (setting.read(given) === "0" ? 0 : 1) };
};
const routes = z.array(z.strictObject({ destination: z.string(), nextHop: z.string() }), {
  error: 'it must be a list of {"destination": CIDR, "nextHop": ADDRESS}',
});

/** Every setting of every stack, by layer: read by the stacks, by the root program and by the command. */
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
    stack,
    serversCidr: range("the web servers' network", "10.100.102.0/24"),
    serverCount: count("How many web servers.", 1, 1000, 2),
    page: text("HTML of the web servers' index page; {name} stands for the server's name."),
    workerCount: count("How many Kubernetes nodes join the one with the control plane.", 0, 1000, 0),
    cni: choice("How pods get their network: bridge for one node, flannel for several.", CNIS),
    gatewayAddress: text(
      "IPv4 address on transit of the gateway to the servers' network, where that is on another platform.",
    ),
    gatewayReturnAddress: text(
      "The same gateway's IPv4 address in the servers' network, where they need a route back.",
    ),
    readyTimeoutSeconds: seconds("a node may take to become ready, and its API to answer"),
  },
  swarm: {
    stack,
    clientsCidr: range("the clients' network", "10.100.100.0/24"),
    managerCount: count("How many Swarm managers; an odd number, since they vote.", 1, 99, 1),
    workerCount: count("How many Swarm worker nodes.", 0, 1000, 0),
  },
  service: {
    stack,
    publishMode: choice(
      "How the balancer's port is published: on its task's node, or by Swarm's routing mesh.",
      PUBLISH_MODES,
      "host",
    ),
    port: count("TCP port that the balancer answers on.", 1, 65535, 80),
    routerReplicas: zeroOrOne("1 runs the router, 0 takes it down."),
    routes: structure("Networks beyond the router's neighbours.", routes, schemaOf(routes)),
    registry: text(
      "Registry that the functions' images go through, such as registry.example.org/team. Without one they are handed to the nodes over SSH.",
    ),
    readyTimeoutSeconds: seconds("the balancer's tasks may take to be healthy"),
  },
} as const;
export type Layer = keyof typeof SETTINGS;

/** The running project's settings, as texts. */
function texts(): Record<string, string> {
  const prefix = `${pulumi.getProject()}:`;
  const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
}

/** The settings of a layer's own project. @throws InvalidInput with everything that is wrong with them */
export function settings<L extends Layer>(layer: L) {
  return readSettings(SETTINGS[layer], texts(), pulumi.getProject());
}

/** The settings of the root program: an object for each layer. @throws InvalidInput with everything that is wrong with them */
export function layerSettings<L extends Layer>(layer: L) {
  const project = pulumi.getProject();
  const given = texts();
  const form = structure(
    `Settings of the ${layer} layer.`,
    z.record(z.string(), z.unknown(), { error: "it must be an object" }),
  );
  const secrets = Object.fromEntries(Object.entries(SETTINGS.site).filter(([, setting]) => setting.secret));
  const layers = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, form]));
  const own = readSettings({ ...layers, ...secrets }, given, project)[layer] ?? {};
  const all = Object.entries(own).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return readSettings(SETTINGS[layer], Object.fromEntries(all), project, `${layer}.`);
}

/** The platform that a site's settings ask for. A secret is handed on as one, and never looked at. */
export function platformOf(site: { readonly platform: string }): Promise<Platform> {
  const config = new pulumi.Config();
  const secrets = Object.entries(SETTINGS.site)
    .filter(([, setting]) => setting.secret)
    .map(([key]) => [key, config.getSecret(key)]);
  return platforms.fromSettings(site.platform, { ...site, ...Object.fromEntries(secrets) });
}

/** The platform that the site was made on, for another program to make machines there. */
export function publishedPlatformOf({ platform }: SiteFacts): Promise<Platform> {
  return platforms.fromFacts(platform);
}

/** Name of the stack of another layer: `organization/hybrid-vnf-LAYER/STACK`, the same stack name as this one's unless configured. */
export function stackOf(layer: string, stackName: string = pulumi.getStack()): string {
  return `${pulumi.getOrganization()}/hybrid-vnf-${layer}/${stackName}`;
}
