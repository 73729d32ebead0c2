import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { Provider } from "@pulumi/openstack";
import * as fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type Catalog,
  credentials,
  InvalidInput,
  KubernetesLayer,
  MachineImage,
  OpenStack,
  type OpenStackArgs,
  openStack,
  publishSite,
  readCatalog,
  ServiceLayer,
  Site,
  SwarmLayer,
  siteContract,
  transitOf,
} from "../../components";
import { forwardedFrom, rulesOf } from "../../components/platform/openstack/access";
import { addedRules, OpenStackRecovery, removeUnfinished } from "../../components/platform/openstack/recovery";
import { Session } from "../../components/platform/openstack/session";
import { userData } from "../../components/platform/openstack/user-data";
import { type Made, one, record, refusalOf, settled, value } from "./mocks";

const CATALOG: Catalog = {
  flavors: [
    { name: "m1.tiny", cores: 1, memory: 512, disk: 5 },
    { name: "m1.small", cores: 2, memory: 2048, disk: 20 },
    { name: "zero", cores: 2, memory: 4096, disk: 0 },
  ],
  images: [
    { name: "machine", memory: 1024, disk: 8, properties: { hybrid_vnf_cloud_init: "true" } },
    { name: "cirros", memory: 0, disk: 1, properties: {} },
    { name: "twice", memory: 0, disk: 1, properties: { hybrid_vnf_cloud_init: "true" } },
    { name: "twice", memory: 0, disk: 1, properties: { hybrid_vnf_cloud_init: "true" } },
  ],
  externalNetworks: ["public"],
  subnets: [
    { network: "office", cidr: "10.100.0.0/22" },
    { network: "hybrid-vnf-test-transit", cidr: "10.100.101.0/24" },
    { network: "six", cidr: "2001:db8::/64" },
  ],
  zones: ["nova"],
  servers: [],
};
const SETTINGS: OpenStackArgs = {
  access: "direct",
  operators: ["192.0.2.0/24"],
  flavor: "m1.small",
  image: "machine",
};
const FLOATING: OpenStackArgs = { ...SETTINGS, access: "floating", externalNetwork: "public" };
const JUMP: OpenStackArgs = {
  ...SETTINGS,
  access: { jump: { host: "198.51.100.7", port: 2222, user: "ops", hostKey: "ssh-ed25519 JUMP" } },
};
const key = { privateKey: "PRIVATE", publicKey: "ssh-ed25519 AAAA" };
const transit = { id: "test/transit", name: "transit", cidr: "10.100.101.0/24", ref: "net-t/sub-t" };
const servers = { id: "test/servers", name: "servers", cidr: "10.100.102.0/24", ref: "net-s/sub-s" };

let made: Made[];
beforeEach(() => {
  made = record();
});
afterEach(settled);
const inputsOf = (name: string) => one(made, name).inputs;
/** What was made, `type name`, without the pairs of keys. */
const names = () =>
  made
    .filter(({ type, name }) => !/-key$|-keygen$/.test(name) && !type.startsWith("pulumi:providers:"))
    .map(({ type, name }) => `${type.split(":").at(-1)} ${name}`)
    .sort();

async function node(args: OpenStackArgs = SETTINGS) {
  const machine = new OpenStack(args).machine(
    "kubernetes-1",
    {
      site: "test",
      hostname: "kubernetes-1",
      role: "kubernetes",
      legs: [
        { network: transit, address: "10.100.101.10" },
        { network: servers, address: "10.100.102.10" },
      ],
      key,
      group: { name: "kubernetes", role: "kubernetes" },
    },
    {},
  );
  await value(machine.identity);
  return machine;
}

async function chain(args: OpenStackArgs) {
  const site = new Site("site", { siteName: "test", platform: new OpenStack(args), transitCidr: transit.cidr });
  const kubernetes = new KubernetesLayer("kubernetes", { transit: site.transit, workerCount: 1 });
  const swarm = new SwarmLayer("swarm", { transit: site.transit });
  const service = new ServiceLayer("service", { kubernetes, swarm });
  await value(service.chain.url);
  await value(service.router.routes);
  await settled();
  return { site, kubernetes, swarm };
}

describe("a network", () => {
  const network = (args: OpenStackArgs) =>
    value(new OpenStack(args).network("transit", { site: "test", role: "transit", cidr: transit.cidr }, {}));

  test("without an external network has no gateway, and addresses for the cloud's own use apart from those of machines", async () => {
    expect(await network({ ...SETTINGS, dns: ["9.9.9.9"] })).toBe("transit-network-id/transit-subnet-id");
    expect(names()).toEqual(["Network transit", "Network transit-network", "Subnet transit-subnet"]);
    expect(inputsOf("transit-network")).toEqual({
      name: "hybrid-vnf-test-transit",
      portSecurityEnabled: true,
      tags: ["hybrid-vnf.site=test"],
    });
    expect(inputsOf("transit-subnet")).toEqual({
      name: "hybrid-vnf-test-transit",
      networkId: "transit-network-id",
      cidr: "10.100.101.0/24",
      ipVersion: 4,
      allocationPools: [{ start: "10.100.101.192", end: "10.100.101.254" }],
      noGateway: true,
      dnsNameservers: ["9.9.9.9"],
      tags: ["hybrid-vnf.site=test"],
    });
  });

  test("with one has a router of its own to it", async () => {
    await network({
      ...FLOATING,
      networks: { transit: { hostRoutes: [{ destination: "10.9.0.0/16", nextHop: "10.100.101.9" }] } },
    });
    expect(names()).toEqual([
      "Network transit",
      "Network transit-network",
      "Router transit-router",
      "RouterInterface transit-router-interface",
      "Subnet transit-subnet",
      "SubnetRoute transit-route-10-9-0-0-16",
    ]);
    expect(inputsOf("transit-subnet")).toMatchObject({ gatewayIp: "10.100.101.1" });
    expect(inputsOf("transit-router")).toMatchObject({ externalNetworkId: "id-of-public" });
    expect(inputsOf("transit-router-interface")).toEqual({
      routerId: "transit-router-id",
      subnetId: "transit-subnet-id",
    });
  });

  test("has none where its settings say so, and no port security where they say so", async () => {
    await network({
      ...SETTINGS,
      externalNetwork: "public",
      networks: { transit: { router: false, portSecurity: false } },
    });
    expect(names()).toHaveLength(3);
    expect(inputsOf("transit-network")).toMatchObject({ portSecurityEnabled: false });
  });
});

