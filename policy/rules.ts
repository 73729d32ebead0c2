import { podTemplateIn } from "../components/kubernetes/pods";
import { FORWARDS, GENERATION, MACHINE_ROLE, REPLACEABLE } from "../components/labels";
import { at, listAt, type PolicyResource, SecretValue, textAt, UNKNOWN } from "./resource";

/** A rule that each resource of a program is held against. */
export interface Rule {
  /** By which it is switched off, and told with what it finds. */
  readonly name: string;
  /** What is asked for, in one sentence. */
  readonly description: string;
  /** What a resource has against it: a sentence each, with the value, what is allowed, and what to do. What is not known yet is left for `up`. */
  readonly check: (resource: PolicyResource) => readonly string[];
}

const SSH = 22;
/** Where Docker's API answers without TLS (Docker: Protect the Docker daemon socket). */
const PLAIN_DOCKER = 2375;

/** TCP ports that a resource opens to the machines around it, and the ranges that they may be reached from. */
interface Opening {
  readonly first: number;
  readonly last: number;
  readonly from: string;
}

/** What a rule of a security group, a container or a Swarm service opens. */
function openingsOf({ type, inputs }: PolicyResource): readonly Opening[] {
  switch (type) {
    case "openstack:networking/secGroupRule:SecGroupRule": {
      const protocol = textAt(inputs, "protocol") ?? "";
      const from = [inputs.remoteIpPrefix, inputs.remoteGroupId, inputs.remoteAddressGroupId];
      if (textAt(inputs, "direction") === "egress" || !["", "tcp", "6"].includes(protocol) || from.includes(UNKNOWN))
        return [];
      const [range, ...groups] = from.map((one) => textAt(one) ?? "");
      const [first, last] = [at(inputs, "portRangeMin"), at(inputs, "portRangeMax")].map(Number);
      return [
        {
          first: first || 0,
          last: last || 65535,
          from: range || groups.find((group) => group !== "") || "0.0.0.0/0",
        },
      ];
    }
    case "docker:index/container:Container":
      return listAt(inputs, "ports").map((port) => {
        const inside = Number(at(port, "internal"));
        const address = textAt(port, "ip") ?? "0.0.0.0";
        return { first: inside, last: inside, from: ["0.0.0.0", "::"].includes(address) ? `${address}/0` : address };
      });
    case "docker:index/service:Service":
      return listAt(inputs, "endpointSpec", "ports").map((port) => {
        const inside = Number(at(port, "targetPort"));
        return { first: inside, last: inside, from: "0.0.0.0/0" };
      });
    default:
      return [];
  }
}

const opens = (port: number) => (opening: Opening) => opening.first <= port && port <= opening.last;

/** What is said of a pod: its labels and its own specification. */
function podOf({ type, inputs }: PolicyResource): { readonly labels: unknown; readonly spec: unknown } | undefined {
  const template = podTemplateIn(type);
  return template && { labels: at(inputs, ...template, "metadata", "labels"), spec: at(inputs, ...template, "spec") };
}

function containersIn(spec: unknown): readonly unknown[] {
  return [...listAt(spec, "initContainers"), ...listAt(spec, "containers")];
}

/** Labels of a Docker resource, which are a list of {label, value}. */
function labelIn(labels: readonly unknown[], name: string): string | undefined {
  return textAt(
    labels.find((one) => textAt(one, "label") === name),
    "value",
  );
}

/** Whether a container is a machine of its own, whose limits are its host's. */
const isMachine = ({ inputs }: PolicyResource): boolean =>
  labelIn(listAt(inputs, "labels"), MACHINE_ROLE) !== undefined;

/** Where an image is named. */
interface ImageUse {
  readonly image: string | undefined;
  readonly by: string;
  /** Whether it may be pulled from a registry; what never is has been put on its node. */
  readonly isPulled: boolean;
}

function imagesOf(resource: PolicyResource): readonly ImageUse[] {
  const { type, inputs } = resource;
  const pod = podOf(resource);
  if (pod)
    return containersIn(pod.spec).map((container) => ({
      image: textAt(container, "image"),
      by: `container "${textAt(container, "name") ?? ""}"`,
      isPulled: at(container, "imagePullPolicy") !== "Never",
    }));
  switch (type) {
    case "docker:index/container:Container":
      return [{ image: textAt(inputs, "image"), by: "the container", isPulled: true }];
    case "docker:index/service:Service":
      return [{ image: textAt(inputs, "taskSpec", "containerSpec", "image"), by: "the service", isPulled: true }];
    case "docker:index/remoteImage:RemoteImage":
      return [{ image: textAt(inputs, "name"), by: "the image", isPulled: at(inputs, "build") === undefined }];
    default:
      return [];
  }
}

/** Whether an image's name can only ever mean one content: a digest, an image's ID, or a tag that is a hash of at least 12 digits. */
function isPinned(image: string): boolean {
  const tag = /:([^:/@]+)$/.exec(image)?.[1] ?? "";
  return /@sha256:[0-9a-f]{64}$|^sha256:[0-9a-f]+$/.test(image) || /^(sha(256)?-)?[0-9a-f]{12,64}$/.test(tag);
}

