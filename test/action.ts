import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { safeLoad } from "js-yaml";

/** The composite action that the workflows call. */
export const ACTION = join(__dirname, "../.github/actions/preview/action.yml");

export interface ActionStep {
  readonly name: string;
  readonly id?: string;
  readonly run: string;
  readonly env: Readonly<Record<string, string>>;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly runs: { readonly steps: readonly ActionStep[] };
}

export const readAction = (file: string = ACTION): Action => safeLoad(readFileSync(file, "utf8")) as Action;

/** What came of an action. */
export interface ActionRun {
  readonly good: boolean;
  /** What each step printed, by its name; those after one that failed are not run. */
  readonly printed: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** Runs the action's steps one after the other, as GitHub's runner does. */
export async function runAction(
  given: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Promise<ActionRun> {
  const { inputs, runs } = readAction();
  const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-runner-"));
  const text = (name: string): string =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "";
  const known = new Map<string, string>([["github.token", "token-of-the-job"]]);
  const resolve = (value: string): string =>
    value.replace(/\$\{\{ ([\w.-]+) \}\}/g, (_, name: string) => known.get(name) ?? "");
  for (const [name, input] of Object.entries(inputs))
    known.set(`inputs.${name}`, given[name] ?? resolve(input.default));
  const printed: Record<string, string> = {};
  try {
    for (const { name, id, run, env: own } of runs.steps) {
      const output = join(folder, `output-${id}`);
      const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", run], {
        cwd: join(cwd, known.get("inputs.working-directory") ?? "."),
        stdio: ["ignore", "pipe", "pipe"],
        env: {
          ...env,
          RUNNER_TEMP: folder,
          GITHUB_OUTPUT: output,
          GITHUB_STEP_SUMMARY: join(folder, "summary"),
          ...Object.fromEntries(Object.entries(own).map(([key, value]) => [key, resolve(value)])),
        },
      });
      printed[name] = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk: Buffer) => {
          printed[name] += chunk.toString();
        });
      }
      const status = await new Promise((ended, failed) => child.on("error", failed).on("close", ended));
      for (const line of text(`output-${id}`).split("\n")) {
        const [key = "", value = ""] = line.split(/=(.*)/);
        known.set(`steps.${id}.outputs.${key}`, value);
      }
      if (status !== 0) return { good: false, printed, summary: text("summary") };
    }
    return { good: true, printed, summary: text("summary") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
