import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  KubernetesCluster,
  lab,
  Network,
  NetworkAttachment,
  NginxLoadBalancer,
  QuaggaRouter,
  Site,
  SwarmCluster,
  VirtualMachine,
} from "../../components";
import { RESTRICTED } from "../../components/kubernetes/namespace";
import { CHECKS, holds, type Proof, type Reason, type Shown, shownTable, tableOf, type Workload } from "../guarantees";
import { type Made, one, record, settled } from "./mocks";

const ROOT = join(__dirname, "../..");
const PAGE = join(ROOT, "docs/guarantees.md");
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");

const ROUTER = "router";
const PRIVILEGED = "router, `privileged: true`";
const ATTACHED = "router, also with `attachments`";
const MACHINE = "virtual machine";
const ROUTING_MACHINE = "virtual machine with `attachments`";
const BALANCER = "balancer";
const FLANNEL = "flannel";
const KUBE_ROUTER = "kube-router";

/** Whatever the library makes that runs in a container, by the resource that asks for it. */
async function workloads(): Promise<Workload[]> {
  const made: Made[] = record();
  const site = new Site("edge", { platform: lab(), transitCidr: "10.7.1.0/24" });
  const clients = new Network("clients", { site, cidr: "10.7.3.0/24" });
  const servers = new Network("servers", { site, cidr: "10.7.2.0/24" });
  const networks = [site.transit, servers];
  const cluster = new KubernetesCluster("k8s", { networks, attachments: true, workerCount: 2 });
  new KubernetesCluster("routed", {
    networks,
    cni: "kube-router",
    firstHost: 50,
    podCidr: "10.245.0.0/16",
    serviceCidr: "10.97.0.0/16",
  });
  const swarm = new SwarmCluster("swarm", { networks: [site.transit, clients] });
  const attachments = networks.map((network) => ({
    attachment: new NetworkAttachment(`on-${network.name}`, { cluster, network }),
    host: 30,
  }));
  new QuaggaRouter("router", { cluster });
  new QuaggaRouter("privileged", { cluster, node: "k8s-2", privileged: true });
  new QuaggaRouter("attached", { cluster, attachments });
  new VirtualMachine("guest", { cluster, emulated: true, volume: {}, seed: { userData: "#!/bin/sh\n" } });
  new VirtualMachine("routing", {
    cluster,
    emulated: true,
    attachments: attachments.map((one) => ({ ...one, host: 31 })),
  });
  new NginxLoadBalancer("nginx", { cluster: swarm, backends: ["10.7.2.11"] });
  await settled();
  const workload = (title: string, name: string, namespace?: string): Workload => ({
    title,
    resource: one(made, name),
    namespaceLabels:
      namespace === undefined
        ? {}
        : (one(made, namespace).inputs.metadata as { labels: Record<string, string> }).labels,
  });
  return [
    workload(ROUTER, "router-deployment"),
    workload(PRIVILEGED, "privileged-deployment"),
    workload(ATTACHED, "attached-deployment"),
    workload(MACHINE, "guest-deployment", "guest-namespace"),
    workload(ROUTING_MACHINE, "routing-deployment", "routing-namespace"),
    workload(BALANCER, "nginx-service"),
    workload(FLANNEL, "k8s-flannel-daemonset"),
    workload(KUBE_ROUTER, "routed-kube-router-daemonset"),
  ];
}

