import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureToolchain } from "../../toolchain/ensure";
import { enginesIn } from "../e2e/operator";
import { asked, own } from "./asked";
import { type Cloud, startCloud } from "./cloud";
import { makeFixtures, NOWHERE } from "./fixtures";
import { Operator, page } from "./operator";
import { type Seen, seen } from "./seen";

// The page on OpenStack (docs/platforms), followed by a plain member of a project, and looked at through OpenStack's own client. Servers are records here
// and answer no SSH: what is proven is that the cloud has what was asked for, that what goes wrong is said and mended, and that nothing is
// left, not that a machine boots (guest.test.ts). The tests are one story and need those before them.

const SITE = "dev";
const title = (name: string) => `hybrid-vnf-${SITE}-${name}`;
/** A stack trace, which nobody who made a mistake should have to read. */
const TRACE = /^\s+at .*:\d+:\d+\)?$/m;

let cloud: Cloud;
let operator: Operator;
/** What the project had before anything was made. */
let before: Seen;
let image: string;

const report = (line: string) => process.stdout.write(`${line}\n`);
const up = page().up.replace(/^export .*\n/, "");

async function servers(): Promise<Seen["servers"]> {
  return own(await seen(cloud), SITE).servers;
}

/** Deletes a server as its owner, and waits for at most a minute until it is gone; the client's own waiting takes ERROR for the end. */
async function deleteServer(name: string): Promise<void> {
  await cloud.exec(["server", "delete", name]);
  for (const end = Date.now() + 60_000; (await servers()).some((one) => one.name === name); ) {
    if (Date.now() > end) throw new Error(`${name} is still there.`);
  }
}

/** A disk image with nothing in it, in qcow2. */
async function makeDisk(file: string): Promise<void> {
  const make = 'f=$(mktemp) && qemu-img create -q -f qcow2 "$f" 1G && base64 "$f" && rm "$f"';
  writeFileSync(file, Buffer.from(await cloud.inside(["bash", "-c", make]), "base64"));
}

beforeAll(async () => {
  await ensureToolchain({ report });
  cloud = await startCloud({ driver: "fake", subnet: process.env.HYBRID_VNF_OPENSTACK_SUBNET, report });
  await makeFixtures(cloud);
  operator = new Operator(cloud);
  const disk = join(operator.home, "machine.qcow2");
  await makeDisk(disk);
  image = `hybrid-vnf-machine-${createHash("sha256").update(readFileSync(disk)).digest("hex").slice(0, 12)}`;
  before = await seen(cloud);
});

afterAll(async () => {
  if (operator) {
    await operator.run("npm run -s down -- --stack openstack --force");
    operator.leave();
  }
  await cloud?.stop();
});

