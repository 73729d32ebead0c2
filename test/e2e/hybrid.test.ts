import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command, type Ended, inShell, pulumi, ROOT } from "./operator";
import { tracesOf } from "./traces";

/** Servers that another program owns, beyond a gateway; both clusters in the lab. */
const stack = "hybrid";
const pool = "test/hybrid";
const layers = ["site", "kubernetes", "swarm", "service"];
const fileOf = (folder: string) => path.join(ROOT, folder, `Pulumi.${stack}.yaml`);

const GATEWAY = "hybrid-vnf-far-gateway";
const TRANSIT = "hybrid-vnf-across-transit";
const HOSTS = ["apache-1", "apache-2", "gateway"].map((host) => `hybrid-vnf-far-${host}`);

const on = (machine: string, ...args: string[]): Ended =>
  inShell("docker", ["exec", `hybrid-vnf-across-${machine}`, ...args]);
/** The gateway is plugged into the chain's transit network, as whoever owns it would do. */
const plug = (how: string[]): Ended => inShell("docker", ["network", ...how, TRANSIT, GATEWAY]);

let before: Record<string, Record<string, string>>;

function good({ status, output }: Ended): string {
  expect(status, output).toBe(0);
  return output;
}
const set = (folder: string, ...args: string[]) => good(pulumi(folder, "config", "set", "--stack", stack, ...args));

beforeAll(() => {
  good(pulumi(pool, "stack", "init", stack));
  good(pulumi(pool, "up", "--stack", stack, "--yes", "--skip-preview"));
  before = Object.fromEntries(HOSTS.map((host) => [host, tracesOf(host)]));
  for (const layer of layers) good(pulumi(`stacks/${layer}`, "stack", "init", stack));
  set("stacks/site", "platform", "hybrid");
  set("stacks/site", "--path", "networks.servers", "hosts");
  set("stacks/site", "hosts", good(pulumi(pool, "stack", "output", "hosts", "--stack", stack, "--json")).trim());
  const key = `pulumi stack output privateKey --show-secrets --stack ${stack} -C ${pool} | pulumi config set --secret hostsKey --stack ${stack} -C stacks/site`;
  good(inShell("bash", ["-c", key]));
  set("stacks/site", "site", "across");
  set("stacks/site", "transit", "10.130.101.0/24");
  set("stacks/kubernetes", "servers", "10.130.102.0/24");
  set("stacks/swarm", "clients", "10.130.100.0/24");
});

afterAll(async () => {
  plug(["disconnect", "--force"]);
  await command("down", ["--stack", stack, "--force"]);
  pulumi(pool, "destroy", "--stack", stack, "--yes", "--skip-preview");
  pulumi(pool, "stack", "rm", stack, "--yes", "--force");
  for (const folder of [pool, ...layers.map((layer) => `stacks/${layer}`)]) fs.rmSync(fileOf(folder), { force: true });
});

describe("a chain whose servers are on hosts, and its clusters in the lab", () => {
  test("asks for the gateway at preview", () => {
    good(pulumi("stacks/site", "up", "--stack", stack, "--yes", "--skip-preview"));
    const { status, output } = pulumi("stacks/kubernetes", "preview", "--stack", stack);
    expect(status, output).not.toBe(0);
    expect(output).toContain("set gateway to the address on transit that leads to the servers");
  });

  test("is reached through router and gateway", async () => {
    good(plug(["connect", "--ip", "10.130.101.254"]));
    set("stacks/kubernetes", "gateway", "10.130.101.254");
    set("stacks/kubernetes", "back", "10.130.102.254");
    const output = good(await command("up", ["--stack", stack, "--requests", "8"]));
    expect(output).toMatch(/replies +8 of 8: apache-1 4, apache-2 4/);
    for (const address of ["10.130.102.77", "10.130.102.33"])
      expect(output).toMatch(
        new RegExp(`quagga \\(10.130.101.10\\) → gateway \\(10.130.101.254\\) → \\S+ \\(${address}\\)`),
      );
  });

  test("teaches nobody the way past the router", () => {
    // ICMP messages sent, by type; 5 is a redirect (RFC 792).
    const sent = good(on("kubernetes-1", "cat", "/proc/net/snmp"));
    expect(sent).toContain("IcmpMsg:");
    expect(sent).not.toMatch(/OutType5\b/);
    expect(good(on("swarm-1", "ip", "route", "get", "10.130.102.77"))).toContain("via 10.130.101.10 ");
  });

  test("up again changes nothing", () => {
    for (const layer of layers)
      good(pulumi(`stacks/${layer}`, "preview", "--stack", stack, "--refresh", "--expect-no-changes"));
  });

  test("without its router nothing comes through", () => {
    const ask = () => on("client", "curl", "-sS", "--max-time", "3", "http://10.130.100.20/");
    expect(good(ask())).toMatch(/apache-[12]/);
    set("stacks/service", "routers", "0");
    good(pulumi("stacks/service", "up", "--stack", stack, "--yes", "--skip-preview"));
    expect(ask().output).not.toMatch(/apache-[12]/);
    set("stacks/service", "routers", "1");
    good(pulumi("stacks/service", "up", "--stack", stack, "--yes", "--skip-preview"));
    expect(good(ask())).toMatch(/apache-[12]/);
  });

  test("goes without a trace", async () => {
    good(plug(["disconnect"]));
    good(await command("down", ["--stack", stack]));
    for (const host of HOSTS) expect(tracesOf(host), host).toEqual(before[host]);
    const label = "label=hybrid-vnf.site=across";
    const left = [
      ["ps", "--all"],
      ["network", "ls"],
      ["volume", "ls"],
    ].map((list) => good(inShell("docker", [...list, "--quiet", "--filter", label])));
    expect(left.join("")).toBe("");
  });
});
