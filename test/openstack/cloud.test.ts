import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../toolchain/command";
import { type Cloud, CloudError, startCloud } from "./cloud";
import { makeFixtures, NOWHERE } from "./fixtures";
import { type Seen, seen } from "./seen";

// The cloud that the OpenStack tests stand on: what they take for granted of it is proven here. Its servers are records, so
// nothing is said about traffic.

let cloud: Cloud;

/** What bears a name on this Docker engine; others may work on it meanwhile. */
async function named(name: string): Promise<string[]> {
  const list = async (...args: string[]) =>
    (await run("docker", [...args, "--filter", `name=${name}`, "--format", "{{json .}}"])).split("\n").filter(Boolean);
  return [...(await list("ps", "--all")), ...(await list("network", "ls")), ...(await list("volume", "ls"))];
}

const member = (command: string) => cloud.exec(command.split(" "));

/** Until a server has left its first states, for at most a minute. */
async function settled(server: string): Promise<string> {
  for (const end = Date.now() + 60_000; ; ) {
    const { status } = await cloud.exec<{ status: string }>(["server", "show", server]);
    if (status !== "BUILD" || Date.now() > end) return status;
  }
}

beforeAll(async () => {
  cloud = await startCloud({
    driver: "fake",
    subnet: process.env.HYBRID_VNF_OPENSTACK_SUBNET,
    report: (line) => process.stdout.write(`${line}\n`),
  });
  await makeFixtures(cloud);
});

afterAll(async () => {
  if (!cloud) return;
  expect(await named(cloud.name)).toHaveLength(2);
  // It has no volume that could be left.
  expect(await run("docker", ["inspect", "--format", "{{range .Mounts}}{{.Type}} {{end}}", cloud.name])).toBe("\n");
  await cloud.stop();
  expect(await named(cloud.name)).toEqual([]);
  expect(existsSync(cloud.folder)).toBe(false);
});

describe("what a member finds", () => {
  test("clouds.yaml for this machine, readable by its owner alone", async () => {
    expect(statSync(join(cloud.folder, "clouds.yaml")).mode & 0o777).toBe(0o600);
    const answer = await fetch(`${cloud.authUrl}`);
    expect(answer.ok).toBe(true);
  });

  test("fixtures of the operator, and nothing else", async () => {
    const all = await seen(cloud);
    expect(all.networks.map((one) => [one.name, one.external])).toEqual([["public", true]]);
    expect(all.images.map((one) => one.name)).toEqual(["machine"]);
    expect(all.servers).toEqual([]);
    expect(await cloud.projects()).toEqual(["admin", "member", "services"]);
  });

  test("it may not do an operator's work", async () => {
    await expect(member("flavor create mine --vcpus 1 --ram 64")).rejects.toThrow(/: 403: /);
  });

  test("an unknown name is an error in the client's words", async () => {
    await expect(member("server show nobody")).rejects.toThrow(CloudError);
    await expect(member("server show nobody")).rejects.toThrow(/nobody/);
  });
});