describe("what can be known before anything is made is said then", () => {
  test("a wrong password", async () => {
    operator.login("member-password", "wrong");
    const { status, output } = await operator.run(up);
    operator.login("member");
    expect(status).not.toBe(0);
    expect(output).toMatch(/Cloud "mycloud": it refuses these credentials: see to the user, password, project/);
    expect(output).not.toMatch(TRACE);
  });

  test("a flavor and an image that the cloud does not have, both at once", async () => {
    await operator.set({ "openstack.flavor": "m1.none", "openstack.image": "none" });
    const { status, output } = await operator.run("npm run preview -- --stack openstack");
    await operator.set({ "openstack.image": "machine" });
    expect(status).not.toBe(0);
    expect(output).toMatch(/the cloud has no flavor "m1.none" \(it has: m1.large, m1.medium, /);
    expect(output).toMatch(/the cloud has no image "none" \(it has: machine\)/);
    expect(output).not.toMatch(TRACE);
  });

  test.each([
    ["with its servers on this cloud", "cloud-and-lab", /docker:index:Container k8s-1-container create/],
    ["with everything on it", "openstack", /openstack:compute:Instance k8s-1-instance create/],
  ])("an example %s previews", async (_, example, cluster) => {
    const { status, output } = await operator.run(
      [
        "npm run -s build",
        `cd examples/${example}`,
        "trap 'pulumi stack rm example --yes --force; rm -f Pulumi.example.yaml' EXIT",
        "pulumi stack init example",
        "pulumi preview --stack example --non-interactive",
      ].join("\n"),
    );
    expect(status).toBe(0);
    expect(output).toMatch(/openstack:compute:Instance apache-2-instance create/);
    expect(output).toMatch(cluster);
  });

  test("nothing was made", async () => {
    expect(await seen(cloud)).toEqual(before);
  });
});

describe("what goes wrong in the middle is said, and the next up goes on", () => {
  test("the page's settings are taken", async () => {
    const { status } = await operator.run(page().settings);
    expect(status).toBe(0);
    // Not the page's: these machines will never answer, and it is known.
    await operator.set({ "openstack.bootTimeoutSeconds": "1" });
  });

  test("an API that stops answering", async () => {
    let paused: Promise<void> | undefined;
    const { status, output } = await operator.run(up, ".", (heard) => {
      if (!paused && heard.includes("created site-transit-network ")) paused = cloud.pause("neutron");
    });
    await paused;
    // It wakes up, and does yet what nobody waits for any more: the network of the site has a subnet and a router that no state knows.
    await cloud.resume("neutron");
    for (const end = Date.now() + 60_000; ; await delay(1000)) {
      const { routers, subnets } = own(await seen(cloud), SITE);
      if (routers.length > 0 && subnets.length > 0) break;
      if (Date.now() > end) throw new Error("What was asked of a network service that hung was not done.");
    }
    expect(status).not.toBe(0);
    expect(output).toContain(`the cloud does not answer: nothing heard from ${cloud.address}:9696 in 2m0s`);
    expect(output).toMatch(/kubernetes +not begun: site must be done first/);
    expect(output).not.toMatch(TRACE);
  });

  test("an engine that is killed while it makes things on the cloud", async () => {
    let killed = false;
    const { status, output } = await operator.run(up, ".", (heard) => {
      if (killed || !heard.includes("created site-transit-subnet ")) return;
      for (const pid of enginesIn("stacks/site")) {
        process.kill(pid, "SIGKILL");
        killed = true;
      }
    });
    expect(output).toContain("hybrid-vnf-site: removed the unfinished router hybrid-vnf-dev-");
    expect(output).toContain("hybrid-vnf-site: removed the unfinished subnet hybrid-vnf-dev-transit");
    expect(killed).toBe(true);
    expect(status).not.toBe(0);
    // That nothing of it is there twice is seen further down, where the cloud has exactly what was asked for.
  });

  test("a quota exceeded; and the site is done", async () => {
    await cloud.setQuota({ instances: 0 });
    const { status, output } = await operator.run(up);
    await cloud.setQuota({ instances: -1 });
    expect(status).not.toBe(0);
    expect(output).toMatch(
      /hybrid-vnf-site: going on after an engine that was stopped in the middle of \d+ operations/,
    );
    expect(output).toMatch(/(apache-\d|cluster-1|client)-instance: .*Quota exceeded for instances/);
    expect(output).not.toMatch(TRACE);
    expect(await servers()).toEqual([]);
  });

  test("a server that finds no host, and machines that don't answer", async () => {
    await operator.set({ "openstack.flavors.client": NOWHERE });
    const { status, output } = await operator.run(up);
    await operator.set({ "openstack.flavors": undefined });
    expect(status).not.toBe(0);
    expect(output).toMatch(/Error waiting for instance \(.*unexpected state 'ERROR'/);
    expect(output).toMatch(
      /The machine at 10\.200\.0\.\d+ has not let root in over SSH .* openstack console log show hybrid-vnf-dev-(apache|kubernetes|swarm)-/,
    );
    // What Nova shows of the console of a server that is a record.
    expect(output).toMatch(/It last said:\n.*FAKE CONSOLE OUTPUT\n/);
    expect(output).not.toMatch(TRACE);
  });

  test("what is left to make on the cloud is made, and another server takes the place of the one that never came up", async () => {
    expect((await operator.onCloud("site", "up")).status).toBe(0);
    expect((await operator.onCloud("kubernetes", "up")).status).toBe(0);
    const { status, output } = await operator.onCloud("swarm", "up", "--refresh");
    expect(output).toMatch(/The server "hybrid-vnf-dev-client" never came up \(.*\): another one takes its place\./);
    expect(status).toBe(0);
    expect((await servers()).find((one) => one.name === title("client"))).toMatchObject({ status: "ACTIVE" });
  });
});

describe("the cloud has what was asked for", () => {
  const operators = ["198.51.100.0/24", "172.16.0.0/12", "192.168.0.0/16"];
  let all: Seen;
  const expected = () => asked({ site: SITE, operators, flavor: "m1.large", image });

  beforeAll(async () => {
    all = own(await seen(cloud), SITE);
  });

  // Everything that is seen, and nothing besides: the lists have the same length.
  const kinds = ["networks", "subnets", "routers", "ports", "securityGroups", "servers", "serverGroups"] as const;
  test.each([...kinds, "images"] as const)("%s", (kind) => {
    expect(all[kind]).toMatchObject(expected()[kind] ?? []);
  });

  test("key pairs", () => {
    expect(all.keypairs).toEqual(expected().keypairs);
  });

  test("a floating address for each machine, on its first leg", () => {
    const fixed = expected().floatingAddresses?.map((one) => one.fixed);
    expect(all.floatingAddresses.map((one) => one.fixed).sort()).toEqual(fixed?.sort());
  });

  test.each(["site", "kubernetes", "swarm"])("another up of %s changes nothing", async (layer) => {
    const { status, output } = await operator.onCloud(layer, "up", "--refresh", "--expect-no-changes");
    expect(output).toMatch(/Resources:\n\s+\d+ unchanged\n/);
    expect(status).toBe(0);
  });
});

describe("what happens behind our back", () => {
  const port = title("client-clients");

  test("a port that was deleted is drift", async () => {
    await cloud.exec(["port", "delete", port]);
    const { status, output } = await operator.onCloud("swarm", "preview", "--refresh");
    expect(status).toBe(0);
    expect(output).toMatch(/\+ +openstack:networking:Port swarm-client-clients-port create/);
  });

  test("and repaired, with the machine that had it", async () => {
    expect((await operator.onCloud("swarm", "up", "--refresh")).status).toBe(0);
    const all = own(await seen(cloud), SITE);
    expect(all.ports.find((one) => one.name === port)).toMatchObject({
      addresses: ["10.100.100.100"],
      server: title("client"),
    });
    expect(all.floatingAddresses.find((one) => one.port === port)?.fixed).toBe("10.100.100.100");
    expect((await operator.onCloud("swarm", "up", "--refresh", "--expect-no-changes")).status).toBe(0);
  });

  test("a security group that was opened is told, and closed by the next up", async () => {
    const groups = async () => own(await seen(cloud), SITE).securityGroups;
    const closed = await groups();
    const name = closed[0]?.name ?? "";
    const open = "--protocol tcp --dst-port 22 --remote-ip 0.0.0.0/0".split(" ");
    await cloud.exec(["security", "group", "rule", "create", name, ...open]);
    expect(await groups()).not.toEqual(closed);
    const drift = await operator.run("npm run -s drift -- --stack openstack");
    expect(drift.output).toContain(`the security group ${name} lets in tcp 22 from 0.0.0.0/0; it did not.`);
    expect(drift.status).toBe(2);
    // Its machines are records and answer nothing, so it does not come to its end; that is not what is asked here.
    const { output } = await operator.run(up);
    expect(output).toContain(`added by hand, and taken away: the security group ${name} lets in tcp 22 from 0.0.0.0/0`);
    expect(await groups()).toEqual(closed);
  });

  test("a server that failed is said", async () => {
    await cloud.fail(title("apache-2"));
    const { status, output } = await operator.onCloud("kubernetes", "up", "--refresh");
    expect(status).toBe(0);
    expect(output).toContain(`The server "${title("apache-2")}" is in ERROR: delete it (openstack server delete`);
  });

  test("and comes back once it is deleted, on its own port", async () => {
    await deleteServer(title("apache-2"));
    expect((await operator.onCloud("kubernetes", "up", "--refresh")).status).toBe(0);
    const [server] = (await servers()).filter((one) => one.name === title("apache-2"));
    expect(server).toMatchObject({ status: "ACTIVE", legs: [{ address: "10.100.102.12" }] });
  });
});

test("down leaves nothing in the project", async () => {
  const { status } = await operator.run("npm run down -- --stack openstack");
  expect(status).toBe(0);
  expect(await seen(cloud)).toEqual(before);
});
