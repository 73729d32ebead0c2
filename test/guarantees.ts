import type { Made } from "./unit/mocks";

/** A pod, or a task of a Swarm, as the library asks for it. */
export interface Workload {
  /** What the table calls it. */
  readonly title: string;
  readonly resource: Made;
  /** The labels of its namespace, where that was made with it. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
}

interface Container {
  readonly image?: string;
  readonly securityContext?: {
    readonly privileged?: boolean;
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly runAsNonRoot?: boolean;
    readonly seccompProfile?: { readonly type: string };
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
  readonly resources?: Readonly<Record<"limits" | "requests", Readonly<Record<string, string>> | undefined>>;
  readonly ports?: readonly { readonly hostPort?: number }[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly livenessProbe?: object;
  readonly readinessProbe?: object;
}

interface Pod {
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly automountServiceAccountToken?: boolean;
  readonly securityContext?: Container["securityContext"] & { readonly sysctls?: readonly { readonly name: string }[] };
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
}

interface Task {
  readonly containerSpec: {
    readonly image: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly user?: string;
    readonly readOnly?: boolean;
    readonly capAdds?: readonly string[];
    readonly capDrops?: readonly string[];
    readonly healthcheck?: object;
    readonly mounts?: readonly { readonly type: string }[];
    readonly sysctl?: object;
  };
  readonly resources?: {
    readonly limits?: { readonly memoryBytes?: number; readonly nanoCpus?: number };
    readonly reservation?: { readonly memoryBytes?: number; readonly nanoCpus?: number };
  };
  readonly networksAdvanceds?: readonly object[];
}

interface PodWorkload {
  readonly pod: Pod;
  /** Those that run beside the others, and before them. */
  readonly all: readonly Container[];
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
}

/** What is asked of each workload. */
export interface Check {
  /** The catalog's name of it (CNTi: cnti-testsuite), or ours. */
  readonly name: string;
  readonly asks: string;
  readonly pod: (workload: PodWorkload) => boolean;
  /** @default a Swarm has no such thing */
  readonly task?: (task: Task) => boolean;
}

/** What a process without rights may ask the kernel for (Kubernetes: Pod Security Standards, "baseline"). */
const SAFE_SYSCTLS = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
];
const VOLUMES = ["configMap", "downwardAPI", "emptyDir", "persistentVolumeClaim", "projected", "secret"];
const isCredential = (variable: string) => /passw|secret|token|key$/i.test(variable);
const isTagged = (image = "") => /:[^:/@]+$/.test(image) && !image.endsWith(":latest");
const dropsAll = (added: readonly string[] = [], dropped: readonly string[] = []) =>
  dropped.includes("ALL") && added.every((one) => one.replace(/^CAP_/, "") === "NET_BIND_SERVICE");
const has = (of: "limits" | "requests", what: string) => (one: Container) => one.resources?.[of]?.[what] !== undefined;

const RIGHTS: readonly Check[] = [
  {
    name: "privileged_containers",
    asks: "no container is privileged",
    pod: ({ all }) => all.every((one) => one.securityContext?.privileged !== true),
  },
  {
    name: "privilege_escalation",
    asks: "no process gets more rights than the one that started it",
    pod: ({ all }) => all.every((one) => one.securityContext?.allowPrivilegeEscalation === false),
  },
  {
    name: "insecure_capabilities",
    asks: "all capabilities are dropped; `NET_BIND_SERVICE` alone may come back",
    pod: ({ all }) =>
      all.every(({ securityContext: { capabilities } = {} }) => dropsAll(capabilities?.add, capabilities?.drop)),
    task: ({ containerSpec: { capAdds, capDrops } }) => dropsAll(capAdds, capDrops),
  },
  {
    name: "non_root_containers",
    asks: "nothing runs as root",
    pod: ({ pod, all }) =>
      all.every((one) => one.securityContext?.runAsNonRoot ?? pod.securityContext?.runAsNonRoot ?? false),
    task: ({ containerSpec: { user = "root" } }) => !/^(root|0)(:|$)/.test(user),
  },
  {
    name: "linux_hardening",
    asks: "the runtime's filter of system calls is on (seccomp `RuntimeDefault`)",
    pod: ({ pod, all }) =>
      all.every(
        (one) =>
          one.securityContext?.privileged !== true &&
          (one.securityContext?.seccompProfile ?? pod.securityContext?.seccompProfile)?.type === "RuntimeDefault",
      ),
  },
  {
    name: "host_network",
    asks: "it is not in its node's network",
    pod: ({ pod }) => pod.hostNetwork !== true,
    task: ({ networksAdvanceds = [] }) => networksAdvanceds.length === 0,
  },
  {
    name: "host_pid_ipc_privileges",
    asks: "it sees no process, and no memory, of its node",
    pod: ({ pod }) => pod.hostPID !== true && pod.hostIPC !== true,
  },
  {
    name: "hostpath_mounts",
    asks: "nothing of its node's files is mounted, a runtime's socket least of all",
    pod: ({ pod }) => (pod.volumes ?? []).every((one) => !("hostPath" in one)),
    task: ({ containerSpec: { mounts = [] } }) => mounts.every(({ type }) => type !== "bind"),
  },
  {
    name: "sysctls",
    asks: "it sets nothing in the kernel that reaches beyond its pod",
    pod: ({ pod }) => (pod.securityContext?.sysctls ?? []).every(({ name }) => SAFE_SYSCTLS.includes(name)),
    task: ({ containerSpec: { sysctl = {} } }) => Object.keys(sysctl).every((name) => SAFE_SYSCTLS.includes(name)),
  },
];

