import { execFileSync } from "node:child_process";
import { beforeAll, test } from "vitest";
import { attempt, installed } from "../../toolchain/command";
import { installPackages } from "../../toolchain/host";
import { ROOT } from "./operator";

const report = (line: string) => process.stdout.write(`${line}\n`);

beforeAll(async () => {
  if (!(await installed("jq"))) await installPackages(["jq"], "jq", { report });
});

const tracked = (...patterns: string[]) =>
  execFileSync("git", ["ls-files", ...patterns], { cwd: ROOT, encoding: "utf8" })
    .split("\n")
    .filter(Boolean);

/** Each of them makes machines or containers of its own, on networks of its own, and takes them away: several at a time, for they wait a lot. */
const scripts = tracked("components/*/test.sh", "images/*/test.sh");
test.concurrent.for(scripts)("%s", { timeout: 1_800_000 }, async (script, { expect }) => {
  const { code, stdout, stderr } = await attempt("bash", [script], { cwd: ROOT });
  process.stdout.write(`${stdout}${stderr}`);
  expect(stdout).toMatch(/\b0 failed\b/);
  expect(code).toBe(0);
});
