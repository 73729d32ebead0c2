import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { PlannedPath } from "../../cli/plan";
import { hostsOf } from "../../cli/proof/expected";
import {
  KubernetesCluster,
  lab,
  Network,
  NetworkAttachment,
  Problems,
  planPath,
  publishChain,
  ServiceAddress,
  ServiceChain,
  Site,
  VirtualMachine,
  type VirtualMachineArgs,
  WebServers,
} from "../../components";
import { type Made, one, record, registered, settled, value } from "./mocks";

let made: Made[];
beforeEach(() => {
  made = record();
});
afterEach(settled);

/** A cluster whose only leg is among the servers. */
function ground() {
  const site = new Site("edge", { platform: lab(), transitCidr: "10.7.1.0/24" });
  const servers = new Network("servers", { site, cidr: "10.7.2.0/24" });
  const cpuManagerPolicy = "static";
  const topologyManagerPolicy = "single-numa-node";
  const cluster = new KubernetesCluster("k8s", { networks: [servers], cpuManagerPolicy, topologyManagerPolicy });
  return { site, servers, cluster };
}
interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: string[];
  readonly command?: string[];
  readonly env: { readonly name: string; readonly value: string }[];
  readonly resources: object;
  readonly [field: string]: unknown;
}
interface Pod {
  readonly containers: [Container];
  readonly initContainers: Container[];
  readonly volumes: object[];
  readonly [field: string]: unknown;
}
interface Workload {
  readonly spec: { readonly template: { readonly metadata: object; readonly spec: Pod } };
}
/** What a machine's workload is given, once it is made. */
async function workload(args: Partial<VirtualMachineArgs>, kind = "deployment") {
  const guest = new VirtualMachine("guest", { cluster: ground().cluster, emulated: true, ...args });
  await value(guest.ready);
  const { spec } = one(made, `guest-${kind}`).inputs as unknown as Workload;
  const [vm] = spec.template.spec.containers;
  const env = Object.fromEntries(vm.env.map((variable) => [variable.name, variable.value]));
  return { spec, template: spec.template, pod: spec.template.spec, vm, env };
}