describe("what a member makes is seen as it was asked for", () => {
  const names = ["left", "right"];
  let all: Seen;

  beforeAll(async () => {
    // Addresses that are asked for lie outside the pools, where Neutron's own DHCP port takes the first one.
    await cloud.execAll(
      [
        "network create left",
        "subnet create left --network left --subnet-range 10.100.101.0/24 --dns-nameserver 10.100.101.2 --host-route destination=10.100.102.0/24,gateway=10.100.101.10 --allocation-pool start=10.100.101.100,end=10.100.101.199",
        "network create right",
        "subnet create right --network right --subnet-range 10.100.102.0/24 --gateway none --no-dhcp",
        "router create edge",
        "router set edge --external-gateway public",
        "router add subnet edge left",
        "security group create web",
        "security group rule create web --protocol tcp --dst-port 80 --remote-ip 10.100.0.0/16",
        "security group rule create web --protocol tcp --dst-port 30000:32767 --remote-group web",
        "port create r-left --network left --fixed-ip subnet=left,ip-address=10.100.101.10 --security-group web --allowed-address ip-address=10.100.102.0/24",
        "port create r-right --network right --fixed-ip subnet=right,ip-address=10.100.102.10 --no-security-group --disable-port-security",
        "server group create apart --policy anti-affinity",
      ].map((command) => command.split(" ")),
    );
    const group = await cloud.exec<{ id: string }>(["server", "group", "show", "apart"]);
    await cloud.exec(
      `server create r --image machine --flavor m1.small --port r-left --port r-right --hint group=${group.id} --property role=router --config-drive true`.split(
        " ",
      ),
    );
    expect(await settled("r")).toBe("ACTIVE");
    all = await seen(cloud);
  });

  test("networks, subnets, routers", () => {
    const { networks, subnets, routers } = all;
    expect(networks.filter((one) => !one.external).map((one) => one.name)).toEqual(names);
    expect(subnets.filter((one) => names.includes(one.name))).toEqual([
      {
        name: "left",
        network: "left",
        cidr: "10.100.101.0/24",
        gateway: "10.100.101.1",
        dhcp: true,
        nameservers: ["10.100.101.2"],
        pools: ["10.100.101.100-10.100.101.199"],
        hostRoutes: ["10.100.102.0/24 via 10.100.101.10"],
      },
      {
        name: "right",
        network: "right",
        cidr: "10.100.102.0/24",
        gateway: undefined,
        dhcp: false,
        nameservers: [],
        pools: ["10.100.102.1-10.100.102.254"],
        hostRoutes: [],
      },
    ]);
    expect(routers).toEqual([{ name: "edge", external: "public", interfaces: ["left 10.100.101.1"], routes: [] }]);
  });

  test("ports with their pairs, groups with their rules", () => {
    const { ports, securityGroups } = all;
    expect(ports.filter((one) => one.server === "r")).toMatchObject([
      {
        name: "r-left",
        network: "left",
        addresses: ["10.100.101.10"],
        pairs: ["10.100.102.0/24"],
        securityGroups: ["web"],
        portSecurity: true,
      },
      {
        name: "r-right",
        network: "right",
        addresses: ["10.100.102.10"],
        pairs: [],
        securityGroups: [],
        portSecurity: false,
      },
    ]);
    const web = securityGroups.find((one) => one.name === "web");
    expect(web?.rules.filter((one) => one.direction === "ingress")).toEqual([
      { direction: "ingress", ether: "IPv4", protocol: "tcp", ports: "30000-32767", remote: "group web" },
      { direction: "ingress", ether: "IPv4", protocol: "tcp", ports: "80", remote: "10.100.0.0/16" },
    ]);
  });

  test("servers with their legs, in their groups", () => {
    const { servers, serverGroups } = all;
    expect(servers).toMatchObject([
      {
        name: "r",
        status: "ACTIVE",
        flavor: "m1.small",
        image: "machine",
        configDrive: true,
        metadata: { role: "router" },
        legs: [
          { network: "left", address: "10.100.101.10" },
          { network: "right", address: "10.100.102.10" },
        ],
      },
    ]);
    expect(serverGroups).toEqual([{ name: "apart", policy: "anti-affinity", members: ["r"] }]);
  });
});

describe("what a test can break", () => {
  test("a quota", async () => {
    await cloud.setQuota({ networks: 2 });
    await expect(member("network create third")).rejects.toThrow(/[Qq]uota exceeded/);
    await cloud.setQuota({ networks: -1 });
  });

  test("a server that finds no host, and one that fails later", async () => {
    await member(`server create lost --image machine --flavor ${NOWHERE} --network left`);
    expect(await settled("lost")).toBe("ERROR");
    await cloud.fail("r");
    expect(await settled("r")).toBe("ERROR");
  });

  test("an API that stops answering, one service or all", async () => {
    const silent = (port: number) =>
      fetch(`http://${cloud.address}:${port}/`, { signal: AbortSignal.timeout(3000) }).then(
        () => "an answer",
        (error: Error) => error.name,
      );
    const answers = (port: number) => expect.poll(() => silent(port), { timeout: 60_000 }).toBe("an answer");
    await cloud.pause("neutron");
    expect(await silent(9696)).toBe("TimeoutError");
    await answers(5000);
    await cloud.resume("neutron");
    await answers(9696);
    await cloud.pause();
    expect(await silent(5000)).toBe("TimeoutError");
    await cloud.resume();
    await answers(5000);
  });
});