describe("a machine with two legs", () => {
  test("is a port each, a server, and what its group shares", async () => {
    const machine = await node();
    expect(names().filter((name) => !name.startsWith("SecGroupRule"))).toEqual([
      "Command kubernetes-1-boot",
      "Group kubernetes-group",
      "Instance kubernetes-1-instance",
      "Keypair kubernetes-group-key-pair",
      "Machine kubernetes-1",
      "Port kubernetes-1-servers-port",
      "Port kubernetes-1-transit-port",
      "SecGroup kubernetes-group-access",
      "ServerGroup kubernetes-group-servers",
    ]);
    expect(inputsOf("kubernetes-1-transit-port")).toEqual({
      name: "hybrid-vnf-test-kubernetes-1-transit",
      networkId: "net-t",
      fixedIps: [{ subnetId: "sub-t", ipAddress: "10.100.101.10" }],
      securityGroupIds: ["kubernetes-group-access-id"],
      allowedAddressPairs: [{ ipAddress: "10.100.102.0/24" }],
      tags: ["hybrid-vnf.site=test"],
    });
    expect(inputsOf("kubernetes-1-servers-port")).toMatchObject({
      allowedAddressPairs: [{ ipAddress: "10.100.101.0/24" }],
    });
    const { userData: told, ...instance } = inputsOf("kubernetes-1-instance");
    expect(instance).toEqual({
      name: "hybrid-vnf-test-kubernetes-1",
      flavorName: "m1.small",
      imageName: "machine",
      keyPair: "hybrid-vnf-test-kubernetes",
      networks: [{ port: "kubernetes-1-transit-port-id" }, { port: "kubernetes-1-servers-port-id" }],
      configDrive: true,
      schedulerHints: [{ group: "kubernetes-group-servers-id" }],
      metadata: { "hybrid-vnf.site": "test", "hybrid-vnf.role": "kubernetes" },
    });
    expect(told).toMatch(/^#cloud-config\n/);
    expect(inputsOf("kubernetes-group-servers")).toMatchObject({ policies: ["soft-anti-affinity"] });
    expect(machine.legs.map((leg) => leg.address)).toEqual(["10.100.101.10", "10.100.102.10"]);
    expect(await value(machine.legs[1]?.interface)).toBe("eth1");
  });

  test("tells which ports anyone reaches on each leg, where there are rules", async () => {
    const given = { ...SETTINGS, servicePorts: [80, 443], networks: { servers: { portSecurity: false } } };
    expect((await node(given)).legs.map(({ openPorts }) => openPorts)).toEqual([[80, 443], undefined]);
  });

  test("tells from which ranges each leg may send, where there is port security", async () => {
    const given = { ...SETTINGS, forwardedRanges: ["10.9.0.0/16"] };
    const sources = async (settings: typeof given & { networks?: object }) =>
      (await node(settings)).legs.map(({ allowedSources }) => allowedSources);
    expect(await sources(given)).toEqual([
      ["10.100.102.0/24", "10.9.0.0/16"],
      ["10.100.101.0/24", "10.9.0.0/16"],
    ]);
    expect(await sources({ ...given, networks: { servers: { portSecurity: false } } })).toEqual([
      ["10.100.102.0/24", "10.9.0.0/16"],
      undefined,
    ]);
  });

  test("is told of one way out: DHCP gives other legs a route to their network in place of its gateway", async () => {
    await node({
      ...FLOATING,
      networks: { servers: { hostRoutes: [{ destination: "10.9.0.0/16", nextHop: "10.100.102.9" }] } },
    });
    expect(inputsOf("kubernetes-1-transit-port")).not.toHaveProperty("extraDhcpOptions");
    expect(inputsOf("kubernetes-1-servers-port")).toMatchObject({
      extraDhcpOptions: [{ name: "classless-static-route", value: "10.100.102.0/24,0.0.0.0,10.9.0.0/16,10.100.102.9" }],
    });
  });

  test("keeps its host key secret, and security groups on its ports", async () => {
    await node();
    expect(one(made, "kubernetes-1-instance").secrets).toContain("userData");
    expect(one(made, "kubernetes-1-boot").secrets).toContain("stdin");
    expect(inputsOf("kubernetes-1-instance")).not.toHaveProperty("securityGroups");
  });

  test("is waited for as long as settings say, and how to see its console is said", async () => {
    await node({ ...SETTINGS, bootTimeoutSeconds: 900, cloud: "mycloud", region: "R 1" });
    const { stdin } = inputsOf("kubernetes-1-boot");
    expect(stdin).toContain("export WAIT_SECONDS='900'\n");
    expect(stdin).toContain("BOOT_TIMEOUT='\\''900'\\''");
    expect(stdin).toContain("openstack console log show hybrid-vnf-test-kubernetes-1");
    expect(stdin).toMatch(
      /export CONSOLE_COMMAND='openstack --os-cloud '\\''mycloud'\\'' --os-region-name '\\''R 1'\\'' console log show --lines 20 \S+'\n/,
    );
  });

  test.each([
    ["is not there", undefined, undefined],
    ["runs", { generation: 1, ran: true }, undefined],
    ["took another's place", { generation: 2, ran: true }, "2"],
    ["never came up", { generation: 2, ran: false, failed: {} }, "3"],
    ["failed after it ran", { generation: 2, ran: true, failed: { reason: "lost" } }, "2"],
  ])("whose server %s is the same one, or another in its place", async (_, server, generation) => {
    const servers = server ? [{ name: "hybrid-vnf-test-kubernetes-1", ...server }] : [];
    await node({ ...SETTINGS, catalog: { ...CATALOG, servers } });
    expect(inputsOf("kubernetes-1-instance").metadata).toEqual({
      "hybrid-vnf.site": "test",
      "hybrid-vnf.role": "kubernetes",
      ...(generation ? { "hybrid-vnf.generation": generation } : {}),
    });
  });

  test("has no group and no pairs where port security is off", async () => {
    await node({ ...SETTINGS, networks: { servers: { portSecurity: false } } });
    expect(inputsOf("kubernetes-1-servers-port")).toMatchObject({ noSecurityGroups: true });
    expect(inputsOf("kubernetes-1-servers-port")).not.toHaveProperty("allowedAddressPairs");
    expect(inputsOf("kubernetes-1-transit-port")).toHaveProperty("securityGroupIds");
  });

  test("boots from a volume, in a zone, on a host of its own, without a drive, where settings say so", async () => {
    await node({
      ...SETTINGS,
      volumeGiB: 20,
      zone: "nova",
      antiAffinity: "hard",
      configDrive: false,
      flavors: { kubernetes: "zero" },
      images: { kubernetes: "other" },
    });
    expect(inputsOf("kubernetes-1-instance")).toMatchObject({
      flavorName: "zero",
      availabilityZone: "nova",
      configDrive: false,
      blockDevices: [
        {
          uuid: "id-of-other",
          sourceType: "image",
          destinationType: "volume",
          volumeSize: 20,
          bootIndex: 0,
          deleteOnTermination: true,
        },
      ],
    });
    expect(inputsOf("kubernetes-1-instance")).not.toHaveProperty("imageName");
    expect(inputsOf("kubernetes-group-servers")).toMatchObject({ policies: ["anti-affinity"] });
  });
});

describe("access", () => {
  const around = { operators: ["192.0.2.0/24"], peers: "10.100.101.0/24", servicePorts: [80] };
  const table = (role: Parameters<typeof rulesOf>[0]) =>
    rulesOf(role, around).map(({ protocol, ports, range }) => `${protocol} ${ports?.join("-") ?? "all"} ${range}`);

  test("is the least that each role needs", () => {
    const every = ["tcp 22-22 192.0.2.0/24", "icmp all 0.0.0.0/0", "udp 33434-33534 0.0.0.0/0"];
    expect(table("client")).toEqual(every);
    expect(table("server")).toEqual([...every, "tcp 80-80 0.0.0.0/0"]);
    expect(table("kubernetes")).toEqual([
      ...every,
      "tcp 6443-6443 192.0.2.0/24",
      "tcp 6443-6443 10.100.101.0/24",
      "tcp 10250-10250 10.100.101.0/24",
      "udp 8472-8472 10.100.101.0/24",
      "tcp 179-179 10.100.101.0/24",
      "tcp 80-80 0.0.0.0/0",
    ]);
    expect(table("swarm")).toEqual([
      ...every,
      "tcp 2376-2376 192.0.2.0/24",
      "tcp 2377-2377 10.100.101.0/24",
      "tcp 7946-7946 10.100.101.0/24",
      "udp 7946-7946 10.100.101.0/24",
      "udp 4789-4789 10.100.101.0/24",
      "tcp 80-80 0.0.0.0/0",
    ]);
  });

  test("opens nothing twice, and names each rule once, whatever the ranges and ports", () => {
    const range = fc.constantFrom("0.0.0.0/0", "10.100.101.0/24", "192.0.2.0/24", "192.0.2.7/32");
    const port = fc.constantFrom(22, 80, 443, 6443, 2376, 7946);
    fc.assert(
      fc.property(
        fc.constantFrom("client", "server", "kubernetes", "swarm") as fc.Arbitrary<"client">,
        fc.array(range, { minLength: 1 }),
        fc.array(port),
        (role, operators, servicePorts) => {
          const rules = rulesOf(role, { operators, servicePorts, peers: "10.100.101.0/24" });
          const opened = rules.map(({ protocol, ports, range }) => `${protocol} ${ports} ${range}`);
          expect(new Set(opened).size).toBe(rules.length);
          expect(new Set(rules.map((rule) => rule.key)).size).toBe(rules.length);
        },
      ),
    );
  });

  test("lets a port send in others' names only where a router forwards", () => {
    const legs = [
      { network: transit, address: "10.100.101.10" },
      { network: servers, address: "10.100.102.10" },
    ];
    const [leg] = legs;
    if (!leg) throw new Error("no leg");
    expect(forwardedFrom("kubernetes", leg, legs, ["10.200.0.0/16"])).toEqual(["10.100.102.0/24", "10.200.0.0/16"]);
    expect(forwardedFrom("kubernetes", leg, [leg], [])).toEqual([]);
    expect(forwardedFrom("kubernetes", leg, [leg], ["10.100.101.0/24"])).toEqual(["10.100.101.0/24"]);
    for (const role of ["swarm", "server", "client"] as const) expect(forwardedFrom(role, leg, legs, [])).toEqual([]);
  });

  test("by floating IP: SSH, both APIs and their certificates go by the floating address", async () => {
    const { kubernetes, swarm } = await chain(FLOATING);
    const reached = "floating-of-kubernetes-cluster-1-transit-port-id";
    expect(inputsOf("kubernetes-cluster-1-address")).toMatchObject({
      pool: "public",
      portId: "kubernetes-cluster-1-transit-port-id",
    });
    expect(await value(kubernetes.cluster.endpoint)).toBe(`https://${reached}:6443`);
    expect(inputsOf("kubernetes-cluster-1-node").connection).toMatchObject({ host: reached });
    expect(inputsOf("kubernetes-cluster-1-control-plane").stdin).toContain(`export SANS='${reached}'\n`);
    expect(inputsOf("kubernetes-cluster-1-control-plane").stdin).toContain(
      "export ADVERTISE_ADDRESS='10.100.101.10'\n",
    );
    expect(inputsOf("kubernetes-cluster-kubeconfig").stdin).toContain(`export ADDRESS='${reached}'\n`);
    expect(await value(swarm.cluster.endpoint)).toBe("tcp://floating-of-swarm-cluster-1-transit-port-id:2376");
    expect(inputsOf("swarm-cluster-1-manager").stdin).toContain(
      "export SANS='floating-of-swarm-cluster-1-transit-port-id'\n",
    );
    expect(inputsOf("service-quagga-image-on-test-kubernetes-1").stdin).toContain(`export HOST='${reached}'\n`);
  });

  test("directly: nothing has a floating IP, and every address is the leg's own", async () => {
    const { kubernetes } = await chain(SETTINGS);
    expect(made.filter(({ type }) => /^openstack:.*(floatingIp|router)/.test(type))).toEqual([]);
    expect(await value(kubernetes.cluster.endpoint)).toBe("https://10.100.101.10:6443");
  });

  test("through a jump host: every connection leads through it, its host key pinned", async () => {
    await chain(JUMP);
    const remote = made.filter(({ type }) => type === "command:remote:Command");
    expect(remote.length).toBeGreaterThan(10);
    for (const { inputs } of remote) {
      expect(inputs.connection).toMatchObject({
        proxy: { host: "198.51.100.7", port: 2222, user: "ops", hostKey: "ssh-ed25519 JUMP", privateKey: "PRIVATE" },
      });
    }
    for (const name of ["kubernetes-cluster-1-boot", "service-quagga-image-on-test-kubernetes-1"])
      expect(inputsOf(name).stdin).toContain(
        "export JUMP_HOST='198.51.100.7'\nexport JUMP_PORT='2222'\nexport JUMP_USER='ops'\nexport JUMP_HOST_KEY='ssh-ed25519 JUMP'\n",
      );
  });

  test("a jump host that another key opens is told to let in the site's, before anything goes through it", async () => {
    await chain({ ...JUMP, jumpKey: "JUMP PRIVATE KEY" });
    const admission = inputsOf("site-key-on-198.51.100.7");
    expect(admission.connection).toMatchObject({
      host: "198.51.100.7",
      port: 2222,
      user: "ops",
      hostKey: "ssh-ed25519 JUMP",
      privateKey: "JUMP PRIVATE KEY",
    });
    expect((admission.connection as { proxy?: unknown }).proxy).toBeUndefined();
    expect(admission.stdin).toContain("export PUBLIC_KEY='ssh-ed25519 AAAA'\n");
    for (const { name, inputs } of made.filter(({ type }) => type === "command:remote:Command")) {
      if (name === "site-key-on-198.51.100.7") continue;
      expect(inputs.connection, name).toMatchObject({ proxy: { host: "198.51.100.7", privateKey: "PRIVATE" } });
    }
    made = record();
    await chain({ ...FLOATING, jumpKey: "JUMP PRIVATE KEY" });
    expect(made.filter(({ name }) => name.startsWith("site-key-on-"))).toEqual([]);
  });

  test("groups of the same machines are made once, and every resource is named once", async () => {
    await chain(FLOATING);
    expect(names().filter((name) => name.startsWith("ServerGroup"))).toEqual([
      "ServerGroup kubernetes-apache-group-servers",
      "ServerGroup kubernetes-cluster-group-servers",
      "ServerGroup swarm-cluster-group-servers",
    ]);
    const all = made.map(({ type, name }) => `${type} ${name}`);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("the first boot", () => {
  test("is told what the golden file holds, which cloud-init itself accepts (components/platform/openstack/test.sh)", async () => {
    const told = userData({
      hostname: "kubernetes-1",
      authorizedKey: "ssh-ed25519 AAAA operator",
      hostKey: {
        privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
        publicKey: "ssh-ed25519 BBBB kubernetes-1",
      },
    });
    await expect(told).toMatchFileSnapshot("../../components/platform/openstack/test/golden/good/kubernetes-1.yaml");
  });
});

describe("the site's contract", () => {
  test("hands the settings on, so that they are said once", async () => {
    const { site } = await chain({ ...FLOATING, dns: ["9.9.9.9"], catalog: undefined });
    const published = publishSite(site.transit);
    const { facts } = siteContract.parse("s", await value(published.contract), { privateKey: "P" });
    expect(facts.platform).toEqual({
      kind: "openstack",
      facts: {
        access: "floating",
        externalNetwork: "public",
        operators: ["192.0.2.0/24"],
        flavor: "m1.small",
        image: "machine",
        dns: ["9.9.9.9"],
      },
    });
    expect(new OpenStack(facts.platform.facts as unknown as OpenStackArgs).facts).toEqual(facts.platform.facts);
  });

  test("tells the network's MTU, which machines made by whoever reads it tell of their legs", async () => {
    const { site, kubernetes } = await chain({ ...SETTINGS, catalog: undefined });
    const own = await Promise.all(kubernetes.cluster.nodes.flatMap(({ legs }) => legs.map(({ mtu }) => value(mtu))));
    expect(new Set(own)).toEqual(new Set([1450]));
    const { contract } = publishSite(site.transit);
    const read = siteContract.parse("s", await value(contract), { privateKey: "P" });
    expect(read.facts.transit.mtu).toBe(1450);
    const platform = new OpenStack({ ...SETTINGS, name: "other" });
    const group = { name: "lb", role: "lb" };
    const legs = [{ network: transitOf(read, platform), address: "10.100.101.20" }];
    const machine = platform.machine("lb", { site: "test", hostname: "lb", role: "swarm", legs, key, group }, {});
    expect(machine.legs.map(({ mtu }) => mtu)).toEqual([1450]);
    const { mtu: _, ...older } = read.facts.transit;
    expect(
      siteContract.parse("s", { ...read.facts, layer: "site", version: 3, transit: older }, { privateKey: "P" }).facts
        .transit,
    ).toEqual(older);
  });
});

describe("an image's upload", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hybrid-vnf-image-"));
  afterAll(() => fs.rmSync(folder, { recursive: true }));
  const disk = (name: string, tail = "") => {
    const header = Buffer.alloc(64);
    header.write("QFI\xfb", "latin1");
    header.writeBigUInt64BE(BigInt(5 * 2 ** 30 + 1), 24);
    const file = path.join(folder, name);
    fs.writeFileSync(file, Buffer.concat([header, Buffer.from(tail)]));
    return file;
  };

  test("is named by its content, marked, and says how large its disk is", async () => {
    const platform = new OpenStack({ ...SETTINGS, image: undefined, imageFile: disk("a"), catalog: CATALOG });
    await value(platform.network("transit", { site: "test", role: "transit", cidr: transit.cidr }, {}));
    await settled();
    const { inputs } = one(made, "openstack-machine-image");
    expect(inputs).toMatchObject({
      name: expect.stringMatching(/^hybrid-vnf-machine-[0-9a-f]{12}$/),
      diskFormat: "qcow2",
      minDiskGb: 6,
      properties: { hybrid_vnf_cloud_init: "true" },
    });
    const other = new MachineImage("other", { file: disk("b", "!") });
    expect(String(await value(other.image)).slice(-12)).not.toBe(String(inputs.name).slice(-12));
  });

  test("of what is no disk image is refused", () => {
    fs.writeFileSync(path.join(folder, "text"), "text, and more of it than a header has bytes");
    expect(() => new MachineImage("m", { file: path.join(folder, "text") })).toThrow("no disk image in QCOW2");
    expect(() => new MachineImage("m", { file: path.join(folder, "none") })).toThrow("can't be read (ENOENT)");
  });
});

/** As a program without types, or one that reads its values from outside, would pass it. */
const wrong = (given: object) => () => new OpenStack({ ...SETTINGS, ...given } as never);
const checked = (given: object) => () => new OpenStack({ ...SETTINGS, catalog: CATALOG, ...given } as never);
const machine =
  (given: object, role: "server" | "kubernetes" = "server", address = "10.100.102.11") =>
  () =>
    new OpenStack({ ...SETTINGS, catalog: CATALOG, ...given }).machine(
      "apache-1",
      { site: "test", hostname: "apache-1", role, legs: [{ network: servers, address }], key },
      {},
    );
const network =
  (cidr: string, given: object = {}) =>
  () =>
    new OpenStack({ ...SETTINGS, catalog: CATALOG, ...given }).network(
      "transit",
      { site: "test", role: "transit", cidr },
      {},
    );

const CASES: [string, () => unknown, string[]][] = [
  [
    "no settings at all",
    () => new OpenStack({} as never),
    ["access is missing", "operators is missing", "flavor is missing", "image is missing"],
  ],
  ["an unknown access", wrong({ access: "vpn" }), ['access is "vpn"', '"floating", "direct" or {"jump"']],
  ["a jump host without a key", wrong({ access: { jump: { host: "h", user: "u" } } }), ["access"]],
  ["floating IPs from nowhere", wrong({ access: "floating" }), ["no externalNetwork is named", '"direct"']],
  ["a router to nowhere", wrong({ networks: { transit: { router: true } } }), ["networks.transit.router is true"]],
  ["no operator", wrong({ operators: [] }), ["operators is []", "at least one range"]],
  [
    "an operator that is no range",
    wrong({ operators: ["192.0.2.1"] }),
    ['operators.0 is "192.0.2.1"', 'did you mean "192.0.2.1/24"?'],
  ],
  [
    "a name server that is no address",
    wrong({ dns: ["dns.example"] }),
    ['dns.0 is "dns.example"', "is not an IPv4 address"],
  ],
  ["name servers that are no list", wrong({ dns: "9.9.9.9" }), ['dns is "9.9.9.9"', "a list of IPv4 addresses"]],
  ["an empty zone", wrong({ zone: "" }), ['zone is ""', "must not be empty"]],
  ["half a volume", wrong({ volumeGiB: 0.5 }), ["volumeGiB is 0.5", "GiB from 1 to 65536"]],
  ["a service port out of range", wrong({ servicePorts: [70000] }), ["servicePorts.0 is 70000", "1 to 65535"]],
  ["no time to boot", wrong({ bootTimeoutSeconds: 0 }), ["bootTimeoutSeconds is 0", "seconds from 1"]],
  [
    "port security in words",
    wrong({ networks: { transit: { portSecurity: "off" } } }),
    ['networks.transit.portSecurity is "off"', "true or false"],
  ],
  ["a policy that there is not", wrong({ antiAffinity: "none" }), ['antiAffinity is "none"', '"soft" or "hard"']],
  ["a misspelt setting", wrong({ flavour: "m1" }), ['no setting "flavour": did you mean "flavor"?', "access"]],
  ["a misspelt role", wrong({ flavors: { apache: "m1" } }), ['flavors has no setting "apache"']],
  [
    "everything wrong with settings at once",
    wrong({ access: 1, dns: ["x"], volumeGiB: "big" }),
    ["access is 1", '"x" is not', 'volumeGiB is "big"'],
  ],
  ["an unknown flavor", checked({ flavor: "m9" }), ['no flavor "m9"', "m1.small, m1.tiny, zero"]],
  ["an unknown flavor of one role", checked({ flavors: { swarm: "m9" } }), ['no flavor "m9"']],
  ["an unknown image", checked({ image: "debian" }), ['no image "debian"', "cirros, machine, twice"]],
  [
    "an image without cloud-init",
    checked({ image: "cirros" }),
    ['"cirros" is not marked', "--property hybrid_vnf_cloud_init=true cirros"],
  ],
  ["an image that there is twice", checked({ image: "twice" }), ['2 images "twice"']],
  [
    "an unknown external network",
    checked({ externalNetwork: "internet" }),
    ['no external network "internet"', "it has: public"],
  ],
  ["an unknown zone", checked({ zone: "mars" }), ['no availability zone "mars"', "it has: nova"]],
  [
    "everything that the cloud lacks at once",
    checked({ flavor: "a", image: "b", zone: "c", externalNetwork: "d" }),
    ['"a"', '"b"', '"c"', '"d"'],
  ],
  [
    "a range that the project has already",
    network("10.100.2.0/24"),
    ['overlaps 10.100.0.0/22 of the network "office"'],
  ],
  ["a range too small", network("10.100.101.0/30"), ["must be /8 to /28"]],
  ["a range with host bits", network("10.100.101.1/24"), ["did you mean"]],
  [
    "a next hop elsewhere",
    network("10.100.101.0/24", {
      networks: { transit: { hostRoutes: [{ destination: "10.0.0.0/8", nextHop: "10.7.7.7" }] } },
    }),
    ["the next hop 10.7.7.7"],
  ],
  [
    "more machines than the pool leaves room for",
    machine({}, "server", "10.100.102.192"),
    ["from 10.100.102.192 to 10.100.102.254", "too small for the machines asked"],
  ],
  ["the gateway's address", machine({}, "server", "10.100.102.1"), ["belongs to the gateway"]],
  ["an address elsewhere", machine({}, "server", "10.100.101.11"), ["is no address for a machine in network"]],
  [
    "a flavor too small for kubeadm",
    machine({ flavors: { kubernetes: "m1.tiny" } }, "kubernetes"),
    ["1 core(s) and 512 MiB", "needs 2 and 2048"],
  ],
  [
    "a flavor too small for the image",
    machine({ flavor: "m1.tiny" }),
    ["has 512 MiB", "needs 1024", "disk of 5 GiB", "needs 8"],
  ],
  ["a volume too small for the image", machine({ volumeGiB: 4 }), ["volume has 4 GiB", "needs 8"]],
  [
    "a floating IP where there is no router",
    machine({ ...FLOATING, networks: { servers: { router: false } } }),
    ["no floating IP", "networks.servers.router is false"],
  ],
  [
    "no key",
    () =>
      new OpenStack(SETTINGS).machine(
        "a",
        {
          site: "t",
          hostname: "a",
          role: "server",
          legs: [{ network: servers, address: "10.100.102.11" }],
          key: { ...key, publicKey: "" },
        },
        {},
      ),
    ['its key is ""', "public SSH key"],
  ],
  [
    "a machine in no network, with a name that no host has",
    () => new OpenStack(SETTINGS).machine("m", { site: "t", hostname: "Apache_1", role: "server", legs: [], key }, {}),
    ['"Apache_1" is no host name', "it has no leg"],
  ],
];

describe("bad input is refused in plain sentences", () => {
  test.each(CASES)("%s", (_, make, says) => {
    const { message } = refusalOf(make);
    for (const words of says) expect(message).toContain(words);
    expect(made.filter(({ type }) => type.startsWith("openstack:"))).toEqual([]);
  });

  test("what is well is taken", async () => {
    await value(network("10.100.101.0/24")());
    await value(machine({ flavor: "zero" }, "kubernetes")().identity);
  });
});

describe("credentials", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hybrid-vnf-clouds-"));
  afterAll(() => fs.rmSync(folder, { recursive: true }));
  const clouds = (text: string) => {
    const file = path.join(folder, "clouds.yaml");
    fs.writeFileSync(file, text);
    return { OS_CLIENT_CONFIG_FILE: file };
  };
  const FILE = `clouds:
  edge:
    auth: {auth_url: https://edge/v3, username: u, project_name: p, user_domain_name: D, project_domain_id: default}
    region_name: one
  credential: {auth_type: v3applicationcredential, auth: {auth_url: x, application_credential_id: i, application_credential_secret: s}}
  empty: {}
`;

  test("are those of the entry in clouds.yaml, its secrets beside it", () => {
    const environment = clouds(FILE);
    fs.writeFileSync(path.join(folder, "secure.yaml"), "clouds: {edge: {auth: {password: hidden}}}");
    expect(credentials("edge", undefined, environment)).toEqual({
      cloud: "edge",
      authUrl: "https://edge/v3",
      region: "one",
      interface: "public",
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: "u", domain: { name: "D" }, password: "hidden" } },
        },
        scope: { project: { name: "p", domain: { id: "default" } } },
      },
      insecure: false,
    });
    expect(credentials(undefined, "two", { ...environment, OS_CLOUD: "credential" })).toMatchObject({
      region: "two",
      auth: { identity: { application_credential: { id: "i", secret: "s" } } },
    });
  });

  test("are those of the variables where no cloud is named", () => {
    const environment = {
      OS_AUTH_URL: "u",
      OS_USERNAME: "n",
      OS_PASSWORD: "w",
      OS_PROJECT_ID: "p",
      OS_INTERFACE: "internal",
    };
    expect(credentials(undefined, undefined, environment)).toMatchObject({
      interface: "internal",
      auth: { scope: { project: { id: "p" } } },
    });
  });

  test.each<[string, () => unknown, string[]]>([
    [
      "no entry",
      () => credentials("moon", undefined, clouds(FILE)),
      ['Cloud "moon"', "which has: credential, edge, empty"],
    ],
    [
      "an empty entry",
      () => credentials("empty", undefined, clouds(FILE)),
      ["lacks auth_url, password, username, project_name"],
    ],
    ["a file that is no YAML", () => credentials("x", undefined, clouds("clouds: [")), ["is not YAML"]],
    ["no cloud at all", () => credentials(undefined, undefined, {}), ["no cloud is named", "OS_CLOUD"]],
  ])("are refused: %s", (_, read, says) => {
    for (const words of says) expect(read).toThrow(words);
    expect(read).toThrow(InvalidInput);
  });
});

