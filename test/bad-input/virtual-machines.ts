import * as pulumi from "@pulumi/pulumi";
import {
  type AttachmentPlugin,
  type GuestSeed,
  type GuestVolume,
  NetworkAttachment,
  type PodInterface,
  ServiceAddress,
  type ServiceAddressArgs,
  type VirtualDisk,
  VirtualMachine,
  type VirtualMachineArgs,
} from "../../components";
import { chain, deployedKubernetes, ground, type Row, servers, there, transit, wrong } from "./ground";

/** A cluster that another stack made, whose node stands among the servers only. */
const cluster = (given: object = {}) => deployedKubernetes({ nodes: [there("node-1", 10, [servers])], ...given });
const machine = (args: Partial<VirtualMachineArgs>) => () => new VirtualMachine("v", { cluster: cluster(), ...args });
const from = (disk: unknown) => machine({ disk: disk as VirtualDisk });
const seeded = (seed: unknown) => machine({ seed: seed as GuestSeed });
const kept = (volume: unknown, more: Partial<VirtualMachineArgs> = {}) =>
  machine({ volume: volume as GuestVolume, ...more });
const checked = (readiness: unknown) => machine({ readiness: wrong(readiness) });
const address =
  (args: Partial<ServiceAddressArgs> = {}) =>
  () => {
    const own = cluster();
    const pods = { name: "web", labels: { app: "web" }, ports: [80] };
    return new ServiceAddress("a", { cluster: own, pods, network: ground().servers, ...args });
  };
const SUM = "0".repeat(64);
/** A machine with an interface in each of two networks, but for what is wrong with it. */
const attached =
  (
    args: Partial<VirtualMachineArgs> = {},
    interfaces: (both: readonly PodInterface[]) => unknown = (both) => both,
    plugin: AttachmentPlugin = "macvlan",
  ) =>
  () => {
    const own = cluster({ nodes: [there("node-1", 10, [transit, servers])], attachments: true });
    const both = [transit, servers].map((network) => ({
      attachment: new NetworkAttachment(`on-${network.name}`, { cluster: own, network, plugin }),
      host: 30,
    }));
    return new VirtualMachine("v", { cluster: own, attachments: wrong(interfaces(both)), ...args });
  };

const proxied = (proxy: unknown, args: Partial<VirtualMachineArgs> = {}) => attached({ proxy: wrong(proxy), ...args });
const PROXIES: Row[] = [
  ["a proxy by a word", proxied("nginx"), ['proxy is "nginx": it must be { backends, port }']],
  ["a proxy over nothing said", proxied({ port: 80 }), ["proxy is an object: it must be { backends, port }"]],
  ["a proxy over an empty list", proxied({ backends: [] }), ["backends is empty: name at least one address"]],
  [
    "a proxy over one for a list",
    proxied({ backends: "10.100.102.11" }),
    ['backends is "10.100.102.11": it must be a'],
  ],
  ["a proxy over a name", proxied({ backends: ["web"] }), ['"web"']],
  ["a proxy over one address twice", proxied({ backends: ["10.1.1.1", "10.1.1.1:80"] }), ["names 10.1.1.1:80 twice"]],
  ["a proxy on no port", proxied({ backends: ["10.1.1.1"], port: 0 }), ["proxy.port is 0"]],
  [
    "a proxy with a misspelt field",
    proxied({ backends: ["10.1.1.1"], ports: 80 }),
    ['no proxy.ports: did you mean "port"?'],
  ],
  ["a proxy that forwards", proxied({ backends: ["10.1.1.1"] }, { forwards: true }), ["which ends connections"]],
  [
    "a proxy without attachments",
    machine({ proxy: { backends: ["10.1.1.1"] } }),
    ["it is a proxy without attachments"],
  ],
];