function pinned({ image, by, isPulled }: ImageUse): readonly string[] {
  if (image === undefined || isPinned(image)) return [];
  // What no registry is asked for is what was put on the node, if only it is named with a version.
  if (!isPulled && /:(?!latest$)[^:/@]+$/.test(image)) return [];
  return [
    `${by} takes the image "${image}", which may be another one tomorrow: name it by its digest (NAME@sha256:…) or by a tag made of its content (12 hexadecimal digits or more)`,
  ];
}

/** A key in the open, whatever it is called: PEM (RFC 7468), with or without line ends spelt out, or a kubeconfig's. */
const KEY = /-----BEGIN ([A-Z]+ )*PRIVATE KEY-----(\s|\\n)+[A-Za-z0-9+/]{16}|client-key-data: *\S/;
/** What is called like a secret. */
const SECRET_NAME = /(passw(or)?d|passphrase|private_?key|secret_?key|api_?key|key_?material|kubeconfig|token)$/i;

/** The places in a value at which a secret stands in the open. */
function openSecrets(value: unknown, place: string, name: string): string[] {
  if (value instanceof SecretValue) return [];
  if (typeof value === "string") return KEY.test(value) || (value !== "" && SECRET_NAME.test(name)) ? [place] : [];
  if (Array.isArray(value)) return value.flatMap((one, index) => openSecrets(one, `${place}[${index}]`, name));
  if (typeof value !== "object" || value === null) return [];
  const entries = Object.entries(value);
  // A variable of a container: {name, value}.
  const variable = textAt(value, "name");
  return entries.flatMap(([key, one]) =>
    openSecrets(one, place ? `${place}.${key}` : key, key === "value" && variable !== undefined ? variable : key),
  );
}

/** The places in a resource's inputs at which a secret stands in the open, such as "environment.TOKEN". */
export function openSecretsIn(inputs: unknown): readonly string[] {
  return openSecrets(inputs, "", "");
}

/** The rule about secrets, which a policy pack of Pulumi's is not told enough for. */
export const SECRETS: Rule = {
  name: "secrets",
  description: "What opens something is a secret from the moment it is made.",
  check: ({ inputs }) =>
    openSecretsIn(inputs).map(
      (place) =>
        `${place} holds a key, a password or a token in the open, and so would the state: wrap it in pulumi.secret, or set it with \`pulumi config set --secret\``,
    ),
};

/** A machine's own marks. */
interface MachineMarks {
  /** Whether it may be made anew. */
  readonly isReplaceable: boolean;
  /** Which one of those that were made in each other's place, for none of them ever ran. */
  readonly generation?: string;
}

/** What a resource's marks say of the machine that it is; undefined where it is none. */
function machineIn({ type, inputs }: PolicyResource): MachineMarks | undefined {
  if (type === "openstack:compute/instance:Instance")
    return {
      isReplaceable: textAt(inputs, "metadata", REPLACEABLE) === "true",
      generation: textAt(inputs, "metadata", GENERATION),
    };
  if (type === "docker:index/container:Container" && isMachine({ type, name: "", inputs }))
    return { isReplaceable: labelIn(listAt(inputs, "labels"), REPLACEABLE) === "true" };
  return undefined;
}

/** The rule about machines that would be lost: it is held against what the engine means to do, where the others are held against what a program asks for. */
export const MACHINE_REPLACEMENT = {
  name: "machine-replacement",
  description: "No machine is made anew unless its label allows it.",
  /**
   * What stands against making a resource anew; undefined where it is no machine, or one that may be.
   * @param because the inputs that ask for it
   */
  check: (before: PolicyResource, after: PolicyResource, because: readonly string[]): string | undefined => {
    const [old, made] = [machineIn(before), machineIn(after)];
    if (made === undefined || made.isReplaceable || old?.generation !== made.generation) return undefined;
    return `the machine would be made anew${because.length > 0 ? `, because of ${because.join(", ")}` : ""}, and what is on it would be lost: take the change back, or allow it by the label ${REPLACEABLE}=true (of a cloud's machines, the setting "replaceable" of the site)`;
  },
  /** The same for who sees no plan: a machine that is neither protected (Pulumi's option `protect`) nor allowed to be lost. */
  checkAlone: (resource: PolicyResource): readonly string[] =>
    machineIn(resource)?.isReplaceable === false && !resource.isProtected
      ? [
          `the machine may be lost by any change that makes it anew: protect it (the option protect), or allow it by the label ${REPLACEABLE}=true`,
        ]
      : [],
};

