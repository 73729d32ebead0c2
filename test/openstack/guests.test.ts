import { join } from "node:path";
import type { Unwrap } from "@pulumi/pulumi";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PlannedPath } from "../../cli/plan";
import { sections } from "../../cli/proof/seen";
import { runScript } from "../../cli/remote";
import { count, type Report, verify } from "../../cli/verify";
import type { MachineFacts } from "../../components/contracts/machine";
import { serviceContract } from "../../components/contracts/service";
import { checkout } from "../../toolchain/environment";
import { eventually } from "../e2e/operator";
import { own } from "./asked";
import { type Cloud, startCloud } from "./cloud";
import { machineDisk } from "./disk";
import { makeFixtures } from "./fixtures";
import { Program } from "./program";
import { seen } from "./seen";

// The library's machines as real guests under emulation: they boot from our own disk, are set up over SSH, and carry the chain, client and
// Swarm cluster included. Kubernetes is not on them, and a machine whose kernel forwards stands in the router's place: on two emulated cores
// a cluster comes up (kubeadm, CoreDNS: 25 minutes beside four more machines), but its API is too slow for its own liveness once it has
// anything to do.

const report = (line: string) => process.stdout.write(`${line}\n`);
const program = new Program("guests");
/** Seconds until a machine must have booted, of five at once; measured: 270 to 630 on two cores that had much else to do. */
const PATIENCE = 1500;
const ROUTER = "hybrid-vnf-guests-router";

let cloud: Cloud;
let service: PlannedPath;
/** The servers and the router. */
let machines: Unwrap<MachineFacts>[];
let privateKey: string;

/** What the program says of its machines and of the service now. */
async function read(): Promise<void> {
  machines = await program.output("machines");
  ({ privateKey } = await program.output<{ privateKey: string }>("secrets"));
  ({ facts: service } = serviceContract.parse("guests", await program.output("contract"), { privateKey }));
}

function machine(name: string): Unwrap<MachineFacts> {
  const found = machines.find((one) => one.name === name);
  if (!found) throw new Error(`The program tells of no machine "${name}".`);
  return found;
}

/** How many of so many requests that a server sends to another one that one answers itself. */
async function served(from: string, to: string, requests = 3): Promise<number> {
  const script = join(checkout, "cli/proof/send.sh");
  const url = `http://${machine(to).legs[0]?.address}/`;
  const output = await runScript({ ...machine(from).ssh, privateKey }, script, { URLS: `${requests} 0 ${url}` });
  const { replies } = count((sections(output).get("replies") ?? "").replaceAll(`${url} `, ""), [to]);
  return replies[to] ?? 0;
}

/** What the client, and the balancer on its way, see of the service. */
function asked(requests = 6): Promise<Report> {
  return verify(service, privateKey, requests);
}

async function statusOf(server: string): Promise<string> {
  return (await cloud.exec<{ status: string }>(["server", "show", server])).status;
}

beforeAll(async () => {
  const disk = await machineDisk(report);
  cloud = await startCloud({
    driver: "qemu",
    subnet: process.env.HYBRID_VNF_OPENSTACK_SUBNET,
    external: process.env.HYBRID_VNF_OPENSTACK_EXTERNAL,
    report,
  });
  await makeFixtures(cloud, { image: disk });
  await cloud.reach();
  program.shell = cloud.environment();
  await program.run("stack", "init");
  await program.done("config", "set", "bootTimeoutSeconds", String(PATIENCE));
});

afterAll(async () => {
  if (machines === undefined && cloud) report(await cloud.consoleLog(ROUTER).catch((error: Error) => error.message));
  await cloud?.stop();
  await program.forget();
});

test("a client, a Swarm, a router and two servers boot side by side and are set up", {
  timeout: 3_600_000,
}, async () => {
  const began = Date.now();
  const said = await program.done("up", "--yes", "--skip-preview");
  report(`guests: up in ${Math.round((Date.now() - began) / 1000)} s`);
  for (const [, name, took] of said.matchAll(
    / (\S+)-(?:boot|manager|image-on-guests-swarm-1|converged) created \((\S+)\)/g,
  ))
    report(`guests: ${name}, ${took}`);
  report(`cloud: ${await cloud.memory()} MiB`);
  await read();
});

test("both servers answer the client, through balancer and router", async () => {
  const { answered, replies, traces, problems } = await asked();
  expect(problems).toEqual([]);
  expect(answered).toBe(6);
  expect(replies).toEqual({ "apache-1": 3, "apache-2": 3 });
  expect(traces.map(({ from, hops }) => [from, ...hops.map((hop) => hop.name)])).toEqual([
    ["client", "nginx"],
    ["nginx", "router", "apache-1"],
    ["nginx", "router", "apache-2"],
  ]);
});

test("the servers serve their pages to each other", async () => {
  expect(await served("apache-1", "apache-2")).toBe(3);
  expect(await served("apache-2", "apache-1")).toBe(3);
});

test("up again changes nothing", { timeout: 1_200_000 }, async () => {
  await program.done("preview", "--refresh", "--expect-no-changes");
});

test("with the router stopped, nothing passes, and the servers serve each other yet", {
  timeout: 2_000_000,
}, async () => {
  await cloud.exec(["server", "stop", ROUTER]);
  await eventually("the router stops", PATIENCE, async () => {
    const status = await statusOf(ROUTER);
    return status === "SHUTOFF" || status;
  });
  const { replies, problems } = await asked(2);
  expect(replies).toEqual({ "apache-1": 0, "apache-2": 0 });
  expect(problems.join("\n")).toContain("The path from nginx to apache-1 ends at nginx");
  expect(await served("apache-1", "apache-2")).toBe(3);
});

test("once it has booted again, the client is served again", { timeout: 2_000_000 }, async () => {
  await cloud.exec(["server", "start", ROUTER]);
  await eventually("the client is served", PATIENCE, async () => {
    const { answered, problems } = await asked(2);
    return answered === 2 || problems.join("; ");
  });
  expect((await asked()).problems).toEqual([]);
});

test("with routes to their networks, machines have no floating address, and it's the same service", {
  timeout: 1_200_000,
}, async () => {
  const before = own(await seen(cloud), "guests");
  expect(before.floatingAddresses).toHaveLength(5);
  for (const { name, cidr } of before.subnets) {
    await cloud.lead(cidr, name);
    await cloud.reach(cidr);
  }
  await program.done("config", "set", "access", JSON.stringify("direct"));
  await program.done("up", "--yes", "--skip-preview");
  await read();
  expect(machines.map(({ ssh }) => ssh.host)).toEqual(["10.100.102.11", "10.100.102.12", "10.100.101.10"]);
  const after = own(await seen(cloud), "guests");
  expect(after.floatingAddresses).toEqual([]);
  expect(after.servers).toEqual(before.servers);
  expect(await asked()).toMatchObject({ answered: 6, problems: [] });
  await program.done("preview", "--refresh", "--expect-no-changes");
});

test("down leaves nothing in the project", { timeout: 1_200_000 }, async () => {
  await program.done("destroy", "--yes", "--skip-preview");
  for (const [kind, list] of Object.entries(own(await seen(cloud), "guests"))) expect(list, kind).toEqual([]);
});
