import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { attempt, run } from "../../toolchain/command";
import { type Cloud, startCloud } from "./cloud";
import { machineDisk } from "./disk";
import { makeFixtures } from "./fixtures";
import { seen } from "./seen";

// The machine image as a disk, booted by a real Nova under emulation. How long that takes says nothing about clouds with
// hardware virtualisation.

const report = (line: string) => process.stdout.write(`${line}\n`);
const FLOATING = "10.200.0.150";
/** Seconds until a machine must answer; measured: about 100 on two busy cores. */
const PATIENCE = 600;

let cloud: Cloud;
let folder: string;

beforeAll(async () => {
  const disk = await machineDisk(report);
  folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-guest-"));
  for (const key of ["user", "host"]) {
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", join(folder, key)]);
  }
  cloud = await startCloud({ driver: "qemu", subnet: process.env.HYBRID_VNF_OPENSTACK_SUBNET, report });
  await makeFixtures(cloud, { image: disk });
  await cloud.reach();
});

afterAll(async () => {
  await cloud?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const key = (name: string) => readFileSync(join(folder, name), "utf8");

/** Runs a command on the machine, whose host key is known before it was made. */
function ssh(...command: string[]) {
  return attempt("ssh", [
    ...["-i", join(folder, "user"), "-o", `UserKnownHostsFile=${join(folder, "known")}`, "-o", "BatchMode=yes"],
    ...[
      "-o",
      "StrictHostKeyChecking=yes",
      "-o",
      "ConnectTimeout=5",
      "-o",
      "LogLevel=ERROR",
      `root@${FLOATING}`,
      ...command,
    ],
  ]);
}

test("a machine with two legs boots, is opened by its key alone, and has finished its first boot", async () => {
  writeFileSync(join(folder, "known"), `${FLOATING} ${key("host.pub")}`);
  const indented = key("host").trimEnd().replaceAll("\n", "\n    ");
  const userData = [
    "#cloud-config",
    "ssh_authorized_keys:",
    `  - ${key("user.pub").trim()}`,
    "ssh_keys:",
    `  ed25519_private: |\n    ${indented}`,
    `  ed25519_public: ${key("host.pub").trim()}`,
    "",
  ].join("\n");
  writeFileSync(join(folder, "user-data"), userData, { mode: 0o600 });
  await cloud.execAll(
    [
      "network create left",
      "subnet create left --network left --subnet-range 10.100.101.0/24 --allocation-pool start=10.100.101.100,end=10.100.101.199",
      "network create right",
      "subnet create right --network right --subnet-range 10.100.102.0/24 --gateway none --allocation-pool start=10.100.102.100,end=10.100.102.199",
      "router create edge --external-gateway public",
      "router add subnet edge left",
      "security group create open",
      "security group rule create open --protocol tcp --dst-port 22",
      "port create vm-left --network left --fixed-ip subnet=left,ip-address=10.100.101.20 --security-group open",
      "port create vm-right --network right --fixed-ip subnet=right,ip-address=10.100.102.20 --security-group open",
    ].map((command) => command.split(" ")),
  );
  // Which floating address it is, only an operator may choose.
  await cloud.exec(
    `floating ip create public --floating-ip-address ${FLOATING} --port vm-left --project member`.split(" "),
    "admin",
  );
  const began = Date.now();
  await cloud.withFile(join(folder, "user-data"), (file) =>
    cloud.exec(
      `server create vm --image machine --flavor m1.tiny --port vm-left --port vm-right --config-drive true --user-data ${file}`.split(
        " ",
      ),
    ),
  );
  let answered = await ssh("true");
  for (; answered.code !== 0 && Date.now() - began < PATIENCE * 1000; answered = await ssh("true")) {
    const [server] = (await seen(cloud)).servers;
    expect(server?.status).toMatch(/BUILD|ACTIVE/);
    await delay(2000);
  }
  if (answered.code !== 0) report(await cloud.consoleLog("vm"));
  expect(answered.stderr).toBe("");
  report(`guest: SSH after ${Math.round((Date.now() - began) / 1000)} s`);

  const status = await ssh("cloud-init", "status", "--wait", "--long");
  report(`guest: first boot finished after ${Math.round((Date.now() - began) / 1000)} s\n${status.stdout}`);
  expect(status.stderr).toBe("");
  expect(status.stdout).toContain("status: done");
  expect(status.stdout).toContain("DataSourceConfigDrive");
  expect((await ssh("systemctl", "is-system-running", "--wait")).stdout.trim()).toBe("running");
  const legs = (await ssh("ip", "-4", "-brief", "address", "show", "scope", "global")).stdout;
  expect(legs).toContain("10.100.101.20/24");
  expect(legs).toContain("10.100.102.20/24");
  report((await ssh("hostname; systemd-analyze; free -m; df -h /; uname -r")).stdout);
  report(`cloud: ${await cloud.memory()} MiB`);
  // The disk has grown to what the flavor gives.
  const size = Number((await ssh("df", "--output=size", "--block-size=1M", "/")).stdout.split("\n")[1]);
  expect(size).toBeGreaterThan(4500);
  for (const program of ["apache2", "apparmor_parser", "kubeadm", "dockerd", "containerd"]) {
    expect((await ssh("command", "-v", program)).code, program).toBe(0);
  }
  expect((await ssh("modprobe", "-a", "overlay", "br_netfilter", "vxlan", "nf_tables")).stderr).toBe("");
});
