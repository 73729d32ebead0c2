import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ConfigMap, EngineEvent, Stack } from "@pulumi/pulumi/automation";
import { serviceContract } from "../components/contracts/service";
import { stateFolder } from "../toolchain/environment";
import { elapsed } from "../toolchain/progress";
import type { Engine } from "./engine";
import { type Ending, folderOf, inOrder, type Layer, layers, projectOf, reversed } from "./layers";
import { forgetSalt, forgetState } from "./leftovers";
import { type Changes, OperationError, operate } from "./operation";
import { preflight } from "./preflight";
import type { Outputs } from "./programs";
import type { Progress } from "./progress";
import { dropHalfAttributes, recover, unlock } from "./recovery";
import { type ConfiguredSite, configuredSite } from "./site";
import type { Timeline } from "./timeline";
import { UnansweredNotes } from "./unanswered";
import { type Report, verify } from "./verify";

/** Something is amiss that has been told already, or is told by `message`. */
export class ChainError extends Error {
  override readonly name = "ChainError";
}

export interface Context {
  readonly engine: Engine;
  /** Name of the stacks, the same in every project. */
  readonly stack: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Makes sure of these plugins, beside those that every stack uses. */
  readonly ready: (plugins: readonly string[]) => Promise<void>;
  /** Keeps the times of all steps of `up`. @default nobody asks for them */
  readonly timeline?: Timeline;
}

function ownPassphrase(engine: Engine): boolean {
  return engine.environment.PULUMI_CONFIG_PASSPHRASE_FILE === join(stateFolder(), "passphrase");
}

const backendOf = (engine: Engine): string => engine.environment.PULUMI_BACKEND_URL ?? "";

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
  await recover(stack, project, backendOf(engine), notes, site.recoveries, report);
  signal.throwIfAborted();
}

/** `a`, `a and b`, `a, b and c`. */
function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** Says how it ended, and throws unless all is well. */
function conclude<T>(what: string, endings: readonly Ending<T>[], context: Context): void {
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

/**
 * Brings the stacks up, in order, and gives back what was seen of the service. `images` makes sure of the images that are needed here.
 */
export async function up(
  context: Context,
  requests: number,
  images: (needed: readonly string[]) => Promise<void> = async () => {},
): Promise<Report> {
  const { engine, stack: name, progress, signal, timeline } = context;
  const began = Date.now();
  const stacks = new Map<string, Stack>();
  const configs = new Map<string, ConfigMap>();
  await Promise.all(
    layers.map(async ({ name: layer }) => {
      dropHalfAttributes(backendOf(engine), projectOf(layer), name);
      if (
        ownPassphrase(engine) &&
        !existsSync(join(stateFolder(), "state", ".pulumi", "stacks", projectOf(layer), `${name}.json`))
      ) {
        // A salt from another checkout, or from a passphrase that is gone, would lock this one out.
        forgetSalt(layer, name);
      }
      const stack = await engine.open(layer, name);
      stacks.set(layer, stack);
      configs.set(layer, await stack.getAllConfig());
    }),
  );
  await unlockAll(context, stacks);
  const site = configuredSite(configs);
  // A cloud's ranges are its own, and are compared with it by the programs.
  if (site.needs.ranges) await preflight(site.ranges, site.name, signal);
  await context.ready(site.needs.plugins);
  // Machines wait for them, and networks need not.
  const imagesMade = images(site.needs.images);
  imagesMade.catch(() => undefined); // told by the stacks that wait for them
  const endings = await inOrder<Changes>(
    layers,
    async ({ name: layer, upstream }) => {
      const stack = stacks.get(layer);
      if (stack === undefined) throw new Error(`The stack of ${layer} was not opened.`);
      await settle(context, layer, stack, site);
      if (upstream.length > 0) await imagesMade;
      try {
        return await operate(layer, "going up", progress, (watch) => {
          const onEvent = (event: EngineEvent): void => {
            watch.event(event);
            timeline?.event(layer, event);
          };
          return stack.up({ refresh: true, runProgram: true, onEvent, suppressOutputs: true });
        });
      } catch (error) {
        if (error instanceof OperationError)
          new UnansweredNotes(projectOf(layer), name).add(error.failed.unanswered(site.recoveries));
        throw error;
      }
    },
    signal,
  );
  conclude("up", endings, context);
  progress.line(`up in ${elapsed(Date.now() - began)}`);
  return ask(context, engine.programs.published("service") ?? {}, requests);
}

/** Takes the stacks down, in reverse order, and leaves nothing behind. */
export async function down(context: Context, force: boolean): Promise<void> {
  const { engine, stack: name, progress, signal } = context;
  const began = Date.now();
  const stacks = new Map<string, Stack>();
  const configs = new Map<string, ConfigMap>();
  await Promise.all(
    layers.map(async ({ name: layer }) => {
      dropHalfAttributes(backendOf(engine), projectOf(layer), name);
      const stack = await engine.find(layer, name);
      if (stack !== undefined) stacks.set(layer, stack);
      const config = await (stack?.getAllConfig() ?? engine.settings(layer, name));
      if (config !== undefined) configs.set(layer, config);
    }),
  );
  // What bears the site's mark may be another checkout's, unless the site was up here.
  const [ours] = await Promise.all([
    stacks.has("site") && engine.published("site", name).then((outputs) => outputs !== undefined),
    unlockAll(context, stacks),
  ]);
  const site = configuredSite(configs);
  if (stacks.size > 0) await context.ready(site.needs.plugins);
  const present: readonly Layer[] = layers
    .filter((layer) => stacks.has(layer.name))
    .map((layer) => ({ ...layer, upstream: layer.upstream.filter((one) => stacks.has(one)) }));
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
      await stack.workspace.removeStack(name, { force, preserveConfig: true });
      if (ownPassphrase(engine)) forgetSalt(layer, name);
      return changes;
    },
    signal,
  );
  conclude("down", endings, context);
  for (const recovery of configs.size > 0 ? site.recoveries : []) {
    if (ours || force) {
      for (const thing of (await recovery.removeLeftovers?.()) ?? [])
        progress.line(`removed ${thing}, which no stack knew`);
    } else if (((await recovery.leftovers?.()) ?? []).length > 0) {
      progress.line(
        `machines or networks of a site '${site.name}' are there, and in no stack of this state: take them down where they were made, or with --force`,
      );
    }
  }
  if (ownPassphrase(engine) && backendOf(engine) === `file://${join(stateFolder(), "state")}`) forgetState();
  progress.line(stacks.size === 0 ? "nothing was up" : `down in ${elapsed(Date.now() - began)}`);
}

