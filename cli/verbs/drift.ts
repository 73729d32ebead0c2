import { lineFor } from "../line";
import { flag, verb } from "../verb";

export const drift = verb({
  name: "drift",
  summary: "say what was changed by hand",
  options: { json: flag("print the result as JSON") },
  examples: [
    ["drift", "a sentence for each change, which 'up' repairs; exit code 0: none, 2: some, 1: an error"],
    ["drift --json", "for a program to read"],
  ],
  needsHost: true,
  run: async ({ context, alone, print }, { json }) => {
    const { drift: driftOf } = await import("../drift.js");
    process.stderr.write("looking for what was changed by hand\n");
    const found = await alone(() => driftOf(context));
    if (json) print(JSON.stringify(found, null, 2));
    else {
      for (const { sentence } of found) context.progress.line(sentence);
      const what = found.length === 1 ? "1 thing was" : `${found.length} things were`;
      context.progress.line(
        found.length === 0
          ? "nothing was changed by hand"
          : `${what} changed by hand; '${lineFor("up", context.stack)}' repairs that`,
      );
    }
    return found.length === 0 ? 0 : 2;
  },
});
