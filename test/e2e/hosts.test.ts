import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command, inShell, pulumi, ROOT } from "./operator";
import { tracesOf } from "./traces";

/** Machines that another program owns, and the chain on them. */
const stack = "hosts";
const pool = "test/hosts";
const layers = ["site", "kubernetes", "swarm", "service"];
const fileOf = (folder: string) => path.join(ROOT, folder, `Pulumi.${stack}.yaml`);

const MACHINES = ["apache-1", "apache-2", "kubernetes-1", "swarm-1", "client"];
const traces = (machine: string) => tracesOf(`hybrid-vnf-pool-${machine}`);

let before: Record<string, Record<string, string>>;

function set(folder: string, ...args: string[]): void {
  const ended = pulumi(folder, "config", "set", "--stack", stack, ...args);
  expect(ended.status, ended.output).toBe(0);
}

beforeAll(() => {
  const made = pulumi(pool, "stack", "init", stack);
  expect(made.status, made.output).toBe(0);
  const up = pulumi(pool, "up", "--stack", stack, "--yes", "--skip-preview");
  expect(up.status, up.output).toBe(0);
  before = Object.fromEntries(MACHINES.map((machine) => [machine, traces(machine)]));
  for (const layer of layers) {
    const init = pulumi(`stacks/${layer}`, "stack", "init", stack);
    expect(init.status, init.output).toBe(0);
  }
  set("stacks/site", "platform", "hosts");
  set("stacks/site", "site", "borrowed");
  set("stacks/site", "transit", "10.120.101.0/24");
  set("stacks/site", "hosts", pulumi(pool, "stack", "output", "hosts", "--stack", stack, "--json").output.trim());
  const key = inShell("bash", [
    "-c",
    `pulumi stack output privateKey --show-secrets --stack ${stack} -C ${pool} | pulumi config set --secret hostsKey --stack ${stack} -C stacks/site`,
  ]);
  expect(key.status, key.output).toBe(0);
  set("stacks/kubernetes", "servers", "10.120.102.0/24");
  set("stacks/swarm", "clients", "10.120.100.0/24");
});

afterAll(async () => {
  await command("down", ["--stack", stack, "--force"]);
  pulumi(pool, "destroy", "--stack", stack, "--yes", "--skip-preview");
  pulumi(pool, "stack", "rm", stack, "--yes", "--force");
  for (const folder of [pool, ...layers.map((layer) => `stacks/${layer}`)]) fs.rmSync(fileOf(folder), { force: true });
});

describe("hosts that are there already", () => {
  test("get what they need, and carry the chain at their own addresses", async () => {
    const { status, output } = await command("up", ["--stack", stack, "--requests", "8"]);
    expect(status).toBe(0);
    expect(output).toContain("http://10.120.100.60");
    expect(output).toMatch(/replies +8 of 8: apache-1 4, apache-2 4/);
    expect(output).toContain("10.120.102.77");
  });

  test("up again changes nothing", () => {
    for (const layer of layers) {
      const preview = pulumi(`stacks/${layer}`, "preview", "--stack", stack, "--refresh", "--expect-no-changes");
      expect(preview.status, preview.output).toBe(0);
    }
  });

  test("are given back as they were", async () => {
    expect((await command("down", ["--stack", stack])).status).toBe(0);
    for (const machine of MACHINES) expect(traces(machine), machine).toEqual(before[machine]);
  });
});
