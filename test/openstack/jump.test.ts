import { afterAll, beforeAll, expect, test } from "vitest";
import type { MachineFacts } from "../../components/contracts/machine";
import { eventually } from "../e2e/operator";
import { own } from "./asked";
import { type Bastion, startBastion } from "./bastion";
import { type Cloud, CloudError, startCloud } from "./cloud";
import { machineDisk } from "./disk";
import { makeFixtures } from "./fixtures";
import { Program } from "./program";
import { seen } from "./seen";

// The way in through a jump host, as docs/platforms/openstack.md says it, from the first `up` on: a guest that has no floating address, behind a host that knows
// the operator's key and not yet the site's.

const report = (line: string) => process.stdout.write(`${line}\n`);
/** Seconds until the machine must have booted; measured: about 100 on two busy cores. */
const PATIENCE = 600;
const TRANSIT = "10.100.101.0/24";
const program = new Program("jump");

let cloud: Cloud;
let bastion: Bastion;

beforeAll(async () => {
  const disk = await machineDisk(report);
  cloud = await startCloud({ driver: "qemu", subnet: process.env.HYBRID_VNF_OPENSTACK_SUBNET, report });
  await makeFixtures(cloud, { image: disk });
  bastion = await startBastion(cloud);
  program.shell = { ...cloud.environment(), ...(await bastion.open()) };
  await program.run("stack", "init");
  await program.done("config", "set", "bootTimeoutSeconds", String(PATIENCE));
  await program.done("config", "set", "jump", JSON.stringify(bastion.place));
  await program.done("config", "set", "--secret", "jumpKey", "--", bastion.privateKey);
});

afterAll(async () => {
  await bastion?.stop();
  await cloud?.stop();
  await program.forget();
});

/** Gives the cloud's own node, and the bastion with it, a way to the machines once there is a router that leads to them. */
function lead(): Promise<void> {
  return eventually("a router leads to transit", PATIENCE, () =>
    cloud.lead(TRANSIT, "hybrid-vnf-jump-transit").then(
      () => true as const,
      (error) => {
        if (error instanceof CloudError) return error.message;
        throw error;
      },
    ),
  );
}

test("a machine behind it boots, and a Swarm and its service are made through it", { timeout: 1_800_000 }, async () => {
  const [said] = await Promise.all([program.done("up", "--yes", "--skip-preview"), lead()]);
  for (const [, name, took] of said.matchAll(
    / (\S+)-(?:boot|manager|image-on-jump-swarm-1|converged) created \((\S+)\)/g,
  ))
    report(`jump: ${name}, ${took}`);
  const [node] = await program.output<MachineFacts[]>("machines");
  expect(node?.ssh).toMatchObject({ host: "10.100.101.20", jump: bastion.place });
  expect(await program.output("endpoint")).toBe("tcp://10.100.101.20:2376");
  expect(own(await seen(cloud), "jump").floatingAddresses).toEqual([]);
  expect(await bastion.letsIn()).toHaveLength(2);
});

test("the Swarm's API answers through it, and not without", { timeout: 600_000 }, async () => {
  await program.done("preview", "--refresh", "--expect-no-changes");
  // A way that ends here: with none at all, somebody else's machine might be asked.
  const { shell } = program;
  program.shell = { ...shell, HTTPS_PROXY: "socks5://127.0.0.1:9" };
  const { code, stdout, stderr } = await program.run("preview", "--refresh", "--expect-no-changes");
  program.shell = shell;
  expect(code).not.toBe(0);
  expect(stdout + stderr).toContain("tcp://10.100.101.20:2376");
});

test("down leaves nothing in the project, and the jump host as it was", { timeout: 1_200_000 }, async () => {
  await program.done("destroy", "--yes", "--skip-preview");
  for (const [kind, list] of Object.entries(own(await seen(cloud), "jump"))) expect(list, kind).toEqual([]);
  expect(await bastion.letsIn()).toHaveLength(1);
});
