import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Example } from "./example";
import {
  command,
  type Ended,
  enginesIn,
  environment,
  eventually,
  inShell,
  kubectl,
  leftovers,
  onMachine,
  orphanedPlugins,
  pulumi,
  ROOT,
  replies,
  texts,
  volumes,
} from "./operator";
import { startRegistry } from "./registry";

/** How the body of every OpenSSH private key begins: "openssh-key-v1" in base64 (PROTOCOL.key of OpenSSH). */
const KEY_BODY = "b3BlbnNzaC1rZXktdjE";

let before: Set<string>;
const logs: string[] = [];

async function run(name: string, args: string[] = []) {
  const ended = await command(name, args);
  logs.push(ended.output);
  return ended;
}

/** Makes the stack "dev" of a folder by hand, and takes it away with what Pulumi writes into its settings. */
function asNewStack<T>(folder: string, work: () => T): T {
  const file = path.join(ROOT, folder, "Pulumi.dev.yaml");
  const settings = fs.readFileSync(file);
  const made = pulumi(folder, "stack", "init", "dev");
  expect(made.status, made.output).toBe(0);
  const clear = () => {
    pulumi(folder, "stack", "rm", "dev", "--yes", "--preserve-config");
    fs.writeFileSync(file, settings);
  };
  const result = work();
  if (result instanceof Promise) return result.finally(clear) as T;
  clear();
  return result;
}

const bothAnswer = () => {
  const counts = replies();
  return (counts["apache-1"] ?? 0) > 0 && (counts["apache-2"] ?? 0) > 0 && !("no reply" in counts)
    ? true
    : JSON.stringify(counts);
};

beforeAll(async () => {
  // Examples import the package by its name, which within this repository is what has been built.
  execFileSync("npm", ["run", "-s", "build"], { cwd: ROOT, stdio: "inherit" });
  await run("down");
  before = volumes();
});

afterAll(async () => {
  await run("down");
});