const ROUTERS = [ROUTER, PRIVILEGED, ATTACHED];
const REASONS: readonly Reason[] = [
  {
    workloads: [PRIVILEGED],
    checks: ["privileged_containers", "privilege_escalation", "linux_hardening", "immutable_file_systems"],
    why: "It is asked for: as the router of the original, it may do all on its node.",
  },
  {
    workloads: ROUTERS,
    checks: ["insecure_capabilities", "non_root_containers"],
    why: "FRR sets routes (`NET_ADMIN`, `NET_RAW`), ends at its start without `SYS_ADMIN`, and is started as root by its own scripts, which hand files to the user `frr`.",
  },
  {
    workloads: [ROUTER, PRIVILEGED],
    checks: ["host_network"],
    why: "It forwards between its node's legs. With `attachments` it has legs of its own, and is in its pod's network.",
  },
  {
    workloads: ROUTERS,
    checks: ["Pod Security", "default_namespace"],
    why: "No profile but `privileged` lets it in, so routers are in `default`, which enforces none; what else is there is what a program puts there.",
  },
  {
    workloads: [...ROUTERS, MACHINE, ROUTING_MACHINE, BALANCER, FLANNEL, KUBE_ROUTER],
    checks: ["cpu_limits"],
    why: "A limit lets packets wait for the next slice of time on a node that is idle; the request is what counts on one that is busy. `cpuLimit` sets one (not for flannel and kube-router).",
  },
  {
    workloads: [ROUTING_MACHINE],
    checks: ["insecure_capabilities", "non_root_containers", "Pod Security"],
    why: "Before QEMU starts, a container plugs its taps into the pod's interfaces and ends: as root, with `NET_ADMIN`, and `MKNOD` for the device file of taps. QEMU runs as nobody, without a capability. `NET_ADMIN` is let in by no profile but `privileged`.",
  },
  {
    workloads: [BALANCER],
    checks: ["insecure_capabilities", "non_root_containers"],
    why: "Nginx's first process is root, with five capabilities: to listen below port 1024 (`NET_BIND_SERVICE`), to start those that serve requests as `www-data`, which have none (`SETUID`, `SETGID`), to give them their folders (`CHOWN`) and to end one that hangs (`KILL`).",
  },
  {
    workloads: [BALANCER],
    checks: ["host_network"],
    why: 'With `publishMode: "host"` clients are seen by their own addresses, and one task takes over from another on the same port. `"ingress"` has a network of its own.',
  },
  {
    workloads: [FLANNEL, KUBE_ROUTER],
    checks: ["insecure_capabilities", "non_root_containers", "host_network", "Pod Security"],
    why: "It makes links, routes and rules in its node's network, as root with `NET_ADMIN` and `NET_RAW`; it is in `kube-system`, beside what kubeadm puts there.",
  },
  {
    workloads: [FLANNEL],
    checks: ["hostpath_mounts"],
    why: "The node's CNI plugins read the lease that it writes (`/run/flannel`), and it waits for the lock that `kube-proxy` takes too (`/run/xtables.lock`).",
  },
  {
    workloads: [KUBE_ROUTER],
    checks: ["hostpath_mounts"],
    why: "Its program is handed to the node, it writes the range of the node's pods for the CNI plugins (`/etc/hybrid-vnf/kube-router`), and it waits for the same lock.",
  },
  {
    workloads: [KUBE_ROUTER],
    checks: ["service_account_mapping"],
    why: "It watches pods, services, nodes and policies at the cluster's API, with an account that may do that and nothing else.",
  },
  {
    workloads: [FLANNEL],
    checks: ["service_account_mapping"],
    why: "It asks the cluster's API for its node's lease, with an account that may do that and nothing else.",
  },
];

const GOES =
  "A router has addresses of its own, so no other one can stand beside it: requests are lost until it is ready again. `up --guard` refuses that, and says for how long. Other routes and protocols it takes while it runs; where two routers speak OSPF, requests go by the other one.";
const proof = (file: string, title: string): Proof => ({ file, test: title });
const REAPED = "process 1 takes away what others have left";
const OWN_INIT =
  "What such a program does, process 1 does itself: it ends its own, and takes away what others leave (above).";