describe("a virtual machine", () => {
  test("is an ordinary pod, with a refusal to be resized, and no kind of its own", async () => {
    await workload({});
    expect(registered().filter((urn) => urn.includes("guest"))).toEqual([
      "hybrid-vnf:virtualmachine:VirtualMachine$hybrid-vnf:image:Image$command:local:Command::guest-disk-on-edge-k8s-1",
      "hybrid-vnf:virtualmachine:VirtualMachine$hybrid-vnf:image:Image$command:local:Command::guest-image-on-edge-k8s-1",
      "hybrid-vnf:virtualmachine:VirtualMachine$hybrid-vnf:image:Image$docker:index/remoteImage:RemoteImage::guest-disk-build",
      "hybrid-vnf:virtualmachine:VirtualMachine$hybrid-vnf:image:Image$docker:index/remoteImage:RemoteImage::guest-image-build",
      "hybrid-vnf:virtualmachine:VirtualMachine$hybrid-vnf:image:Image::guest-disk",
      "hybrid-vnf:virtualmachine:VirtualMachine$hybrid-vnf:image:Image::guest-image",
      "hybrid-vnf:virtualmachine:VirtualMachine$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy::guest-resize",
      "hybrid-vnf:virtualmachine:VirtualMachine$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding::guest-resize-binding",
      "hybrid-vnf:virtualmachine:VirtualMachine$kubernetes:apps/v1:Deployment::guest-deployment",
      "hybrid-vnf:virtualmachine:VirtualMachine$kubernetes:core/v1:Namespace::guest-namespace",
      "hybrid-vnf:virtualmachine:VirtualMachine::guest",
    ]);
  });

  test("has memory beside the machine's own, no privileges, and a terminal", async () => {
    const { pod, vm, env } = await workload({ memoryMiB: 512, cpus: 2, cpuLimit: 2 });
    expect(vm.resources).toEqual({
      requests: { memory: "704Mi", cpu: "100m" },
      limits: { memory: "704Mi", cpu: "2000m" },
    });
    expect(env).toMatchObject({ MEMORY_MIB: "512", CPUS: "2", PORTS: "80", ACCEL: "tcg", DISK: "/vm-disk/disk" });
    expect(vm).toMatchObject({
      stdin: true,
      tty: true,
      readinessProbe: { httpGet: { port: 80, path: "/" } },
      startupProbe: { failureThreshold: 150, periodSeconds: 2 },
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        readOnlyRootFilesystem: true,
      },
    });
    expect(vm.livenessProbe).toMatchObject({ exec: { command: ["/start.sh", "running"] }, periodSeconds: 10 });
    expect(pod).toMatchObject({ securityContext: { runAsNonRoot: true }, automountServiceAccountToken: false });
    expect(pod.hostNetwork).toBeUndefined();
  });

  test("has processors and pages for itself where it asks for them, after its cluster was asked for them", async () => {
    const { pod, vm, env } = await workload({
      memoryMiB: 512,
      dedicatedCores: 2,
      hugepages: true,
      singleNumaNode: true,
    });
    const all = { memory: "192Mi", "hugepages-2Mi": "512Mi", cpu: "2" };
    expect(vm.resources).toEqual({ requests: all, limits: all });
    // One class of service for the pod: what runs before the machine asks for the same.
    for (const { resources } of pod.initContainers) expect(resources).toEqual({ requests: all, limits: all });
    expect(env.MEMORY_PATH).toBe("/hugepages");
    expect(pod).toMatchObject({
      volumes: expect.arrayContaining([{ name: "hugepages", emptyDir: { medium: "HugePages" } }]),
    });
    const asked = String(one(made, "guest-reserved").inputs.stdin);
    expect(asked).toContain("export CORES='2'");
    expect(asked).toContain("export HUGEPAGES_MIB='512'");
    expect(asked).toContain("export SINGLE_NUMA='yes'");
    expect(asked).toContain("export NODES='k8s-1'");
  });

  test("copies its disk out of an image that need hold nothing else", async () => {
    const { pod } = await workload({ disk: { image: "registry.example.org/appliance:4.2", path: "/a.qcow2" } });
    expect(pod.initContainers.map(({ name, args, command }) => [name, args ?? command])).toEqual([
      ["tool", ["tool", "/vm-disk/cp"]],
      ["disk", ["/vm-disk/cp", "/a.qcow2", "/vm-disk/disk"]],
    ]);
    expect(pod.initContainers[1]?.image).toBe("registry.example.org/appliance:4.2");
    expect(made.map(({ name }) => name)).not.toContain("guest-disk-build");
  });

  test("reads it from a claim, or fetches it", async () => {
    const claimed = await workload({ disk: { claim: "disks", path: "/a.raw", format: "raw" } });
    expect(claimed.env).toMatchObject({ DISK: "/disk/a.raw", DISK_FORMAT: "raw" });
    expect(claimed.pod.volumes).toContainEqual({
      name: "disk",
      persistentVolumeClaim: { claimName: "disks", readOnly: true },
    });
    made = record();
    const sha256 = "0".repeat(64);
    const fetched = await workload({ disk: { url: "https://images.example.org/a.qcow2", sha256 } });
    expect(fetched.env).toMatchObject({ DISK: "https://images.example.org/a.qcow2", DISK_SHA256: sha256 });
    expect(fetched.pod.initContainers).toEqual([]);
  });

  test("has its seed as a secret, and another pod for another seed", async () => {
    const userData = pulumi.secret("#!/bin/sh\n");
    const sshKeys = ["ssh-ed25519 AAAA one\n"];
    const first = await workload({ seed: { hostname: "web", userData, sshKeys } });
    const { inputs, wire } = one(made, "guest-seed");
    expect(inputs.stringData).toEqual({ "user-data": "#!/bin/sh\n", "ssh-keys": "ssh-ed25519 AAAA one\n" });
    expect(JSON.stringify(wire.stringData)).toContain("4dabf18193072939515e22adb298388d");
    expect(first.env).toMatchObject({ GUEST_NAME: "web", USER_DATA: "/seed/user-data", SSH_KEYS: "/seed/ssh-keys" });
    expect(first.env.INSTANCE_ID).toBeUndefined();
    made = record();
    const second = await workload({ seed: { hostname: "web", userData: "#!/bin/sh\n:\n", sshKeys } });
    expect(second.template.metadata).not.toEqual(first.template.metadata);
    expect(second.pod).toEqual(first.pod);
  });

  test("keeps what it writes in a folder of a node, made before and taken away after", async () => {
    const { pod, spec, env } = await workload({ volume: { sizeGiB: 1 }, seed: { userData: "#!/bin/sh\n" } });
    expect(one(made, "guest-folder").inputs).toMatchObject({
      create: "bash -s -- create",
      delete: "bash -s -- delete",
    });
    expect(one(made, "guest-volume").inputs.spec).toMatchObject({
      local: { path: "/var/lib/hybrid-vnf/volumes/guest" },
      claimRef: { namespace: "hybrid-vnf-guest", name: "guest-state" },
      capacity: { storage: "1Gi" },
    });
    expect(pod.volumes).toContainEqual({ name: "state", persistentVolumeClaim: { claimName: "guest-state" } });
    expect(pod.nodeSelector).toEqual({ "kubernetes.io/hostname": "k8s-1" });
    expect(spec).toMatchObject({ strategy: { type: "Recreate" }, replicas: 1 });
    expect(env.INSTANCE_ID).toMatch(/^guest-[0-9a-f]{12}$/);
  });

  test("is in a namespace of its own that takes in no pod with more rights, or in one that is there", async () => {
    await workload({ volume: {}, seed: { userData: "#!/bin/sh\n" } });
    const restricted = { enforce: "restricted", warn: "restricted", audit: "restricted" };
    expect(one(made, "guest-namespace").inputs.metadata).toEqual({
      name: "hybrid-vnf-guest",
      labels: Object.fromEntries(
        Object.entries(restricted).map(([mode, level]) => [`pod-security.kubernetes.io/${mode}`, level]),
      ),
    });
    const namespaces = () =>
      ["deployment", "seed", "claim"].flatMap((role) =>
        made.flatMap(({ name, inputs }) =>
          name === `guest-${role}` ? [(inputs.metadata as { namespace: string }).namespace] : [],
        ),
      );
    expect(namespaces()).toEqual(["hybrid-vnf-guest", "hybrid-vnf-guest", "hybrid-vnf-guest"]);
    expect(JSON.stringify(one(made, "guest-resize").inputs)).toContain(
      '"kubernetes.io/metadata.name":"hybrid-vnf-guest"',
    );
    for (const [args, namespace] of [
      [{ namespace: "machines" }, "machines"],
      [{ disk: { claim: "disks" } }, "default"],
      [{ volume: { claim: "kept" } }, "default"],
      [{ volume: { claim: "kept" }, namespace: "machines" }, "machines"],
    ] as const) {
      made = record();
      await workload(args);
      expect(namespaces()).toEqual([namespace]);
      expect(made.map(({ name }) => name)).not.toContain("guest-namespace");
    }
  });

  test("is a ReplicaSet, or a DaemonSet, and of a runtime class, where it is to be", async () => {
    const { pod } = await workload({ kind: "DaemonSet", runtimeClass: "kata" }, "daemonset");
    expect(pod.runtimeClassName).toBe("kata");
    made = record();
    const { spec } = await workload({ kind: "ReplicaSet", replicas: 3 }, "replicaset");
    expect(spec).toMatchObject({ replicas: 3 });
  });

  test("is looked at from inside by its guest agent", async () => {
    const { vm } = await workload({
      readiness: { exec: ["/bin/true"] },
      liveness: { http: { port: 80, path: "/healthy" } },
      bootSeconds: 99,
    });
    expect(vm.readinessProbe).toMatchObject({ exec: { command: ["/start.sh", "exec", "/bin/true"] } });
    expect(vm.startupProbe).toMatchObject({ failureThreshold: 50 });
    expect(vm.livenessProbe).toMatchObject({ httpGet: { port: 80, path: "/healthy" } });
  });

  test("warns that it is emulated, unless that was asked for or KVM is handed out", async () => {
    const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
    await workload({ emulated: undefined });
    expect(warn.mock.calls.map(([sentence]) => sentence)).toEqual([
      expect.stringMatching(
        /^guest will be emulated, many times slower than on a processor, .*kvmResource.*emulated: true/,
      ),
    ]);
    warn.mockClear();
    made = record();
    const { vm, env } = await workload({ emulated: undefined, kvmResource: "devices.kubevirt.io/kvm" });
    expect(vm.resources).toMatchObject({ limits: { "devices.kubevirt.io/kvm": "1" } });
    expect(env.ACCEL).toBe("auto");
    made = record();
    await workload({});
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });
});

