import { describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { aroundTests, Example } from "./example";
import { type Ended, inShell, labelled } from "./operator";

const lab = new OwnCheckout("vmpod", 100);
const example = new Example("virtual-machines", { stack: "dev", checkout: lab });

const on = (machine: string, ...args: string[]): Ended =>
  inShell("docker", ["exec", `hybrid-vnf-vmpod-${machine}`, ...args]);
/** `kubectl` in the namespace of a machine. */
const kubectl = (of: string, ...args: string[]): Ended =>
  on("k8s-1", "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", `--namespace=hybrid-vnf-${of}`, ...args);
const good = ({ status, output }: Ended): string => {
  expect(status, output).toBe(0);
  return output;
};
/** Runs a command in the machine of a deployment, by its guest agent. */
const inGuest = (of: string, ...command: string[]): string =>
  good(kubectl(of, "exec", `deployment/${of}`, "--container=vm", "--", "/start.sh", "exec", ...command));

/** Who answers so many requests of the client: servers by their headings, and the virtual machines by their own names. */
function answers(requests = 8): { readonly servers: readonly string[]; readonly guests: readonly string[] } {
  const script = `for n in $(seq ${requests}); do curl -sS --max-time 5 http://10.153.100.20; done`;
  const pages = good(on("client", "sh", "-c", script));
  const found = (pattern: RegExp) => [...new Set([...pages.matchAll(pattern)].map(([, name = ""]) => name))].sort();
  return { servers: found(/<h1>([\w-]+)<\/h1>/g), guests: found(/<p>(guest-[\w-]+)<\/p>/g) };
}
const pods = (of: string): readonly string[] =>
  good(kubectl(of, "get", "pods", "-l", `app=${of}`, "-o", "name"))
    .split("\n")
    .flatMap((line) => (line.startsWith("pod/") ? [line.slice("pod/".length)] : []));
const becomes = (of: string, condition: string): string =>
  good(kubectl(of, "wait", "pod", "-l", `app=${of}`, `--for=condition=${condition}`, "--timeout=300s"));

function scaleTo(guests: number): void {
  example.good("config", "set", "guests", String(guests));
  expect(good(example.command("up", "--requests", "8"))).toMatch(/ updated guest-deployment /);
}

aroundTests(lab, example);

describe("virtual machines in pods", () => {
  test("boot, serve behind the balancer beside a machine, and are told to be emulated", () => {
    const output = good(example.command("up", "--requests", "8"));
    expect(output).toContain("guest will be emulated");
    expect(output).not.toContain("keeper will be emulated");
    expect(output).toMatch(/replies +8 of 8: apache-1 4, guest 4/);
    expect(answers()).toEqual({ servers: ["apache-1", "guest"], guests: pods("guest") });
  });

  test("are on the path like machines: every machine confirms their packets, there and back", () => {
    const { status, output } = example.command("verify", "--json");
    expect(JSON.parse(output)).toMatchObject({ good: true, machines: 5, problems: [] });
    expect(status).toBe(0);
  });

  test("another preview changes nothing", () => {
    example.good("preview", "--refresh", "--expect-no-changes");
  });

  test("show their serial console as the pod's log, and take what is typed there", () => {
    const log = good(kubectl("guest", "logs", "deployment/guest", "--container=vm"));
    expect(log).toContain("vm: WARNING: there is no /dev/kvm here: the machine is emulated (TCG)");
    expect(log).toMatch(/guest: ready as guest-/);
    // Typed until it has been done, for whoever attaches comes a moment later; the terminal is one that `script` makes.
    const page = "http://10.153.102.40/typed";
    const attach =
      "kubectl --kubeconfig /etc/kubernetes/admin.conf --namespace hybrid-vnf-guest attach -it deployment/guest --container=vm";
    const { output } = on(
      "k8s-1",
      "bash",
      "-c",
      `coproc script -qfc "${attach}" /dev/null
      for try in {1..60}; do
        curl -fsS ${page} && break
        echo 'echo typed-$((40 + 2)) >/var/www/html/typed' >&\${COPROC[1]}
        sleep 1
      done
      kill $COPROC_PID
      timeout 2 cat <&\${COPROC[0]}`,
    );
    expect(output).toContain("root@guest-");
    expect(good(on("k8s-1", "curl", "-fsS", page))).toContain("typed-42");
  });

  test("are asked for nothing while they are not ready, as seen from within", async () => {
    inGuest("guest", "/usr/sbin/apache2ctl", "stop");
    becomes("guest", "Ready=false");
    expect(answers()).toEqual({ servers: ["apache-1"], guests: [] });
    inGuest("guest", "/usr/sbin/apache2ctl", "start");
    becomes("guest", "Ready");
    // The balancer leaves out for some seconds what it could not reach.
    await expect.poll(() => answers().servers, { timeout: 60_000 }).toEqual(["apache-1", "guest"]);
  });

  test("are not resized while they run, with a sentence", () => {
    const more = { spec: { containers: [{ name: "vm", resources: { requests: { cpu: "200m" } } }] } };
    const patch = ["--subresource=resize", "--type=strategic", "--patch", JSON.stringify(more)];
    const { status, output } = kubectl("guest", "patch", `pod/${pods("guest")[0]}`, ...patch);
    expect(status).not.toBe(0);
    expect(output).toContain(
      "guest is a virtual machine, whose memory and processors are those that it was started with",
    );
  });

  test("are in a namespace that takes in no pod with more rights", () => {
    const pod = JSON.stringify({ spec: { hostNetwork: true } });
    const { status, output } = kubectl("guest", "run", "wide", "--image=pause:none", `--overrides=${pod}`);
    expect(status).not.toBe(0);
    expect(output).toContain('violates PodSecurity "restricted');
  });

  test("end by their power button, and go on with what a volume has kept", () => {
    inGuest("keeper", "/bin/sh", "-c", "echo kept >/var/www/html/kept");
    const [before = ""] = pods("keeper");
    good(kubectl("keeper", "delete", "pod", before, "--wait=false"));
    expect(good(kubectl("keeper", "logs", before, "--container=vm", "--follow"))).toContain(
      "guest: the power button was pressed",
    );
    good(kubectl("keeper", "wait", `pod/${before}`, "--for=delete", "--timeout=120s"));
    good(kubectl("keeper", "rollout", "status", "deployment/keeper", "--timeout=300s"));
    expect(pods("keeper")).not.toContain(before);
    expect(good(kubectl("keeper", "logs", "deployment/keeper", "--container=vm"))).toContain(
      "going on with what the machine wrote",
    );
    expect(inGuest("keeper", "/bin/cat", "/var/www/html/kept")).toContain("kept");
  });

  test("are scaled to two and back, behind the same address", async () => {
    scaleTo(2);
    expect(pods("guest")).toHaveLength(2);
    // The balancer keeps its connections for ten seconds: by and by, each of the two is among those who answer.
    const seen = new Set<string>();
    await expect
      .poll(() => [...answers(20).guests.reduce((all, guest) => all.add(guest), seen)].sort(), { timeout: 120_000 })
      .toEqual([...pods("guest")].sort());
    expect(answers().servers).toEqual(["apache-1", "guest"]);
    scaleTo(1);
    await expect.poll(() => pods("guest"), { timeout: 60_000 }).toHaveLength(1);
    await expect
      .poll(() => answers(), { timeout: 60_000 })
      .toEqual({ servers: ["apache-1", "guest"], guests: pods("guest") });
  });

  test("go without a trace", () => {
    example.down();
    expect(labelled("vmpod")).toEqual([]);
  });
});
