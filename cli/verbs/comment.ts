import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import type { RenderOptions } from "../comment/render";
import { contentOf, requireFile } from "../files";
import { text, verb } from "../verb";

/** Most bytes of a job's summary: GitHub takes 1 MiB. */
const SUMMARY_SIZE = 1_000_000;

export const comment = verb({
  name: "comment",
  summary: "keep a pull request's comment up to date with a preview",
  options: {
    file: text("FILE", "what 'preview --json' printed (standard input)"),
    output: text("FILE", "write the text there as well"),
  },
  examples: [
    ["comment --file preview.json", "on the pull request that a run in CI is for; elsewhere it prints the text"],
    ["comment --file preview.json --output preview.md", "and keeps the text, for a job's artifacts"],
  ],
  needsHost: false,
  // Of stacks that the preview refused there is a comment, too.
  takesAnyStack: true,
  run: async ({ context, print }, { file, output }) => {
    const written = output === undefined ? undefined : requireFile(output, undefined, "output");
    const { CodeHostError } = await import("../comment/api.js");
    const { surroundings } = await import("../comment/ci.js");
    const { keepComment } = await import("../comment/keep.js");
    const { NoPreviewError, readPreview } = await import("../comment/read.js");
    const { render, renderFailure } = await import("../comment/render.js");
    const { secretsOf } = await import("../comment/secrets.js");
    const { progress, signal, engine, stack } = context;
    const passphraseFile = engine.environment.PULUMI_CONFIG_PASSPHRASE_FILE;
    const secrets = [
      ...secretsOf({ ...process.env, ...engine.environment }),
      ...(passphraseFile ? [readFileSync(passphraseFile, "utf8").trim()] : []),
    ];
    const { about, pullRequest, because, summary } = surroundings(process.env, (path) => readFileSync(path, "utf8"), {
      signal,
    });
    const options: RenderOptions = { about, secrets };
    const json = file === undefined ? readFileSync(0, "utf8") : contentOf("file", file);
    let [body, whole, problem] = [renderFailure(stack, options), "", ""];
    try {
      const preview = readPreview(json);
      [body, whole] = [render(preview, options), render(preview, { ...options, room: SUMMARY_SIZE })];
    } catch (error) {
      if (!(error instanceof NoPreviewError)) throw error;
      [whole, problem] = [body, error.message];
    }
    if (summary !== undefined) appendFileSync(summary, whole);
    if (written !== undefined) writeFileSync(written, whole);
    if (pullRequest === undefined) {
      if (summary === undefined && output === undefined) print(whole.trimEnd());
      else progress.line(`no comment: ${because}${output === undefined ? "" : `; the text is in ${output}`}`);
    } else {
      try {
        progress.line(`comment ${await keepComment(pullRequest, body)}`);
      } catch (error) {
        if (!(error instanceof CodeHostError)) throw error;
        problem ||= error.message;
        // Where nothing else has the text, the job's log does.
        if (summary === undefined && output === undefined) print(whole.trimEnd());
      }
    }
    if (problem !== "") progress.line(problem);
    return problem === "" ? 0 : 1;
  },
});