/** A machine between two networks, and the chain through it. */
async function between(args: Partial<VirtualMachineArgs> = {}) {
  const site = new Site("edge", { platform: lab(), transitCidr: "10.7.1.0/24" });
  const servers = new Network("servers", { site, cidr: "10.7.2.0/24" });
  const cluster = new KubernetesCluster("k8s", {
    networks: [site.transit, servers],
    workerCount: 2,
    attachments: true,
  });
  const attachments = [site.transit, servers].map((network) => ({
    attachment: new NetworkAttachment(`on-${network.name}`, { cluster, network }),
    host: 30,
  }));
  const apache = new WebServers("apache", { network: servers, serverCount: 1 });
  const router = new VirtualMachine("router", { cluster, emulated: true, attachments, ...args });
  await value(router.ready);
  const { spec } = one(made, "router-deployment").inputs as unknown as Workload;
  const chained = () => new ServiceChain("web", { from: site.transit, functions: [router], to: apache });
  return { router, spec, pod: spec.template.spec, chained };
}

describe("a virtual machine with attachments", () => {
  test("asks its node for what they need, and is in a namespace that lets a pod plug them in", async () => {
    await between();
    expect(registered().filter((urn) => /:router/.test(urn))).toEqual([
      "hybrid-vnf:virtualmachine:VirtualMachine$command:remote:Command::router-legs",
      "hybrid-vnf:virtualmachine:VirtualMachine$hybrid-vnf:image:Image$command:local:Command::router-disk-on-edge-k8s-3",
      "hybrid-vnf:virtualmachine:VirtualMachine$hybrid-vnf:image:Image$command:local:Command::router-image-on-edge-k8s-3",
      "hybrid-vnf:virtualmachine:VirtualMachine$hybrid-vnf:image:Image$docker:index/remoteImage:RemoteImage::router-disk-build",
      "hybrid-vnf:virtualmachine:VirtualMachine$hybrid-vnf:image:Image$docker:index/remoteImage:RemoteImage::router-image-build",
      "hybrid-vnf:virtualmachine:VirtualMachine$hybrid-vnf:image:Image::router-disk",
      "hybrid-vnf:virtualmachine:VirtualMachine$hybrid-vnf:image:Image::router-image",
      "hybrid-vnf:virtualmachine:VirtualMachine$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy::router-resize",
      "hybrid-vnf:virtualmachine:VirtualMachine$kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding::router-resize-binding",
      "hybrid-vnf:virtualmachine:VirtualMachine$kubernetes:apps/v1:Deployment::router-deployment",
      "hybrid-vnf:virtualmachine:VirtualMachine$kubernetes:core/v1:Namespace::router-namespace",
      "hybrid-vnf:virtualmachine:VirtualMachine::router",
    ]);
    expect(one(made, "router-legs").inputs.stdin).toContain("export MACHINE='router'");
    expect(one(made, "router-namespace").inputs.metadata).toMatchObject({
      labels: { "pod-security.kubernetes.io/enforce": "privileged" },
    });
  });

  test("is a proxy of a chain where it is one: it ends connections, opens its own, and forwards nothing", async () => {
    const backends = ["10.7.2.11:8080"];
    const { router, spec, pod, chained } = await between({ proxy: { backends, port: 8000 } });
    expect(router).toMatchObject({ handling: "proxy", port: 8000, backends });
    expect(router.instances).toMatchObject([
      { pod: { guest: true, deployment: "router" }, legs: [{ address: "10.7.1.30" }, { address: "10.7.2.30" }] },
    ]);
    expect(pod.containers[0].env.find(({ name }) => name === "FORWARDS")?.value).not.toBe("yes");
    expect(spec.template.metadata).not.toMatchObject({ labels: { "hybrid-vnf.forwards": "true" } });
    const chain = chained();
    expect(await value(chain.url)).toBe("http://10.7.1.30:8000");
    expect(chain.routes).toEqual([]);
  });

  test("has them plugged in before it starts, by what alone has a privilege", async () => {
    const { spec, pod } = await between();
    const [plugs, ...others] = [...pod.initContainers, ...pod.containers];
    const LEGS = "net1=10.7.1.30/24,net2=10.7.2.30/24";
    expect(plugs).toMatchObject({
      args: ["legs"],
      env: [{ name: "LEGS", value: LEGS }],
      securityContext: {
        runAsNonRoot: false,
        runAsUser: 0,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"], add: ["NET_ADMIN", "MKNOD"] },
      },
      volumeMounts: [{ name: "device", mountPath: "/dev/net" }],
    });
    for (const { securityContext } of others)
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    expect(pod.containers[0].env).toEqual(
      expect.arrayContaining([
        { name: "LEGS", value: LEGS },
        { name: "FORWARDS", value: "yes" },
      ]),
    );
    expect(pod.nodeSelector).toEqual({ "kubernetes.io/hostname": "k8s-3" });
    expect(spec).toMatchObject({
      strategy: { type: "Recreate" },
      template: { metadata: { labels: { "hybrid-vnf.forwards": "true" } } },
    });
    const { annotations } = spec.template.metadata as { annotations: Record<string, string> };
    expect(JSON.parse(annotations["k8s.v1.cni.cncf.io/networks"] ?? "")).toEqual([
      { name: "on-transit", namespace: "default", interface: "net1", ips: ["10.7.1.30/24"] },
      { name: "on-servers", namespace: "default", interface: "net2", ips: ["10.7.2.30/24"] },
    ]);
  });

  test("stands in a chain as a router, and verify looks at its interfaces in its pod", async () => {
    const { chained } = await between({ node: "k8s-2" });
    const chain = chained();
    expect(chain.hops.map(({ in: entry, out }) => [entry.address, out.address])).toEqual([["10.7.1.30", "10.7.2.30"]]);
    const facts = (await value(publishChain(chain).contract)) as unknown as PlannedPath;
    const machine = [...hostsOf(facts).values()].find(({ name }) => name === "router")?.machine;
    expect(machine).toMatchObject({
      id: "edge/k8s-2/router",
      pod: { deployment: "router", namespace: "hybrid-vnf-router" },
      guest: true,
      legs: [{ interface: "net1" }, { interface: "net2" }],
    });
  });

  test("need not forward", async () => {
    const { router, spec, pod } = await between({ forwards: false });
    expect(router.instances).toEqual([{ legs: [] }]);
    expect(JSON.stringify(spec.template.metadata)).not.toContain("hybrid-vnf.forwards");
    expect(pod.containers[0].env.map(({ name }) => name)).not.toContain("FORWARDS");
  });
});