/** In the order of the table. */
export const CHECKS: readonly Check[] = [
  ...RIGHTS,
  {
    name: "Pod Security",
    asks: "its namespace enforces `restricted`, and it is let in",
    pod: (workload) =>
      workload.namespaceLabels["pod-security.kubernetes.io/enforce"] === "restricted" &&
      RIGHTS.every(({ pod }) => pod(workload)) &&
      (workload.pod.volumes ?? []).every((one) => VOLUMES.some((kind) => kind in one)),
  },
  {
    name: "immutable_file_systems",
    asks: "its root file system is read-only",
    pod: ({ all }) => all.every((one) => one.securityContext?.readOnlyRootFilesystem === true),
    task: ({ containerSpec }) => containerSpec.readOnly === true,
  },
  {
    name: "service_account_mapping",
    asks: "it has no token of the cluster's API",
    pod: ({ pod }) => pod.automountServiceAccountToken === false,
  },
  {
    name: "application_credentials",
    asks: "no password, key or token is among its variables",
    pod: ({ all }) =>
      all.every(({ env = [] }) => env.every(({ name, value }) => value === undefined || !isCredential(name))),
    task: ({ containerSpec: { env = {} } }) => !Object.keys(env).some(isCredential),
  },
  {
    name: "memory_limits",
    asks: "it has a limit of memory",
    pod: ({ all }) => all.every(has("limits", "memory")),
    task: ({ resources }) => resources?.limits?.memoryBytes !== undefined,
  },
  {
    name: "cpu_limits",
    asks: "it has a limit of the processor",
    pod: ({ all }) => all.every(has("limits", "cpu")),
    task: ({ resources }) => resources?.limits?.nanoCpus !== undefined,
  },
  {
    name: "requests",
    asks: "it says what it needs of memory and of the processor",
    pod: ({ all }) => all.every(has("requests", "memory")) && all.every(has("requests", "cpu")),
    task: ({ resources: { reservation } = {} }) =>
      reservation?.memoryBytes !== undefined && reservation.nanoCpus !== undefined,
  },
  {
    name: "liveness",
    asks: "it is started again when it no longer works",
    pod: ({ pod }) => pod.containers.every((one) => one.livenessProbe !== undefined),
    task: ({ containerSpec }) => containerSpec.healthcheck !== undefined,
  },
  {
    name: "readiness",
    asks: "it says when it works",
    pod: ({ pod }) => pod.containers.every((one) => one.readinessProbe !== undefined),
    task: ({ containerSpec }) => containerSpec.healthcheck !== undefined,
  },
  {
    name: "require_labels",
    asks: "its pods bear `app.kubernetes.io/name` and the other recommended labels",
    pod: ({ labels }) =>
      ["name", "instance", "component", "managed-by"].every((one) => labels[`app.kubernetes.io/${one}`] !== undefined),
  },
  {
    name: "default_namespace",
    asks: "it is not in the namespace `default`",
    pod: ({ namespace }) => namespace !== "default",
  },
  {
    name: "latest_tag",
    asks: "its image is named by a version, not by `latest`",
    pod: ({ all }) => all.every(({ image }) => isTagged(image)),
    task: ({ containerSpec: { image } }) => isTagged(image),
  },
  {
    name: "hostport_not_used",
    asks: "it takes no port of its node by `hostPort`",
    pod: ({ all }) => all.every(({ ports = [] }) => ports.every(({ hostPort }) => hostPort === undefined)),
  },
];

