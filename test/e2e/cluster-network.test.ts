import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { aroundTests, Example } from "./example";
import { type Ended, eventually, inShell, labelled, ROOT } from "./operator";
import { expectConnected, Pods } from "./pods";

const lab = new OwnCheckout("cluster-network", 100);
const example = new Example("cluster-network", { checkout: lab });

const on = (machine: string, ...args: string[]): Ended =>
  inShell("docker", ["exec", `hybrid-vnf-pods-${machine}`, ...args]);
const kubectl = (...args: string[]): Ended =>
  on("k8s-1", "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", ...args);
const pods = new Pods(kubectl);
const NODES = ["k8s-1", "k8s-2"];

interface Listed {
  readonly items: readonly {
    readonly metadata: {
      readonly name: string;
      readonly annotations?: Record<string, string>;
      readonly deletionTimestamp?: string;
    };
    readonly spec: {
      readonly nodeName?: string;
      readonly allocations?: Record<string, { readonly podref: string }>;
      readonly podref?: string;
    };
    readonly message?: string;
  }[];
}
const listed = (kind: string, ...args: string[]): Listed["items"] =>
  (JSON.parse(pods.good("get", kind, ...args, "--output", "json")) as Listed).items;

/** The replicas that have an interface among the servers: what they are called, and their addresses there by the cluster's word. */
function replicas(): { readonly pod: string; readonly node: string | undefined; readonly address: string }[] {
  return listed("pods", "--selector", "app=spread").flatMap(({ metadata, spec }) => {
    const status = JSON.parse(metadata.annotations?.["k8s.v1.cni.cncf.io/network-status"] ?? "[]") as {
      interface: string;
      ips: string[];
    }[];
    const address = status.find((one) => one.interface === "net1")?.ips[0];
    return address === undefined || metadata.deletionTimestamp !== undefined
      ? []
      : [{ pod: `default/${metadata.name}`, node: spec.nodeName, address }];
  });
}
/** Whether so many replicas have an address each, and both of whereabouts' kinds of objects tell of these and of no others; else what they tell. */
function kept(count: number): true | string {
  const namespace = ["--namespace", "kube-system"];
  const pool = listed("ippools.whereabouts.cni.cncf.io", ...namespace).find(
    ({ metadata }) => metadata.name === "10.156.102.0-24",
  );
  const given = Object.entries(pool?.spec.allocations ?? {}).map(([at, { podref }]) => `10.156.102.${at} ${podref}`);
  const reserved = listed("overlappingrangeipreservations.whereabouts.cni.cncf.io", ...namespace).map(
    ({ metadata, spec }) => `${metadata.name} ${spec.podref}`,
  );
  const had = replicas().map(({ pod, address }) => `${address} ${pod}`);
  const [pods, ...told] = [had, given, reserved].map((all) => all.sort().join());
  return (had.length === count && told.every((one) => one === pods)) || JSON.stringify({ had, given, reserved });
}
const scale = (count: number): string => pods.good("scale", "deployment/spread", "--replicas", String(count));
const rolledOut = (): string => pods.good("rollout", "status", "deployment/spread", "--timeout", "60s");

/** Each replica reaches each other one and a machine by its interface there, and the machine each of them. */
function expectReached(): void {
  const targets = [...replicas().map(({ address }) => address), "10.156.102.11"];
  // What its node has for it: the image lacks ping.
  const ask = `for one in /run/netns/*; do
    in="ip netns exec \${one##*/}"
    own=$($in ip -4 -oneline address show net1 2>/dev/null | awk '{ print $4 }')
    [[ -z $own ]] || for target; do $in ping -c 1 -W 2 -I net1 "$target" >/dev/null && echo "\${own%/24} $target"; done
  done; true`;
  const reached = NODES.flatMap((node) =>
    on(node, "bash", "-c", ask, "bash", ...targets)
      .output.trim()
      .split("\n"),
  );
  const wanted = replicas().flatMap(({ address }) => targets.map((target) => `${address} ${target}`));
  expect(reached.sort()).toEqual(wanted.sort());
  for (const { address } of replicas())
    expect(on("apache-1", "ping", "-c", "1", "-W", "2", address).status, address).toBe(0);
}

