import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ConfigMap, Stack } from "@pulumi/pulumi/automation";
import { serviceContract } from "../components/contracts/service";
import { removeBegun } from "../components/platform/openstack/half-made";
import { Session } from "../components/platform/openstack/session";
import { credentials } from "../stacks/cloud";
import { stateFolder } from "../toolchain/environment";
import type { ImageName } from "../toolchain/images";
import { elapsed } from "../toolchain/progress";
import type { Engine } from "./engine";
import { type Ending, folderOf, inOrder, type Layer, layers, projectOf, reversed } from "./layers";
import { forgetSalt, forgetState, labelled, removeLabelled, removeService } from "./leftovers";
import { type Changes, OperationError, operate, outputsOf } from "./operation";
import { preflight, type Wanted } from "./preflight";
import type { Progress } from "./progress";
import { recover, unlock } from "./recovery";
import { UnheardNotes } from "./unheard";
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
  /** Makes sure of the plugins that these platforms need. */
  readonly ready: (platforms: readonly string[]) => Promise<void>;
}

/** Ranges and site of a chain whose settings don't say otherwise: the programs' own defaults. */
const defaults = { site: "dev", transit: "10.100.101.0/24", servers: "10.100.102.0/24", clients: "10.100.100.0/24" };

const settingOf = (config: ConfigMap | undefined, layer: string, key: string): string | undefined =>
  config?.[`${projectOf(layer)}:${key}`]?.value;

interface Asked {
  readonly site: string;
  /** Whether any of its machines are containers on this machine's Docker engine. */
  readonly lab: boolean;
  readonly platforms: readonly string[];
  /** The cloud that its machines are on, as the OpenStack platform's settings name it. */
  readonly openstack: { readonly cloud?: string; readonly region?: string };
  /** What is needed on this machine's Docker engine: what functions' images are built on, and what machines are made or provided from. */
  readonly images: readonly ImageName[];
  /** The ranges that are wanted of this machine: those of its networks in the lab. */
  readonly wanted: readonly Wanted[];
}

/** A cloud has its machines' image itself. */
const IMAGES: Readonly<Record<string, readonly ImageName[]>> = {
  lab: ["base", "client", "machine"],
  hosts: ["base", "machine"],
};

/** What a structured setting of the site says; nothing for text that the programs refuse. */
function structured(configs: ReadonlyMap<string, ConfigMap>, key: string): Readonly<Record<string, string>> {
  try {
    const text = settingOf(configs.get("site"), "site", key) ?? "{}";
    return (JSON.parse(text) as Readonly<Record<string, string>> | null) ?? {};
  } catch {
    return {};
  }
}

/** The site's name and platforms, and the ranges that the stacks' settings ask for. */
export function asked(configs: ReadonlyMap<string, ConfigMap>): Asked {
  const want = (layer: string, key: "transit" | "servers" | "clients"): Wanted => ({
    what: key,
    cidr: settingOf(configs.get(layer), layer, key) ?? defaults[key],
    setting: `pulumi config set ${key} … in stacks/${layer}`,
  });
  const platform = settingOf(configs.get("site"), "site", "platform") ?? "lab";
  const named = platform === "hybrid" ? structured(configs, "networks") : {};
  const on = (network: string): string => (platform === "hybrid" ? (named[network] ?? "lab") : platform);
  const wanted = [want("site", "transit"), want("kubernetes", "servers"), want("swarm", "clients")];
  const platforms = [...new Set(wanted.map(({ what }) => on(what)))];
  return {
    site: settingOf(configs.get("site"), "site", "site") ?? defaults.site,
    lab: platforms.includes("lab"),
    platforms,
    openstack: structured(configs, "openstack"),
    images: [...new Set(platforms.flatMap((one): readonly ImageName[] => IMAGES[one] ?? ["base"]))],
    wanted: wanted.filter(({ what }) => on(what) === "lab"),
  };
}

function ownPassphrase(engine: Engine): boolean {
  return engine.environment.PULUMI_CONFIG_PASSPHRASE_FILE === join(stateFolder(), "passphrase");
}

const backendOf = (engine: Engine): string => engine.environment.PULUMI_BACKEND_URL ?? "";

