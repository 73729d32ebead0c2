import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import * as path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { installPackages } from "../../toolchain/host";
import { ROOT } from "./operator";

const report = (line: string) => process.stdout.write(`${line}\n`);

beforeAll(async () => {
  for (const program of ["shellcheck", "jq"]) {
    if (!process.env.PATH?.split(":").some((folder) => existsSync(path.join(folder, program)))) {
      await installPackages([program], program, { report });
    }
  }
});

const tracked = (...patterns: string[]) =>
  execFileSync("git", ["ls-files", ...patterns], { cwd: ROOT, encoding: "utf8" })
    .split("\n")
    .filter(Boolean);

test("every script is clean under shellcheck", () => {
  const scripts = tracked("*.sh", ".ci/run");
  expect(scripts.length).toBeGreaterThan(15);
  execFileSync("shellcheck", ["--external-sources", ...scripts], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
});

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
