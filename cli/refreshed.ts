import type { EngineEvent } from "@pulumi/pulumi/automation";
import { nameOf, typeOf } from "./diagnostics";
import { at } from "./steps";

type Values = Readonly<Record<string, unknown>>;
type Changed = NonNullable<EngineEvent["resOutputsEvent"]>["metadata"];

/** A value that is a text; of any other none. */
export const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** How a kind of resource is spoken of: where it is, and what it is. */
interface Kind {
  readonly noun: string;
  /** The machine that it is on, or is. */
  readonly machine?: (inputs: Values) => string;
}

const kinds: Readonly<Record<string, Kind>> = {
  "docker:index/container:Container": { noun: "container", machine: ({ hostname }) => text(hostname) },
  "docker:index/remoteImage:RemoteImage": { noun: "image" },
  "docker:index/service:Service": { noun: "Swarm service" },
  "kubernetes:apps/v1:Deployment": { noun: "Deployment", machine: (inputs) => text(nodeOf(inputs)) },
  "openstack:compute/instance:Instance": { noun: "server", machine: ({ name }) => text(name) },
  "openstack:networking/secGroup:SecGroup": { noun: "security group" },
  "openstack:networking/secGroupRule:SecGroupRule": { noun: "rule" },
  "openstack:networking/floatingIp:FloatingIp": { noun: "floating address" },
};

/** The node that a workload is bound to, by the label that Kubernetes gives each node. */
const nodeOf = (inputs: Values): unknown => at('spec.template.spec.nodeSelector["kubernetes.io/hostname"]', inputs);

/** A value as a sentence shows it. */
function inWords(value: unknown): string {
  if (value === undefined || value === null || value === "") return "not set";
  const whole = typeof value === "string" ? value : JSON.stringify(value);
  return whole.length > 120 ? `${whole.slice(0, 120)}…` : whole;
}

/** What it is called where it is: its name there, or that of its resource. */
function called(urn: string, inputs: Values): string {
  return text(inputs.name) || text(at("metadata.name", inputs)) || nameOf(urn);
}

/** Whether a container that ran is there and does not run. */
export function isStopped({ type, new: now }: Changed): boolean {
  return type === "docker:index/container:Container" && now?.outputs?.mustRun === false;
}

/** What a refresh found of a resource, a sentence each; none where it is as it was. */
export function sentencesOf(changed: Changed): readonly string[] {
  const { op, urn, type, old, new: now, detailedDiff, diffs } = changed;
  if ((op !== "update" && op !== "delete") || old === undefined || type.startsWith("pulumi:")) return [];
  const inputs = (old.inputs ?? {}) as Values;
  const { noun, machine } = kinds[type] ?? { noun: typeOf(urn).split(":").at(-1) ?? "" };
  const subject = `the ${noun} ${called(urn, inputs)}`;
  const where = machine?.(inputs) ?? "";
  const begin = where === "" ? "" : `${where}: `;
  if (op === "delete") return [`${begin}${subject} is gone; it was there.`];
  if (isStopped(changed)) return [`${begin}${subject} is stopped; it ran.`];
  const paths = Object.entries(detailedDiff ?? Object.fromEntries((diffs ?? []).map((path) => [path, undefined])));
  return paths.map(([path, how]) => {
    const of = (state: Changed["old"]): unknown => {
      const { inputs: given, outputs } = state ?? { inputs: {}, outputs: {} };
      return how?.inputDiff ? at(path, given) : (at(path, outputs) ?? at(path, given));
    };
    return `${begin}${path} of ${subject} is ${inWords(of(now))}; it was ${inWords(of(old))}.`;
  });
}

/** What the refresh that `up` begins with found, of its events: of what is gone, their new state is null. */
export function refreshedIn({ resOutputsEvent }: EngineEvent): readonly string[] {
  const { metadata } = resOutputsEvent ?? {};
  if (metadata?.op !== "refresh") return [];
  return sentencesOf({ ...metadata, op: metadata.new ? "update" : "delete" });
}