const MACHINES: Row[] = [
  ["a machine without arguments", () => new VirtualMachine("v", wrong(undefined)), ['VirtualMachine "v": its argu']],
  ["a machine on no cluster", machine({ cluster: wrong({}) }), ["cluster is an object: it must be a KubernetesClu"]],
  ["a machine on a cluster without a node", machine({ cluster: cluster({ nodes: [] }) }), ["its cluster has no node"]],
  ["a disk by its file's name", from("disk.qcow2"), ['disk is "disk.qcow2": it must be { image }, { claim } or']],
  ["a disk from two places", from({ image: "i", claim: "c" }), ["disk is an object with image and claim: it must be"]],
  ["a disk without a source", from({ path: "/disk.qcow2" }), ["disk is an object: it must be { image }"]],
  ["a disk of a format QEMU is not asked for", from({ image: "i", format: "vmdk" }), ['the disk\'s format is "vmdk"']],
  ["a disk from a folder for a URL", from({ url: "/disk.qcow2", sha256: SUM }), ['the disk\'s url is "/disk.qcow2"']],
  ["a disk from an address without a sum", from({ url: "https://a.example/d" }), ["the disk's sha256 is undefined"]],
  ["a disk of half a sum", from({ url: "https://a.example/d", sha256: "abc" }), ['the disk\'s sha256 is "abc"']],
  ["a disk by a relative path", from({ image: "i", path: "disk.qcow2" }), ['the disk\'s path is "disk.qcow2"']],
  ["a disk in an image without a name", from({ image: "" }), ['the disk\'s image is ""']],
  ["a disk in a claim of no name", from({ claim: "My Claim" }), ['the disk\'s claim is "My Claim"']],
  ["a disk of half a GiB", machine({ diskGiB: 0.5 }), ["diskGiB is 0.5: it must be a whole number of GiB"]],
  ["a machine of 8 MiB", machine({ memoryMiB: 8 }), ["memoryMiB is 8", "from 16"]],
  ["a machine whose memory is a text", machine({ memoryMiB: wrong("1G") }), ['memoryMiB is "1G"']],
  ["a machine without room for QEMU", machine({ overheadMiB: 0 }), ["overheadMiB is 0", "from 64"]],
  ["a machine without a processor", machine({ cpus: 0 }), ["cpus is 0"]],
  ["a machine with half a processor", machine({ cpus: 1.5 }), ["cpus is 1.5"]],
  ["a share of a core in words", machine({ cpuRequest: wrong("200m") }), ['cpuRequest is "200m"']],
  ["a limit below the share", machine({ cpuLimit: 0.05 }), ["cpuRequest is 0.1 and cpuLimit is 0.05"]],
  ["large pages by their size", machine({ hugepages: wrong("2Mi") }), ['hugepages is "2Mi": it must be true or false']],
  [
    "a machine of half a large page",
    machine({ hugepages: true, memoryMiB: 255 }),
    ["memoryMiB is 255, and hugepages has it in pages of 2 MiB: take an even number"],
  ],
  ["half a processor for itself", machine({ dedicatedCores: 1.5 }), ["dedicatedCores is 1.5"]],
  [
    "a machine's processors for itself, and a limit",
    machine({ dedicatedCores: 2, cpuLimit: 2 }),
    ["cpuLimit is 2 beside dedicatedCores"],
  ],
  [
    "a machine's processors for itself, and a share",
    machine({ dedicatedCores: 2, cpuRequest: 2 }),
    ["cpuRequest is 2 beside dedicatedCores"],
  ],
  [
    "a machine on one NUMA node with shared processors",
    machine({ singleNumaNode: true }),
    ["singleNumaNode is true, and dedicatedCores is left out"],
  ],
  [
    "a machine's NUMA node by its number",
    machine({ dedicatedCores: 1, singleNumaNode: wrong(1) }),
    ["singleNumaNode is 1"],
  ],
  ["ports that are no list", machine({ ports: wrong(80) }), ["ports is 80: it must be a list of TCP ports"]],
  ["a machine's port 0", machine({ ports: [0] }), ["a port is 0"]],
  ["a machine's port twice", machine({ ports: [80, 80] }), ["ports names 80 twice"]],
  ["a machine in a Job", machine({ kind: wrong("Job") }), ['kind is "Job"', '"Deployment" or "ReplicaSet" or']],
  ["two of one on each node", machine({ kind: "DaemonSet", replicas: 2 }), ["replicas is 2: a DaemonSet has one"]],
  ["half a machine", machine({ replicas: 0.5 }), ["replicas is 0.5"]],
  ["two machines on one volume", kept({}, { replicas: 2 }), ["replicas is 2, and its volume keeps what one machine"]],
  [
    "machines of all nodes on one volume",
    kept({}, { kind: "DaemonSet" }),
    ['kind is "DaemonSet", and its volume keeps'],
  ],
  [
    "a volume on a node that is not there",
    kept({ node: "moon" }),
    ['has no node "moon" to keep its volume', '"node-1"'],
  ],
  ["a claim of a size", kept({ claim: "c", sizeGiB: 1 }), ['its volume is the claim "c", and names a node or a size']],
  ["a volume by a claim of no name", kept({ claim: "C_1" }), ['its volume\'s claim is "C_1"']],
  ["a volume of nothing", kept({ sizeGiB: 0 }), ["the volume's sizeGiB is 0"]],
  ["a volume in words", kept("10 GiB"), ['volume is "10 GiB": it must be { claim } or { node, sizeGiB }']],
  ["a host name with a dot", seeded({ hostname: "web.example" }), ['its host name is "web.example"']],
  [
    "user data without a first line",
    seeded({ userData: "echo hello" }),
    ['userData is "echo hello": cloud-init knows'],
  ],
  ["user data in an object", seeded({ userData: { packages: [] } }), ["userData is an object: it must be a text"]],
  ["a private key", seeded({ sshKeys: ["-----BEGIN OPENSSH PRIVATE KEY-----"] }), ["an SSH key is a private one"]],
  ["a key by its file", seeded({ sshKeys: ["~/.ssh/id.pub"] }), ['an SSH key is "~/.ssh/id.pub"']],
  ["a number for a list of keys", seeded({ sshKeys: 7 }), ["sshKeys is 7: it must be a list of public keys"]],
  ["one key for a list", seeded({ sshKeys: "ssh-ed25519 AAAA" }), ['sshKeys is "ssh-ed25519 AAAA": it must be a list']],
  ["a namespace in capitals", machine({ namespace: "Machines" }), ['namespace is "Machines": it must be the name']],
  ["a runtime class with a blank", machine({ runtimeClass: "kata qemu" }), ['runtimeClass is "kata qemu"']],
  ["KVM as a device", machine({ kvmResource: "/dev/kvm" }), ['kvmResource is "/dev/kvm"', "devices.kubevirt.io/kvm"]],
  ["a machine that is emulated perhaps", machine({ emulated: wrong("no") }), ['emulated is "no"']],
  [
    "a check by TCP",
    checked({ tcp: 80 }),
    ["readiness is an object: it must be { http:", "the connection is QEMU's own"],
  ],
  ["a check of two kinds", checked({ http: { port: 80 }, exec: ["/bin/true"] }), ["readiness is an object"]],
  ["a check of a port that leads nowhere", checked({ http: { port: 81 } }), ["readiness asks port 81", "(80)"]],
  ["a check of half a path", checked({ http: { port: 80, path: "well" } }), ['readiness asks for "well"']],
  [
    "a check by a shell's line",
    checked({ exec: ["systemctl status"] }),
    ["readiness runs a list of 1", "absolute path"],
  ],
  ["a start of no time", machine({ bootSeconds: 0 }), ["bootSeconds is 0"]],
  ["an end of no time", machine({ graceSeconds: 0 }), ["graceSeconds is 0"]],
  ["a machine's name with a blank", machine({ functionName: "my vm" }), ['its name "my vm" can\'t be used']],
  ["a machine's registry by its address", machine({ registry: "https://r.example" }), ['registry is "https://r.exam']],
  [
    "a machine's attachments by name",
    attached({ attachments: wrong(["on-transit"]) }),
    ["attachments is a list of 1, of which number 1 is", "{attachment, host}"],
  ],
  ["a machine attached to nothing", attached({}, () => []), ["attachments is empty: name an attachment"]],
  [
    "a machine attached on another cluster",
    attached({ cluster: deployedKubernetes({ name: "other" }, "o") }),
    ['the attachment "on-transit" is one of the cluster cluster, and the machine runs on other'],
  ],
  [
    "a machine attached without an address",
    attached({}, ([one, other]) => [{ ...one, host: undefined }, other]),
    ['its interface in "on-transit" has no host', "say the number"],
  ],
  [
    "a machine attached by what leads packets by the pod's addresses",
    attached({}, ([one]) => [one], "ipvlan"),
    ['the attachment "on-transit" is ipvlan', "take macvlan"],
  ],
  [
    "a machine's interface called as its kernel calls others",
    attached({}, ([one, other]) => [{ ...one, interface: "eth1" }, other]),
    ['an interface is called "eth1"', 'such as "net1"'],
  ],
  ["two of what has addresses of its own", attached({ replicas: 2 }), ["replicas is 2, and its attachments give it"]],
  [
    "one of what has addresses of its own on each node",
    attached({ kind: "DaemonSet" }),
    ['kind is "DaemonSet", and its attachments give it', 'take "Deployment"'],
  ],
  ["a machine that forwards perhaps", attached({ forwards: wrong("yes") }), ['forwards is "yes": it must be true or']],
  [
    "a machine that forwards between one network",
    attached({ forwards: true }, ([one]) => [one]),
    ["forwards is true, and attachments names 1: a machine forwards between at least two"],
  ],
  ["a machine that forwards by its ports", machine({ forwards: true }), ["forwards is true, and attachments names 0"]],
  [
    "a machine without attachments in a chain",
    () => chain({ functions: [machine({})()] })(),
    ["to v (no network)", "from v (no network)"],
  ],
  ["a machine on a node that is not there", machine({ node: "moon" }), ['has no node "moon" (it has: "node-1")']],
  [
    "a machine on another node than its volume",
    kept(
      { node: "node-2" },
      {
        node: "node-1",
        cluster: cluster({ nodes: [there("node-1", 10, [servers]), there("node-2", 11, [servers])] }),
      },
    ),
    ['node is "node-1", and its volume is on "node-2"'],
  ],
  [
    "two virtual machines of one name",
    () => {
      const own = cluster();
      new VirtualMachine("v", { cluster: own, functionName: "web" });
      return new VirtualMachine("w", { cluster: own, functionName: "web" });
    },
    ['its cluster cluster runs "web" already, by v'],
  ],
];