const HEALS = proof("test/e2e/chain.test.ts", "heals by itself: router pod, balancer task, a server's process");
const SHOWN: readonly Shown[] = [
  {
    name: "sig_term_handled",
    asks: "process 1 ends by itself, well, when it is told to",
    by: {
      [ROUTER]: proof("images/quagga/test.sh", "ends 0 on TERM"),
      [MACHINE]: proof("images/vm/test.sh", "it ends by its power button"),
      [BALANCER]: proof("images/nginx/test.sh", "ends 0 when stopped"),
    },
  },
  {
    name: "zombie_handled",
    asks: "process 1 takes away processes that nobody waits for",
    by: {
      [ROUTER]: proof("images/quagga/test.sh", REAPED),
      [MACHINE]: proof("images/vm/test.sh", REAPED),
      [BALANCER]: proof("images/nginx/test.sh", REAPED),
    },
  },
  {
    name: "specialized_init_system",
    asks: "process 1 is a program for that alone, such as tini",
    by: { [ROUTER]: OWN_INIT, [MACHINE]: OWN_INIT, [BALANCER]: OWN_INIT },
  },
  {
    name: "single_process_type",
    asks: "beside process 1 there is one kind of process",
    by: {
      [ROUTER]:
        "FRR is a daemon for each protocol, beside the one that sets the kernel's routes and the one that starts them again: they speak with one another by sockets in the container.",
      [MACHINE]: proof("images/vm/test.sh", "beside it there is QEMU, and nothing else"),
      [BALANCER]: proof("images/nginx/test.sh", "all its processes are Nginx"),
    },
  },
  {
    name: "reasonable_image_size",
    asks: "its image is small: 200 MB, 500 MB, 150 MB at most",
    by: {
      [ROUTER]: proof("images/quagga/test.sh", "the image has at most 200 MB"),
      [MACHINE]: proof("images/vm/test.sh", "the image has at most 500 MB"),
      [BALANCER]: proof("images/nginx/test.sh", "the image has at most 150 MB"),
    },
  },
  {
    name: "pod_delete",
    asks: "it is there again after its pod, or its task, was taken away",
    by: {
      [ROUTER]: HEALS,
      [MACHINE]: proof("test/e2e/vmpod.test.ts", "end by their power button, and go on with what a volume has kept"),
      [BALANCER]: HEALS,
    },
  },
  {
    name: "rolling_update",
    asks: "another image takes its place, and no request is lost",
    by: {
      [ROUTER]: GOES,
      [MACHINE]:
        "Without a volume another one is ready before the former goes, but no test counts requests; with one, what it writes belongs to one machine at a time.",
      [BALANCER]: proof("test/e2e/guard.test.ts", "runs another image of the balancer without one"),
    },
  },
  {
    name: "rolling configuration",
    asks: "another configuration takes its place, and no request is lost",
    by: {
      [ROUTER]: proof("test/e2e/routers.test.ts", "takes another configuration while it runs, and no request is lost"),
      [MACHINE]: "Its seed is read at its first start, so another one is another machine.",
      [BALANCER]: proof("test/e2e/guard.test.ts", "adds a server and shows another page without a lost request"),
    },
  },
  {
    name: "node_drain",
    asks: "it moves to another node when its own is drained",
    by: {
      [ROUTER]:
        "It is where its node's legs are: another node's router is another one, which is there beside it from the beginning.",
      [MACHINE]: "Without a volume any node can have it, which no test drains; with one, it is where its volume is.",
      [BALANCER]: "One is on every node of its Swarm: there is none to move to.",
    },
  },
];

