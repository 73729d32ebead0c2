import { flag, verb } from "../verb";
import { POLICY, policyOf } from "./policy";

export const preview = verb({
  name: "preview",
  summary: "say what 'up' would change, through to the end of the chain",
  options: { json: flag("print the result as JSON"), ...POLICY },
  examples: [
    [
      "preview",
      "all stacks, against what their states note (drift looks at what is there); exit code 0: no change, 2: changes, 1: an error",
    ],
    ["preview --json", "for a program to read"],
  ],
  needsHost: true,
  run: async ({ context, alone, print }, { json, ...given }) => {
    const { changesAnything, PLAN_VERSION } = await import("../plan.js");
    const { describePreview, previewChain } = await import("../preview.js");
    const policy = await policyOf(given);
    const seen = await alone(() => previewChain({ ...context, policy }));
    context.progress.close();
    if (json) print(JSON.stringify({ version: PLAN_VERSION, ...seen }, null, 2));
    else for (const line of describePreview(seen)) context.progress.line(line);
    const wrong =
      seen.stacks.some(({ ending }) => ending !== "done") || seen.findings.some(({ severity }) => severity === "error");
    if (wrong) return 1;
    return changesAnything(seen) ? 2 : 0;
  },
});