describe("what a killed engine left on a cloud", () => {
  /** A cloud of one project; the names of what it has, by path. */
  const has = new Map<string, { id: string; name: string; key: string; direction?: string; port_range_min?: number }>();
  const bodies: string[] = [];
  let server: http.Server;
  let session: Session;
  beforeAll(async () => {
    server = http.createServer(async (asked, reply) => {
      let body = "";
      for await (const part of asked) body += part;
      const { pathname, searchParams } = new URL(asked.url ?? "", "http://cloud");
      if (pathname === "/v3/auth/tokens") {
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const catalog = ["compute", "image", "network"].map((type) => ({
          type,
          endpoints: [{ interface: "public", region_id: "one", url: `${url}/${type}` }],
        }));
        reply.writeHead(201, { "X-Subject-Token": "t" });
        return reply.end(JSON.stringify({ token: { catalog, project: { id: "p" } } }));
      }
      if (asked.method === "PUT") bodies.push(`${pathname} ${body}`);
      if (asked.method === "DELETE") return reply.writeHead(has.delete(pathname) ? 204 : 409).end();
      const one = has.get(pathname);
      const list = [...has].filter(([path]) => path.slice(0, path.lastIndexOf("/")) === pathname);
      if (!one && list.length === 0 && asked.method === "GET" && /\/servers\/./.test(pathname))
        return reply.writeHead(404).end();
      const wanted = [...searchParams].map(([key, text]) => [key, text.replace(/^\^|\$$/g, "")] as const);
      const shown = list
        .map(([, item]) => item)
        .filter((item) => wanted.every(([key, text]) => String(item[key as keyof typeof item] ?? text) === text));
      const key = list[0]?.[1].key ?? "none";
      const items = key === "keypairs" ? shown.map(({ name }) => ({ keypair: { name } })) : shown;
      reply.writeHead(200).end(JSON.stringify({ [key]: items }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const authUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    session = await Session.open({ cloud: "edge", authUrl, auth: { identity: {} } });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    has.clear();
    bodies.length = 0;
  });
  const remove = (type: string, inputs: Record<string, unknown>, ...known: string[]) =>
    removeUnfinished(session, { type: `openstack:${type}`, inputs }, new Set(known));

  test("goes, and what is noted or is another's stays", async () => {
    const port = (id: string, name: string) =>
      has.set(`/network/v2.0/ports/${id}`, { id, name, key: "ports" as const });
    port("1", "hybrid-vnf-dev-apache-1-servers");
    port("2", "hybrid-vnf-dev-apache-1-servers");
    port("3", "theirs");
    expect(await remove("networking/port:Port", { name: "hybrid-vnf-dev-apache-1-servers" }, "2")).toEqual([
      "port hybrid-vnf-dev-apache-1-servers",
    ]);
    expect([...has.values()].map(({ id }) => id)).toEqual(["2", "3"]);
    expect(await remove("networking/port:Port", { name: "theirs" })).toEqual([]);
    expect(await remove("networking/port:Port", {})).toEqual([]);
    expect(has.size).toBe(2);
  });

  test("goes by its name where it has no ID, and a server is waited for", async () => {
    has.set("/compute/v2/os-keypairs/hybrid-vnf-dev-swarm", { id: "", name: "hybrid-vnf-dev-swarm", key: "keypairs" });
    has.set("/compute/v2/servers/s", { id: "s", name: "hybrid-vnf-dev-client", key: "servers" });
    expect(await remove("compute/keypair:Keypair", { name: "hybrid-vnf-dev-swarm" })).toEqual([
      "keypair hybrid-vnf-dev-swarm",
    ]);
    expect(await remove("compute/instance:Instance", { name: "hybrid-vnf-dev-client" })).toEqual([
      "instance hybrid-vnf-dev-client",
    ]);
    expect(has.size).toBe(0);
  });

  test("goes by what it belongs to where it has no name", async () => {
    has.set("/network/v2.0/floatingips/f", { id: "f", name: "", key: "floatingips" });
    expect(await remove("networking/floatingIp:FloatingIp", { portId: "p" })).toEqual(["floating ip f"]);
    const rule = (id: string, direction: string, port_range_min: number) =>
      has.set(`/network/v2.0/security-group-rules/${id}`, {
        ...{ id, name: "", key: "security_group_rules", direction, port_range_min },
      });
    rule("ours", "ingress", 22);
    rule("another", "ingress", 80);
    rule("the cloud's", "egress", 22);
    const ssh = { securityGroupId: "g", direction: "ingress", protocol: "tcp", portRangeMin: 22, portRangeMax: 22 };
    expect(await remove("networking/secGroupRule:SecGroupRule", ssh)).toEqual(["sec group rule ours"]);
    expect(await remove("networking/secGroupRule:SecGroupRule", { direction: "ingress" })).toEqual([]);
    expect([...has.values()].map(({ id }) => id)).toEqual(["another", "the cloud's"]);
    has.set("/network/v2.0/ports/q", { id: "q", name: "", key: "ports" });
    const leg = { routerId: "r", subnetId: "s" };
    expect(await remove("networking/routerInterface:RouterInterface", leg, "q")).toEqual([]);
    expect(await remove("networking/routerInterface:RouterInterface", leg)).toEqual(["router interface of r"]);
    expect(bodies).toEqual(['/network/v2.0/routers/r/remove_router_interface {"subnet_id":"s"}']);
  });

  test("a rule that was added by hand is told by what it lets in, and goes; those of the stack and what is let out stay", async () => {
    const rule = (id: string, more: object) =>
      has.set(`/network/v2.0/security-group-rules/${id}`, {
        ...{ id, name: "", key: "security_group_rules", direction: "ingress", ethertype: "IPv4", protocol: "tcp" },
        ...{ port_range_min: 22, port_range_max: 22, remote_ip_prefix: "0.0.0.0/0", remote_group_id: null, ...more },
      } as never);
    rule("known", { remote_ip_prefix: "198.51.100.0/24" });
    rule("ssh", {});
    rule("many", { port_range_min: 1, port_range_max: 1024 });
    rule("all", { protocol: null, port_range_min: null, port_range_max: null, remote_ip_prefix: null });
    rule("out", { direction: "egress" });
    const group = {
      urn: "URN",
      type: "openstack:networking/secGroup:SecGroup",
      id: "g",
      inputs: { name: "hybrid-vnf-dev" },
    };
    const added = await addedRules(session, [group], new Set(["g", "known"]));
    expect(added.map(({ sentence }) => sentence).sort()).toEqual([
      "the security group hybrid-vnf-dev lets in any protocol from any IPv4 address; it did not.",
      "the security group hybrid-vnf-dev lets in tcp 1 to 1024 from 0.0.0.0/0; it did not.",
      "the security group hybrid-vnf-dev lets in tcp 22 from 0.0.0.0/0; it did not.",
    ]);
    for (const one of added) await one.remove();
    expect([...has.values()].map(({ id }) => id)).toEqual(["known", "out"]);
    await expect(added[0]?.remove()).rejects.toThrow("could not be removed (status 409)");
  });

  test("is asked after for every kind of thing that the platform makes", async () => {
    await node(FLOATING);
    const types = [...new Set(made.map(({ type }) => type))].filter((type) => type.startsWith("openstack:"));
    const none = types.filter((type) => !new OpenStackRecovery({}).concerns({ type, inputs: {} }));
    expect(types.length).toBeGreaterThan(5);
    expect(none).toEqual([]);
  });
});

describe("what a cloud has", () => {
  let server: http.Server;
  let url: string;
  let status = 201;
  let project: object | undefined = { id: "p" };
  beforeAll(async () => {
    const pages: Record<string, object> = {
      "/compute/v2.1/flavors/detail": {
        flavors: [{ name: "small", vcpus: 2, ram: 2048, disk: 20 }],
        flavors_links: [{ rel: "next", href: "/compute/v2.1/more" }],
      },
      "/compute/v2.1/more": { flavors: [{ name: "large", vcpus: 8, ram: 8192, disk: 0 }] },
      "/compute/v2.1/os-availability-zone": {
        availabilityZoneInfo: [
          { zoneName: "nova", zoneState: { available: true } },
          { zoneName: "closed", zoneState: { available: false } },
        ],
      },
      "/compute/v2.1/servers/detail?name=%5Ehybrid-vnf-": {
        servers: [
          { id: "1", name: "lost", status: "ERROR", "OS-SRV-USG:launched_at": null },
          { id: "2", name: "broken", status: "ERROR", fault: { message: "Disk." }, "OS-SRV-USG:launched_at": "2026" },
          {
            name: "up",
            status: "ACTIVE",
            metadata: { "hybrid-vnf.generation": "3" },
            "OS-SRV-USG:launched_at": "2026",
          },
        ],
      },
      "/compute/v2.1/servers/1": { server: { id: "1", fault: { code: 500, message: "No host." } } },
      "/image/v2/images": {
        images: [
          { name: "one", status: "active", min_ram: 0, min_disk: 1, virtual_size: 3 * 2 ** 30 + 1 },
          { name: "half", status: "queued", min_ram: 0, min_disk: 0 },
        ],
        next: "/v2/images?marker=1",
      },
      "/v2/images?marker=1": { images: [{ name: "two", status: "active", min_ram: 512, min_disk: 4, x: "y" }] },
      "/network/v2.0/networks?router:external=true": { networks: [{ name: "public" }] },
      "/network/v2.0/networks": { networks: [{ id: "n", name: "office" }] },
      "/network/v2.0/subnets?project_id=p": { subnets: [{ network_id: "n", cidr: "10.0.0.0/24" }] },
    };
    server = http.createServer((asked, reply) => {
      const catalog = ["compute/v2.1", "image", "network"].map((service) => ({
        type: service.split("/")[0],
        endpoints: [{ interface: "public", region_id: "one", url: `${url}/${service}` }],
      }));
      const login = asked.url === "/v3/auth/tokens";
      const page = login ? { token: { catalog, project } } : pages[asked.url ?? ""];
      reply.writeHead(login ? status : page ? 200 : 404, { "X-Subject-Token": "t" });
      reply.end(JSON.stringify(page ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  const read = (given: object = {}) =>
    readCatalog({ cloud: "edge", authUrl: `${url}/v3/`, auth: { identity: {} }, ...given });

  test("is read page by page", async () => {
    expect(await read()).toEqual({
      flavors: [
        { name: "small", cores: 2, memory: 2048, disk: 20 },
        { name: "large", cores: 8, memory: 8192, disk: 0 },
      ],
      images: [
        expect.objectContaining({ name: "one", memory: 0, disk: 4 }),
        expect.objectContaining({ name: "two", memory: 512, disk: 4, properties: expect.objectContaining({ x: "y" }) }),
      ],
      externalNetworks: ["public"],
      subnets: [{ network: "office", cidr: "10.0.0.0/24" }],
      zones: ["nova"],
      servers: [
        { name: "lost", generation: 1, ran: false, failed: { reason: "No host." } },
        { name: "broken", generation: 1, ran: true, failed: { reason: "Disk." } },
        { name: "up", generation: 3, ran: true },
      ],
    });
  });

  test("is told in one sentence when it can't be had", async () => {
    await expect(read({ region: "mars" })).rejects.toThrow('in region "mars" (regions that have one: one)');
    await expect(read({ authUrl: "edge" })).rejects.toThrow('its auth_url is "edge": it must be a URL');
    await expect(read({ authUrl: "http://127.0.0.1:9" })).rejects.toThrow("does not answer (");
    project = undefined;
    await expect(read()).rejects.toThrow("name no project");
    project = { id: "p" };
    status = 401;
    await expect(read()).rejects.toThrow("refuses these credentials");
    status = 404;
    await expect(read()).rejects.toThrow("with status 404");
    status = 201;
  });

  describe("and `openStack` compares the settings with it", () => {
    beforeEach(() => {
      const login = { AUTH_URL: url, USERNAME: "u", PASSWORD: "p", PROJECT_NAME: "p" };
      vi.stubEnv("OS_CLOUD", undefined);
      for (const [key, text] of Object.entries(login)) vi.stubEnv(`OS_${key}`, text);
    });
    afterEach(() => vi.unstubAllEnvs());
    const asked = { ...SETTINGS, flavor: "small", image: "one" };

    test("which it has", async () => {
      // The names are there; that its machines start with cloud-init is not said of the image.
      await expect(openStack(asked)).rejects.toThrow('the image "one" is not marked');
      expect(await openStack({ ...SETTINGS, catalog: CATALOG })).toBeInstanceOf(OpenStack);
    });

    test("or lacks, does not tell, or refuses to tell", async () => {
      await expect(openStack({ ...asked, flavor: "huge" })).rejects.toThrow('no flavor "huge" (it has: large, small)');
      vi.stubEnv("OS_AUTH_URL", "http://127.0.0.1:9");
      await expect(openStack(asked)).rejects.toThrow(
        /^Cloud "http:\/\/127.0.0.1:9": http:\/\/127.0.0.1:9 does not answer \(/,
      );
      vi.stubEnv("OS_AUTH_URL", url);
      status = 401;
      await expect(openStack(asked)).rejects.toThrow("refuses these credentials");
      status = 201;
    });

    test("once they are right by themselves, and say which cloud it is", () => {
      expect(refusalOf(() => openStack({ ...asked, operators: [] })).message).toContain("name at least one range");
      const provider = new Provider("other");
      expect(refusalOf(() => openStack({ ...asked, provider })).message).toContain("nothing tells what its cloud has");
      vi.stubEnv("OS_AUTH_URL", undefined);
      expect(refusalOf(() => openStack(asked)).message).toContain("no cloud is named");
    });
  });
});
