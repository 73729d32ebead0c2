import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { safeLoad } from "js-yaml";
import { beforeAll, describe, expect, test } from "vitest";
import { cacheRoot } from "../../toolchain/cache";
import { ensureToolchain } from "../../toolchain/ensure";
import { architecture } from "../../toolchain/tools";
import { ACTION, readAction, runAction } from "../action";

const root = join(__dirname, "../..");
const workflows = readdirSync(join(root, ".github/workflows")).map((file) => join(root, ".github/workflows", file));

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency: { readonly group: string; readonly "cancel-in-progress": boolean };
  readonly jobs: Readonly<
    Record<string, { readonly permissions: Readonly<Record<string, string>>; readonly steps: readonly Step[] }>
  >;
}

const read = <T>(file: string): T => safeLoad(readFileSync(file, "utf8")) as T;

/** actionlint, which only these tests use: it has a folder of its own in the cache. */
const version = "1.7.12";
const release = `https://github.com/rhysd/actionlint/releases/download/v${version}`;
async function actionlint(): Promise<string> {
  const { bin } = await ensureToolchain({
    cache: join(cacheRoot(), "tests"),
    modules: join(root, "test"),
    tools: [
      {
        name: "actionlint",
        version,
        place: { kind: "command" },
        binaries: ["actionlint"],
        official: [
          {
            kind: "download",
            url: `${release}/actionlint_${version}_linux_${architecture()}.tar.gz`,
            checksum: { kind: "file", url: `${release}/actionlint_${version}_checksums.txt` },
            members: { actionlint: "actionlint" },
          },
        ],
        builds: [
          {
            module: "actionlint",
            compiles: 60,
            packages: { actionlint: "github.com/rhysd/actionlint/cmd/actionlint" },
          },
        ],
      },
    ],
  });
  return join(bin, "actionlint");
}

