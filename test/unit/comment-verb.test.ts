import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Plain } from "../../cli/progress";
import type { Session } from "../../cli/verb";
import { comment } from "../../cli/verbs/comment";
import { CodeHost } from "../code-host";
import { failedStack, oneServerMore } from "./previews";

let host: CodeHost;
let folder: string;
const at = (name: string): string => join(folder, name);

beforeEach(async () => {
  host = await CodeHost.start();
  folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-comment-"));
  for (const name of ["GITHUB_ACTIONS", "GITLAB_CI", "GITHUB_STEP_SUMMARY"]) vi.stubEnv(name, undefined);
  writeFileSync(at("preview.json"), JSON.stringify(oneServerMore()));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await host.stop();
  rmSync(folder, { recursive: true });
});

/** Runs the verb as the command does: what it printed, what it said, and its exit code. */
async function run(
  options: Readonly<Record<string, unknown>> = {},
  environment: Readonly<Record<string, string>> = {},
) {
  let [printed, said] = ["", ""];
  const session = {
    context: {
      engine: { environment },
      stack: "dev",
      progress: new Plain((text) => {
        said += text;
      }),
      signal: new AbortController().signal,
    },
    print: (text: string) => {
      printed += text;
    },
  } as unknown as Session;
  const code = await comment.run(session, { file: at("preview.json"), ...options });
  return { code, printed, said };
}

/** The variables of a run of GitHub Actions for pull request 7. */
function onGitHub(repository = "team/chain", url = `${host.url}/api/v3`): void {
  const event = { pull_request: { number: 7, head: { sha: "abc", repo: { full_name: repository } } } };
  writeFileSync(at("event.json"), JSON.stringify(event));
  const variables = {
    GITHUB_ACTIONS: "true",
    GITHUB_API_URL: url,
    GITHUB_REPOSITORY: "team/chain",
    GITHUB_TOKEN: "token-of-the-job",
    GITHUB_EVENT_PATH: at("event.json"),
    GITHUB_STEP_SUMMARY: at("summary.md"),
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
}

describe("the command's comment", () => {
  test("is printed where nobody's pull request is at hand", async () => {
    const { code, printed, said } = await run();
    expect([code, said]).toEqual([0, ""]);
    expect(printed).toMatch(/^<!-- hybrid-vnf preview dev -->\n### Preview of/);
  });

  test("is in a file where one is named, and that is said", async () => {
    const output = at("preview.md");
    const said = `no comment: this is no run of GitHub Actions or GitLab CI; the text is in ${output}\n`;
    expect(await run({ output })).toEqual({ code: 0, printed: "", said });
    expect(readFileSync(output, "utf8")).toContain("### Preview of");
  });

  test("goes to the pull request, and to the job's summary", async () => {
    onGitHub();
    expect(await run({ output: at("preview.md") })).toEqual({ code: 0, printed: "", said: "comment created\n" });
    expect(await run()).toMatchObject({ code: 0, said: "comment unchanged\n" });
    expect(host.comments.map(({ body }) => body)).toEqual([readFileSync(at("preview.md"), "utf8")]);
    expect(readFileSync(at("summary.md"), "utf8")).toContain("<code>apache-3</code> joins the servers");
  });

  test("of a fork goes to the summary only", async () => {
    onGitHub("stranger/chain");
    expect(await run()).toMatchObject({
      code: 0,
      said: expect.stringMatching(/^no comment: the pull request comes from a fork/),
    });
    expect(host.calls).toEqual([]);
    expect(readFileSync(at("summary.md"), "utf8")).toContain("The change comes from a fork");
  });

  test("that may not be written is told in one sentence, and is in the summary", async () => {
    onGitHub();
    host.interfere = () => ({ status: 403, body: '{"message":"Resource not accessible by integration"}' });
    const { code, said } = await run();
    expect(code).toBe(1);
    expect(said).toMatch(
      /^GitHub \(127\.0\.0\.1:\d+\) answered GET \S+ with 403 \(Resource not accessible by integration\)\.\n$/,
    );
    expect(readFileSync(at("summary.md"), "utf8")).toContain("### Preview of <code>dev</code>");
  });

  test("on GitLab, where a job has no summary, is printed when it cannot be written", async () => {
    const variables = {
      GITLAB_CI: "true",
      CI_API_V4_URL: `${host.url}/api/v4`,
      CI_MERGE_REQUEST_IID: "7",
      CI_MERGE_REQUEST_PROJECT_ID: "42",
      CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "42",
      GITLAB_TOKEN: "token-of-the-project",
    };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    expect(await run()).toMatchObject({ code: 0, printed: "", said: "comment created\n" });
    host.interfere = () => ({ status: 401, body: '{"message":"401 Unauthorized"}' });
    const { code, printed, said } = await run();
    expect([code, said]).toEqual([1, expect.stringContaining("with 401 (401 Unauthorized).")]);
    expect(printed).toContain("### Preview of");
  });

  test("of a preview that failed shows its errors", async () => {
    onGitHub();
    writeFileSync(at("preview.json"), JSON.stringify(failedStack()));
    expect(await run()).toMatchObject({ code: 0 });
    expect(host.comments[0]?.body).toContain("**failed**");
  });

  test.each([
    ["", "There is no preview: what should hold it is empty."],
    ["stopping\n{}", "The preview is no JSON: hand over what `preview --json` prints, and nothing else."],
    ['{"stack": "dev"}', "The preview is not of the form that this version of the command prints: stacks: "],
    ['{"version": 2}', "The preview is not of the form that this version of the command prints: version: "],
  ])("of a preview that ended early (%j) says so, in place of what an older one said", async (text, sentence) => {
    onGitHub();
    await run();
    writeFileSync(at("preview.json"), text);
    expect(await run()).toMatchObject({ code: 1, said: expect.stringContaining(sentence) });
    expect(host.comments).toHaveLength(1);
    expect(host.comments[0]?.body).toContain("it ended without a result");
    expect(host.comments[0]?.body).toContain("Commit <code>abc</code>");
  });

  test("holds no passphrase of the run, wherever that is", async () => {
    writeFileSync(at("passphrase"), "passphrase-in-a-file\n");
    vi.stubEnv("OS_PASSWORD", "password-of-the-cloud");
    const preview = failedStack();
    const errors = [
      "cannot open it with passphrase-in-a-file",
      "nor with password-of-the-cloud, nor with that-of-the-run",
    ];
    writeFileSync(
      at("preview.json"),
      JSON.stringify({ ...preview, stacks: preview.stacks.map((stack) => ({ ...stack, ending: "failed", errors })) }),
    );
    const environment = {
      PULUMI_CONFIG_PASSPHRASE_FILE: at("passphrase"),
      PULUMI_CONFIG_PASSPHRASE: "that-of-the-run",
    };
    const { printed } = await run({}, environment);
    expect(printed).toContain("cannot open it with (secret)");
    expect(printed).not.toMatch(/passphrase-in-a-file|password-of-the-cloud|that-of-the-run/);
  });
});