aroundTests(lab, example);

describe("a cluster whose pods are joined by kube-router", () => {
  test("is refused with a network that knows neither policies nor routes, or is no more", () => {
    for (const [cni, words] of [
      ["flannel", ['cni "flannel" has pods go out in their node\'s name', 'use cni "kube-router"']],
      ["weave", ["Weave Net has ended", '"cilium" and "calico"']],
    ] as const) {
      example.good("config", "set", "cni", cni);
      const { status, output } = example.run("preview");
      expect(status).not.toBe(0);
      for (const word of words) expect(output).toContain(word);
    }
    example.good("config", "rm", "cni");
    example.good("config", "set", "replicas", "4");
  });

  test("comes up, and its pods reach one another, services and machines", async () => {
    example.up();
    await expectConnected(kubectl, { answers: "k8s-1", asks: "k8s-2" }, "10.156.102.11/80");
  });

  test("has nodes that tell each other the way, without an overlay", () => {
    expect(on("k8s-1", "ip", "route").output).toMatch(/^10\.244\.\d+\.0\/24 via 10\.156\.101\.100 dev eth\d/m);
    expect(on("k8s-2", "ip", "route").output).toMatch(/^10\.244\.\d+\.0\/24 via 10\.156\.101\.10 dev eth\d/m);
    expect(on("k8s-1", "ip", "-brief", "link").output).not.toMatch(/flannel|tun|vxlan/);
  });

  test("lets in whom a policy names, from another node and from the same one, and nobody else", async () => {
    pods.answering({ name: "web", node: "k8s-1" });
    pods.asking(
      { name: "customer", node: "k8s-2", labels: "role=customer" },
      { name: "neighbour", node: "k8s-1", labels: "role=customer" },
      { name: "stranger", node: "k8s-2", labels: "role=stranger" },
      { name: "lodger", node: "k8s-1", labels: "role=stranger" },
    );
    pods.ready("web", "customer", "neighbour", "stranger", "lodger");
    const target = `${pods.addressOf("web")}/5353`;
    const reach = () => ["customer", "neighbour", "stranger", "lodger"].filter((name) => pods.reaches(name, target));
    await eventually(
      "the policy is kept",
      60,
      () => reach().join() === "customer,neighbour" || `${reach()} reach the pod`,
    );
    // Those that are kept out have a way to others.
    for (const name of ["stranger", "lodger"]) expect(pods.reaches(name, "10.156.102.11/80"), name).toBe(true);
    pods.good("delete", "networkpolicy", "guard");
    await eventually("all reach it", 60, () => reach().length === 4 || `only ${reach()} reach the pod`);
  });

  test("has machines reach pods by routes, and pods seen there by their own addresses", () => {
    const ask = on("apache-1", "timeout", "2", "bash", "-c", `exec 3<>/dev/tcp/${pods.addressOf("web")}/5353`);
    expect(ask.status, ask.output).toBe(0);
    for (const name of ["customer", "lodger"]) {
      pods.good(
        "exec",
        name,
        "--",
        "bash",
        "-c",
        "exec 3<>/dev/tcp/10.156.102.11/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; read -r line <&3",
      );
      const log = on("apache-1", "bash", "-c", "cat /var/log/apache2/*access.log").output;
      expect(log).toContain(` ${pods.addressOf(name)} `);
    }
  });

  test("has replicas on both nodes with addresses of one range, which reach one another and a machine", async () => {
    const all = replicas();
    expect(all.map(({ node }) => node).sort()).toEqual(["k8s-1", "k8s-1", "k8s-2", "k8s-2"]);
    const addresses = [50, 51, 52, 53].map((host) => `10.156.102.${host}`);
    expect(all.map(({ address }) => address).sort()).toEqual(addresses);
    await eventually("each replica has an address", 60, () => kept(4));
    expectReached();
  });

  test("takes back the address of a replica that goes, and gives each only once", async () => {
    scale(2);
    await eventually("two addresses are free", 60, () => kept(2));
    scale(4);
    rolledOut();
    await eventually("each replica has an address", 60, () => kept(4));
    expectReached();
    scale(5);
    await eventually("the fifth is refused", 60, () => {
      const said = listed("events", "--field-selector", "reason=FailedCreatePodSandBox").map(({ message }) => message);
      const words = "Could not allocate IP in range: ip: 10.156.102.50 / - 10.156.102.53";
      return said.some((one) => one?.includes(words)) || JSON.stringify(said);
    });
    scale(4);
    rolledOut();
  });

  test("has the plugin take the golden file, and refuse the bad one", () => {
    // What Multus does with a configuration, for an interface in a network that no pod is in.
    const plugin = (action: string, golden: string): Ended => {
      const file = path.join(ROOT, "components/attachment/test/golden", golden);
      const { cniVersion, name, plugins } = JSON.parse(fs.readFileSync(file, "utf8"));
      const environment = {
        CNI_COMMAND: action,
        CNI_CONTAINERID: "golden",
        CNI_NETNS: "/run/netns/golden",
        CNI_IFNAME: "net1",
        CNI_PATH: "/opt/cni/bin",
        CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=golden",
        CONFIGURATION: JSON.stringify({ ...plugins[0], cniVersion, name }),
      };
      const set = Object.entries(environment).map((one) => one.join("="));
      return on("k8s-2", "env", ...set, "bash", "-c", '"$CNI_PATH/macvlan" <<<"$CONFIGURATION"');
    };
    const pools = () => listed("ippools.whereabouts.cni.cncf.io", "--namespace", "kube-system");
    const pool = () => pools().find(({ metadata }) => metadata.name === "172.29.31.0-24")?.spec.allocations;
    expect(on("k8s-2", "ip", "netns", "add", "golden").status).toBe(0);
    try {
      const { status, output } = plugin("ADD", "good/macvlan-whereabouts.json");
      expect(status, output).toBe(0);
      expect(output).toContain('"172.29.31.50/24"');
      expect(pool()).toMatchObject({ "50": { podref: "default/golden" } });
      expect(plugin("DEL", "good/macvlan-whereabouts.json").status).toBe(0);
      expect(pool()).toEqual({});
      const refused = plugin("ADD", "bad/whereabouts.json");
      expect(refused.status).not.toBe(0);
      expect(refused.output).toContain("invalid CIDR 172.29.31.0");
      expect(pool()).toEqual({});
    } finally {
      expect(on("k8s-2", "ip", "netns", "delete", "golden").status).toBe(0);
    }
  });

  test("is put right by another update, and then nothing changes", async () => {
    // A policy that was deleted by hand, and a node whose machine is gone: the addresses of its pods are free for others.
    expect(inShell("docker", ["rm", "--force", "--volumes", "hybrid-vnf-pods-k8s-2"]).status).toBe(0);
    example.good("up", "--yes", "--skip-preview", "--refresh");
    expect(kubectl("get", "networkpolicy", "guard").status).toBe(0);
    rolledOut();
    await eventually("each replica has an address", 60, () => kept(4));
    example.good("preview", "--refresh", "--expect-no-changes");
  });

  test("keeps nothing of what gave its pods these interfaces, in the cluster or on nodes", () => {
    example.good("config", "rm", "replicas");
    example.up();
    const kinds = "crd,clusterrole,clusterrolebinding,serviceaccount,role,rolebinding,secret,lease,deployment";
    const { output } = kubectl("get", kinds, "--all-namespaces", "--output", "name");
    expect(output).toContain("serviceaccount/coredns");
    expect(output).not.toMatch(/whereabouts|k8s\.cni\.cncf\.io|hybrid-vnf-attachments|spread/);
    for (const node of NODES) {
      const look = "ls -R /etc/cni /etc/hybrid-vnf /opt/cni/bin /var/lib/cni; ip -oneline link show type macvlan";
      const left = on(node, "bash", "-c", look).output;
      expect(left).toContain("10-hybrid-vnf.conflist");
      expect(left).not.toMatch(/whereabouts|multus|macvlan|hybrid-vnf-pods|cni-plugins|on-servers/);
    }
  });

  test("goes, with the routes", () => {
    example.down();
    expect(labelled("pods")).toEqual([]);
  });
});
