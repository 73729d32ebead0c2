import type { Stack } from "@pulumi/pulumi/automation";
import { elapsed } from "../toolchain/progress";
import { ChainError, up } from "./chain";
import type { Context } from "./context";
import { drainOf, leavingServers, takenAwayBy } from "./drain";
import { describeChange, type LastGood, lastGood, settingChanges, writeSettings } from "./lastgood";
import { layers, projectOf } from "./layers";
import { commandLine } from "./line";
import { listed } from "./listed";
import { OperationError, operate } from "./operation";
import { describeOutage, lastRestart, outagesOf } from "./outage";
import { type ChainPreview, chainsIn } from "./plan";
import { findingLine } from "./policy";
import { chainsOf, previewChain } from "./preview";
import { chainsAmong, type Published, type PublishedChain, publishedBy } from "./published";
import { Count, Stream, WINDOW } from "./stream";
import type { Report } from "./verify";

/** The requests lost in a change are more than are allowed. */
class LossError extends Error {
  override readonly name = "LossError";
}

export interface GuardArgs {
  /** Requests that `up` sends at its end, as without a guard. */
  readonly requests: number;
  readonly images: (needed: readonly string[]) => Promise<void>;
  /** The share of the last requests that may be lost, in percent. */
  readonly allowedLoss: number;
}

/** A chain with the stream of requests that runs through it. */
interface Guarded {
  /** What begins a sentence about it: its layer, where several chains are guarded. */
  readonly begin: string;
  readonly count: Count;
  readonly stream: Stream;
}

/**
 * Brings the stacks up while a stream of requests runs through each chain that one of them publishes. What is known to lose requests is refused
 * beforehand; where more are lost than are allowed, or the change fails, it is stopped, and the stacks are brought up with the settings that they had
 * before.
 */
export async function guardedUp(
  context: Context,
  { requests, images, allowedLoss }: GuardArgs,
): Promise<Report | undefined> {
  const { engine, stack: name, progress } = context;
  const published = await publishedBy(context);
  const chains = chainsAmong(name, published);
  const nothingUp = "no chain is up, so no request can be lost: this time nothing is guarded";
  const outputs =
    chains.length > 0 ? [] : await Promise.all(layers.map(({ name: layer }) => engine.outputs(layer, name)));
  if (chains.length === 0 && outputs.every((one) => one === undefined)) {
    progress.line(nothingUp);
    return up(context, requests, images);
  }
  refuseMute(chains);
  const plan = await previewChain(context);
  if (chains.length === 0) {
    refuseChainless(plan);
    progress.line(nothingUp);
    return up(context, requests, images);
  }
  const guarded = new Set(chains.map(({ layer }) => layer));
  const absent = chainsOf(plan.stacks).filter(({ layer }) => !guarded.has(layer));
  if (absent.length > 0)
    progress.line(
      `guard: the chain of ${listed(absent.map(({ layer }) => layer))} is not up yet: no request is sent through it`,
    );
  await refuse(context, plan, chains, allowedLoss);
  const before = await settingsBefore(context);

  const stopping = new AbortController();
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  let guarding = false;
  const stop = (why: string): void => {
    stopping.abort(new LossError(why));
    engine.interrupt();
  };
  const guards = chains.map(({ layer, facts, privateKey }): Guarded => {
    const begin = chains.length > 1 ? `${layer}: ` : "";
    const count = new Count(({ lostPercent }) => {
      if (!guarding || lostPercent <= allowedLoss || signal.aborted) return;
      progress.line(`guard: ${begin}too many requests are lost: what has begun is finished, and then all goes back`);
      stop(`${begin}${lostPercent} of the last ${WINDOW} requests were lost, and ${allowedLoss} may be`);
    });
    const stream = new Stream(facts, privateKey, count);
    stream.broken.catch((error: Error) => {
      if (guarding && !signal.aborted) stop(`${begin}${error.message.replace(/\.$/, "")}`);
    });
    return { begin, count, stream };
  });
  /** Once so many more requests have ended in each stream. */
  const ended = (): Promise<unknown> => Promise.all(guards.map(({ stream }) => stream.ended(WINDOW)));
  try {
    await ended();
    for (const { begin, count } of guards)
      if (count.lostPercent > allowedLoss)
        throw new ChainError(
          `${begin}${count.lostOfLast} of ${WINDOW} requests are lost before anything is changed: see why with \`${commandLine("verify")}\` and \`${commandLine("drift")}\`, and bring it up without --guard first.`,
        );
    for (const { count } of guards) count.restart();
    guarding = true;
    const stoppable = { ...context, signal };
    try {
      await drain(stoppable, plan, chains, published);
      const seen = await up(stoppable, requests, images);
      await ended();
      signal.throwIfAborted();
      guarding = false;
      for (const one of guards) progress.line(describeCount(one));
      return seen;
    } catch (error) {
      guarding = false;
      if (context.signal.aborted) throw error;
      for (const one of guards) progress.line(describeCount(one));
      return await goBack(context, before, error, { requests, images, guards, ended });
    }
  } finally {
    guarding = false;
    await Promise.all(guards.map(({ stream }) => stream.stop()));
  }
}

