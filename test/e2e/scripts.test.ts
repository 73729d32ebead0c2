import { execFileSync, spawnSync } from "node:child_process";
import { beforeAll, expect, test } from "vitest";
import { installed } from "../../toolchain/command";
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

/** Each of them makes machines or containers of its own, and takes them away. */
test.each(tracked("components/*/test.sh", "images/*/test.sh"))("%s", (script) => {
  const { status, stdout } = spawnSync("bash", [script], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 64 << 20,
  });
  process.stdout.write(stdout);
  expect(stdout).toMatch(/\b0 failed\b/);
  expect(status).toBe(0);
});
