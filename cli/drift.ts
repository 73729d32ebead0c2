import type { EngineEvent, Stack } from "@pulumi/pulumi/automation";
import { ChainError, conclude } from "./chain";
import type { Context } from "./context";
import { nameOf, typeOf } from "./diagnostics";
import { inOrder, layers } from "./layers";
import { lineFor } from "./line";
import { operate } from "./operation";
import { additionsTo, type DeployedScript, probe, resourcesIn, type StateResource, scriptsIn } from "./probes";
import type { Progress } from "./progress";
import { siteHere } from "./site";
import { at } from "./steps";
import type { Session } from "./verb";

/** Something that was changed by hand, or went by itself, since a stack was last brought up. */
export interface Drift {
  readonly layer: string;
  /** The resource that is not as its stack left it. */
  readonly urn: string;
  /** Where it is, what is there now, and what was. */
  readonly sentence: string;
}

/** What was changed by hand, seen from elsewhere than `drift` itself. */
export interface SeenDrift {
  /** When it was asked, ISO 8601. */
  readonly asked: string;
  readonly found: readonly Drift[];
  /** Why it could not be asked. */
  readonly unasked?: string;
}

type Values = Readonly<Record<string, unknown>>;
type Changed = NonNullable<EngineEvent["resOutputsEvent"]>["metadata"];

const text = (value: unknown): string => (typeof value === "string" ? value : "");

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
function isStopped({ type, new: now }: Changed): boolean {
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

/** How a look at a stack ended that changed nothing. */
export function lookedLine(differences: number): string {
  return `looked, ${differences || "no"} ${differences > 1 ? "differences" : "difference"}`;
}

/** What was changed by hand in all stacks that are up, found without a change to anything, the states included. */
export async function drift(context: Context): Promise<readonly Drift[]> {
  const { engine, stack: name, progress, signal } = context;
  const stacks = new Map<string, Stack>();
  await Promise.all(
    layers.map(async ({ name: layer }) => {
      const stack = await engine.find(layer, name);
      if (stack !== undefined) stacks.set(layer, stack);
    }),
  );
  if (stacks.size === 0) throw new ChainError(`Nothing is up: bring it up with '${lineFor("up", name)}'.`);
  const site = await siteHere(context);
  await context.ready(site.needs.plugins);
  const states = new Map(
    await Promise.all([...stacks].map(async ([layer, stack]) => [layer, await stack.exportStack()] as const)),
  );
  const gone = new Set<string>();
  // A stack by itself: nothing is made, so none waits for another.
  const apart = layers.filter((one) => stacks.has(one.name)).map((one) => ({ ...one, upstream: [] }));
  const endings = await inOrder<readonly Drift[]>(
    apart,
    async ({ name: layer }) => {
      const found: Drift[] = [];
      const onEvent = ({ resOutputsEvent }: EngineEvent): void => {
        if (resOutputsEvent === undefined) return;
        const { metadata } = resOutputsEvent;
        if (metadata.op === "delete" || isStopped(metadata)) gone.add(metadata.urn);
        found.push(...sentencesOf(metadata).map((sentence) => ({ layer, urn: metadata.urn, sentence })));
      };
      const look = (watch: { readonly event: (event: EngineEvent) => void }): Promise<unknown> =>
        stacks.get(layer)?.previewRefresh({
          onEvent: (event) => {
            watch.event(event);
            onEvent(event);
          },
        }) ?? Promise.resolve();
      await operate(layer, "looking", progress, look, () => lookedLine(found.length));
      return found;
    },
    signal,
  );
  conclude("drift", endings, context);
  const all = [...states.values()];
  const scripts = all.flatMap(scriptsIn);
  const absent = new Set(scripts.filter(({ deletedWith = "" }) => gone.has(deletedWith)).map(({ host }) => host));
  const silent = new Set<string>();
  const names = machineNames(all.flatMap(resourcesIn), scripts);
  const probed = await Promise.all(
    [...states].map(async ([layer, state]): Promise<readonly Drift[]> => {
      const [{ changed, unasked }, additions] = await Promise.all([
        probe(state, signal, absent),
        additionsTo(state, site.recoveries),
      ]);
      return [
        ...additions.map(({ urn, sentence }) => ({ layer, urn, sentence })),
        ...changed.flatMap(({ urn, sentences }) => sentences.map((sentence) => ({ layer, urn, sentence }))),
        ...unasked.flatMap(({ urn, host, reason }) => {
          // Scripts of several stacks, each with another reason.
          const told = silent.has(host);
          silent.add(host);
          return told ? [] : [{ layer, urn, sentence: silence(host, reason, names.get(host)) }];
        }),
      ];
    }),
  );
  const looked = endings.flatMap((one) => (one.kind === "done" ? one.value : []));
  return onceEach([...looked, ...probed.flat()]);
}

/** Looks for drift as a part of something larger, which goes on where that is not possible: another command is at work, or something does not answer. */
export async function seenDrift(context: Context, alone: Session["alone"]): Promise<SeenDrift> {
  const asked = new Date().toISOString();
  const told: string[] = [];
  const silent = (): void => undefined;
  const progress: Progress = {
    line: (text) => void told.push(text),
    begin: silent,
    seen: silent,
    busy: silent,
    step: silent,
    end: silent,
    close: silent,
  };
  try {
    return { asked, found: await alone(() => drift({ ...context, progress })) };
  } catch (error) {
    context.signal.throwIfAborted();
    const unasked = told.length > 0 ? told.join("; ") : error instanceof Error ? error.message : String(error);
    return { asked, found: [], unasked };
  }
}

/** About a machine that could not be asked. */
function silence(host: string, reason: string, machine = host): string {
  return `${machine}: it lets nobody in over SSH at ${host}; it did when it was brought up (${reason.replace(/\.$/, "")}).`;
}

/** What machines are called, by where they are reached: the parent of the script that waits for one is the machine. */
function machineNames(
  resources: readonly StateResource[],
  scripts: readonly DeployedScript[],
): ReadonlyMap<string, string> {
  const machines = new Map(
    resources.filter(({ type }) => type.endsWith(":Machine")).map(({ urn, inputs }) => [urn, text(inputs?.hostname)]),
  );
  return new Map(
    scripts.flatMap(({ host, parent = "" }) => {
      const name = machines.get(parent);
      return name ? [[host, name] as const] : [];
    }),
  );
}

/** What several scripts of a machine tell is told once. */
function onceEach(all: readonly Drift[]): readonly Drift[] {
  return all.filter((one, at) => all.findIndex(({ sentence }) => sentence === one.sentence) === at);
}