/** Refuses chains that no request can be sent through. */
function refuseMute(chains: readonly PublishedChain[]): void {
  const mute = chains.filter(({ facts }) => facts.clients.length === 0).map(({ layer }) => layer);
  if (mute.length > 0)
    throw new ChainError(
      `Nothing was changed: the chain of ${listed(mute)} has no client machine to send requests from, so it can't be guarded: name one (ServiceChain, clients), or bring it up without --guard.`,
    );
}

/** Refuses stacks of which none is to publish a chain: nobody would see what is lost. */
function refuseChainless({ stacks }: ChainPreview): void {
  if (stacks.every(({ ending }) => ending === "done") && chainsOf(stacks).length === 0)
    throw new ChainError(
      `Nothing was changed: none of the stacks ${listed(stacks.map(({ layer }) => layer))} publishes a chain (publishChain), so there is nothing to guard: bring them up without --guard.`,
    );
}

/** Refuses a plan that fails or in which an error was found, and one that is known to lose requests. */
export async function refuse(
  { progress, signal }: Pick<Context, "progress" | "signal">,
  plan: ChainPreview,
  chains: readonly PublishedChain[],
  allowedLoss: number,
): Promise<void> {
  const failed = plan.stacks.filter(({ ending }) => ending !== "done");
  if (failed.length > 0)
    throw new ChainError(
      `Nothing was changed: the preview of ${failed.map(({ layer }) => layer).join(" and ")} failed.`,
    );
  const errors = plan.findings.filter(({ severity }) => severity === "error");
  for (const one of errors) progress.line(`guard: ${findingLine(one)}`);
  if (errors.length > 0)
    throw new ChainError(
      `Nothing was changed: the preview found ${errors.length === 1 ? "an error" : `${errors.length} errors`}, told above.`,
    );
  const told = new Set<string>();
  for (const { name, preview } of chainsIn(plan)) {
    const { privateKey = "" } = chains.find(({ layer }) => name === undefined || layer === name) ?? {};
    for (const outage of outagesOf(preview)) {
      const restart = outage.hop && (await lastRestart(outage.hop, privateKey, signal));
      told.add(`guard: ${describeOutage(outage, restart)}`);
    }
  }
  for (const line of told) progress.line(line);
  if (told.size > 0 && allowedLoss < 100)
    throw new ChainError(
      "Nothing was changed: this change can't be made without lost requests. Bring it up with --allow-loss 100 when all may be lost for that long.",
    );
}

/** Takes servers that are to go out of the balancers before their machines go, and lets them finish what they have asked of them. */
async function drain(
  context: Context,
  { stacks }: ChainPreview,
  chains: readonly PublishedChain[],
  published: Published,
): Promise<void> {
  const { engine, stack: name, progress, signal } = context;
  const guarded = new Set(chains.map(({ layer }) => layer));
  const leaving = leavingServers(chainsOf(stacks).filter(({ layer }) => guarded.has(layer)));
  if (leaving.length === 0) return;
  const { reduced, readers, emptied } = drainOf(leaving, published, layers, guarded);
  for (const layer of emptied)
    progress.line(`guard: all servers of ${layer} go, so none can take over from them beforehand`);
  const untold = takenAwayBy(leaving, stacks).filter(
    (layer) => !guarded.has(layer) && !emptied.includes(layer) && !(reduced.has(layer) && readers.length > 0),
  );
  for (const layer of untold)
    progress.line(
      `guard: servers go with ${layer}, and no stack reads of them in its contract (publishKubernetes, dependsOn): requests that they still have may be lost`,
    );
  const plans = new Map([...reduced].map(([layer, one]) => [`${projectOf(layer)}/${name}`, Promise.resolve(one)]));
  const opened = await Promise.all(
    readers.map(async (layer) => {
      const stack = await engine.find(
        layer,
        name,
        engine.programs.planning(layer, plans, () => {}),
      );
      return stack === undefined ? [] : [{ layer, stack }];
    }),
  );
  const names = leaving.map((server) => server.name);
  if (readers.length > 0)
    progress.line(`guard: ${listed(names)} first go${names.length === 1 ? "es" : ""} out of the balancer`);
  for (const { layer, stack } of opened.flat()) {
    signal.throwIfAborted();
    await operate(layer, "draining", progress, (watch) =>
      stack.up({
        runProgram: true,
        onEvent: (event) => {
          watch.event(event);
          // A part of what was planned.
          context.onEvent?.(layer, event);
        },
        suppressOutputs: true,
        signal: watch.stalled,
      }),
    );
  }
  signal.throwIfAborted();
}

