import { execFileSync } from "node:child_process";
import * as path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { goFlags } from "../../toolchain/build";
import { ensureToolchain, type Toolchain } from "../../toolchain/ensure";
import { ROOT } from "./operator";

let toolchain: Toolchain;
beforeAll(async () => {
  toolchain = await ensureToolchain({ plugins: [], report: (line) => process.stdout.write(`${line}\n`) });
});

/** Go's own tests of a plugin that is built here: against the npm SDK's types, and against real servers. */
test.each([
  ["command", []],
  ["docker", ["no_compose"]],
  ["kubernetes", []],
  ["openstack", []],
])("the %s plugin passes its own tests", (name, tags) => {
  // As the toolchain builds them (toolchain/build.ts), so that nothing is compiled a second time.
  const output = execFileSync("go", ["test", "-count=1", ...goFlags(tags), "./..."], {
    cwd: path.join(ROOT, "toolchain", `provider-${name}`),
    env: { ...process.env, CGO_ENABLED: "0", KUBEBUILDER_ASSETS: toolchain.machine },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.stdout.write(output);
  expect(output).toMatch(/^ok\s/m);
});
