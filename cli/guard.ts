import type { Stack } from "@pulumi/pulumi/automation";
import { serviceContract } from "../components/contracts/service";
import { elapsed } from "../toolchain/progress";
import { ChainError, up } from "./chain";
import type { Context } from "./context";
import { withoutServers } from "./drain";
import { describeChange, type LastGood, lastGood, settingChanges, writeSettings } from "./lastgood";
import { layers, projectOf } from "./layers";
import { OperationError, operate } from "./operation";
import { describeOutage, lastRestart, outagesOf } from "./outage";
import type { ChainPreview, PlannedPath } from "./plan";
import { findingLine } from "./policy";
import { previewChain } from "./preview";
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

/** Where the service answers, and the key to its machines; undefined where it is not up. */
async function serviceOf({ engine, stack }: Context): Promise<{ facts: PlannedPath; privateKey: string } | undefined> {
  const outputs = await engine.published("service", stack);
  if (outputs === undefined) return undefined;
  const { privateKey = "" } = outputs.secrets as { privateKey?: string };
  return {
    facts: serviceContract.parse(`${projectOf("service")}/${stack}`, outputs.contract, outputs.secrets).facts,
    privateKey,
  };
}

/**
 * Brings the stacks up while a stream of requests runs through the chain. What is known to lose requests is refused beforehand; where more are lost
 * than are allowed, or the change fails, it is stopped, and the stacks are brought up with the settings that they had before.
 */
export async function guardedUp(
  context: Context,
  { requests, images, allowedLoss }: GuardArgs,
): Promise<Report | undefined> {
  const { progress } = context;
  const service = await serviceOf(context);
  if (service === undefined) {
    progress.line("the service is not up, so no request can be lost: this time nothing is guarded");
    return up(context, requests, images);
  }
  const { facts, privateKey } = service;
  const plan = await previewChain(context);
  await refuse(context, plan, privateKey, allowedLoss);
  const before = await settingsBefore(context);

  const stopping = new AbortController();
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  let guarding = false;
  const count = new Count(({ lostPercent }) => {
    if (!guarding || lostPercent <= allowedLoss || signal.aborted) return;
    stopping.abort(new LossError(`${lostPercent} of the last ${WINDOW} requests were lost, and ${allowedLoss} may be`));
    progress.line("guard: too many requests are lost: what has begun is finished, and then all goes back");
    context.engine.interrupt();
  });
  const stream = new Stream(facts, privateKey, count);
  stream.broken.catch((error: Error) => {
    if (!guarding || signal.aborted) return;
    stopping.abort(new LossError(error.message.replace(/\.$/, "")));
    context.engine.interrupt();
  });
  try {
    await stream.ended(WINDOW);
    const { lost } = count.answers;
    if (count.lostPercent > allowedLoss)
      throw new ChainError(
        `${lost} of ${WINDOW} requests are lost before anything is changed: see why with \`npm run verify\` and \`npm run drift\`, and bring it up without --guard first.`,
      );
    count.restart();
    guarding = true;
    const guarded = { ...context, signal };
    try {
      await drain(guarded, plan);
      const seen = await up(guarded, requests, images);
      await stream.ended(WINDOW);
      signal.throwIfAborted();
      guarding = false;
      progress.line(describeCount(count));
      return seen;
    } catch (error) {
      guarding = false;
      if (context.signal.aborted) throw error;
      progress.line(describeCount(count));
      return await goBack(context, before, error, { requests, images, stream });
    }
  } finally {
    guarding = false;
    await stream.stop();
  }
}

/** Refuses a plan that fails or in which an error was found, and one that is known to lose requests. */
export async function refuse(
  { progress, signal }: Pick<Context, "progress" | "signal">,
  plan: ChainPreview,
  privateKey: string,
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
  const outages = outagesOf(plan);
  for (const outage of outages) {
    const restart = outage.hop && (await lastRestart(outage.hop, privateKey, signal));
    progress.line(`guard: ${describeOutage(outage, restart)}`);
  }
  if (outages.length > 0 && allowedLoss < 100)
    throw new ChainError(
      "Nothing was changed: this change can't be made without lost requests. Bring it up with --allow-loss 100 when all may be lost for that long.",
    );
}

/** Takes servers that are to go out of the balancer before their machines go, and lets it finish what it has asked of them. */
async function drain(context: Context, { pathBefore, pathAfter }: ChainPreview): Promise<void> {
  const { engine, stack: name, progress, signal } = context;
  const stays = new Set(pathAfter?.servers.map((server) => server.name));
  const leaving = (pathBefore?.servers ?? []).map((server) => server.name).filter((server) => !stays.has(server));
  const published = leaving.length > 0 ? await engine.published("kubernetes", name) : undefined;
  if (published === undefined) return;
  const reduced = new Map([
    [`${projectOf("kubernetes")}/${name}`, Promise.resolve(withoutServers(published, leaving))],
  ]);
  const stack = await engine.find(
    "service",
    name,
    engine.programs.planning("service", reduced, () => {}),
  );
  if (stack === undefined) return;
  progress.line(`guard: ${leaving.join(" and ")} first go${leaving.length === 1 ? "es" : ""} out of the balancer`);
  signal.throwIfAborted();
  await operate("service", "draining", progress, (watch) =>
    stack.up({
      runProgram: true,
      onEvent: (event) => {
        watch.event(event);
        // A part of what was planned.
        context.onEvent?.("service", event);
      },
      suppressOutputs: true,
      signal: watch.stalled,
    }),
  );
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
  readonly stream: Stream;
}

/** Brings the stacks up with the settings that they had before, after a change that was stopped or failed; throws what is to be said of it. */
async function goBack(
  context: Context,
  before: readonly (LastGood & { stack: Stack })[],
  cause: unknown,
  { requests, images, stream }: Back,
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
  progress.line(describeCount(stream.count, "until all was as before"));
  stream.count.restart();
  await stream.ended(WINDOW);
  const { lost } = stream.count.answers;
  const result =
    lost === 0 ? `and all of ${WINDOW} requests are answered` : `and ${lost} of ${WINDOW} requests are lost`;
  throw new ChainError(
    `The change was stopped: ${why}. What was up before is up again (${elapsed(Date.now() - began)}), ${result}. The settings files still say what was refused: ${changed.map(describeChange).join("; ")}.`,
  );
}

const told = (error: unknown): string =>
  error instanceof OperationError ? `${error.layer} failed` : (error as Error).message.replace(/\.$/, "");

function describeCount(
  { answers: { answered, lost, slowest, firstLost, lastLost } }: Count,
  when = "during the change",
): string {
  const all = answered + lost;
  const within = firstLost === undefined || lastLost === undefined ? "" : `, within ${elapsed(lastLost - firstLost)}`;
  return `guard: ${lost} of ${all} requests were lost ${when}${within}; the slowest answer took ${slowest.toFixed(1)} s`;
}