/** Previews every stack whose upstream is up; says which one is not. */
export async function preview(context: Context): Promise<void> {
  const { engine, stack: name, progress, signal } = context;
  const upstream = [...new Set(layers.flatMap((layer) => layer.upstream))];
  const up = new Map(
    upstream.map((layer) => [layer, engine.published(layer, name).then((outputs) => outputs !== undefined)]),
  );
  let readied: Promise<void> | undefined;
  const ready = async (): Promise<void> => {
    const site = (await engine.settings("site", name)) ?? {};
    return context.ready(configuredSite(new Map([["site", site]])).needs.plugins);
  };
  const endings = await inOrder<Changes | undefined>(
    layers.map((layer) => ({ ...layer, upstream: [] })),
    async ({ name: layer }) => {
      const needed = layers.find((one) => one.name === layer)?.upstream ?? [];
      const missing: string[] = [];
      for (const one of needed) if (!(await up.get(one))) missing.push(one);
      if (missing.length > 0) {
        progress.line(
          `${layer.padEnd(10)}  not previewed: ${listed(missing)} ${missing.length === 1 ? "is" : "are"} not up`,
        );
        return undefined;
      }
      const existing = await engine.find(layer, name);
      const fresh = existing === undefined;
      if (fresh && ownPassphrase(engine)) forgetSalt(layer, name);
      const stack = existing ?? (await engine.open(layer, name));
      try {
        readied ??= ready();
        await readied;
        return await operate(layer, "previewing", progress, (watch) => stack.preview({ onEvent: watch.event }), true);
      } finally {
        // A preview of a stack that was never up leaves no trace of it.
        if (fresh) {
          await stack.workspace.removeStack(name, { preserveConfig: true });
          if (ownPassphrase(engine)) forgetSalt(layer, name);
        }
      }
    },
    signal,
  );
  conclude("preview", endings, context);
}

/** Asks the service that the service stack publishes. */
export async function check(context: Context, requests: number): Promise<Report> {
  const outputs = await context.engine.published("service", context.stack);
  if (outputs === undefined)
    throw new ChainError("There is no service to ask: the service stack is not up; bring it up with `npm run up`.");
  return ask(context, outputs, requests);
}

/** Asks the service of which a contract tells. */
function ask({ stack, signal }: Context, { contract, secrets }: Outputs, requests: number): Promise<Report> {
  const { facts } = serviceContract.parse(`${projectOf("service")}/${stack}`, contract, secrets);
  const { privateKey = "" } = secrets as { privateKey?: string };
  return verify(facts, privateKey, requests, signal);
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

/** What there is of each stack. */
export function status(context: Context): Promise<readonly Status[]> {
  const { engine, stack: name } = context;
  return Promise.all(
    layers.map(async ({ name: layer }) => {
      const stack = await engine.find(layer, name);
      const found =
        stack === undefined ? undefined : (await stack.workspace.listStacks()).find((one) => one.name === name);
      const resources = found?.resourceCount ?? 0;
      return {
        layer,
        stack: name,
        folder: folderOf(layer),
        up: resources > 0,
        resources,
        lastUpdate: found?.lastUpdate,
        updating: found?.updateInProgress ?? false,
      };
    }),
  );
}
