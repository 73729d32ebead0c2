import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { completionFor } from "../../cli/main";
import { installed } from "../../toolchain/command";
import { installPackages } from "../../toolchain/host";

// Debian's own shells read what is printed for them, and complete lines by it.

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hybrid-vnf-completion-"));
const report = (line: string) => process.stdout.write(`${line}\n`);

beforeAll(async () => {
  for (const shell of ["zsh", "fish"]) {
    if (!(await installed(shell))) await installPackages([shell], shell, { report });
    fs.writeFileSync(path.join(folder, shell), completionFor([shell]));
  }
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** What a shell prints. Files of this folder are there to be completed, and nobody's own settings. */
function printed(shell: string, ...args: string[]): string {
  const env = { ...process.env, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder, TERM: "xterm" };
  const options = { cwd: __dirname, env, encoding: "utf8", timeout: 60_000 } as const;
  const { status, stdout, stderr } = spawnSync(shell, args, options);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.trimEnd();
}

/** What a line becomes in zsh by the Tab key. */
const inZsh = (line: string): string =>
  printed("zsh", "-f", path.join(__dirname, "complete.zsh"), path.join(folder, "zsh"), line);

/** What fish offers for the last word of a line. */
const inFish = (line: string): readonly string[] =>
  printed(
    "fish",
    "--no-config",
    "--command",
    "source $argv[1]; complete --do-complete $argv[2]",
    path.join(folder, "fish"),
    line,
  )
    .split("\n")
    .map((offer) => offer.split("\t")[0] ?? "");

test.each([
  ["zsh", "-n"],
  ["fish", "--no-execute"],
])("%s finds nothing wrong with the script for it, and does with half of it", (shell, readOnly) => {
  expect(printed(shell, readOnly, path.join(folder, shell))).toBe("");
  const half = path.join(folder, `half-${shell}`);
  fs.writeFileSync(half, `${completionFor([shell])}\nif true`);
  expect(spawnSync(shell, [readOnly, half]).status).not.toBe(0);
});

describe.each([
  ["a verb", "ver", "verify"],
  ["an option", "graph --fo", "graph --format"],
  ["one of an option's words", "graph --theme da", "graph --theme dark"],
  ["a file", "up --timeline completion.t", "up --timeline completion.test.ts"],
  ["a stack's name", "up --stack de", "up --stack dev"],
  ["one of several stacks of the chain", "down --only site,sw", "down --only site,swarm"],
  ["what help is for", "help do", "help down"],
])("%s is completed", (_, typed, whole) => {
  test("by zsh", () => {
    // A list may go on.
    expect(inZsh(`hybrid-vnf ${typed}`).replace(/,$/, "")).toBe(`hybrid-vnf ${whole}`);
  });

  test("by fish", () => {
    expect(inFish(`hybrid-vnf ${typed}`)).toEqual([whole.split(" ").at(-1)]);
  });
});