/** The settings that the stacks have been brought up with last. */
async function settingsBefore({ engine, stack: name }: Context): Promise<readonly (LastGood & { stack: Stack })[]> {
  const found = await Promise.all(
    layers.map(async ({ name: layer }) => {
      const stack = await engine.find(layer, name);
      const last = stack && (await lastGood(layer, stack));
      return last ? [{ ...last, stack }] : [];
    }),
  );
  return found.flat();
}

interface Back extends Pick<GuardArgs, "requests" | "images"> {
  readonly guards: readonly Guarded[];
  readonly ended: () => Promise<unknown>;
}

/** Brings the stacks up with the settings that they had before, after a change that was stopped or failed; throws what is to be said of it. */
async function goBack(
  context: Context,
  before: readonly (LastGood & { stack: Stack })[],
  cause: unknown,
  { requests, images, guards, ended }: Back,
): Promise<never> {
  const { stack: name, progress } = context;
  const why = cause instanceof LossError ? cause.message : told(cause);
  const changed = (
    await Promise.all(before.map(async (one) => settingChanges(one, await one.stack.getAllConfig())))
  ).flat();
  const secrets = changed.filter(({ secret }) => secret);
  const commit = before.find((one) => one.commit)?.commit;
  if (changed.length === 0)
    throw new ChainError(
      `The change was stopped: ${why}. The settings are those that were up before, so it came from the program or an image: take that back${commit ? ` (what was up is from commit ${commit.slice(0, 12)}, and what was not committed then)` : ""}, and run the command again without --guard.`,
    );
  if (secrets.length > 0)
    throw new ChainError(
      `The change was stopped: ${why}. It can't go back by itself, for secrets have changed: ${secrets.map(({ key }) => key).join(", ")}. Set them as they were, and run the command again without --guard.`,
    );
  progress.line("guard: bringing up what was up before");
  for (const one of changed) progress.line(`guard: ${describeChange(one)}`);
  const began = Date.now();
  const settings = new Map(before.map((one) => [one.layer, { file: writeSettings(one, name), config: one.config }]));
  await up(context, requests, images, settings);
  for (const one of guards) progress.line(describeCount(one, "until all was as before"));
  for (const { count } of guards) count.restart();
  await ended();
  const lost = guards.reduce((sum, { count }) => sum + count.lostOfLast, 0);
  const all = WINDOW * guards.length;
  const result = lost === 0 ? `and all of ${all} requests are answered` : `and ${lost} of ${all} requests are lost`;
  throw new ChainError(
    `The change was stopped: ${why}. What was up before is up again (${elapsed(Date.now() - began)}), ${result}. The settings files still say what was refused: ${changed.map(describeChange).join("; ")}.`,
  );
}

const told = (error: unknown): string =>
  error instanceof OperationError ? `${error.layer} failed` : (error as Error).message.replace(/\.$/, "");

function describeCount({ begin, count }: Guarded, when = "during the change"): string {
  const { answered, lost, slowest, firstLost, lastLost } = count.answers;
  const all = answered + lost;
  const within = firstLost === undefined || lastLost === undefined ? "" : `, within ${elapsed(lastLost - firstLost)}`;
  return `guard: ${begin}${lost} of ${all} requests were lost ${when}${within}; the slowest answer took ${slowest.toFixed(1)} s`;
}
