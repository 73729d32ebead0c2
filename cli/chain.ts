import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ConfigMap, EngineEvent, Stack } from "@pulumi/pulumi/automation";
import { serviceContract } from "../components/contracts/service";
import { stateFolder } from "../toolchain/environment";
import { elapsed } from "../toolchain/progress";
import { deploymentIn } from "./backend";
import type { Context } from "./context";
import { nameOf } from "./diagnostics";
import type { Engine } from "./engine";
import { type Ending, folderOf, inOrder, type Layer, layers, projectOf, reversed } from "./layers";
import { forgetState } from "./leftovers";
import { commandLine, lineFor } from "./line";
import { listed } from "./listed";
import { type Changes, OperationError, operate } from "./operation";
import { findingLine, Policy } from "./policy";
import { preflight } from "./preflight";
import { additionsTo, probe } from "./probes";
import { chainsAmong, type PublishedChain, publishedBy } from "./published";
import { recover, unlock } from "./recovery";
import { refreshedIn } from "./refreshed";
import { removeAdditions, runAgainWhereChanged } from "./repair";
import { forgetSalt } from "./salt";
import { type ConfiguredSite, configuredSite } from "./site";
import { keepMarks, markedIn } from "./taint";
import { UnansweredNotes } from "./unanswered";
import { type ChainReport, type Report, together, verify } from "./verify";

/** Seconds after which a balancer uses a server again that it could not reach for a moment: its `fail_timeout` (images/nginx/start.sh), and one. */
const SETTLING = 6;

/** Something is amiss that has been told already, or is told by `message`. */
export class ChainError extends Error {
  override readonly name = "ChainError";
}

export function ownPassphrase(engine: Engine): boolean {
  return engine.environment.PULUMI_CONFIG_PASSPHRASE_FILE === join(stateFolder(), "passphrase");
}

export const backendOf = (engine: Engine): string => engine.environment.PULUMI_BACKEND_URL ?? "";

/** Sees that nobody works on any of the stacks, before anything is begun in one of them. */
async function unlockAll({ engine, progress, signal }: Context, stacks: ReadonlyMap<string, Stack>): Promise<void> {
  const report = (line: string): void => progress.line(line);
  await Promise.all(
    [...stacks].map(([layer, stack]) => unlock(stack, projectOf(layer), backendOf(engine), report, signal)),
  );
}

async function settle(context: Context, layer: string, stack: Stack, site: ConfiguredSite): Promise<void> {
  const { engine, progress, signal } = context;
  const report = (line: string): void => progress.line(line);
  const project = projectOf(layer);
  const notes = new UnansweredNotes(project, stack.name);
  engine.hasBegun = true;
  await recover(stack, project, backendOf(engine), notes, site.recoveries, report);
  signal.throwIfAborted();
}

/** What is to be said where a site of this name is there, and the stacks know of nothing at all: another checkout made it. */
export async function anothersSite(
  { name, recoveries }: ConfiguredSite,
  stacks: Iterable<Pick<Stack, "exportStack">>,
): Promise<string | undefined> {
  const found = (await Promise.all(recoveries.map((recovery) => recovery.leftovers?.() ?? []))).flat();
  if (found.length === 0) return undefined;
  const states = await Promise.all([...stacks].map(async (stack) => (await stack.exportStack()).deployment ?? {}));
  const known = states.flatMap(({ resources, pending_operations }) => [resources, pending_operations]);
  if (known.some((all) => all?.length > 0)) return undefined;
  return `a site '${name}' is there already, and in no stack of this state (${found[0]}${found.length > 1 ? ` and ${found.length - 1} more` : ""}). Take it down where it was made (where that is gone, '${commandLine("down --force")}' removes it from here), or give this one another name (siteName) and ranges.`;
}

/** Says how it ended, and throws unless all is well. */
export function conclude<T>(what: string, endings: readonly Ending<T>[], context: Context): void {
  const { progress, signal } = context;
  progress.close();
  if (endings.every((one) => one.kind === "done")) return;
  const told = new Set<unknown>();
  for (const one of endings) {
    if (one.kind === "skipped" && one.because.length > 0 && !signal.aborted) {
      progress.line(`${one.layer.padEnd(10)}  not begun: ${listed(one.because)} must be done first`);
    }
    if (one.kind === "failed" && !(one.error instanceof OperationError) && !signal.aborted && !told.has(one.error)) {
      told.add(one.error);
      progress.line(`${one.layer}: ${one.error instanceof Error ? one.error.message : String(one.error)}`);
    }
  }
  signal.throwIfAborted();
  const hint = what === "down" ? ", or with --force, which forgets what no longer answers" : "";
  const count = (kind: string): number => endings.filter((one) => one.kind === kind).length;
  throw new ChainError(
    `${what}: ${count("done")} of ${endings.length} stacks done, ${count("failed")} failed, ${count("skipped")} not begun; mend what is named above and run the command again${hint}.`,
  );
}