describe("actionlint", () => {
  let program: string;
  beforeAll(async () => {
    program = await actionlint();
  }, 600_000);
  const lint = (...files: string[]) => {
    const { status, stdout } = spawnSync(program, ["-no-color", ...files], { cwd: root, encoding: "utf8" });
    return { status, stdout };
  };

  test("finds nothing wrong with the workflows", () => {
    expect(lint(...workflows)).toEqual({ status: 0, stdout: "" });
  });

  test("finds what is wrong with one", () => {
    const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-workflow-"));
    try {
      const broken = join(folder, "broken.yml");
      const text = readFileSync(join(root, ".github/workflows/preview.yml"), "utf8");
      writeFileSync(broken, text.replace("github.event.pull_request.number", "github.evnt.number"));
      expect(lint(broken)).toMatchObject({
        status: 1,
        stdout: expect.stringContaining('property "evnt" is not defined'),
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("a workflow", () => {
  test.each(workflows)("%s runs for pull requests only, once for each, and may do no more than it must", (file) => {
    const { on, permissions, concurrency, jobs } = read<Workflow>(file);
    expect(Object.keys(on)).toEqual(["pull_request"]);
    expect(permissions).toEqual({});
    expect(concurrency).toMatchObject({
      group: expect.stringContaining("pull_request.number"),
      "cancel-in-progress": true,
    });
    const granted = Object.values(jobs).flatMap((job) => Object.entries(job.permissions));
    expect(granted.filter(([, access]) => access !== "read")).toEqual([["pull-requests", "write"]]);
    for (const { steps } of Object.values(jobs)) {
      const [checkout] = steps;
      expect(checkout?.with).toMatchObject({ "persist-credentials": false });
    }
  });

  test("names every action of others by its commit, and its release", () => {
    const uses = [...workflows, ACTION].flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/uses: (.*)/g)].map(([, used = ""]) => used),
    );
    expect(uses.length).toBeGreaterThan(4);
    for (const used of uses.filter((one) => !one.startsWith("./")))
      expect(used).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("puts nothing that a pull request's author chooses into a script", () => {
    const steps = [
      ...workflows.flatMap((file) => Object.values(read<Workflow>(file).jobs).flatMap((job) => job.steps)),
      ...readAction().runs.steps,
    ];
    expect(steps.filter(({ run }) => run?.includes("${{"))).toEqual([]);
  });

  test("hands the token to nothing but the comment", () => {
    const withToken = readAction().runs.steps.filter(({ env }) => JSON.stringify(env).includes("inputs.token"));
    expect(withToken.map(({ name }) => name)).toEqual(["Keep the comment up to date"]);
  });
});

describe("GitLab's pipeline", () => {
  const pipeline = read<{
    workflow: { rules: readonly { if: string }[] };
    preview: { script: readonly string[]; resource_group: string };
  }>(join(root, ".gitlab-ci.yml"));

  test("runs for merge requests only, one preview at a time for each", () => {
    expect(pipeline.workflow.rules).toEqual([{ if: '$CI_PIPELINE_SOURCE == "merge_request_event"' }]);
    expect(pipeline.preview.resource_group).toContain("$CI_MERGE_REQUEST_IID");
  });

  test("calls what the package has", () => {
    const { scripts } = read<{ scripts: Record<string, string> }>(join(root, "package.json"));
    const called = [...readFileSync(join(root, ".gitlab-ci.yml"), "utf8").matchAll(/npm run (?:-s )?([\w:]+)/g)];
    expect(called.length).toBeGreaterThan(5);
    for (const [, script = ""] of called) expect(Object.keys(scripts)).toContain(script);
  });

  /** Runs its preview as GitLab's runner does, in one shell that ends with the first line that fails, and an npm whose scripts end as they are told to. */
  function run(exits: Readonly<Record<string, number>>) {
    const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-gitlab-"));
    try {
      const cases = Object.entries(exits).map(([script, code]) => `  ${script}) exit ${code} ;;\n`);
      const npm = `#!/bin/sh
shift 2
echo "$*" >>calls
if [ "$1" = preview ]; then echo "the preview"; fi
if [ "$1" = comment ]; then cat preview.json >>calls; fi
case $1 in
${cases.join("")}esac
`;
      writeFileSync(join(folder, "npm"), npm, { mode: 0o755 });
      const options = { cwd: folder, encoding: "utf8", env: { PATH: `${folder}:${process.env.PATH}` } } as const;
      const lines = pipeline.preview.script.join("\n");
      const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-eo", "pipefail", "-c", lines], options);
      expect(stderr).toBe("");
      return { status, stdout, calls: readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n") };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const commented = [
    "images",
    "preview -- --json",
    "comment -- --file preview.json --output preview.md",
    "the preview",
  ];

  test.each([
    ["no change", 0, 0],
    ["changes for no failure", 2, 0],
    ["an error for one", 1, 1],
  ])("takes %s, once it is commented", (_, preview, status) => {
    expect(run({ preview })).toEqual({ status, stdout: "", calls: commented });
  });

  test("says that a comment cannot be written, and fails for nothing else than the preview", () => {
    const stdout = "The note is not up to date; the text is among the job's artifacts.\n";
    expect(run({ comment: 1 })).toEqual({ status: 0, stdout, calls: commented });
    expect(run({ preview: 1, comment: 1 })).toEqual({ status: 1, stdout, calls: commented });
  });

  test("previews nothing without the images of the lab", () => {
    expect(run({ images: 1 })).toEqual({ status: 1, stdout: "", calls: ["images"] });
  });
});

describe("the action", () => {
  test("has sound scripts", () => {
    for (const { run } of readAction().runs.steps) {
      const { stdout } = spawnSync("shellcheck", ["--shell=bash", "-"], { input: run, encoding: "utf8" });
      expect(stdout).toBe("");
    }
  });

  /** Runs it with a command that tells what it is called with, and ends as it is told to. */
  async function run(exits: Readonly<Record<string, number>>, inputs: Readonly<Record<string, string>> = {}) {
    const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-action-"));
    try {
      const command = join(folder, "command");
      const told =
        "verb=$1 stack=$3 backend=${PULUMI_BACKEND_URL-unset} passphrase=${PULUMI_CONFIG_PASSPHRASE-unset} token=${GITHUB_TOKEN-unset}";
      const cases = Object.entries(exits).map(([verb, code]) => `  ${verb}) exit ${code} ;;\n`);
      const script = `#!/bin/sh\necho "${told}" >>${folder}/calls\ncase $1 in\n${cases.join("")}esac\n`;
      writeFileSync(command, script, { mode: 0o755 });
      const seen = await runAction({ command: `env A=b ${command}`, ...inputs }, { PATH: process.env.PATH }, folder);
      return { ...seen, calls: readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n") };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test("hands on what it is given, and to each step no more than that needs", async () => {
    const { good, calls } = await run({}, { backend: "s3://state", passphrase: "secret", stack: "edge" });
    expect(good).toBe(true);
    expect(calls).toEqual([
      "verb=preview stack=edge backend=s3://state passphrase=secret token=unset",
      "verb=comment stack=edge backend=unset passphrase=secret token=token-of-the-job",
    ]);
  });

  test("leaves out what a fork is not given", async () => {
    const { calls } = await run({}, { backend: "", passphrase: "" });
    expect(calls[0]).toBe("verb=preview stack=dev backend=unset passphrase=unset token=unset");
  });

  test("takes changes for no failure, and errors for one, once they are commented", async () => {
    expect(await run({ preview: 2 })).toMatchObject({ good: true, calls: { length: 2 } });
    expect(await run({ preview: 1 })).toMatchObject({ good: false, calls: { length: 2 } });
  });

  test("warns of a comment that cannot be written", async () => {
    const { good, printed } = await run({ comment: 1 });
    expect(good).toBe(true);
    expect(printed["Keep the comment up to date"]).toMatch(/^::warning::The comment is not up to date/m);
  });
});
