import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { type Ended, eventually } from "./operator";
import { good, Pool } from "./pool";

/** Servers that another program owns, beyond a gateway; both clusters in the lab. */
const stack = "hybrid";
const lab = new OwnCheckout("across", 130);
const { command, inShell, leftovers, pulumi } = lab;
const pool = new Pool(
  lab,
  stack,
  ["apache-1", "apache-2", "gateway"].map((host) => `hybrid-vnf-far-${host}`),
);

const GATEWAY = "hybrid-vnf-far-gateway";
const TRANSIT = "hybrid-vnf-across-transit";

const on = (machine: string, ...args: string[]): Ended =>
  inShell("docker", ["exec", `hybrid-vnf-across-${machine}`, ...args]);
/** The gateway is plugged into the chain's transit network, as whoever owns it would do. */
const plug = (how: string[]): Ended => inShell("docker", ["network", ...how, TRANSIT, GATEWAY]);

beforeAll(async () => {
  await pool.begin();
  pool.set("site", "platform", "hybrid");
  pool.set("site", "--path", "networks.servers", "hosts");
  pool.set("site", "siteName", "across");
  pool.set("site", "transitCidr", "10.132.101.0/24");
  pool.set("kubernetes", "serversCidr", "10.132.102.0/24");
  pool.set("swarm", "clientsCidr", "10.132.100.0/24");
});

afterAll(async () => {
  plug(["disconnect", "--force"]);
  await pool.end();
});

describe("a chain whose servers are on hosts, and its clusters in the lab", () => {
  test("asks for the gateway at preview", () => {
    good(pulumi("stacks/site", "up", "--stack", stack, "--yes", "--skip-preview"));
    const { status, output } = pulumi("stacks/kubernetes", "preview", "--stack", stack);
    expect(status, output).not.toBe(0);
    expect(output).toContain("set gatewayAddress to the address on transit that leads to the servers");
  });

  test("is reached through router and gateway", async () => {
    good(plug(["connect", "--ip", "10.132.101.254"]));
    pool.set("kubernetes", "gatewayAddress", "10.132.101.254");
    pool.set("kubernetes", "gatewayReturnAddress", "10.132.102.254");
    const output = good(await command("up", ["--stack", stack, "--requests", "8"]));
    expect(output).toMatch(/replies +8 of 8: apache-1 4, apache-2 4/);
    for (const address of ["10.132.102.77", "10.132.102.33"])
      expect(output).toMatch(
        new RegExp(`quagga \\(10.132.101.10\\) → gateway \\(10.132.101.254\\) → \\S+ \\(${address}\\)`),
      );
  });

  test("teaches nobody the way past the router", () => {
    // ICMP messages sent, by type; 5 is a redirect (RFC 792).
    const sent = good(on("kubernetes-1", "cat", "/proc/net/snmp"));
    expect(sent).toContain("IcmpMsg:");
    expect(sent).not.toMatch(/OutType5\b/);
    expect(good(on("swarm-1", "ip", "route", "get", "10.132.102.77"))).toContain("via 10.132.101.10 ");
  });

  test("up again changes nothing", () => pool.settled());

  test("without its router nothing comes through", async () => {
    const ask = () => on("client", "curl", "-sS", "--max-time", "3", "http://10.132.100.20/");
    expect(good(ask())).toMatch(/apache-[12]/);
    pool.set("service", "routerReplicas", "0");
    good(pulumi("stacks/service", "up", "--stack", stack, "--yes", "--skip-preview"));
    // The update is over when the router is told to end, and that takes a moment.
    await eventually("nothing comes through", 60, () => {
      const { output } = ask();
      return !/apache-[12]/.test(output) || output;
    });
    expect(ask().output).not.toMatch(/apache-[12]/);
    pool.set("service", "routerReplicas", "1");
    good(pulumi("stacks/service", "up", "--stack", stack, "--yes", "--skip-preview"));
    // The balancer leaves out for some seconds what it could not reach.
    await eventually("the servers answer", 60, () => {
      const { output } = ask();
      return /apache-[12]/.test(output) || output;
    });
  });

  test("goes without a trace", async () => {
    good(plug(["disconnect"]));
    good(await command("down", ["--stack", stack]));
    pool.restored();
    expect(leftovers()).toEqual([]);
  });
});
