import type { Context } from "../context";
import { requireFile } from "../files";
import { flag, text, verb, wholeNumber } from "../verb";
import { POLICY, policyOf } from "./policy";
import { REQUESTS } from "./verify";

export const up = verb({
  name: "up",
  summary: "bring everything up, then ask the service",
  options: {
    requests: REQUESTS,
    guard: flag(
      "send a stream of requests meanwhile: where too many are lost, stop, and go back to what was up before",
    ),
    "allow-loss": {
      ...wholeNumber("PERCENT", "with --guard: how many of the last 100 requests may be lost", 0, 100, 0),
      partOf: "guard",
    },
    plan: text("FILE", "say where what is done differs from this plan ('preview --json' printed it)"),
    timeline: text("FILE", "write when each step began and ended (JSON)"),
    ...POLICY,
  },
  examples: [
    ["up", "the chain on this machine"],
    ["up --policy-config lax.json", "with some of the policy's rules advisory or disabled"],
    ["up --stack openstack --requests 100", "on a cloud, asked a hundred times"],
    ["up --guard", "without a lost request, or not at all"],
    ["up --plan plan.json", "ends with 1 where what was done is not what was planned"],
  ],
  changes: true,
  needsHost: true,
  run: async (
    { context, images, alone },
    { requests, guard, "allow-loss": allowedLoss, plan: planFile, timeline: file, ...given },
  ) => {
    const { up: bringUp } = await import("../chain.js");
    const { guardedUp } = await import("../guard.js");
    const { PlannedStack, readPlan } = await import("../promise.js");
    const { keptTimeline, Timeline } = await import("../timeline.js");
    const { describe } = await import("../verify.js");
    const more = file === undefined ? [] : [requireFile(file, undefined, "timeline")];
    const timeline = new Timeline([keptTimeline(context.stack), ...more]);
    const planned = (planFile === undefined ? [] : readPlan(planFile, context.stack)).map(
      (one) => new PlannedStack(one),
    );
    const onEvent: Context["onEvent"] = (layer, event) => {
      timeline.event(layer, event);
      for (const one of planned) one.event(layer, event);
    };
    const heard = { ...context, policy: await policyOf(given), onEvent };
    const work = () => (guard ? guardedUp(heard, { requests, images, allowedLoss }) : bringUp(heard, requests, images));
    const seen = await alone(() => work().finally(() => timeline.write())).catch((error: unknown) => {
      // What the guard took back is no promise's.
      for (const line of guard ? [] : planned.flatMap((one) => one.brokenSoFar())) context.progress.line(line);
      throw error;
    });
    for (const line of seen ? describe(seen) : []) context.progress.line(line);
    const broken = planned.flatMap((one) => one.broken(context.engine.programs.published(one.layer)?.contract));
    for (const line of broken) context.progress.line(line);
    return (seen?.good ?? true) && broken.length === 0 ? 0 : 1;
  },
});
