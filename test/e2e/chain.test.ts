import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { Example } from "./example";
import { type Ended, eventually, ROOT, texts } from "./operator";
import { startRegistry } from "./registry";

/** How the body of every OpenSSH private key begins: "openssh-key-v1" in base64 (PROTOCOL.key of OpenSSH). */
const KEY_BODY = "b3BlbnNzaC1rZXktdjE";

const lab = new OwnCheckout("chain", 148);
const {
  bothAnswer,
  command,
  environment,
  here,
  inShell,
  kubectl,
  leftovers,
  onMachine,
  pulumi,
  pulumiInEach,
  replies,
} = lab;
/** The volumes of every machine that there was. */
const volumes = new Set<string>();
const logs: string[] = [];

async function run(name: string, args: string[] = []) {
  const ended = await command(name, args);
  logs.push(ended.output);
  return ended;
}

/**
 * What `up` has made in each stack, and all that it says in the end, as README shows them: without times and shares of the replies, which are
 * others each time, and with the stacks in one order, for two go up at once.
 */
function ending(printed: string): readonly string[] {
  const lines = printed.trimEnd().split("\n");
  const end = lines.findIndex((line) => line.startsWith("up in "));
  const made = lines.slice(0, end).filter((line) => /^\w+ +\d+ created \(/.test(line));
  return [...made.sort(), ...lines.slice(end)].map((line) =>
    line.replace(/(?<=, |^up in )(\d+ min )?[\d.]+ s$/, "TIME").replace(/(?<=apache-\d )\d+/g, "SHARE"),
  );
}

beforeAll(() => lab.begin());
afterAll(() => lab.end());

describe("the chain in the lab", () => {
  test("up ends with the address, the hops and replies of both servers, as README shows it", async () => {
    const { status, output } = await run("up");
    expect(status).toBe(0);
    expect(output).toContain(here("http://10.100.100.20"));
    expect(output).toMatch(/apache-1\W.*\d/);
    expect(output).toMatch(/apache-2\W.*\d/);
    expect(bothAnswer()).toBe(true);
    for (const volume of lab.mounted()) volumes.add(volume);
    const [, shown = ""] =
      /^```text\n([\s\S]*?)^```/m.exec(fs.readFileSync(path.join(ROOT, "README.md"), "utf8")) ?? [];
    expect(ending(shown)).toHaveLength(11);
    expect(ending(output)).toEqual(ending(here(shown)));
  });

  test("up again changes nothing in any stack; a second command meanwhile is refused, and names the first", async () => {
    let second: Promise<Ended> | undefined;
    const first = await command("up", [], (child) => {
      child.stdout?.on("data", (chunk: Buffer) => {
        if (/going up/.test(chunk.toString())) second ??= command("preview");
      });
    });
    logs.push(first.output);
    expect(first.status).toBe(0);
    const refused = await second;
    expect(refused?.status).toBe(1);
    expect(refused?.output).toMatch(/'npm run up' is at work on the same stacks \(process \d+, since /);
    expect(bothAnswer()).toBe(true);
    const folders = ["site", "kubernetes", "swarm", "service"].map((stack) => `stacks/${stack}`);
    const previews = await pulumiInEach(folders, "preview", "--stack", "dev", "--refresh", "--expect-no-changes");
    for (const { status, output } of previews) expect(status, output).toBe(0);
  });

  test("nothing is begun while somebody is at work by hand in one of the stacks", async () => {
    const locks = path.join(lab.root, ".hybrid-vnf/state/.pulumi/locks/organization/hybrid-vnf-service/dev");
    const byHand = spawn("pulumi", ["up", "--stack", "dev", "--yes", "--skip-preview", "--non-interactive"], {
      cwd: path.join(lab.root, "stacks/service"),
      env: environment(),
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => byHand.on("close", resolve));
    await eventually("it holds the stack", 30, () =>
      fs.existsSync(locks) && fs.readdirSync(locks).length > 0 ? true : "no lock yet",
    );
    process.kill(byHand.pid as number, "SIGSTOP");
    const { status, output } = await command("up");
    process.kill(byHand.pid as number, "SIGCONT");
    expect(status).toBe(1);
    expect(output).toContain(`hybrid-vnf-service/dev is being worked on by process ${byHand.pid}`);
    expect(output).not.toContain("going up");
    expect(await ended).toBe(0);
  });

  test("up and down of stacks that are not there leave the machines of others alone", async () => {
    const files = ["site", "kubernetes", "swarm", "service"].map((stack) => path.join(lab.root, "stacks", stack));
    for (const folder of files)
      fs.copyFileSync(path.join(folder, "Pulumi.dev.yaml"), path.join(folder, "Pulumi.nobody.yaml"));
    const up = await command("up", ["--stack", "nobody"]);
    expect(up.status).toBe(1);
    expect(up.output).toMatch(
      here(/a site 'dev' is there already, and in no stack of this state \(container hybrid-vnf-dev-/),
    );
    expect((await command("down", ["--stack", "nobody"])).output).toContain("take them down where they were made");
    for (const folder of files) fs.rmSync(path.join(folder, "Pulumi.nobody.yaml"), { force: true });
    const { status, output } = await command("down", ["--stack", "nobody"]);
    expect(status).toBe(0);
    expect(output).toContain("nothing was up");
    expect(bothAnswer()).toBe(true);
  });

  test("the route of the router is in FRR, and forwarding is its own doing", async () => {
    const routes = kubectl("exec", "deployment/quagga", "--", "vtysh", "-c", here("show ip route 10.100.102.0/24"));
    expect(routes.output).toContain(here("10.100.102.0/24"));
    const filter = onMachine("kubernetes-1", "nft", "list", "set", "inet", "hybrid_vnf", "open");
    expect(filter.output).toMatch(/eth0[\s\S]*eth1|eth1[\s\S]*eth0/);
  });

  test("a route beyond a neighbour is installed in FRR and in the node's kernel, and leaves with its setting", async () => {
    pulumi(
      "stacks/service",
      "config",
      "set",
      "--stack",
      "dev",
      "routes",
      here('[{"destination":"10.200.0.0/16","nextHop":"10.100.102.11"}]'),
    );
    try {
      const up = pulumi("stacks/service", "up", "--stack", "dev", "--yes", "--skip-preview");
      expect(up.status, up.output).toBe(0);
      await eventually("the kernel has the route", 30, () => {
        const { output } = onMachine("kubernetes-1", "ip", "route", "show", "10.200.0.0/16");
        return output.includes(here("via 10.100.102.11")) || output;
      });
      expect(kubectl("exec", "deployment/quagga", "--", "vtysh", "-c", "show ip route").output).toMatch(
        /S>\* 10\.200\.0\.0\/16/,
      );
    } finally {
      const unset = pulumi("stacks/service", "config", "rm", "--stack", "dev", "routes");
      expect(unset.status, unset.output).toBe(0);
    }
    const without = pulumi("stacks/service", "up", "--stack", "dev", "--yes", "--skip-preview");
    expect(without.status, without.output).toBe(0);
    await eventually("the kernel's route is gone", 30, () => {
      const left = onMachine("kubernetes-1", "ip", "route", "show", "10.200.0.0/16").output.trim();
      if (left === "") return true;
      const lines = kubectl("exec", "deployment/quagga", "--", "vtysh", "-c", "show running-config");
      return `${left}; FRR: ${lines.output}; up: ${without.output}`;
    });
  });

  test("with the router scaled to 0 no request passes, and verify says where it ends; back to 1 it passes", async () => {
    kubectl("scale", "deployment/quagga", "--replicas=0");
    await eventually("the path is closed", 60, () => {
      const counts = replies(1);
      return "nobody" in counts || "no reply" in counts || JSON.stringify(counts);
    });
    const broken = await run("verify", ["--requests", "4"]);
    expect(broken.status).not.toBe(0);
    expect(broken.output).toMatch(/ends at .*quagga/i);
    kubectl("scale", "deployment/quagga", "--replicas=1");
    await eventually("the path is open", 90, bothAnswer);
    expect((await run("verify", ["--requests", "20"])).status).toBe(0);
  });

  test("status asks every machine, and tells what is silent and what does not run; the report draws it with the times of up", async () => {
    const well = await run("status");
    for (const machine of ["client", "swarm-1", "kubernetes-1", "apache-1", "apache-2"])
      expect(well.output).toMatch(new RegExp(`^(machine)? +${machine} +✔ running$`, "m"));
    expect(well.output).toMatch(/kubernetes +✔ 1 of 1 nodes ready/);
    // What it reads of a state that lies open is what the engine says.
    const { output: list } = pulumi("stacks/service", "stack", "ls", "--json");
    const [service] = JSON.parse(list.slice(list.indexOf("["))) as { resourceCount: number; lastUpdate: string }[];
    expect(service?.resourceCount).toBeGreaterThan(10);
    const lastUpdate = service?.lastUpdate.replace(/\.\d+(?=Z$)/, "");
    expect(well.output).toContain(`${service?.resourceCount} resources, last update ${lastUpdate}`);
    expect(well.output).toMatch(/nginx +✔ 1 of 1 running, proxy on swarm-1/);
    const page = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "hybrid-vnf-report-")), "report.html");
    inShell("docker", ["pause", here("hybrid-vnf-dev-apache-1")]);
    kubectl("scale", "deployment/quagga", "--replicas=0");
    try {
      await eventually(
        "the router is gone",
        60,
        () => kubectl("get", "pods", "-l", "app=quagga").output.includes("No resources") || "there",
      );
      const { status, output } = await run("status");
      expect(status).toBe(0);
      expect(output).toMatch(/apache-1 +✘ does not answer/);
      expect(output).toMatch(/apache-2 +✔ running/);
      expect(output).toMatch(/quagga +✘ 0 of 1 running/);
      expect((await run("report", ["--out", page])).status).toBe(0);
    } finally {
      inShell("docker", ["unpause", here("hybrid-vnf-dev-apache-1")]);
      kubectl("scale", "deployment/quagga", "--replicas=1");
    }
    await eventually("the path is open", 90, bothAnswer);
    const html = fs.readFileSync(page, "utf8");
    fs.rmSync(path.dirname(page), { recursive: true });
    for (const part of ["kubernetes-1", here("http://10.100.100.20"), "does not answer", "Steps of the critical path"])
      expect(html).toContain(part);
    expect(html).not.toContain(KEY_BODY);
  });

  test("heals by itself: router pod, balancer task, a server's process", async () => {
    kubectl("delete", "pod", "-l", "app=quagga", "--wait=true");
    await eventually("after the router's pod", 90, bothAnswer);
    inShell("bash", [
      "-c",
      here(
        "docker exec hybrid-vnf-dev-swarm-1 sh -c 'docker rm -f $(docker ps -q --filter label=com.docker.swarm.service.name=nginx)'",
      ),
    ]);
    await eventually("after the balancer's task", 90, bothAnswer);
    onMachine("apache-1", "pkill", "-9", "apache2");
    await eventually("after the server's process", 90, bothAnswer);
  });

  test("by hand: a third server re-renders SERVERS and nothing else", async () => {
    pulumi("stacks/kubernetes", "config", "set", "--stack", "dev", "serverCount", "3");
    try {
      expect(pulumi("stacks/kubernetes", "up", "--stack", "dev", "--yes", "--skip-preview").status).toBe(0);
      const preview = pulumi("stacks/service", "preview", "--stack", "dev", "--json");
      const steps = (
        JSON.parse(preview.output.slice(preview.output.indexOf("{"))) as { steps: { op: string; urn: string }[] }
      ).steps;
      const changed = steps
        .filter((step) => step.op !== "same" && step.op !== "read")
        .map((step) => `${step.op} ${step.urn.split("::").pop()}`);
      expect(changed.sort()).toEqual([
        here("create service-chain-dev-apache-3-to-10-100-101-20-32"),
        here("create service-chain-dev-apache-3-to-10-100-101-20-32-route"),
        "update service-nginx",
        "update service-nginx-converged",
        "update service-nginx-service",
      ]);
      expect(pulumi("stacks/service", "up", "--stack", "dev", "--yes", "--skip-preview").status).toBe(0);
      await eventually("the third server answers", 60, () => {
        const counts = replies(9);
        return (counts["apache-3"] ?? 0) > 0 || JSON.stringify(counts);
      });
    } finally {
      pulumi("stacks/kubernetes", "config", "set", "--stack", "dev", "serverCount", "2");
    }
    expect((await run("up")).status).toBe(0);
  });

  test("a second chain over the router that this one published shares its routes, and goes without them", () => {
    const example = new Example("published-router", { checkout: lab });
    const owners = () =>
      onMachine("swarm-1", "bash", "-c", here("cat /etc/hybrid-vnf/routes/10.100.102.0-24/*")).output;
    example.begin();
    try {
      example.up();
      expect(onMachine("client", "curl", "-sS", "--max-time", "3", here("http://10.100.100.20:8080")).output).toMatch(
        /apache/,
      );
      expect(owners().split("\n").filter(Boolean)).toHaveLength(2);
      example.down();
      expect(owners().split("\n").filter(Boolean)).toHaveLength(1);
      expect(bothAnswer()).toBe(true);
    } finally {
      example.end();
    }
  });

  test("a port that something else on the node has is named, and the service stays as it is", async () => {
    // The second chain's balancer listened there.
    await eventually(
      "nobody listens on the port",
      60,
      () => onMachine("swarm-1", "ss", "-Hltn", "sport = :8080").output || true,
    );
    const taken = ["--unit", "taken", "--socket-property=ListenStream=8080", "/bin/true"];
    expect(onMachine("swarm-1", "systemd-run", "--quiet", ...taken).status).toBe(0);
    pulumi("stacks/service", "config", "set", "--stack", "dev", "port", "8080");
    try {
      const { status, output } = pulumi("stacks/service", "up", "--stack", "dev", "--yes", "--skip-preview");
      expect(status).not.toBe(0);
      expect(output).toContain(
        "Port 8080 of swarm-1 is taken by systemd (process 1): stop that, or choose another port",
      );
    } finally {
      pulumi("stacks/service", "config", "rm", "--stack", "dev", "port");
      onMachine("swarm-1", "systemctl", "stop", "taken.socket");
    }
    expect(bothAnswer()).toBe(true);
  });

  test("images that go through a registry are pulled from there by their digest", async () => {
    const registry = await startRegistry(lab, ["kubernetes-1", "swarm-1"]);
    const service = (...args: string[]) => pulumi("stacks/service", ...args, "--stack", "dev");
    try {
      service("config", "set", "registry", registry.name);
      const up = service("up", "--yes", "--skip-preview");
      expect(up.status, up.output).toBe(0);
      await eventually("the chain answers", 60, bothAnswer);
      const pod = kubectl(
        "get",
        "pods",
        "-l",
        "app=quagga",
        "-o",
        "jsonpath={.items[*].status.containerStatuses[*].imageID}",
      );
      expect(pod.output).toMatch(new RegExp(`^${registry.name}/hybrid-vnf/quagga@sha256:[0-9a-f]{64}$`));
      const task = onMachine(
        "swarm-1",
        "docker",
        "ps",
        "--filter",
        "label=com.docker.swarm.service.name=nginx",
        "--format",
        "{{.Image}}",
      );
      expect(task.output.trim()).toContain(`${registry.name}/hybrid-vnf/nginx`);
    } finally {
      service("config", "rm", "registry");
      registry.stop();
    }
  });

  test("the next up goes back from the registry, and repairs a machine whose container was deleted behind our back", async () => {
    inShell("docker", ["rm", "-f", here("hybrid-vnf-dev-apache-1")]);
    expect((await run("up")).status).toBe(0);
    expect(bothAnswer()).toBe(true);
  });

  test("secrets are nowhere in plain text", () => {
    const secrets = [
      onMachine("kubernetes-1", "sed", "-n", "s/ *client-key-data: //p", "/etc/kubernetes/admin.conf").output.trim(),
      onMachine("swarm-1", "docker", "swarm", "join-token", "-q", "worker").output.trim(),
      onMachine("swarm-1", "docker", "swarm", "join-token", "-q", "manager").output.trim(),
      onMachine("swarm-1", "sed", "-n", "2p", "/etc/ssh/ssh_host_ed25519_key").output.trim(),
    ];
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(30);
      for (const { file, text } of texts(path.join(lab.root, ".hybrid-vnf")))
        expect(text.includes(secret), `a secret is in ${file}`).toBe(false);
      for (const log of logs) expect(log.includes(secret), "a secret is in the output of a command").toBe(false);
    }
    // The search itself finds what is there: the state names the machines in plain text.
    const state = [...texts(path.join(lab.root, ".hybrid-vnf"))];
    expect(state.some(({ text }) => text.includes(here("hybrid-vnf-dev-kubernetes-1")))).toBe(true);
    expect(state.some(({ text }) => text.includes(KEY_BODY))).toBe(false);
    expect(logs.some((log) => log.includes(KEY_BODY))).toBe(false);
  });

  test("down leaves nothing, not even when the Swarm was made anew since the service went up", async () => {
    inShell("docker", ["rm", "-f", here("hybrid-vnf-dev-swarm-1")]);
    const swarm = pulumi("stacks/swarm", "up", "--stack", "dev", "--yes", "--skip-preview", "--refresh");
    expect(swarm.status, swarm.output).toBe(0);
    for (const volume of lab.mounted()) volumes.add(volume);
    expect((await run("down")).status).toBe(0);
    expect(leftovers()).toEqual([]);
    expect(volumes.size).toBeGreaterThan(0);
    const left = inShell("docker", ["volume", "ls", "-q"]).output.split("\n");
    expect(left.filter((volume) => volumes.has(volume))).toEqual([]);
  });

  test("a stack whose upstream isn't up says so in one sentence", async () => {
    const preview = await lab.asNewStack("stacks/service", () => pulumi("stacks/service", "preview", "--stack", "dev"));
    expect(preview.status).not.toBe(0);
    expect(preview.output).toContain("bring up the kubernetes stack first");
    expect(preview.output).not.toMatch(/^\s+at .*\.ts:/m);
  });
});
