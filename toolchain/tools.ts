import { ATTACHMENT_RELEASES, KUBE_ROUTER_RELEASE, WHEREABOUTS_RELEASE } from "../components/release";

/**
 * What the project runs on, in one table: which binaries, where they belong, where their makers publish
 * them, and which Go module of ours builds the same thing where those places cannot be reached.
 */

/** Where a published file's checksum is found. */
export type Checksum =
  /** A text file: one bare hash, or lines of `hash  name`. */
  | { readonly kind: "file"; readonly url: string }
  /** The digest that GitHub itself computes and lists for every file of a release. */
  | { readonly kind: "github"; readonly release: string; readonly asset: string };

/** A file that a tool's makers publish. */
export interface Download {
  readonly kind: "download";
  readonly url: string;
  readonly checksum: Checksum;
  /** Binary → member of the archive. A download without members is itself the binary `binary`. */
  readonly members?: Readonly<Record<string, string>>;
  readonly binary?: string;
}

/** A file in a container image; its layers carry their own digests. */
export interface ImageFile {
  readonly kind: "image";
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
  readonly members: Readonly<Record<string, string>>;
}

export type Source = Download | ImageFile;

/** A build from one Go module of ours. */
export interface Build {
  /** Folder below `toolchain/`. */
  readonly module: string;
  /** How many packages it compiles where nothing is compiled yet, after those before it in the table. */
  readonly compiles: number;
  /** Binary → package. */
  readonly packages: Readonly<Record<string, string>>;
  /** Linker variables, `import/path.name` → value. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Whether it has parts in C: it then takes a C compiler, and is linked statically. @default false */
  readonly c?: boolean;
  /** Build tags. @default none */
  readonly tags?: readonly string[];
}

export type Place =
  /** On the PATH of whoever drives the stacks. */
  | { readonly kind: "command" }
  /** Found by the engine below PULUMI_HOME. */
  | { readonly kind: "plugin"; readonly plugin: string }
  /** Baked into the machine image. */
  | { readonly kind: "machine" }
  /** Handed to a cluster's nodes, where one asks for it: all of a folder at once. */
  | { readonly kind: "node"; readonly folder: "attachments" | "whereabouts" | "kube-router" };

export interface Tool {
  readonly name: string;
  readonly version: string;
  readonly place: Place;
  /** What it is asked for by, where not every stack needs it. @default every stack needs it */
  readonly onDemand?: string;
  readonly binaries: readonly string[];
  readonly official: readonly Source[];
  readonly builds: readonly Build[];
}

/** Architecture of this host, in Go's words. */
export type Architecture = "amd64" | "arm64";

export function architecture(arch: string = process.arch): Architecture {
  if (arch === "x64") return "amd64";
  if (arch === "arm64") return "arm64";
  throw new Error(`This machine's architecture is '${arch}'; the toolchain knows x64 and arm64: use one of those.`);
}

const github = "https://github.com";
const githubReleases = "https://api.github.com/repos";

const kubernetesCommands = [
  "kubeadm",
  "kubelet",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kube-proxy",
  "kubectl",
] as const;

const cniPlugins = { bridge: "main", loopback: "main", "host-local": "ipam", portmap: "meta" } as const;

/** A release of the CNI project's plugins. */
function cniDownload(version: string, names: readonly string[]): Download {
  const url = `${github}/containernetworking/plugins/releases/download/v${version}/cni-plugins-linux-${architecture()}-v${version}.tgz`;
  return {
    kind: "download",
    url,
    checksum: { kind: "file", url: `${url}.sha256` },
    members: Object.fromEntries(names.map((name) => [name, `./${name}`])),
  };
}

/** Plugin → package. */
function cniPackages(plugins: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(plugins).map(([name, group]) => [
      name,
      `github.com/containernetworking/plugins/plugins/${group}/${name}`,
    ]),
  );
}

function plugin(name: string, version: string): Tool["official"][number] & Download {
  const arch = architecture();
  const asset = `pulumi-resource-${name}-v${version}-linux-${arch}.tar.gz`;
  const repository = `pulumi/pulumi-${name}`;
  return {
    kind: "download",
    url: `${github}/${repository}/releases/download/v${version}/${asset}`,
    checksum: { kind: "github", release: `${githubReleases}/${repository}/releases/tags/v${version}`, asset },
    members: { [`pulumi-resource-${name}`]: `pulumi-resource-${name}` },
  };
}

function provider(name: string, version: string, compiles: number, tags?: readonly string[]): Tool {
  return {
    name: `provider-${name}`,
    version,
    place: { kind: "plugin", plugin: name },
    binaries: [`pulumi-resource-${name}`],
    official: [plugin(name, version)],
    builds: [
      {
        module: `provider-${name}`,
        compiles,
        packages: { [`pulumi-resource-${name}`]: "." },
        variables: { "main.version": version },
        ...(tags === undefined ? {} : { tags }),
      },
    ],
  };
}

