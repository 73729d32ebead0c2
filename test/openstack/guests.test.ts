import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runScript } from "../../cli/remote";
import { count, paths } from "../../cli/verify";
import type { MachineFacts } from "../../components/contracts/machine";
import { attempt, type Result } from "../../toolchain/command";
import { checkout } from "../../toolchain/environment";
import { environment } from "../e2e/operator";
import { own } from "./asked";
import { type Cloud, startCloud } from "./cloud";
import { machineDisk } from "./disk";
import { makeFixtures } from "./fixtures";
import { seen } from "./seen";

// The library's machines as real guests under emulation: they boot from our own disk, are set up over SSH, and a router among them forwards
// between two networks. The clusters are not on them: emulated, these hosts carry machines of 512 MiB side by side and no Kubernetes.

const report = (line: string) => process.stdout.write(`${line}\n`);
const folder = join(checkout, "test/openstack/guests");
const stack = "guests";
/** Seconds until a machine must have booted, of four at once; measured: 270 to 530 on two cores that had much else to do. */
const PATIENCE = 1500;
const ROUTER = "hybrid-vnf-guests-router";

let cloud: Cloud;
let machines: MachineFacts[];
let privateKey: string;

async function pulumi(...args: string[]): Promise<Result> {
  return attempt("pulumi", [...args, "--stack", stack, "--non-interactive"], { cwd: folder, env: environment() });
}

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await pulumi(...args);
  expect(code, stdout + stderr).toBe(0);
  return stdout;
}

function machine(name: string): MachineFacts {
  const found = machines.find((one) => one.name === name);
  if (!found) throw new Error(`The program tells of no machine "${name}".`);
  return found;
}

function on(name: string, script: "requests.sh" | "hops.sh", input: Record<string, string | number>): Promise<string> {
  return runScript({ ...machine(name).ssh, privateKey }, join(checkout, "cli", script), input);
}

/** How many of so many requests that a machine sends to a server that server answers itself. */
async function served(from: string, to: string, requests = 3): Promise<number> {
  const { replies } = count(
    await on(from, "requests.sh", { URL: `http://${machine(to).legs[0]?.address}/`, REQUESTS: requests }),
    [to],
  );
  return replies[to] ?? 0;
}

/** Looks until it holds, for at most PATIENCE. */
async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${PATIENCE} s.`);
    await delay(2000);
  }
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
  Object.assign(process.env, cloud.environment());
  await pulumi("stack", "init");
  await done("config", "set", "bootTimeout", String(PATIENCE));
});

afterAll(async () => {
  if (machines === undefined && cloud) report(await cloud.consoleLog(ROUTER).catch((error: Error) => error.message));
  await cloud?.stop();
  await pulumi("stack", "rm", "--yes", "--force");
  rmSync(join(folder, `Pulumi.${stack}.yaml`), { force: true });
});

test("two servers, a router and a client boot side by side and are set up", { timeout: 3_000_000 }, async () => {
  const began = Date.now();
  const said = await done("up", "--yes", "--skip-preview");
  report(`guests: up in ${Math.round((Date.now() - began) / 1000)} s`);
  for (const [, name, took] of said.matchAll(/ (\S+)-boot created \((\S+)\)/g))
    report(`guests: ${name} has booted, ${took}`);
  report(`cloud: ${await cloud.memory()} MiB`);
  machines = JSON.parse(await done("stack", "output", "machines", "--json")) as MachineFacts[];
  privateKey = JSON.parse(await done("stack", "output", "privateKey", "--json", "--show-secrets")) as string;
  expect(machines.map((one) => one.name)).toEqual(["apache-1", "apache-2", "router", "client"]);
  const interfaces = machine("router").legs.map((leg) => leg.interface);
  expect(new Set(interfaces).size).toBe(2);
});

test("the servers serve their pages to each other", async () => {
  expect(await served("apache-1", "apache-2")).toBe(3);
  expect(await served("apache-2", "apache-1")).toBe(3);
});

test("and to a machine on another leg, through the router", async () => {
  const places = machines.flatMap(({ name, legs }) => legs.map(({ address }) => ({ name, address })));
  const targets = ["apache-1", "apache-2"].map((name) => machine(name).legs[0]?.address).join(",");
  for (const server of ["apache-1", "apache-2"]) expect(await served("client", server), server).toBe(3);
  const ways = paths(await on("client", "hops.sh", { TARGETS: targets }), "client", places);
  expect(ways.map(({ hops }) => hops.map((hop) => hop.name))).toEqual([
    ["router", "apache-1"],
    ["router", "apache-2"],
  ]);
});

test("up again changes nothing", async () => {
  await done("preview", "--refresh", "--expect-no-changes");
});

test("with the router stopped, to each other alone", { timeout: 2_000_000 }, async () => {
  await cloud.exec(["server", "stop", ROUTER]);
  await eventually("the router stops", async () => (await statusOf(ROUTER)) === "SHUTOFF");
  for (const server of ["apache-1", "apache-2"]) expect(await served("client", server), server).toBe(0);
  expect(await served("apache-1", "apache-2")).toBe(3);
});

test("once it has booted again, to the other leg again", { timeout: 2_000_000 }, async () => {
  await cloud.exec(["server", "start", ROUTER]);
  await eventually("the client is served", async () => (await served("client", "apache-1", 1)) === 1);
  expect(await served("client", "apache-2")).toBe(3);
});

test("down leaves nothing in the project", async () => {
  await done("destroy", "--yes", "--skip-preview");
  for (const [kind, list] of Object.entries(own(await seen(cloud), "guests"))) expect(list, kind).toEqual([]);
});