describe("the chain in the lab", () => {
  test("up ends with the address, the hops and replies of both servers", async () => {
    const { status, output } = await run("up");
    expect(status).toBe(0);
    expect(output).toContain("http://10.100.100.20");
    expect(output).toMatch(/apache-1\W.*\d/);
    expect(output).toMatch(/apache-2\W.*\d/);
    expect(bothAnswer()).toBe(true);
  });

  test("up again changes nothing in any stack", async () => {
    const { status } = await run("up");
    expect(status).toBe(0);
    for (const stack of ["site", "kubernetes", "swarm", "service"]) {
      const preview = pulumi(`stacks/${stack}`, "preview", "--stack", "dev", "--refresh", "--expect-no-changes");
      expect(preview.status, preview.output).toBe(0);
    }
  });

  test("one command at a time is at work on the same stacks: a second one is refused, and names the first", async () => {
    let second: Promise<Ended> | undefined;
    const first = await command("up", [], (child) => {
      child.stdout?.on("data", (chunk: Buffer) => {
        if (/going up/.test(chunk.toString())) second ??= command("preview");
      });
    });
    expect(first.status).toBe(0);
    const refused = await second;
    expect(refused?.status).toBe(1);
    expect(refused?.output).toMatch(/'npm run up' is at work on the same stacks \(process \d+, since /);
    expect(bothAnswer()).toBe(true);
  });

  test("nothing is begun while somebody is at work by hand in one of the stacks", async () => {
    const locks = path.join(ROOT, ".hybrid-vnf/state/.pulumi/locks/organization/hybrid-vnf-service/dev");
    const byHand = spawn("pulumi", ["up", "--stack", "dev", "--yes", "--skip-preview", "--non-interactive"], {
      cwd: path.join(ROOT, "stacks/service"),
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

  test("down of a stack that is not there leaves the machines of others alone", async () => {
    const { status, output } = await command("down", ["--stack", "nobody"]);
    expect(status).toBe(0);
    expect(output).toContain("nothing was up");
    expect(bothAnswer()).toBe(true);
  });

  test("the route of the router is in FRR, and forwarding is its own doing", async () => {
    const routes = kubectl("exec", "deployment/quagga", "--", "vtysh", "-c", "show ip route 10.100.102.0/24");
    expect(routes.output).toContain("10.100.102.0/24");
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
      '[{"destination":"10.200.0.0/16","nextHop":"10.100.102.11"}]',
    );
    try {
      const up = pulumi("stacks/service", "up", "--stack", "dev", "--yes", "--skip-preview");
      expect(up.status, up.output).toBe(0);
      await eventually("the kernel has the route", 30, () => {
        const { output } = onMachine("kubernetes-1", "ip", "route", "show", "10.200.0.0/16");
        return output.includes("via 10.100.102.11") || output;
      });
      expect(kubectl("exec", "deployment/quagga", "--", "vtysh", "-c", "show ip route").output).toMatch(
        /S>\* 10\.200\.0\.0\/16/,
      );
    } finally {
      pulumi("stacks/service", "config", "rm", "--stack", "dev", "routes");
    }
    expect(pulumi("stacks/service", "up", "--stack", "dev", "--yes", "--skip-preview").status).toBe(0);
    await eventually(
      "the kernel's route is gone",
      30,
      () => onMachine("kubernetes-1", "ip", "route", "show", "10.200.0.0/16").output.trim() === "" || "still there",
    );
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

  test("heals by itself: router pod, balancer task, a server's process", async () => {
    kubectl("delete", "pod", "-l", "app=quagga", "--wait=true");
    await eventually("after the router's pod", 90, bothAnswer);
    inShell("bash", [
      "-c",
      "docker exec hybrid-vnf-dev-swarm-1 sh -c 'docker rm -f $(docker ps -q --filter label=com.docker.swarm.service.name=nginx)'",
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
        "create service-chain-dev-apache-3-to-10-100-101-20-32",
        "create service-chain-dev-apache-3-to-10-100-101-20-32-route",
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
    const example = new Example("published-router");
    const owners = () => onMachine("swarm-1", "bash", "-c", "cat /etc/hybrid-vnf/routes/10.100.102.0-24/*").output;
    example.begin();
    try {
      example.up();
      expect(onMachine("client", "curl", "-sS", "--max-time", "3", "http://10.100.100.20:8080").output).toMatch(
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
    const registry = await startRegistry(["kubernetes-1", "swarm-1"]);
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
    expect((await run("up")).status).toBe(0);
    expect(bothAnswer()).toBe(true);
  });

  test("a machine's container deleted behind our back is repaired by the next up", async () => {
    inShell("docker", ["rm", "-f", "hybrid-vnf-dev-apache-1"]);
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
      for (const { file, text } of texts(path.join(ROOT, ".hybrid-vnf")))
        expect(text.includes(secret), `a secret is in ${file}`).toBe(false);
      for (const log of logs) expect(log.includes(secret), "a secret is in the output of a command").toBe(false);
    }
    // The search itself finds what is there: the state names the machines in plain text.
    const state = [...texts(path.join(ROOT, ".hybrid-vnf"))];
    expect(state.some(({ text }) => text.includes("hybrid-vnf-dev-kubernetes-1"))).toBe(true);
    expect(state.some(({ text }) => text.includes(KEY_BODY))).toBe(false);
    expect(logs.some((log) => log.includes(KEY_BODY))).toBe(false);
  });

  test("down leaves nothing, not even when the Swarm was made anew since the service went up", async () => {
    inShell("docker", ["rm", "-f", "hybrid-vnf-dev-swarm-1"]);
    const swarm = pulumi("stacks/swarm", "up", "--stack", "dev", "--yes", "--skip-preview", "--refresh");
    expect(swarm.status, swarm.output).toBe(0);
    expect((await run("down")).status).toBe(0);
    expect(leftovers()).toEqual([]);
    expect([...volumes()].filter((volume) => !before.has(volume))).toEqual([]);
  });

  test("a stack whose upstream isn't up says so in one sentence", () => {
    const preview = asNewStack("stacks/service", () => pulumi("stacks/service", "preview", "--stack", "dev"));
    expect(preview.status).not.toBe(0);
    expect(preview.output).toContain("bring up the kubernetes stack first");
    expect(preview.output).not.toMatch(/^\s+at .*\.ts:/m);
  });
});

describe("interrupted", () => {
  /** Output lines that mark three different moments of an up. */
  const moments = [/site-transit/, /kubernetes-cluster-1/, /service-(nginx|quagga)/];
  test.each(moments)("an engine killed at %s: the next up ends in a working chain", async (moment) => {
    let killed = false;
    const ended = await command("up", [], (child) => {
      child.stdout?.on("data", (chunk: Buffer) => {
        if (killed || !moment.test(chunk.toString()) || child.pid === undefined) return;
        killed = true;
        process.kill(-child.pid, "SIGKILL");
        for (const engine of enginesIn("stacks")) process.kill(engine, "SIGKILL");
      });
    });
    expect(killed).toBe(true);
    expect(ended.status).not.toBe(0);
    expect((await run("up")).status).toBe(0);
    expect(bothAnswer()).toBe(true);
    expect((await run("down")).status).toBe(0);
    expect(leftovers()).toEqual([]);
    await eventually("no plugin is left", 30, () => orphanedPlugins().length === 0 || orphanedPlugins().join(", "));
  });
});

describe("the root program", () => {
  test("brings the same chain up as one stack, and down", async () => {
    await asNewStack(".", async () => {
      const up = pulumi(".", "up", "--stack", "dev", "--yes", "--skip-preview");
      expect(up.status, up.output).toBe(0);
      await eventually("the chain answers", 60, bothAnswer);
      const down = pulumi(".", "destroy", "--stack", "dev", "--yes", "--skip-preview");
      expect(down.status, down.output).toBe(0);
    });
    expect(leftovers()).toEqual([]);
  });
});