/** Whether a workload does what is asked; undefined where it can't be asked of it. */
export function holds(check: Check, { resource: { type, inputs }, namespaceLabels }: Workload): boolean | undefined {
  if (type === "docker:index/service:Service") return check.task?.(inputs.taskSpec as Task);
  const { metadata, spec } = inputs as {
    metadata: { namespace: string };
    spec: { template: { metadata: { labels: Record<string, string> }; spec: Pod } };
  };
  const { metadata: own, spec: pod } = spec.template;
  const all = [...(pod.initContainers ?? []), ...pod.containers];
  return check.pod({ pod, all, labels: own.labels, namespace: metadata.namespace, namespaceLabels });
}

/** Why some workloads don't do what some checks ask: each cell of the table that says "no" has one reason. */
export interface Reason {
  readonly workloads: readonly string[];
  readonly checks: readonly string[];
  readonly why: string;
}

/** What a test shows of a workload at work. */
export interface Proof {
  /** The test's file, from the checkout's root, and what it is called there. */
  readonly file: string;
  readonly test: string;
}

/** What only a workload at work can show. */
export interface Shown {
  readonly name: string;
  readonly asks: string;
  /** By workloads' titles: what shows it, or why it is not so. */
  readonly by: Readonly<Record<string, Proof | string>>;
}

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const headOf = (titles: readonly string[]): string[] => [
  line(["what is asked", ...titles]),
  line(["---", ...titles.map(() => "---")]),
];
const numbered = (reasons: readonly string[]): string[] => ["", ...reasons.map((why, at) => `${at + 1}. ${why}`)];

/** The table of what tests show, with links to them from a folder of the checkout's, and why the rest is not so. */
export function shownTable(shown: readonly Shown[]): string {
  const titles = [...new Set(shown.flatMap(({ by }) => Object.keys(by)))];
  const reasons = [...new Set(shown.flatMap(({ by }) => Object.values(by).filter((one) => typeof one === "string")))];
  const cell = (one: Proof | string | undefined): string => {
    if (one === undefined) return "–";
    return typeof one === "string" ? `no (${reasons.indexOf(one) + 1})` : `[yes](../${one.file} "${one.test}")`;
  };
  return [
    ...headOf(titles),
    ...shown.map(({ asks, name, by }) => line([`${asks} (\`${name}\`)`, ...titles.map((title) => cell(by[title]))])),
    ...numbered(reasons),
  ].join("\n");
}

/** The table, and its reasons by their numbers. @throws Error when a reason is lacking, or is for what holds */
export function tableOf(workloads: readonly Workload[], reasons: readonly Reason[]): string {
  const wrong: string[] = [];
  const used = new Set<string>();
  const rows = CHECKS.map((check) => {
    const cells = workloads.map((workload) => {
      const verdict = holds(check, workload);
      if (verdict !== false) return verdict === undefined ? "–" : "yes";
      const [at, ...others] = reasons.flatMap((reason, index) =>
        reason.workloads.includes(workload.title) && reason.checks.includes(check.name) ? [index] : [],
      );
      if (at === undefined || others.length > 0) {
        wrong.push(
          `${workload.title} fails ${check.name}, and ${at === undefined ? "no reason says" : "two reasons say"} why`,
        );
        return "no";
      }
      used.add(`${workload.title} ${check.name}`);
      return `no (${at + 1})`;
    });
    return [`${check.asks} (\`${check.name}\`)`, ...cells];
  });
  for (const { workloads: titles, checks } of reasons)
    for (const title of titles)
      for (const name of checks)
        if (!used.has(`${title} ${name}`))
          wrong.push(`${title} passes ${name}, or is not asked, and a reason says why it fails`);
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
  return [
    ...headOf(workloads.map(({ title }) => title)),
    ...rows.map(line),
    ...numbered(reasons.map(({ why }) => why)),
  ].join("\n");
}
