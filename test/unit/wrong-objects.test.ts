import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  DeployedKubernetes,
  DeployedSwarm,
  functionsOf,
  hosts,
  hybrid,
  Image,
  InvalidInput,
  KubernetesLayer,
  kubernetesLayerOf,
  lab,
  MachineImage,
  MachineScript,
  Network,
  OpenStack,
  openStack,
  platforms,
  publishChain,
  publishKubernetes,
  publishSite,
  publishSwarm,
  Route,
  readCatalog,
  ServiceChain,
  ServiceLayer,
  Site,
  SwarmLayer,
  swarmLayerOf,
  transitOf,
  WebServers,
} from "../../components";
import { record, refusalOf, settled } from "./mocks";

// The wrong object of two alike, a promise that was not awaited, an output in place of what it holds: whoever writes JavaScript, or `as never`,
// is told in a sentence what is wanted instead.

beforeAll(() => {
  record();
});
afterAll(settled);

const wrong = (value: unknown) => value as never;
const later = (value: unknown) => wrong(Promise.resolve(value));
const site = () => new Site("test", { platform: lab(), transitCidr: "10.100.101.0/24" });
const web = () => {
  const where = site();
  const network = new Network("servers", { site: where, cidr: "10.100.102.0/24" });
  return { site: where, network, apache: new WebServers("apache", { network }) };
};
const pool = { "apache-1": { hostKey: "ssh-ed25519 AAAA", addresses: ["10.100.102.11"] } };
const cloud = { access: "direct" as const, operators: ["192.0.2.0/24"], flavor: "small", image: "machine" };
const half = { name: "half", networks: [], nodes: [wrong("node-1")] };

