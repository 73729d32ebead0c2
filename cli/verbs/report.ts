import { writeFileSync } from "node:fs";
import type { Context } from "../context";
import type { StateResource } from "../critical-path";
import { outFile, requireFile } from "../files";
import { layers } from "../layers";
import type { LastUp } from "../report/page";
import { flag, verb } from "../verb";

export const report = verb({
  name: "report",
  summary:
    "write one page (HTML) with the drawing, the path, tables, health, what was changed by hand and the last up's timeline",
  options: {
    out: outFile("where it goes (report.html)"),
    quick: flag("ask no machine how it is, and nobody what was changed by hand"),
  },
  examples: [
    ["report", "report.html, which opens in any browser and loads nothing"],
    ["report --quick --out /tmp/chain.html", "from what the stacks publish alone"],
  ],
  needsHost: false,
  run: async ({ context, alone }, { out = "report.html", quick }) => {
    const file = requireFile(out, [".html", ".htm"]);
    const { seenDrift } = await import("../drift.js");
    const { overview } = await import("../overview.js");
    const drift = quick ? undefined : () => seenDrift(context, alone);
    const [seen, last] = await Promise.all([overview(context, quick, drift), lastUp(context)]);
    // Holds the layout library, which is large.
    const { pageOf } = await import("../report/page.js");
    writeFileSync(file, await pageOf(seen, last));
    context.progress.line(
      `${file}: ${seen.topology.functions.length} functions, ${seen.topology.machines.length} machines`,
    );
    return 0;
  },
});

/** What the last `up` did, with what each step waited for; undefined where no times of one are kept. */
async function lastUp({ engine, stack: name }: Context): Promise<LastUp | undefined> {
  const { waited } = await import("../critical-path.js");
  const { lastTimeline } = await import("../timeline.js");
  const last = lastTimeline(name);
  if (last === undefined) return undefined;
  const states = await Promise.all(
    layers.map(async ({ name: layer }) => {
      const exported = await (await engine.find(layer, name))?.exportStack();
      return ((exported?.deployment as { resources?: StateResource[] } | undefined)?.resources ??
        []) as StateResource[];
    }),
  );
  return { ended: last.ended, steps: waited(last.steps, states.flat(), layers) };
}
