import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import { InvalidInput } from "../../components";

/** A resource that a program registered, with its inputs. */
export interface Made {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  /** The inputs as they go to the engine, with marks of what is secret. */
  readonly wire: Record<string, unknown>;
  /** Names of the inputs that are secret, wholly. */
  readonly secrets: readonly string[];
  /** The explicit provider that makes it, by URN and ID. @default the engine's own */
  readonly provider?: string;
}

/** How a secret is marked on the wire (the SDK's specialSigKey and specialSecretSig). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

function isSecret(value: unknown): value is { value: unknown } {
  return typeof value === "object" && value !== null && SIGNATURE in value && "value" in value;
}

/** The same value with every secret out of its wrapper. */
function bare(value: unknown): unknown {
  if (isSecret(value)) return bare(value.value);
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, bare(inner)]));
}

/** The part of a registration's request that a URN is computed from. */
interface Registration {
  getParent(): string;
  getType(): string;
  getName(): string;
}
type Answer = (error: unknown, response: unknown) => void;

/** The URN that the engine computes: all parents' types, where the SDK's mocks keep the last one only (Pulumi: Resource names, URNs). */
function urnOf(registration: Registration): string {
  const [, , parents] = registration.getParent().split("::");
  const prefix = parents === undefined || parents === "pulumi:pulumi:Stack" ? "" : `${parents}$`;
  return `urn:pulumi:test::hybrid-vnf::${prefix}${registration.getType()}::${registration.getName()}`;
}

/** The name at the end of a URN. */
const nameIn = (urn: string): string => urn.slice(urn.lastIndexOf("::") + 2);

let urns = new Set<string>();
/** What the engine, or our own rule of names, would refuse. */
let refused: string[] = [];

// The monitor's own methods know neither full URNs nor twins; its declaration keeps these two to itself.
const monitor = MockMonitor.prototype as unknown as {
  newUrn: (parent: string, type: string, name: string) => string;
  registerResource: (request: Registration, answer: Answer) => Promise<void>;
};
monitor.newUrn = (parent, type, name) => urnOf({ getParent: () => parent, getType: () => type, getName: () => name });
const registerResource = monitor.registerResource;
monitor.registerResource = function (request, answer) {
  const urn = urnOf(request);
  const parent = request.getParent();
  if (urns.has(urn)) refused.push(`Duplicate resource URN '${urn}'`);
  if (parent !== "" && !parent.includes("::pulumi:pulumi:Stack::") && !request.getName().startsWith(nameIn(parent)))
    refused.push(`'${urn}' does not begin with the name of its parent, '${nameIn(parent)}'`);
  urns.add(urn);
  return registerResource.call(this, request, answer);
};

/** The URNs of all that was registered since `record`, without stack and project. @throws Error when the engine would have refused one of them */
export function registered(): string[] {
  if (refused.length > 0) throw new Error(refused.join("\n"));
  return [...urns].map((urn) => urn.replace("urn:pulumi:test::hybrid-vnf::", "")).sort();
}

/** What the scripts that print something print, by the end of their resource's name. */
const PRINTED: [RegExp, string][] = [
  [/-keygen$/, JSON.stringify({ privateKey: "PRIVATE", publicKey: "ssh-ed25519 AAAA" })],
  [/-kubeconfig$/, "apiVersion: v1\nkind: Config\n"],
  [
    /-credentials$/,
    JSON.stringify({
      ca: "-----BEGIN CA",
      cert: "-----BEGIN CERT",
      key: "-----BEGIN KEY",
      workerToken: "WORKER",
      managerToken: "MANAGER",
    }),
  ],
  [/-join-command$/, "kubeadm join"],
  [/-ranges$/, "10.244.0.0/24 10.244.1.0/24\n"],
  [/-image-push$/, "registry.example.org/hybrid-vnf/image@sha256:cafe"],
];

/**
 * Runs a program against mocks in place of the engine; machines' interfaces are eth0, eth1 … in the order of their legs. A resource
 * is done once `until`, asked by its name, is.
 */
export function record(until: (name: string) => Promise<void> | undefined = () => undefined): Made[] {
  const made: Made[] = [];
  urns = new Set();
  refused = [];
  const addresses = new Map<string, string[]>();
  pulumi.runtime.setMocks(
    {
      newResource: async ({ type, name, inputs: wrapped, provider }) => {
        const inputs = bare(wrapped) as Record<string, unknown>;
        const secrets = Object.keys(wrapped).filter((key) => isSecret(wrapped[key]));
        made.push({ type, name, inputs, wire: wrapped, secrets, provider });
        const state: Record<string, unknown> = { ...inputs };
        if (type === "docker:index/container:Container") {
          addresses.set(
            name.replace(/-container$/, ""),
            (inputs.networksAdvanced as { ipv4Address: string }[]).map((leg) => leg.ipv4Address),
          );
        }
        if (type === "openstack:networking/port:Port") {
          const machine = name.replace(/-[a-z]+-port$/, "");
          const [leg] = inputs.fixedIps as { ipAddress: string }[];
          addresses.set(machine, [...(addresses.get(machine) ?? []), leg?.ipAddress ?? ""]);
        }
        if (type === "hybrid-vnf:hosts:Machine") addresses.set(name, inputs.addresses as string[]);
        if (type === "openstack:networking/network:Network") state.mtu = 1450;
        if (type === "openstack:networking/floatingIp:FloatingIp") state.address = `floating-of-${inputs.portId}`;
        if (type.startsWith("command:")) {
          const machine = name.replace(/-boot$/, "");
          state.stdout = name.endsWith("-boot")
            ? JSON.stringify((addresses.get(machine) ?? []).map((address, at) => ({ interface: `eth${at}`, address })))
            : (PRINTED.find(([pattern]) => pattern.test(name))?.[1] ?? "");
        }
        if (type === "docker:index/remoteImage:RemoteImage") state.imageId = "sha256:feed";
        await until(name);
        return { id: `${name}-id`, state };
      },
      call: ({ token, inputs }) => {
        if (token.includes("getRemoteImage")) return { ...inputs, id: "sha256:beef" };
        if (token.startsWith("openstack:")) return { ...inputs, id: `id-of-${inputs.name}` };
        return inputs;
      },
    },
    "hybrid-vnf",
    "test",
    false,
  );
  return made;
}

/** Until all that was begun has been registered, so that the next test's mocks don't hear of it. */
export const settled = (): Promise<void> =>
  // The SDK exports it and keeps it out of its declarations.
  (pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> }).waitForRPCs();

/** What stands against an input, said by the program that is given it; fails unless it is refused as one. */
export function refusalOf(work: () => unknown): InvalidInput {
  try {
    work();
  } catch (error) {
    if (error instanceof InvalidInput) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** An output's value, once it is known. */
export function value<T>(output: pulumi.Input<T>): Promise<T> {
  return new Promise((resolve) => pulumi.output(output).apply((known) => resolve(known as T)));
}

/** The only resource of that name. */
export function one(made: readonly Made[], name: string): Made {
  const found = made.filter((resource) => resource.name === name);
  if (found.length !== 1 || !found[0])
    throw new Error(
      `${found.length} resources are named ${name}, not 1: ${made.map((resource) => resource.name).join(", ")}`,
    );
  return found[0];
}
