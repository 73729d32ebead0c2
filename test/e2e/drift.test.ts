import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { eventually, texts } from "./operator";
import { stepsIn } from "./steps";

const lab = new OwnCheckout("drift", 144);
const { command, here, inShell, kubectl, onMachine, replies } = lab;

/** A hash over all that the stacks' states hold. */
function stateHash(): string {
  const hash = createHash("sha256");
  for (const { file, text } of texts(path.join(lab.root, ".hybrid-vnf/state/.pulumi/stacks")))
    hash.update(file).update(text);
  return hash.digest("hex");
}

/** What `drift` says, a sentence each; it has changed no state. */
async function drift(): Promise<readonly string[]> {
  const before = stateHash();
  const { status, output } = await command("drift", ["--json"]);
  expect(stateHash()).toBe(before);
  const found = JSON.parse(output.slice(output.indexOf("\n[") + 1)) as { sentence: string }[];
  expect(status).toBe(found.length === 0 ? 0 : 2);
  return found.map(({ sentence }) => sentence);
}

const legIn = (machine: string, address: string) => (): string =>
  onMachine(machine, "sh", "-c", `ip -4 -oneline address show to ${address} | awk '{ print $2 }'`).output.trim();

/** A network beyond a server, which the router alone has a route to. */
const BEYOND = { destination: "10.200.0.0/16", nextHop: here("10.100.102.11") };

beforeAll(async () => {
  await lab.begin();
  const settings = path.join(lab.root, "stacks/service/Pulumi.dev.yaml");
  fs.appendFileSync(settings, `  hybrid-vnf-service:routes: '${JSON.stringify([BEYOND])}'\n`);
  const { status, output } = await command("up");
  expect(status, output).toBe(0);
});
afterAll(() => lab.end());

