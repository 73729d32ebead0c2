import { type PolicyResource, SecretValue, UNKNOWN } from "../../policy/resource";

export type Inputs = Record<string, unknown>;
export const resource = (type: string, inputs: Inputs): PolicyResource => ({ type, name: "it", inputs });

const rule = (inputs: Inputs) => resource("openstack:networking/secGroupRule:SecGroupRule", inputs);
const port = (inputs: Inputs) => resource("openstack:networking/port:Port", inputs);
export const container = (inputs: Inputs) =>
  resource("docker:index/container:Container", { memory: 256, cpuShares: 512, ...inputs });
const service = (inputs: Inputs, resources: unknown = { limits: { memoryBytes: 1 }, reservation: { nanoCpus: 1 } }) =>
  resource("docker:index/service:Service", { ...inputs, taskSpec: { containerSpec: {}, resources } });
const build = (inputs: Inputs) => resource("docker:index/remoteImage:RemoteImage", inputs);
const provider = (inputs: Inputs) => resource("pulumi:providers:docker", inputs);
const RESOURCES = { limits: { memory: "256Mi" }, requests: { cpu: "20m" } };
const pod = (spec: Inputs, one: Inputs = {}, labels: Inputs = {}) =>
  resource("kubernetes:apps/v1:Deployment", {
    spec: {
      template: {
        metadata: { labels },
        spec: { ...spec, containers: [{ name: "web", image: DIGEST, resources: RESOURCES, ...one }] },
      },
    },
  });
const cron = (one: Inputs) =>
  resource("kubernetes:batch/v1:CronJob", {
    spec: { jobTemplate: { spec: { template: { spec: { initContainers: [{ name: "first", ...one }] } } } } },
  });

const DIGEST = `registry.example.org/web@sha256:${"0123456789abcdef".repeat(4)}`;
const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA";

/** What each rule lets pass, and what it is against, in words of which these are some. */
export const CASES: Record<
  string,
  { passes: [string, PolicyResource][]; fails: [string, PolicyResource, string[]][] }