/** The rules that each resource is held against by itself. */
export const RULES: readonly Rule[] = [
  {
    name: "ssh-from-operators",
    description: "SSH is open to operators and never to everybody.",
    check: (resource) =>
      openingsOf(resource)
        .filter(opens(SSH))
        .filter(({ from }) => /^(0\.0\.0\.0|::)\/0$/.test(from))
        .map(
          ({ from }) =>
            `it opens SSH (TCP port ${SSH}) to ${from}: open it to the operators' own ranges, such as 198.51.100.0/24 (of a cloud's machines, the setting "operators" of the site)`,
        ),
  },
  {
    name: "pinned-images",
    description: "An image is named by its digest, or by a tag made of its content.",
    check: (resource) => imagesOf(resource).flatMap(pinned),
  },
  {
    name: "privileges-for-forwarding",
    description: "Only a function that forwards is privileged or on its node's own network.",
    check: (resource) => {
      const pod = podOf(resource);
      const { inputs } = resource;
      const isContainer = resource.type === "docker:index/container:Container";
      const forwards = pod
        ? at(pod.labels, FORWARDS) !== undefined
        : labelIn(listAt(inputs, "labels"), FORWARDS) !== undefined;
      if (forwards) return [];
      const has = [
        ...(at(pod?.spec, "hostNetwork") === true ? ["hostNetwork is true"] : []),
        ...containersIn(pod?.spec)
          .filter((container) => at(container, "securityContext", "privileged") === true)
          .map((container) => `container "${textAt(container, "name") ?? ""}" is privileged`),
        ...(isContainer && at(inputs, "privileged") === true ? ["privileged is true"] : []),
        ...(isContainer && at(inputs, "networkMode") === "host" ? ['networkMode is "host"'] : []),
      ];
      return has.map(
        (what) =>
          `${what}: that is for functions that forward packets; leave it out, or mark ${pod ? "its pods" : "it"} with the label ${FORWARDS}=true`,
      );
    },
  },
  {
    name: "docker-over-tls",
    description: "Docker's API is reached over TLS, SSH or a socket, never over plain TCP.",
    check: (resource) => {
      const { type, inputs } = resource;
      const host = type === "pulumi:providers:docker" ? (textAt(inputs, "host") ?? "") : "";
      const proofs = [inputs.caMaterial, inputs.certMaterial, inputs.keyMaterial];
      const isProven = proofs.every((one) => one !== undefined) || inputs.certPath !== undefined;
      return [
        ...(/^(tcp|http):/.test(host) && !isProven
          ? [
              `its host is "${host}" without certificates, so that whoever reaches it is root there: give caMaterial, certMaterial and keyMaterial, or reach it as ssh://USER@HOST`,
            ]
          : []),
        ...openingsOf(resource)
          .filter(opens(PLAIN_DOCKER))
          .map(
            ({ from }) =>
              `it opens TCP port ${PLAIN_DOCKER}, Docker's without TLS, to ${from}: leave that port out; with TLS it is 2376`,
          ),
      ];
    },
  },
  {
    name: "port-security",
    description: "Port security is off on transit alone.",
    check: ({ type, inputs }) => {
      const isPort = type === "openstack:networking/port:Port";
      const isOff = at(inputs, "portSecurityEnabled") === false || (isPort && at(inputs, "noSecurityGroups") === true);
      const name = textAt(inputs, "name");
      if (!(isPort || type === "openstack:networking/network:Network") || !isOff || name === undefined) return [];
      return /(^|-)transit$/.test(name)
        ? []
        : [
            `port security is off for "${name}", which lets a machine send in any other's name: that is for transit, where functions forward what others sent; leave portSecurity on, and name what is forwarded (forwardedRanges)`,
          ];
    },
  },
  {
    name: "limits",
    description: "A workload says how much memory it may take, and what it needs of the processor.",
    check: (resource) => {
      const { type, inputs } = resource;
      const pod = podOf(resource);
      const lacking = (by: string, memory: unknown, ...processor: readonly unknown[]) => [
        ...(memory === undefined
          ? [`${by} has no limit of memory, so that one fault takes its whole node: set one, such as 256 MiB`]
          : []),
        ...(processor.every((one) => one === undefined)
          ? [`${by} says nothing of the processor: give it a share, such as 0.1 of a core, or a limit`]
          : []),
      ];
      if (pod)
        return containersIn(pod.spec).flatMap((container) => {
          const of = (kind: string, what: string) => at(container, "resources", kind, what);
          const by = `container "${textAt(container, "name") ?? ""}"`;
          return lacking(by, of("limits", "memory"), of("limits", "cpu"), of("requests", "cpu"));
        });
      if (type === "docker:index/service:Service") {
        const of = (kind: string, what: string) => at(inputs, "taskSpec", "resources", kind, what);
        return lacking(
          "the service",
          of("limits", "memoryBytes"),
          of("limits", "nanoCpus"),
          of("reservation", "nanoCpus"),
        );
      }
      if (type === "docker:index/container:Container" && !isMachine(resource))
        return lacking("the container", inputs.memory, inputs.cpus, inputs.cpuShares);
      return [];
    },
  },
  SECRETS,
];
