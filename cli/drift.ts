import type { EngineEvent, Stack } from "@pulumi/pulumi/automation";
import { ChainError, conclude } from "./chain";
import type { Context } from "./context";
import { inOrder, layers } from "./layers";
import { lineFor } from "./line";
import { operate } from "./operation";
import { additionsTo, type DeployedScript, probe, resourcesIn, type StateResource, scriptsIn } from "./probes";
import type { Progress } from "./progress";
import { isStopped, sentencesOf, text } from "./refreshed";
import { siteHere } from "./site";
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