test.each<[string, () => unknown, string]>([
  [
    "a platform that was not awaited",
    () => new Site("s", { platform: later(lab()), transitCidr: "10.1.1.0/24" }),
    "platform is a promise, which must be awaited first: it must be a platform",
  ],
  ["a lab whose image has no name", () => lab({ machineImage: "" }), 'machineImage is "": it must be a text'],
  [
    "a lab whose provider is an address",
    () => lab({ provider: wrong("tcp://far:2375") }),
    "it must be a docker.Provider",
  ],
  ["a list for a lab", () => lab(wrong([])), "lab: its arguments are a list of 0"],
  [
    "a hybrid's platform by its name",
    () => hybrid({ networks: { servers: wrong("openstack") }, otherwise: lab() }),
    'hybrid: networks: servers is "openstack": it must be a platform',
  ],
  [
    "a hybrid's platform that was not awaited",
    () => hybrid({ networks: { servers: later(lab()) }, otherwise: lab() }),
    "servers is a promise, which must be awaited first",
  ],
  [
    "a hybrid's platforms in a list",
    () => hybrid({ networks: wrong([lab()]), otherwise: lab() }),
    "networks is a list of 1: it must be an object of platforms by role",
  ],
  [
    "the file of a key in place of the key",
    () => hosts({ hosts: pool, privateKey: "~/.ssh/id_ed25519" }),
    "privateKey is no private key",
  ],
  [
    "the public key in place of the private one",
    () => hosts({ hosts: pool, privateKey: "ssh-ed25519 AAAA" }),
    "not the name of its file",
  ],
  [
    "the file of a jump host's key",
    () => new OpenStack({ ...cloud, jumpKey: "id_ed25519" }),
    "jumpKey is no private key",
  ],
  [
    "a catalog that was not awaited",
    () => openStack({ ...cloud, catalog: later({}) }),
    "catalog is a promise, which must be awaited first",
  ],
  [
    "another object for a catalog",
    () => openStack({ ...cloud, catalog: wrong({}) }),
    "it must be what readCatalog tells",
  ],
  ["a folder for a disk image", () => new OpenStack({ ...cloud, imageFile: "/tmp" }), "/tmp can't be read (EISDIR)"],
  ["no file for a disk image", () => new MachineImage("image", wrong({})), "file is undefined: it must be a text"],
  [
    "no kind of platform",
    () => platforms.register(wrong(undefined)),
    "platforms.register: its arguments are undefined",
  ],
  [
    "half a kind of platform",
    () => platforms.register(wrong({ kind: "mine" })),
    "fromFacts is undefined: it must be a function",
  ],
  [
    "a site to be published, not its network",
    () => publishSite(wrong(site())),
    "transit is a Site: it must be a Network of a site",
  ],
  [
    "a cluster to be published, not its layer",
    () => publishKubernetes(wrong(new DeployedKubernetes("k", { ...half, nodes: [] } as never)), "KEY"),
    "cluster is undefined: it must be a cluster",
  ],
  [
    "a Swarm to be published, not its layer",
    () => publishSwarm(wrong({}), "KEY"),
    "clients is undefined: it must be a Network",
  ],
  ["no chain to be published", () => publishChain(wrong(undefined)), "chain is undefined: it must be a ServiceChain"],
  [
    "a contract that was not awaited",
    () => kubernetesLayerOf(wrong(Promise.resolve({}))),
    "kubernetesLayerOf: its arguments are a promise, which must be awaited first: give an object",
  ],
  [
    "the contract of another layer",
    () => swarmLayerOf(wrong({ facts: { cluster: {}, servers: {} }, secrets: pulumi.output({}) })),
    "those of what swarmContract.read tells",
  ],
  ["no contract", () => functionsOf(wrong(undefined)), "functionsOf: its arguments are undefined"],
  [
    "a site's contract without a platform",
    () => transitOf({ facts: wrong({ siteName: "s", transit: {} }), secrets: wrong({}) }, wrong("lab")),
    'platform is "lab": it must be a platform',
  ],
  [
    "a layer without a transit network",
    () => new KubernetesLayer("k", wrong({})),
    "transit is undefined: it must be a Network of a site",
  ],
  ["a layer on a site, not on its network", () => new SwarmLayer("s", { transit: wrong(site()) }), "transit is a Site"],
  [
    "clusters in place of layers",
    () => new ServiceLayer("s", wrong({ kubernetes: half, swarm: half })),
    "kubernetes is an object: it must be a KubernetesLayer",
  ],
  [
    "a cluster whose nodes are names",
    () => new DeployedKubernetes("k", wrong(half)),
    'nodes is a list of 1, of which number 1 is "node-1": it must be a list of machines',
  ],
  ["a Swarm of nothing", () => new DeployedSwarm("s", wrong(undefined)), 'Swarm "s": its arguments are undefined'],
  [
    "a script for a group of machines",
    () => new MachineScript("m", { machine: wrong(web().apache), file: __filename }),
    "machine is a WebServers: it must be a machine",
  ],
  [
    "a script that is not there",
    () => new MachineScript("m", { machine: web().apache.machines[0] as never, file: "/nowhere.sh" }),
    'file is "/nowhere.sh": it must be the absolute path of a script',
  ],
  [
    "a route of no machine",
    () => new Route("r", wrong({ destination: "10.1.1.0/24", nextHop: "10.1.1.1" })),
    "machine is undefined: it must be a machine",
  ],
  [
    "an image that there is not",
    () => new Image("i", { folder: "../..", runtime: "docker", nodes: [] }),
    "it must be a folder of images/",
  ],
  [
    "an image for another runtime",
    () => new Image("i", { folder: "nginx", runtime: wrong("podman"), nodes: [] }),
    'it must be "containerd" or "docker"',
  ],
  [
    "an image through what is no registry",
    () => new Image("i", { folder: "nginx", runtime: "docker", nodes: [], registry: "http://later" }),
    'Image "i": registry is "http://later"',
  ],
  [
    "a function of a handling that there is not",
    () => chain([{ name: "f", handling: wrong("drop"), instances: [] }]),
    "(route, translate, proxy)",
  ],
  [
    "a chain to no machine",
    () => chain([], { name: "x", network: web().network, machines: [wrong(undefined)] }),
    "machines is a list of 1, of which number 1 is undefined: it must be a list of machines",
  ],
])("%s", (_, make, sentence) => {
  const { message } = refusalOf(make);
  expect(message).toContain(sentence);
});

test("a cloud's credentials by the name of the cloud", async () => {
  await expect(readCatalog(wrong("mycloud"))).rejects.toThrow(InvalidInput);
});

function chain(
  functions: ConstructorParameters<typeof ServiceChain>[1]["functions"],
  to?: ConstructorParameters<typeof ServiceChain>[1]["to"],
) {
  const { site: where, apache } = web();
  return new ServiceChain("c", { from: where.transit, functions, to: to ?? apache });
}