/** Of the CNI project's plugins, those that further interfaces of pods take beside the ones in the machine image. */
const attachmentPlugins = { macvlan: "main", ipvlan: "main", "host-device": "main", static: "ipam" } as const;

/** What gives pods of a cluster further interfaces: no lab needs it that does not ask for it. */
export function attachmentTools(): readonly Tool[] {
  const arch = architecture();
  const { multus, plugins } = ATTACHMENT_RELEASES;
  const release = "k8snetworkplumbingwg/multus-cni/releases";
  const asset = `multus-cni_${multus}_linux_${arch}.tar.gz`;
  return [
    {
      name: "multus",
      version: multus,
      place: { kind: "node", folder: "attachments" },
      binaries: ["multus"],
      official: [
        {
          kind: "download",
          url: `${github}/${release}/download/v${multus}/${asset}`,
          checksum: { kind: "github", release: `${githubReleases}/${release}/tags/v${multus}`, asset },
          members: { multus: `multus-cni_${multus}_linux_${arch}/multus` },
        },
      ],
      builds: [
        {
          module: "multus",
          compiles: 699,
          packages: { multus: "gopkg.in/k8snetworkplumbingwg/multus-cni.v4/cmd/multus" },
        },
      ],
    },
    {
      name: "attachment-plugins",
      version: plugins,
      place: { kind: "node", folder: "attachments" },
      binaries: Object.keys(attachmentPlugins),
      official: [cniDownload(plugins, Object.keys(attachmentPlugins))],
      builds: [{ module: "attachment-plugins", compiles: 14, packages: cniPackages(attachmentPlugins) }],
    },
  ];
}

/** What gives interfaces of pods addresses across nodes: no lab needs it that does not ask for it. */
export function whereaboutsTools(): readonly Tool[] {
  const release = "k8snetworkplumbingwg/whereabouts/releases";
  const asset = `whereabouts-${architecture()}`;
  const source = "github.com/k8snetworkplumbingwg/whereabouts";
  return [
    {
      name: "whereabouts",
      version: WHEREABOUTS_RELEASE,
      place: { kind: "node", folder: "whereabouts" },
      binaries: ["whereabouts"],
      official: [
        {
          kind: "download",
          url: `${github}/${release}/download/v${WHEREABOUTS_RELEASE}/${asset}`,
          checksum: { kind: "github", release: `${githubReleases}/${release}/tags/v${WHEREABOUTS_RELEASE}`, asset },
          binary: "whereabouts",
        },
      ],
      builds: [
        {
          module: "whereabouts",
          compiles: 560,
          packages: { whereabouts: `${source}/cmd` },
          variables: { [`${source}/pkg/version.Version`]: `v${WHEREABOUTS_RELEASE}` },
        },
      ],
    },
  ];
}

/** What joins a cluster's pods by routes: no lab needs it that does not ask for it. */
export function kubeRouterTools(): readonly Tool[] {
  const version = KUBE_ROUTER_RELEASE;
  const release = "cloudnativelabs/kube-router/releases";
  const asset = `kube-router_${version}_linux_${architecture()}.tar.gz`;
  const source = "github.com/cloudnativelabs/kube-router/v2";
  return [
    {
      name: "kube-router",
      version,
      place: { kind: "node", folder: "kube-router" },
      binaries: ["kube-router"],
      official: [
        {
          kind: "download",
          url: `${github}/${release}/download/v${version}/${asset}`,
          checksum: { kind: "github", release: `${githubReleases}/${release}/tags/v${version}`, asset },
          members: { "kube-router": "kube-router" },
        },
      ],
      builds: [
        {
          module: "kube-router",
          compiles: 709,
          packages: { "kube-router": `${source}/cmd/kube-router` },
          variables: { [`${source}/pkg/version.Version`]: `v${version}` },
        },
      ],
    },
  ];
}

/**
 * The table, in the order in which they are built, two at a time: the long ones first, and what shares sources with one of them after it.
 */