async function settle(context: Context, layer: string, stack: Stack, { site, lab, openstack }: Asked): Promise<void> {
  const { engine, progress, signal } = context;
  const report = (line: string): void => progress.line(line);
  let session: Promise<Session> | undefined;
  await unlock(stack, projectOf(layer), backendOf(engine), report, signal);
  await recover(
    stack,
    projectOf(layer),
    backendOf(engine),
    new UnheardNotes(projectOf(layer), stack.name),
    report,
    async (name) => lab && (await removeService(site, name)),
    async (begun, known) => {
      session ??= Session.open(credentials(openstack.cloud, openstack.region));
      return removeBegun(await session, begun, known);
    },
  );
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
  for (const one of endings) {
    if (one.kind === "skipped" && one.because.length > 0 && !signal.aborted) {
      progress.line(`${one.layer.padEnd(10)}  not begun: ${listed(one.because)} must be done first`);
    }
    if (one.kind === "failed" && !(one.error instanceof OperationError) && !signal.aborted) {
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
  images: (needed: readonly ImageName[]) => Promise<void> = async () => {},
): Promise<Report> {
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
      configs.set(layer, await stack.getAllConfig());
    }),
  );
  const chain = asked(configs);
  // A cloud's ranges are its own, and are compared with it by the programs.
  if (chain.lab) await preflight(chain.wanted, chain.site, signal);
  await context.ready(chain.platforms);
  await images(chain.images);
  const endings = await inOrder<Changes>(
    layers,
    async ({ name: layer }) => {
      const stack = stacks.get(layer);
      if (stack === undefined) throw new Error(`The stack of ${layer} was not opened.`);
      await settle(context, layer, stack, chain);
      try {
        return await operate(layer, "going up", progress, (watch) =>
          stack.up({ refresh: true, runProgram: true, onEvent: watch.event, suppressOutputs: true }),
        );
      } catch (error) {
        if (error instanceof OperationError) new UnheardNotes(projectOf(layer), name).add(error.unheard);
        throw error;
      }
    },
    signal,
  );
  conclude("up", endings, context);
  progress.line(`up in ${elapsed(Date.now() - began)}`);
  return check(context, requests);
}

/** Takes the stacks down, in reverse order, and leaves nothing behind. */
export async function down(context: Context, force: boolean): Promise<void> {
  const { engine, stack: name, progress, signal } = context;
  const began = Date.now();
  const stacks = new Map<string, Stack>();
  const configs = new Map<string, ConfigMap>();
  await Promise.all(
    layers.map(async ({ name: layer }) => {
      const stack = await engine.find(layer, name);
      if (stack !== undefined) stacks.set(layer, stack);
      const config = await (stack?.getAllConfig() ?? engine.settings(layer, name));
      if (config !== undefined) configs.set(layer, config);
    }),
  );
  const chain = asked(configs);
  if (stacks.size > 0) await context.ready(chain.platforms);
  const present: readonly Layer[] = layers
    .filter((layer) => stacks.has(layer.name))
    .map((layer) => ({ ...layer, upstream: layer.upstream.filter((one) => stacks.has(one)) }));
  const endings = await inOrder<Changes>(
    reversed(present),
    async ({ name: layer }) => {
      const stack = stacks.get(layer);
      if (stack === undefined) throw new Error(`The stack of ${layer} was not found.`);
      await settle(context, layer, stack, chain);
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
  if (chain.lab && configs.size > 0) {
    // With no stack here they may well be another checkout's.
    if (stacks.size > 0 || force) {
      for (const thing of await removeLabelled(chain.site, signal))
        progress.line(`removed ${thing}, which no stack knew`);
    } else if ((await labelled(chain.site, signal)).length > 0) {
      progress.line(
        `machines or networks of a site '${chain.site}' are on this Docker engine, and in no stack of this state: take them down where they were made, or with --force`,
      );
    }
  }
  if (ownPassphrase(engine) && backendOf(engine) === `file://${join(stateFolder(), "state")}`) forgetState();
  progress.line(stacks.size === 0 ? "nothing was up" : `down in ${elapsed(Date.now() - began)}`);
}

/** Previews every stack whose upstream is up; says which one is not. */
export async function preview(context: Context): Promise<void> {
  const { engine, stack: name, progress, signal } = context;
  const upstream = new Map<string, Promise<boolean>>();
  let readied: Promise<void> | undefined;
  const ready = async (): Promise<void> => {
    const site = await (await engine.open("site", name)).getAllConfig();
    return context.ready(asked(new Map([["site", site]])).platforms);
  };
  const endings = await inOrder<Changes | undefined>(
    layers.map(({ name }) => ({ name, upstream: [] })),
    async ({ name: layer }) => {
      const needed = layers.find((one) => one.name === layer)?.upstream ?? [];
      const missing: string[] = [];
      for (const one of needed) if (!(await isUp(one))) missing.push(one);
      if (missing.length > 0) {
        progress.line(
          `${layer.padEnd(10)}  not previewed: ${listed(missing)} ${missing.length === 1 ? "is" : "are"} not up`,
        );
        return undefined;
      }
      const fresh = (await engine.find(layer, name)) === undefined;
      if (fresh && ownPassphrase(engine)) forgetSalt(layer, name);
      const stack = await engine.open(layer, name);
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

  function isUp(layer: string): Promise<boolean> {
    const known = upstream.get(layer);
    if (known !== undefined) return known;
    const asking = engine
      .find(layer, name)
      .then(async (stack) => stack !== undefined && (await outputsOf(stack)) !== undefined);
    upstream.set(layer, asking);
    return asking;
  }
}

/** Asks the service that the service stack publishes. */
export async function check(context: Context, requests: number): Promise<Report> {
  const { engine, stack: name, signal } = context;
  const stack = await engine.find("service", name);
  const outputs = stack === undefined ? undefined : await outputsOf(stack);
  if (outputs === undefined)
    throw new ChainError("There is no service to ask: the service stack is not up; bring it up with `npm run up`.");
  const { facts } = serviceContract.parse(`${projectOf("service")}/${name}`, outputs.contract, outputs.secrets);
  const { privateKey } = outputs.secrets as { privateKey: string };
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