/** Settings of a stack in place of those in its file, which stays as it is. */
export interface OtherSettings {
  readonly file: string;
  /** What is in it. */
  readonly config: ConfigMap;
}

/**
 * Brings the stacks up, in order, and gives back what was seen of the service, where one of them publishes one. `images` makes sure of the
 * images that are needed here; `settings` are, by layer, in place of those in the stacks' files.
 */
export async function up(
  context: Context,
  requests: number,
  images: (needed: readonly string[]) => Promise<void> = async () => {},
  settings: ReadonlyMap<string, OtherSettings> = new Map(),
): Promise<Report | undefined> {
  const { engine, stack: name, progress, signal } = context;
  const began = Date.now();
  const stacks = new Map<string, Stack>();
  const configs = new Map<string, ConfigMap>();
  await Promise.all(
    layers.map(async ({ name: layer }) => {
      if (
        ownPassphrase(engine) &&
        !existsSync(join(stateFolder(), "state", ".pulumi", "stacks", projectOf(layer), `${name}.json`))
      ) {
        // A salt from another checkout, or from a passphrase that is gone, would lock this one out.
        forgetSalt(layer, name);
      }
      const stack = await engine.open(layer, name);
      stacks.set(layer, stack);
      configs.set(layer, settings.get(layer)?.config ?? (await engine.settings(layer, name)) ?? {});
    }),
  );
  await unlockAll(context, stacks);
  const site = configuredSite(configs);
  // A cloud's ranges are its own, and are compared with it by the programs.
  if (site.needs.ranges) await preflight(site.ranges, site.name, signal);
  // Each is another engine, which takes a key from the passphrase: asked for once.
  const states = new Map([...stacks].map(([layer, stack]) => [layer, stack.exportStack()] as const));
  for (const state of states.values()) state.catch(() => undefined); // told where it is waited for
  const known = [...states.values()].map((state) => ({ exportStack: () => state }));
  const anothers = await anothersSite(site, known);
  if (anothers !== undefined) throw new ChainError(`up: ${anothers}`);
  await context.ready(site.needs.plugins);
  engine.programs.compile();
  // What was changed by hand on machines, of which a refresh sees nothing; told by the stacks whose scripts made it.
  const looks = new Map(
    [...states].map(([layer, state]) => {
      const probed = state.then((known) => probe(known, signal));
      const additions = state.then((known) => additionsTo(known, site.recoveries));
      const marked = state.then(markedIn);
      for (const look of [probed, additions, marked]) look.catch(() => undefined);
      return [layer, { probed, additions, marked }];
    }),
  );
  // Machines wait for them, and networks need not.
  const imagesMade = images(site.needs.images);
  imagesMade.catch(() => undefined); // told by the stacks that wait for them
  const { levels, packs: policyPacks } = context.policy ?? {};
  const policies = new Map(layers.map(({ name: layer }) => [layer, new Policy(levels)]));
  engine.programs.before = (layer) => policies.get(layer)?.watch(true);
  const endings = await inOrder<Changes>(
    layers,
    async ({ name: layer, upstream }) => {
      const stack = stacks.get(layer);
      const policy = policies.get(layer);
      if (stack === undefined || policy === undefined) throw new Error(`The stack of ${layer} was not opened.`);
      await settle(context, layer, stack, site);
      await runAgainWhereChanged(layer, stack, looks.get(layer)?.probed, progress);
      await removeAdditions(layer, looks.get(layer)?.additions, progress);
      const marked = (await looks.get(layer)?.marked) ?? [];
      if (marked.length > 0)
        progress.line(
          `${layer}: marked to be made anew (pulumi state taint): ${listed(marked.map(({ urn }) => nameOf(urn)))}`,
        );
      if (upstream.length > 0) await imagesMade;
      try {
        const { file: configFile } = settings.get(layer) ?? {};
        // What machines would be lost only the engine's plan tells.
        if (site.keepsMachines) await policy.foresee(layer, stack, progress, { policyPacks, configFile });
        return await operate(layer, "going up", progress, (watch) => {
          const onEvent = (event: EngineEvent): void => {
            watch.event(event);
            policy.event(event);
            for (const sentence of refreshedIn(event)) progress.line(`${layer}: not as it was left: ${sentence}`);
            context.onEvent?.(layer, event);
          };
          const { stalled } = watch;
          const shown = { onEvent, suppressOutputs: true };
          const replace = marked.map(({ urn }) => urn);
          const how = { refresh: true, runProgram: true, replace };
          return stack.up({ ...how, ...shown, policyPacks, configFile, signal: stalled });
        });
      } catch (error) {
        if (error instanceof OperationError)
          new UnansweredNotes(projectOf(layer), name).add(error.failed.unanswered(site.recoveries));
        await keepMarks(stack, marked);
        throw error;
      } finally {
        for (const finding of policy.findings) progress.line(`${layer}: ${findingLine(finding)}`);
      }
    },
    signal,
  );
  conclude("up", endings, context);
  progress.line(`up in ${elapsed(Date.now() - began)}`);
  const published = new Map(layers.map(({ name: layer }) => [layer, engine.programs.published(layer)]));
  const chains = chainsAmong(name, published);
  if (chains.length === 0) return undefined;
  const seen = await askEach(context, chains, requests);
  if (seen.good) return seen;
  progress.line(`${seen.problems[0]} Looking once more in ${SETTLING} s, when balancers have forgotten what was lost.`);
  await delay(SETTLING * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
  return askEach(context, chains, requests);
}

/**
 * Takes the stacks down, in reverse order, and leaves nothing behind.
 * @param only names of layers, where the others stay; of those and of stacks beside the chain none may read what goes, unless by force
 */
export async function down(context: Context, force: boolean, only?: readonly string[]): Promise<void> {
  const { engine, stack: name, progress, signal } = context;
  const began = Date.now();
  const stacks = new Map<string, Stack>();
  const configs = new Map<string, ConfigMap>();
  await Promise.all(
    layers.map(async ({ name: layer }) => {
      const stack = await engine.find(layer, name);
      if (stack !== undefined) stacks.set(layer, stack);
      const config = await engine.settings(layer, name);
      if (config !== undefined) configs.set(layer, config);
    }),
  );
  // What bears the site's mark may be another checkout's, unless the site was up here.
  const going = new Map([...stacks].filter(([layer]) => only?.includes(layer) ?? true));
  const [ours, read] = await Promise.all([
    going.has("site") && engine.contract("site", name).then((contract) => contract !== undefined),
    force || going.size === 0 ? [] : readersOf(context, going, stacks),
    unlockAll(context, stacks),
  ]);
  if (read.length > 0) throw new ChainError(`down: ${read.join("; ")}. Take them down first, or as well.`);
  const site = configuredSite(configs);
  if (stacks.size > 0) await context.ready(site.needs.plugins);
  const present: readonly Layer[] = layers
    .filter((layer) => going.has(layer.name))
    .map((layer) => ({ ...layer, upstream: layer.upstream.filter((one) => going.has(one)) }));
  // An empty stack is removed while the next ones go down.
  const removals: Promise<void>[] = [];
  const remove = async (layer: string, stack: Stack): Promise<void> => {
    await stack.workspace.removeStack(name, { force, preserveConfig: true });
    if (ownPassphrase(engine)) forgetSalt(layer, name);
  };
  const endings = await inOrder<Changes>(
    reversed(present),
    async ({ name: layer }) => {
      const stack = stacks.get(layer);
      if (stack === undefined) throw new Error(`The stack of ${layer} was not found.`);
      await settle(context, layer, stack, site);
      let changes: Changes = {};
      const destroy = (): Promise<Changes> =>
        operate(layer, "going down", progress, (watch) =>
          stack.destroy({ onEvent: watch.event, suppressOutputs: true }),
        );
      try {
        changes = await destroy().catch(async (error: unknown) => {
          if (signal.aborted || layers.find((one) => one.name === layer)?.upstream.length === 0) throw error;
          // A cluster that was made anew answers to other credentials than this stack has noted, and has forgotten what ran on it.
          progress.line(`${layer}: once more, with what the other stacks publish now`);
          await operate(layer, "looking again", progress, (watch) =>
            stack.refresh({ onEvent: watch.event, suppressOutputs: true, runProgram: true }),
          );
          return destroy();
        });
      } catch (error) {
        if (!force || signal.aborted) throw error;
        progress.line(`${layer}: forgetting what could not be taken down in order`);
      }
      const removal = remove(layer, stack);
      removal.catch(() => undefined); // told below
      removals.push(removal);
      return changes;
    },
    signal,
  );
  await Promise.all(removals);
  conclude("down", endings, context);
  // What bears the site's mark belongs to layers that stay, too.
  for (const recovery of configs.size > 0 && only === undefined ? site.recoveries : []) {
    if (ours || force) {
      for (const thing of (await recovery.removeLeftovers?.()) ?? [])
        progress.line(`removed ${thing}, which no stack knew`);
    } else if (((await recovery.leftovers?.()) ?? []).length > 0) {
      progress.line(
        `machines or networks of a site '${site.name}' are there, and in no stack of this state: take them down where they were made, or, where that is gone, with --force, which removes them from here`,
      );
    }
  }
  if (ownPassphrase(engine) && backendOf(engine) === `file://${join(stateFolder(), "state")}`) forgetState();
  progress.line(going.size === 0 ? "nothing was up" : `down in ${elapsed(Date.now() - began)}`);
}

/** Who reads a stack that is to go and stays up itself; a clause for each of those that go. */
async function readersOf(
  { engine, stack: name }: Context,
  going: ReadonlyMap<string, Stack>,
  stacks: ReadonlyMap<string, Stack>,
): Promise<readonly string[]> {
  const others = await engine.others(new Set(layers.map((layer) => `${projectOf(layer.name)}/${name}`)));
  const inTheirOrder = layers.map((one) => one.name).filter((layer) => going.has(layer));
  return inTheirOrder.flatMap((layer) => {
    const staying = layers.filter((one) => stacks.has(one.name) && !going.has(one.name));
    const readers = [
      ...staying.filter(({ upstream }) => upstream.includes(layer)).map((one) => one.name),
      ...others.filter(({ reads }) => reads.includes(`${projectOf(layer)}/${name}`)).map((one) => one.name),
    ];
    return readers.length > 0 ? [`${layer} is read by ${listed(readers, readers.length)}`] : [];
  });
}

/** Asks each service that one of the stacks publishes. */
export async function check(context: Context, requests: number): Promise<Report> {
  const chains = chainsAmong(context.stack, await publishedBy(context, serviceContract.layer));
  if (chains.length === 0)
    throw new ChainError(
      `There is no service to ask: no stack that is up publishes one (publishChain); bring it up with '${lineFor("up", context.stack)}'.`,
    );
  return askEach(context, chains, requests);
}

/** Asks services one after the other: their marked connections would be taken for each other's. */
async function askEach({ signal }: Context, chains: readonly PublishedChain[], requests: number): Promise<Report> {
  const seen: ChainReport[] = [];
  for (const { layer, facts, privateKey } of chains)
    seen.push({ layer, ...(await verify(facts, privateKey, requests, signal)) });
  return together(seen);
}

export interface Status {
  readonly layer: string;
  readonly stack: string;
  readonly folder: string;
  readonly up: boolean;
  readonly resources: number;
  /** When it was last worked on, ISO 8601. */
  readonly lastUpdate?: string;
  readonly updating: boolean;
}

/** How much a stack holds, and since when; nothing where there is no such stack. */
async function stateOf(
  engine: Engine,
  layer: string,
  name: string,
): Promise<Pick<Status, "resources" | "lastUpdate" | "updating">> {
  const open = deploymentIn(backendOf(engine), projectOf(layer), name);
  if (open !== undefined) {
    const { resources = [], manifest: { time } = {} } = open;
    // A file backend doesn't tell the engine either whether somebody is at work.
    return { resources: resources.length, lastUpdate: time && new Date(time).toISOString(), updating: false };
  }
  const stack = await engine.find(layer, name);
  const found = (await stack?.workspace.listStacks())?.find((one) => one.name === name);
  const { resourceCount: resources = 0, lastUpdate, updateInProgress: updating = false } = found ?? {};
  return { resources, lastUpdate, updating };
}

/** What there is of each stack. */
export function status(context: Context): Promise<readonly Status[]> {
  const { engine, stack: name } = context;
  return Promise.all(
    layers.map(async ({ name: layer }) => {
      const { resources, lastUpdate, updating } = await stateOf(engine, layer, name);
      return { layer, stack: name, folder: folderOf(layer), up: resources > 0, resources, lastUpdate, updating };
    }),
  );
}