export function tools(): readonly Tool[] {
  const arch = architecture();
  const kubernetes = "1.34.4";
  const etcd = "3.6.5";
  const coredns = "1.12.1";
  const cni = "1.9.1";
  const flannel = "0.28.4";
  const engine = "3.220.0";
  return [
    {
      name: "pulumi",
      version: engine,
      place: { kind: "command" },
      binaries: ["pulumi", "pulumi-language-nodejs"],
      official: [
        {
          kind: "download",
          url: `${github}/pulumi/pulumi/releases/download/v${engine}/pulumi-v${engine}-linux-${arch === "amd64" ? "x64" : arch}.tar.gz`,
          checksum: {
            kind: "file",
            url: `${github}/pulumi/pulumi/releases/download/v${engine}/pulumi-${engine}-checksums.txt`,
          },
          members: { pulumi: "pulumi/pulumi", "pulumi-language-nodejs": "pulumi/pulumi-language-nodejs" },
        },
      ],
      builds: [
        {
          module: "engine",
          compiles: 1356,
          packages: { pulumi: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi" },
          variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": `v${engine}` },
        },
        {
          module: "nodejs",
          compiles: 271,
          packages: { "pulumi-language-nodejs": "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs" },
        },
      ],
    },
    {
      name: "kubernetes",
      version: kubernetes,
      place: { kind: "machine" },
      binaries: kubernetesCommands,
      official: kubernetesCommands.map((binary) => {
        const url = `https://dl.k8s.io/v${kubernetes}/bin/linux/${arch}/${binary}`;
        return { kind: "download", url, checksum: { kind: "file", url: `${url}.sha256` }, binary };
      }),
      builds: [
        {
          module: "kubernetes",
          compiles: 2357,
          packages: Object.fromEntries(kubernetesCommands.map((binary) => [binary, `k8s.io/kubernetes/cmd/${binary}`])),
          variables: {
            "k8s.io/component-base/version.gitVersion": `v${kubernetes}`,
            "k8s.io/component-base/version.gitMajor": "1",
            "k8s.io/component-base/version.gitMinor": "34",
            "k8s.io/client-go/pkg/version.gitVersion": `v${kubernetes}`,
          },
        },
      ],
    },
    provider("command", "1.2.1", 62),
    provider("kubernetes", "4.34.2", 4),
    {
      name: "etcd",
      version: etcd,
      place: { kind: "machine" },
      binaries: ["etcd"],
      official: [
        {
          kind: "download",
          url: `${github}/etcd-io/etcd/releases/download/v${etcd}/etcd-v${etcd}-linux-${arch}.tar.gz`,
          checksum: { kind: "file", url: `${github}/etcd-io/etcd/releases/download/v${etcd}/SHA256SUMS` },
          members: { etcd: `etcd-v${etcd}-linux-${arch}/etcd` },
        },
      ],
      builds: [{ module: "etcd", compiles: 230, packages: { etcd: "go.etcd.io/etcd/server/v3" } }],
    },
    // Docker Compose, which no resource here needs, would bring in a third of the plugin.
    provider("docker", "5.2.0", 884, ["no_compose"]),
    { ...provider("openstack", "3.15.2", 232), onDemand: "openstack" },
    {
      name: "coredns",
      version: coredns,
      place: { kind: "machine" },
      binaries: ["coredns"],
      official: [
        {
          kind: "download",
          url: `${github}/coredns/coredns/releases/download/v${coredns}/coredns_${coredns}_linux_${arch}.tgz`,
          checksum: {
            kind: "file",
            url: `${github}/coredns/coredns/releases/download/v${coredns}/coredns_${coredns}_linux_${arch}.tgz.sha256`,
          },
          members: { coredns: "coredns" },
        },
      ],
      builds: [{ module: "coredns", compiles: 499, packages: { coredns: "." } }],
    },
    {
      name: "cni",
      version: cni,
      place: { kind: "machine" },
      binaries: Object.keys(cniPlugins),
      official: [cniDownload(cni, Object.keys(cniPlugins))],
      builds: [{ module: "cni", compiles: 27, packages: cniPackages(cniPlugins) }],
    },
    {
      name: "flannel",
      version: flannel,
      place: { kind: "machine" },
      binaries: ["flanneld"],
      official: [
        {
          kind: "download",
          url: `${github}/flannel-io/flannel/releases/download/v${flannel}/flannel-v${flannel}-linux-${arch}.tar.gz`,
          checksum: {
            kind: "github",
            release: `${githubReleases}/flannel-io/flannel/releases/tags/v${flannel}`,
            asset: `flannel-v${flannel}-linux-${arch}.tar.gz`,
          },
          members: { flanneld: "flanneld" },
        },
      ],
      builds: [{ module: "flannel", compiles: 130, packages: { flanneld: "github.com/flannel-io/flannel" }, c: true }],
    },
    {
      name: "pause",
      version: "3.10.1",
      place: { kind: "machine" },
      binaries: ["pause"],
      official: [
        {
          kind: "image",
          registry: "https://registry.k8s.io",
          repository: "pause",
          tag: "3.10.1",
          members: { pause: "pause" },
        },
      ],
      builds: [{ module: "pause", compiles: 1, packages: { pause: "." } }],
    },
  ];
}
