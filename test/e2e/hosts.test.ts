import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { good, Pool } from "./pool";

/** Machines that another program owns, and the chain on them. */
const stack = "hosts";
const lab = new OwnCheckout("borrowed", 120);
const { command } = lab;
const pool = new Pool(
  lab,
  stack,
  ["apache-1", "apache-2", "kubernetes-1", "swarm-1", "client"].map((machine) => `hybrid-vnf-pool-${machine}`),
);

beforeAll(async () => {
  await pool.begin();
  pool.set("site", "platform", "hosts");
  pool.set("site", "siteName", "borrowed");
  pool.set("site", "transitCidr", "10.120.101.0/24");
  pool.set("kubernetes", "serversCidr", "10.120.102.0/24");
  pool.set("swarm", "clientsCidr", "10.120.100.0/24");
  // All that the router of the original had; every other test has the least.
  pool.set("service", "routerPrivileges", "all");
});

afterAll(() => pool.end());

describe("hosts that are there already", () => {
  test("get what they need, and carry the chain at their own addresses", async () => {
    const output = good(await command("up", ["--stack", stack, "--requests", "8"]));
    expect(output).toContain("http://10.120.100.60");
    expect(output).toMatch(/replies +8 of 8: apache-1 4, apache-2 4/);
    expect(output).toContain("10.120.102.77");
  });

  test("up again changes nothing", () => pool.settled());

  test("are given back as they were", async () => {
    good(await command("down", ["--stack", stack]));
    pool.restored();
  });
});