const ADDRESSES: Row[] = [
  ["an address for nothing", address({ pods: wrong({}) }), ["pods is an object: it must be pods that serve alike"]],
  ["an address in no network", address({ network: wrong(servers) }), ["network is an object: it must be a Network of"]],
  ["an address on no node", address({ node: "moon" }), ['has no node "moon" (it has: "node-1")']],
  ["an address beyond its network", address({ host: 300 }), ["10.100.102.0/24"]],
  ["an address that is an output", address({ host: wrong(pulumi.output(40)) }), ["host is an output"]],
  [
    "an address for pods without a port",
    address({ pods: { name: "web", labels: { app: "web" }, ports: [] } }),
    ["web has no port to serve on"],
  ],
  [
    "an address where the node has no leg",
    address({ cluster: cluster({ nodes: [there("node-1", 10, [transit])] }) }),
    ['node-1 has no leg in network "test/servers"'],
  ],
  [
    "an address on a node that answers could leave elsewhere",
    address({ cluster: cluster({ nodes: [there("node-1", 10, [transit, servers])] }) }),
    ['node-1 has a leg in "test/transit" too, so answers could leave by it'],
  ],
  [
    "an address that a machine has",
    () => {
      const network = ground().servers;
      network.site.plan.addAddress(network, "10.100.102.40", "apache-1");
      return address({ network })();
    },
    ["web would have the address 10.100.102.40", "which apache-1 has"],
  ],
];

/** Mistakes in virtual machines, and in the addresses that they serve at. */
export const VIRTUAL_MACHINES: Row[] = [...MACHINES, ...ADDRESSES, ...PROXIES];