> = {
  "ssh-from-operators": {
    passes: [
      [
        "SSH from operators",
        rule({ protocol: "tcp", portRangeMin: 22, portRangeMax: 22, remoteIpPrefix: "192.0.2.0/24" }),
      ],
      ["SSH from a group", rule({ protocol: "tcp", portRangeMin: 22, portRangeMax: 22, remoteGroupId: "peers" })],
      [
        "a range that is not known yet",
        rule({ protocol: "tcp", portRangeMin: 22, portRangeMax: 22, remoteIpPrefix: UNKNOWN }),
      ],
      [
        "a service for everybody",
        rule({ protocol: "tcp", portRangeMin: 80, portRangeMax: 80, remoteIpPrefix: "0.0.0.0/0" }),
      ],
      ["what goes out", rule({ direction: "egress", protocol: "tcp", remoteIpPrefix: "0.0.0.0/0" })],
      ["UDP", rule({ protocol: "udp", portRangeMin: 1, portRangeMax: 100, remoteIpPrefix: "0.0.0.0/0" })],
      [
        "a container's SSH for this machine alone",
        container({ ports: [{ internal: 22, external: 2222, ip: "127.0.0.1" }] }),
      ],
    ],
    fails: [
      [
        "SSH from everywhere",
        rule({ protocol: "tcp", portRangeMin: 22, portRangeMax: 22, remoteIpPrefix: "0.0.0.0/0" }),
        ["SSH (TCP port 22) to 0.0.0.0/0", "operators' own ranges, such as 198.51.100.0/24"],
      ],
      [
        "among other ports",
        rule({ protocol: "tcp", portRangeMin: 1, portRangeMax: 1024, remoteIpPrefix: "0.0.0.0/0" }),
        ["22"],
      ],
      ["every port of every protocol", rule({}), ["to 0.0.0.0/0"]],
      ["by IPv6", rule({ protocol: "6", portRangeMin: 22, portRangeMax: 22, remoteIpPrefix: "::/0" }), ["to ::/0"]],
      ["a container's", container({ ports: [{ internal: 22, external: 2222 }] }), ["to 0.0.0.0/0"]],
      [
        "a service's",
        service({ endpointSpec: { ports: [{ targetPort: 22, publishedPort: 2222 }] } }),
        ["to 0.0.0.0/0"],
      ],
    ],
  },
  "pinned-images": {
    passes: [
      ["a digest", pod({}, { image: DIGEST })],
      ["a content tag", pod({}, { image: "hybrid-vnf/quagga:0123456789ab" })],
      ["an image's ID", container({ image: "sha256:feed" })],
      ["one that is not known yet", pod({}, { image: UNKNOWN })],
      [
        "a version that is never pulled",
        pod({}, { image: "ghcr.io/flannel-io/flannel:v0.28.4", imagePullPolicy: "Never" }),
      ],
      ["one that is built", build({ name: "web:1", build: { context: "." } })],
    ],
    fails: [
      [
        "a version",
        pod({}, { image: "nginx:1.27" }),
        ['container "web" takes the image "nginx:1.27"', "another one tomorrow", "NAME@sha256:"],
      ],
      ["no tag, behind a registry's port", cron({ image: "registry.example.org:5000/nginx" }), ['container "first"']],
      [
        "the latest, though it is never pulled",
        pod({}, { image: "nginx:latest", imagePullPolicy: "Never" }),
        ["nginx:latest"],
      ],
      ["a container's", container({ image: "nginx" }), ['the container takes the image "nginx"']],
      [
        "a service's",
        resource("docker:index/service:Service", { taskSpec: { containerSpec: { image: "nginx:1.27" } } }),
        ['the service takes the image "nginx:1.27"'],
      ],
      ["one that is pulled", build({ name: "debian:bookworm" }), ['"debian:bookworm"']],
    ],
  },
  "privileges-for-forwarding": {
    passes: [
      ["an ordinary pod", pod({})],
      [
        "a router",
        pod({ hostNetwork: true }, { securityContext: { privileged: true } }, { "hybrid-vnf.forwards": "true" }),
      ],
      [
        "a container that forwards",
        container({ privileged: true, labels: [{ label: "hybrid-vnf.forwards", value: "true" }] }),
      ],
    ],
    fails: [
      [
        "a privileged pod",
        pod({}, { securityContext: { privileged: true } }),
        ['container "web" is privileged', "for functions that forward", "hybrid-vnf.forwards=true"],
      ],
      ["one on its node's network", pod({ hostNetwork: true }), ["hostNetwork is true"]],
      ["a privileged container", container({ privileged: true }), ["privileged is true"]],
      ["one on its machine's network", container({ networkMode: "host" }), ['networkMode is "host"']],
      [
        "a container that runs first",
        cron({ securityContext: { privileged: true } }),
        ['container "first" is privileged'],
      ],
    ],
  },
  "docker-over-tls": {
    passes: [
      ["a socket", provider({ host: "unix:///var/run/docker.sock" })],
      ["SSH", provider({ host: "ssh://root@10.100.101.20" })],
      ["TLS", provider({ host: "tcp://10.100.101.20:2376", caMaterial: UNKNOWN, certMaterial: "c", keyMaterial: "k" })],
      ["this machine's", provider({})],
      [
        "the port with TLS",
        rule({ protocol: "tcp", portRangeMin: 2376, portRangeMax: 2376, remoteIpPrefix: "192.0.2.0/24" }),
      ],
    ],
    fails: [
      [
        "plain TCP",
        provider({ host: "tcp://10.100.101.20:2375" }),
        ['its host is "tcp://10.100.101.20:2375" without certificates', "caMaterial", "ssh://USER@HOST"],
      ],
      [
        "half of what TLS needs",
        provider({ host: "tcp://10.100.101.20:2376", caMaterial: "ca" }),
        ["without certificates"],
      ],
      [
        "its port opened",
        rule({ protocol: "tcp", portRangeMin: 2375, portRangeMax: 2376, remoteIpPrefix: "192.0.2.0/24" }),
        ["TCP port 2375", "to 192.0.2.0/24", "2376"],
      ],
    ],
  },
  "port-security": {
    passes: [
      ["a port as it comes", port({ name: "hybrid-vnf-dev-apache-1-servers", securityGroupIds: ["group"] })],
      ["off on transit", port({ name: "hybrid-vnf-dev-kubernetes-1-transit", noSecurityGroups: true })],
      [
        "a network of transit",
        resource("openstack:networking/network:Network", {
          name: "hybrid-vnf-dev-transit",
          portSecurityEnabled: false,
        }),
      ],
    ],
    fails: [
      [
        "off beside the servers",
        port({ name: "hybrid-vnf-dev-apache-1-servers", noSecurityGroups: true }),
        ['off for "hybrid-vnf-dev-apache-1-servers"', "for transit", "leave portSecurity on"],
      ],
      [
        "off in a network",
        resource("openstack:networking/network:Network", {
          name: "hybrid-vnf-dev-servers",
          portSecurityEnabled: false,
        }),
        ['off for "hybrid-vnf-dev-servers"'],
      ],
      ["off by its own name", port({ name: "transit-1", portSecurityEnabled: false }), ['"transit-1"']],
    ],
  },
  limits: {
    passes: [
      ["a pod with both", pod({})],
      ["a limit of the processor", pod({}, { resources: { limits: { memory: "1Gi", cpu: "1" } } })],
      ["a service with both", service({})],
      [
        "a machine, whose limits are its host's",
        container({ memory: undefined, cpuShares: undefined, labels: [{ label: "hybrid-vnf.role", value: "server" }] }),
      ],
      ["a container with both", container({})],
    ],
    fails: [
      [
        "a pod without",
        pod({}, { resources: undefined }),
        ['container "web" has no limit of memory', "such as 256 MiB", "says nothing of the processor"],
      ],
      ["requests alone", pod({}, { resources: { requests: { memory: "32Mi", cpu: "20m" } } }), ["no limit of memory"]],
      ["memory alone", pod({}, { resources: { limits: { memory: "1Gi" } } }), ["says nothing of the processor"]],
      ["a service without", service({}, {}), ["the service has no limit of memory"]],
      ["a container without", container({ memory: undefined }), ["the container has no limit of memory"]],
    ],
  },
  secrets: {
    passes: [
      ["a key that is secret", resource("a:b:C", { connection: { privateKey: new SecretValue(KEY) } })],
      ["one within a secret", resource("a:b:C", { connection: new SecretValue({ privateKey: KEY }) })],
      ["one that is not known yet", resource("a:b:C", { privateKey: UNKNOWN })],
      ["a script that looks for a key", resource("a:b:C", { stdin: "grep -- '-----BEGIN PRIVATE KEY-----' file" })],
      ["a public key", resource("a:b:C", { publicKey: "ssh-ed25519 AAAA", hostKey: "ssh-ed25519 AAAA" })],
      ["an ordinary variable", resource("a:b:C", { env: [{ name: "SERVERS", value: "10.0.0.1" }] })],
    ],
    fails: [
      [
        "a key in the open",
        resource("a:b:C", { stdin: `export KEY='${KEY}'` }),
        ["stdin holds a key", "pulumi.secret"],
      ],
      ["deep in a list", resource("a:b:C", { uploads: [{ file: "k", content: KEY }] }), ["uploads[0].content holds"]],
      ["a password by its name", resource("a:b:C", { connection: { password: "x" } }), ["connection.password holds"]],
      [
        "a token among variables",
        resource("a:b:C", { env: [{ name: "API_TOKEN", value: "x" }] }),
        ["env[0].value holds"],
      ],
      [
        "a kubeconfig's key",
        resource("a:b:C", { file: "users:\n- user:\n    client-key-data: QUJD\n" }),
        ["file holds"],
      ],
    ],
  },
};
