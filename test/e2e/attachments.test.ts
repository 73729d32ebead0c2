import { describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { aroundTests, Example } from "./example";
import { type Ended, eventually, inShell, labelled } from "./operator";

const lab = new OwnCheckout("attachments", 100);
const example = new Example("attachments", { stack: "dev", checkout: lab });

const on = (machine: string, ...args: string[]): Ended =>
  inShell("docker", ["exec", `hybrid-vnf-attach-${machine}`, ...args]);
const kubectl = (...args: string[]): Ended =>
  on("k8s-1", "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", ...args);
const inPod = (deployment: string, ...args: string[]): Ended =>
  kubectl("exec", `deployment/${deployment}`, "--", ...args);
/** A command in the network of a pod, with what its node has. */
function besidePod(deployment: string, ...args: string[]): Ended {
  const asked = "jsonpath={.metadata.annotations.k8s\\.v1\\.cni\\.cncf\\.io/network-status}";
  const [pod = ""] = podsOf(deployment);
  const status = JSON.parse(kubectl("get", pod, "--output", asked).output) as { interface: string; mac: string }[];
  const mac = status.find((one) => one.interface === "net1")?.mac ?? "none";
  // The pod's own network is the one that has this interface.
  const found = `for one in /run/netns/*; do if ip netns exec "\${one##*/}" ip link show net1 2>/dev/null | grep -q ${mac}; then echo "\${one##*/}"; fi; done`;
  const { output } = on("k8s-1", "bash", "-c", found);
  return on("k8s-1", "ip", "netns", "exec", output.trim(), ...args);
}
/** Runs a command in the virtual machine, by its guest agent. */
function askGuest(...command: string[]): Ended {
  const words = ["exec", "deployment/router", "--container=vm", "--", "/start.sh", "exec", ...command];
  return kubectl("--namespace=hybrid-vnf-router", ...words);
}
function inGuest(...command: string[]): string {
  const { status, output } = askGuest(...command);
  expect(status, output).toBe(0);
  return output;
}
const podsOf = (deployment: string) =>
  kubectl("get", "pods", "--selector", `app=${deployment}`, "--output", "name").output.trim().split("\n");

/** Whether the chain answers a request within so many seconds. */
const answersOne = (seconds = 1): boolean =>
  /apache-[12]/.test(on("client", "curl", "-sS", "--max-time", String(seconds), "http://10.152.100.20").output);
/** How many of four requests the chain answers. */
const answers = (): number => [1, 2, 3, 4].filter(() => answersOne(3)).length;
function addressesOf(deployment: string): Record<string, string[]> {
  const { status, output } = inPod(deployment, "ip", "-json", "-4", "address");
  expect(status, output).toBe(0);
  const links = JSON.parse(output) as { ifname: string; addr_info: { local: string; prefixlen: number }[] }[];
  return Object.fromEntries(
    links.map(({ ifname, addr_info: all }) => [ifname, all.map((one) => `${one.local}/${one.prefixlen}`)]),
  );
}

/** Whether a list of processors, such as "0-2,5", has one. */
const inRanges = (list: string, processor: number): boolean =>
  list.split(",").some((range) => {
    const [first = Number.NaN, last = first] = range.split("-").map(Number);
    return first <= processor && processor <= last;
  });

aroundTests(lab, example);

describe("pods with several interfaces", () => {
  test("come up with the chain, through a router that is not in its node's network", () => {
    const { status, output } = example.command("up", "--requests", "8");
    expect(status, output).toBe(0);
    expect(output).toMatch(/nginx → quagga \(10\.152\.101\.30\) → apache-1/);
    expect(kubectl("get", "deployment", "quagga", "--output", "jsonpath={.spec.template.spec}").output).not.toContain(
      "hostNetwork",
    );
    expect(answers()).toBe(4);
  });

  test("have the addresses that they asked for, and each is answered on its network", () => {
    expect(addressesOf("monitor")).toMatchObject({
      eth0: [expect.stringMatching(/^10\.244\./)],
      net1: ["10.152.101.41/24"],
      net2: ["10.152.102.41/24"],
      net3: ["10.152.103.41/24"],
    });
    const asks = { "swarm-1": "10.152.101.41", "apache-1": "10.152.102.41" };
    for (const [machine, address] of Object.entries(asks))
      expect(on(machine, "ping", "-c", "1", "-W", "2", address).status, address).toBe(0);
    for (const address of ["10.152.101.20", "10.152.102.12", "10.152.103.1"])
      expect(besidePod("monitor", "ping", "-c", "1", "-W", "2", address).status, address).toBe(0);
    // Its node has a leg in each network, and no interface of its own has the pod's address.
    expect(on("k8s-1", "ip", "-4", "address").output).not.toMatch(/10\.152\.10[123]\.(30|41)\//);
  });

  test("are managed by the cluster's network, of which nothing is on the others", () => {
    const rules = `table inet watch {
  counter control { }
  counter stray { }
  chain in { type filter hook input priority 0; iifname "eth0" counter name control; iifname "net*" ip saddr != 10.152.0.0/16 counter name stray; }
  chain out { type filter hook output priority 0; oifname "eth0" counter name control; oifname "net*" ip daddr != 10.152.0.0/16 counter name stray; }
}`;
    const load = `nft -f - <<'RULES'\n${rules}\nRULES`;
    expect(besidePod("monitor", "bash", "-c", load).status).toBe(0);
    const asked = "for i in 1 2 3 4 5; do curl -sk --max-time 2 https://10.96.0.1/version; done";
    expect(besidePod("monitor", "bash", "-c", asked).output).toContain('"gitVersion"');
    expect(besidePod("monitor", "ping", "-c", "3", "-i", "0.2", "10.152.102.11").status).toBe(0);
    const { output } = besidePod("monitor", "nft", "-j", "list", "counters");
    const counters = (JSON.parse(output) as { nftables: { counter?: { name: string; packets: number } }[] }).nftables;
    const counted = Object.fromEntries(
      counters.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])),
    );
    expect(counted.stray).toBe(0);
    expect(counted.control).toBeGreaterThan(20);
  });

  test("are asked by verify what they see, as machines are", async () => {
    const { status, output } = example.command("verify", "--json");
    // Client, balancer, the router's pod and two servers.
    expect(JSON.parse(output)).toMatchObject({ good: true, machines: 5, problems: [] });
    expect(status).toBe(0);
    expect(besidePod("quagga", "ip", "link", "set", "net2", "down").status).toBe(0);
    try {
      const broken = example.command("verify", "--requests", "1", "--json");
      expect(broken.status).toBe(1);
      expect(JSON.parse(broken.output).differences).toContainEqual({
        at: "quagga",
        sentence: expect.stringMatching(/^net2 of quagga, its leg in attach\/servers, is down/),
      });
    } finally {
      expect(besidePod("quagga", "ip", "link", "set", "net2", "up").status).toBe(0);
    }
    await eventually("all answers", 60, () => answers() === 4 || "the chain does not answer");
  });

  test("another preview changes nothing", () => {
    example.good("preview", "--refresh", "--expect-no-changes");
  });

  test("a pod that takes a router's place has its addresses, and the chain goes on", async () => {
    const [before = ""] = podsOf("quagga");
    expect(kubectl("delete", before, "--wait=true").status).toBe(0);
    await eventually("all answers", 60, () => answers() === 4 || "the chain does not answer");
    expect(podsOf("quagga")).not.toContain(before);
    expect(addressesOf("quagga")).toMatchObject({ net1: ["10.152.101.30/24"], net2: ["10.152.102.30/24"] });
  });

  test("what a node's kernel lacks is said before anything is made of it", () => {
    const knows =
      on("k8s-1", "bash", "-c", "ip link add try0 link eth0 type ipvlan && ip link delete try0").status === 0;
    example.good("config", "set", "plugin", "ipvlan");
    const { status, output } = example.run("up", "--yes", "--skip-preview");
    if (knows) expect(status, output).toBe(0);
    else {
      expect(status).not.toBe(0);
      expect(output).toMatch(
        /The kernel of this node \(.*\) makes no ipvlan interface on eth\d \(it says: .+\): load the module ipvlan/,
      );
      expect(kubectl("get", "net-attach-def", "on-storage", "--output", "jsonpath={.spec.config}").output).toContain(
        '"macvlan"',
      );
    }
    example.good("config", "rm", "plugin");
    example.up();
    expect(answers()).toBe(4);
  });

  test("a router has processors for itself where its node hands them out, and is refused before it is made where not", async () => {
    example.good("config", "set", "dedicatedCores", "1");
    const before = podsOf("quagga");
    const { status, output } = example.run("up", "--yes", "--skip-preview");
    expect(status).not.toBe(0);
    expect(output).toContain(
      'dedicatedCores is 1, and the cluster k8s has the cpuManagerPolicy "none", by which all pods share all processors',
    );
    expect(podsOf("quagga")).toEqual(before);
    expect(answers()).toBe(4);
    const cores = Number(on("k8s-1", "nproc", "--all").output);
    example.good("config", "set", "dedicatedCores", String(cores));
    example.good("config", "set", "cpuManagerPolicy", "static");
    const tooMany = example.run("up", "--yes", "--skip-preview");
    expect(tooMany.status).not.toBe(0);
    expect(tooMany.output).toMatch(
      new RegExp(`k8s-1 has [0-9.]+ cores that no other pod asks for, and dedicatedCores is ${cores}`),
    );
    example.good("config", "set", "dedicatedCores", "1");
    example.up();
    const allowed = (deployment: string) =>
      /Cpus_allowed_list:\s*(\S+)/.exec(inPod(deployment, "cat", "/proc/1/status").output)?.[1];
    const own = allowed("quagga");
    expect(own).toMatch(/^\d+$/);
    expect(own).not.toBe("0");
    // The kubelet looks after those that share the others now and then.
    await eventually("the others leave it alone", 60, () => {
      const others = allowed("monitor");
      return (others !== undefined && !inRanges(others, Number(own))) || `monitor runs on ${others}`;
    });
    expect(answers()).toBe(4);
    example.good("config", "rm", "dedicatedCores");
    example.good("config", "rm", "cpuManagerPolicy");
  });

  test("a virtual machine is the router: it has the interfaces of its pod, and forwards between them", () => {
    example.good("config", "set", "virtual", "true");
    const { status, output } = example.command("up", "--requests", "8");
    expect(status, output).toBe(0);
    expect(output).toMatch(/nginx → router \(10\.152\.101\.31\) → apache-1/);
    // A router forwards more than requests.
    for (const address of ["10.152.101.31", "10.152.102.31", "10.152.102.11"])
      expect(on("swarm-1", "ping", "-c", "1", "-W", "2", address).status, address).toBe(0);
    expect(inGuest("/usr/sbin/ip", "-4", "-oneline", "address", "show", "net2")).toContain("10.152.102.31/24");
    const verified = example.command("verify", "--json");
    expect(JSON.parse(verified.output)).toMatchObject({ good: true, machines: 5, problems: [] });
    example.good("preview", "--refresh", "--expect-no-changes");
  });

  /** By FRR in the machine, and in its kernel. */
  const learnt = () => {
    const { output: route } = askGuest("/usr/bin/vtysh", "-c", "show ip route 10.99.0.0/16");
    const { output: installed } = askGuest("/usr/sbin/ip", "route", "show", "10.99.0.0/16");
    return (/Known via "ospf"/.test(route) && /proto ospf/.test(installed)) || `${route}\n${installed}`;
  };
  test("its FRR learns by OSPF what the router beside it knows", async () => {
    await eventually("the route is known", 60, learnt);
  });

  test("another virtual machine is a balancer: Nginx in it asks both servers for clients of a third network", () => {
    const asked = "for n in 1 2 3 4; do curl -sS --max-time 5 http://10.152.103.32; done";
    const { output } = besidePod("monitor", "sh", "-c", asked);
    expect([...new Set(output.match(/apache-\d/g))].sort(), output).toEqual(["apache-1", "apache-2"]);
  });

  test("the way is closed while that machine is halted, and verify says so", async () => {
    const monitor = (word: string) => `echo ${word} | socat - unix-connect:/run/vm/monitor`;
    const inVm = (word: string) =>
      kubectl(
        ...["--namespace=hybrid-vnf-router", "exec", "deployment/router", "--container=vm"],
        "--",
        "sh",
        "-c",
        monitor(word),
      );
    expect(inVm("stop").status).toBe(0);
    try {
      expect(answersOne()).toBe(false);
      const { status, output } = example.command("verify", "--requests", "1", "--json");
      expect(status).toBe(1);
      expect(JSON.parse(output)).toMatchObject({ good: false });
    } finally {
      expect(inVm("cont").status).toBe(0);
    }
    await eventually("all answers", 60, () => answers() === 4 || "the chain does not answer");
  });

  test("it is closed while that machine is off, and open once it has started again", async () => {
    const counted = "jsonpath={.items[0].status.containerStatuses[0].restartCount}";
    const restarts = () => Number(kubectl("--namespace=hybrid-vnf-router", "get", "pods", "--output", counted).output);
    const before = restarts();
    inGuest("/bin/sh", "-c", "(sleep 1; busybox poweroff -f) >/dev/null 2>&1 &");
    // It is back within seconds.
    await eventually("a request without an answer", 30, () => !answersOne() || "the chain answers");
    await eventually("all answers", 180, () => answers() === 4 || "the chain does not answer");
    await eventually("the route is known again", 60, learnt);
    expect(restarts()).toBeGreaterThan(before);
  });

  test("go, and leave nothing on their node", () => {
    example.good("config", "rm", "virtual");
    // The same stack, with neither a pod nor an attachment in it.
    example.good("config", "set", "attached", "false");
    example.up();
    const left = on(
      "k8s-1",
      "bash",
      "-c",
      "ls /etc/cni/net.d /opt/cni/bin /var/lib/cni /var/lib/cni/networks; ip -o link show type macvlan; ls /etc/hybrid-vnf",
    ).output;
    expect(left).toContain("10-hybrid-vnf.conflist");
    const taps = "for one in /run/netns/*; do ip -netns ${one##*/} link; done";
    expect(on("k8s-1", "bash", "-c", taps).output).not.toMatch(/vmtap|net1/);
    expect(left).not.toMatch(/multus|macvlan|ipvlan|host-device|static|on-storage|cni-plugins/);
    example.down();
    expect(labelled("attach")).toEqual([]);
  });
});