/** A pod that does nothing of what is asked, and one that does all of it. */
const CARELESS = {
  namespace: "default",
  template: {
    metadata: { labels: {} },
    spec: {
      hostNetwork: true,
      hostPID: true,
      securityContext: { sysctls: [{ name: "kernel.panic" }] },
      volumes: [{ name: "socket", hostPath: { path: "/run/containerd/containerd.sock" } }],
      containers: [
        {
          image: "web",
          env: [{ name: "PASSWORD", value: "secret" }],
          ports: [{ containerPort: 80, hostPort: 80 }],
          securityContext: { privileged: true },
        },
      ],
    },
  },
};
const CAREFUL = {
  namespace: "web",
  template: {
    metadata: {
      labels: Object.fromEntries(
        ["name", "instance", "component", "managed-by"].map((one) => [`app.kubernetes.io/${one}`, "web"]),
      ),
    },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      volumes: [{ name: "tmp", emptyDir: {} }],
      containers: [
        {
          image: "web:1.2",
          resources: { limits: { memory: "1Mi", cpu: "1" }, requests: { memory: "1Mi", cpu: "1m" } },
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] },
            readOnlyRootFilesystem: true,
          },
          livenessProbe: { httpGet: { port: 80 } },
          readinessProbe: { httpGet: { port: 80 } },
        },
      ],
    },
  },
};
const asked = ({ namespace, template }: typeof CARELESS | typeof CAREFUL): Workload => ({
  title: "pod",
  resource: {
    ...{ type: "kubernetes:apps/v1:Deployment", name: "pod", wire: {}, secrets: [] },
    inputs: { metadata: { namespace }, spec: { template } },
  },
  namespaceLabels: namespace === "web" ? RESTRICTED : {},
});

describe("what each workload guarantees", () => {
  test("is what the documentation's table says (mend it with `npx vitest run --project unit test/unit/guarantees.test.ts -u`)", async () => {
    const tables = { asked: tableOf(await workloads(), REASONS), shown: shownTable(SHOWN) };
    const page = Object.entries(tables).reduce(
      (text, [name, table]) => {
        const place = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- end of ${name} -->)`);
        expect(text).toMatch(place);
        return text.replace(place, (_, begin: string, end: string) => `${begin}${table}\n${end}`);
      },
      readFileSync(PAGE, "utf8"),
    );
    await expect(page).toMatchFileSnapshot(PAGE);
  });

  test("is shown by tests that there are", () => {
    const proofs = SHOWN.flatMap(({ by }) => Object.values(by)).filter((one) => typeof one !== "string");
    expect(proofs.length).toBeGreaterThan(5);
    expect(proofs.filter(({ file, test: title }) => !read(file).includes(`"${title}"`))).toEqual([]);
  });

  test("is asked of whatever the library makes that runs in a container", () => {
    const makes =
      /new (kubernetes\.\w+\.v1\.(Deployment|DaemonSet|ReplicaSet|StatefulSet|Job|CronJob|Pod)|docker\.Service)\(|^ +nodeAgent\(/m;
    const files = readdirSync(join(ROOT, "components"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && makes.test(read(join("components", file))))
      .sort();
    expect(files).toEqual([
      "kubernetes/flannel.ts",
      "kubernetes/kube-router.ts",
      // What these two make it by.
      "kubernetes/node-agent.ts",
      // What a compose file says is its maker's.
      "microservice/swarm.ts",
      "nginx/balancer.ts",
      "quagga/router.ts",
      "virtualmachine/machine.ts",
    ]);
  });

  test.each(CHECKS.map((check) => [check.name, check] as const))("fails where it is not so: %s", (_, check) => {
    expect(holds(check, asked(CARELESS))).toBe(false);
    expect(holds(check, asked(CAREFUL))).toBe(true);
  });

  test("needs a reason for whatever fails, and none for what passes", () => {
    const careless = asked(CARELESS);
    const reason = { workloads: ["pod"], checks: CHECKS.map(({ name }) => name), why: "It does not care." };
    expect(tableOf([careless], [reason])).toContain("1. It does not care.");
    expect(() => tableOf([careless], [])).toThrow("pod fails liveness, and no reason says why");
    expect(() => tableOf([careless], [reason, reason])).toThrow("pod fails liveness, and two reasons say why");
    expect(() => tableOf([asked(CAREFUL)], [reason])).toThrow(
      "pod passes liveness, or is not asked, and a reason says",
    );
  });
});