describe("what was changed by hand", () => {
  test("is nothing on a chain that has just been brought up, and that is said so", async () => {
    const { status, output } = await command("drift");
    expect(status, output).toBe(0);
    expect(output).toContain("nothing was changed by hand");
  });

  interface Change {
    readonly what: string;
    readonly make: () => { readonly status: number | null };
    readonly sentence: () => string;
    /** What `up` does about it. */
    readonly repaired: RegExp;
  }
  const legOnServers = legIn("kubernetes-1", here("10.100.102.10"));
  const inRouter = (...args: string[]) => kubectl("exec", "deployment/quagga", "--", ...args);
  const vtysh = (...lines: string[]) => inRouter("vtysh", ...lines.flatMap((line) => ["-c", line]));
  const changes: readonly Change[] = [
    {
      what: "a route deleted on the balancer's node",
      make: () => onMachine("swarm-1", "ip", "route", "del", here("10.100.102.0/24")),
      sentence: () => here("swarm-1: the route to 10.100.102.0/24 is gone; it was via 10.100.101.10."),
      repaired: here(/^updated service-chain-dev-swarm-1-to-10-100-102-0-24-route$/),
    },
    {
      what: "a route led elsewhere on a server",
      make: () =>
        onMachine("apache-1", "ip", "route", "replace", here("10.100.101.20/32"), "via", here("10.100.102.1")),
      sentence: () => here("apache-1: the route to 10.100.101.20/32 is via 10.100.102.1; it was via 10.100.102.10."),
      repaired: here(/^updated service-chain-dev-apache-1-to-10-100-101-20-32-route$/),
    },
    {
      what: "an address changed on the router's node",
      make: () => {
        const leg = legOnServers();
        const change = here(`ip address del 10.100.102.10/24 dev ${leg} && ip address add 10.100.102.99/24 dev ${leg}`);
        return onMachine("kubernetes-1", "sh", "-c", change);
      },
      sentence: () => here(`kubernetes-1: the address of ${leg} is 10.100.102.99/24; it was 10.100.102.10/24.`),
      repaired: /^updated kubernetes-cluster-1-boot$/,
    },
    {
      what: "a kernel setting changed there",
      make: () => onMachine("kubernetes-1", "sysctl", "-w", "net.ipv4.conf.all.send_redirects=1"),
      sentence: () => "kubernetes-1: net.ipv4.conf.all.send_redirects is 1; it was 0.",
      repaired: /^updated kubernetes-cluster-1-legs-filter$/,
    },
    {
      what: "the rules of its filter taken away",
      make: () => onMachine("kubernetes-1", "nft", "flush", "chain", "inet", "hybrid_vnf", "forward"),
      sentence: () => "kubernetes-1: the filter between its legs has 0 rules; it had 2.",
      repaired: /^updated kubernetes-cluster-1-legs-filter$/,
    },
    {
      what: "a route given to FRR",
      make: () => vtysh("configure terminal", here("ip route 10.250.0.0/16 10.100.102.11")),
      sentence: () => here("kubernetes-1: the route 10.250.0.0/16 10.100.102.11 is in FRR; it was not."),
      repaired: /^updated service-quagga-routes$/,
    },
    {
      what: "a route deleted in FRR",
      make: () => {
        // Its probe would miss the route too, and have the pod started anew within half a minute: here it is left to `up`.
        // Its root file system is not to be written, and its node's root may put another file over that one.
        const router = "nsenter --mount --target $(pgrep --oldest watchfrr)";
        const healthy = onMachine("kubernetes-1", "sh", "-c", `${router} mount --bind /bin/true /healthy.sh`);
        expect(healthy.status, healthy.output).toBe(0);
        return vtysh("configure terminal", `no ip route ${BEYOND.destination} ${BEYOND.nextHop}`);
      },
      sentence: () => `kubernetes-1: the route ${BEYOND.destination} ${BEYOND.nextHop} is not in FRR; it was.`,
      repaired: /^updated service-quagga-routes$/,
    },
    {
      what: "a container removed",
      make: () => inShell("docker", ["rm", "-f", here("hybrid-vnf-dev-apache-2")]),
      sentence: () => here("apache-2: the container hybrid-vnf-dev-apache-2 is gone; it was there."),
      repaired: here(/^(created|created anew|deleted the old) (kubernetes-apache-2|service-chain-dev-apache-2)-/),
    },
  ];
  let leg = "";

  /** Makes changes, hears of each in its own sentence, and has `up` repair them and nothing else. */
  async function repair(all: readonly Change[]): Promise<void> {
    leg = legOnServers();
    for (const { what, make } of all) expect(make().status, what).toBe(0);
    expect([...(await drift())].sort()).toEqual(all.map(({ sentence }) => sentence()).sort());
    const looked = (await command("status")).output;
    for (const { sentence } of all) expect(looked).toContain(`✘ ${sentence()}`);
    const { status, output } = await command("up");
    expect(status, output).toBe(0);
    for (const { sentence } of all) expect(output).toContain(`: ${sentence()}`);
    const steps = stepsIn(output);
    for (const { what, repaired } of all)
      expect(
        steps.some((step) => repaired.test(step)),
        what,
      ).toBe(true);
    expect(steps.filter((step) => !all.some(({ repaired }) => repaired.test(step)))).toEqual([]);
    expect(await drift()).toEqual([]);
    expect(Object.keys(replies(8)).sort()).toEqual(["apache-1", "apache-2"]);
  }

  test("is told in a sentence each, and `up` repairs that and nothing else", async () => {
    await repair(changes);
    await eventually("the router's node has the route that was deleted", 30, () => {
      const { output } = onMachine("kubernetes-1", "ip", "route", "show", BEYOND.destination);
      return output.includes(`via ${BEYOND.nextHop}`) || output;
    });
  });

  test("a service scaled down too, by its node, and one that was taken away on its manager", () =>
    repair([
      {
        what: "a service scaled down",
        make: () => kubectl("scale", "deployment/quagga", "--replicas=0"),
        sentence: () => "kubernetes-1: spec.replicas of the Deployment quagga is 0; it was 1.",
        repaired: /^updated service-quagga-deployment$/,
      },
      {
        // It has a task on every node, which Swarm refuses to scale.
        what: "a Swarm service removed",
        make: () => {
          const tasks = "docker ps --quiet --filter label=com.docker.swarm.service.name=nginx";
          const untilGone = `timeout 60 bash -c 'while ${tasks} | grep -q .; do sleep 0.2; done'`;
          return onMachine("swarm-1", "bash", "-c", `docker service rm nginx && ${untilGone}`);
        },
        sentence: () => "the Swarm service nginx is gone; it was there.",
        repaired: /^(created|created anew|deleted the old|updated) service-nginx-(service|converged)$/,
      },
    ]));
});