describe("the address that pods serve at", () => {
  test("is one more of a node, and outside the cluster's services leads to them", async () => {
    const { cluster, servers } = ground();
    const pods = { name: "web", labels: { app: "web" }, ports: [80, 443] };
    const address = new ServiceAddress("web-address", { cluster, pods, network: servers, host: 50 });
    await Promise.all(address.machines.map(({ identity }) => value(identity)));
    expect(registered().filter((urn) => urn.includes("web-address"))).toEqual([
      "hybrid-vnf:kubernetes:ServiceAddress$command:remote:Command::web-address-node",
      "hybrid-vnf:kubernetes:ServiceAddress$kubernetes:core/v1:Service::web-address-service",
      "hybrid-vnf:kubernetes:ServiceAddress::web-address",
    ]);
    expect(one(made, "web-address-node").inputs.stdin).toContain(
      "export ADDRESS='10.7.2.50/24'\nexport INTERFACE='eth0'",
    );
    expect(one(made, "web-address-service").inputs.spec).toMatchObject({
      externalIPs: ["10.7.2.50"],
      selector: { app: "web" },
      ports: [{ port: 80 }, { port: 443 }],
    });
    expect(one(made, "web-address-service").inputs.metadata).toMatchObject({ namespace: "default" });
  });

  test("is in the namespace of its pods", async () => {
    const { cluster, servers } = ground();
    const guest = new VirtualMachine("guest", { cluster, emulated: true });
    const address = new ServiceAddress("guest-address", { cluster, pods: guest, network: servers });
    await Promise.all(address.machines.map(({ identity }) => value(identity)));
    expect(one(made, "guest-address-service").inputs.metadata).toMatchObject({ namespace: "hybrid-vnf-guest" });
  });

  test("is a server of a chain, beside machines, whose routes back go to its node", () => {
    const { site, cluster, servers } = ground();
    const apache = new WebServers("apache", { network: servers, serverCount: 1 });
    const guest = new VirtualMachine("guest", { cluster, emulated: true });
    const address = new ServiceAddress("guest-address", { cluster, pods: guest, network: servers });
    const legs = [site.transit, servers].map(({ id, cidr }, at) => ({
      network: id,
      cidr,
      address: `10.7.${at + 1}.30`,
    }));
    const router = { name: "router", handling: "route" as const, instances: [{ legs }] };
    const problems = new Problems("web");
    const to = { name: "web", network: servers, machines: [...apache.machines, ...address.machines] };
    const { routes } = planPath({ from: site.transit, functions: [router], to }, problems);
    expect(problems.all).toEqual([]);
    expect(routes.map(({ machine, destination, nextHop }) => [machine.id, destination, nextHop])).toEqual([
      ["edge/apache-1", "10.7.1.0/24", "10.7.2.30"],
      ["edge/k8s-1", "10.7.1.0/24", "10.7.2.30"],
    ]);
    expect(address.machines[0]).toMatchObject({ name: "guest", legs: [{ address: "10.7.2.40" }] });
  });
});
