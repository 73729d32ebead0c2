import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { environment, ROOT } from "./operator";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hybrid-vnf-consumer-"));
let files: string[];

beforeAll(() => {
  const packed = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--pack-destination", folder], {
      cwd: ROOT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).replace(/^[^[]*(?=\[)/, ""),
  ) as { filename: string; files: { path: string }[] }[];
  const [made] = packed;
  if (!made) throw new Error("npm pack made nothing");
  files = made.files.map((file) => file.path);
  fs.cpSync(path.join(ROOT, "examples/first"), folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  execFileSync(
    "npm",
    [
      "install",
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      path.join(folder, made.filename),
      "@types/node@20",
      "typescript@5.9.3",
    ],
    {
      cwd: folder,
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
});

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test("the package holds the library, its scripts, images and declarations, and no stack, test or source", () => {
  expect(files).toEqual(
    expect.arrayContaining(["LICENSE", "README.md", "dist/components/index.js", "dist/components/index.d.ts"]),
  );
  expect(files).toEqual(
    expect.arrayContaining([
      "dist/components/script/prelude.sh",
      "dist/components/route/route.sh",
      "dist/images/quagga/start.sh",
    ]),
  );
  expect(files.filter((file) => /^(stacks|test|cli|toolchain|components)\//.test(file))).toEqual([]);
  expect(files.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))).toEqual([]);
});

test("a program outside the workspace compiles against it, and the compiler refuses a chain that cannot work", () => {
  const tsc = path.join(ROOT, "node_modules/.bin/tsc");
  execFileSync(tsc, ["--noEmit", "-p", folder], { stdio: "inherit" });
  const file = path.join(folder, "index.ts");
  const program = fs.readFileSync(file, "utf8");
  fs.writeFileSync(file, program.replace("{ cluster: k8s }", "{ cluster: swarm }"));
  expect(() => execFileSync(tsc, ["--noEmit", "-p", folder], { stdio: "pipe" })).toThrow();
  fs.writeFileSync(file, program);
});

test("its whole chain previews", () => {
  const backend = fs.mkdtempSync(path.join(folder, "state-"));
  const env = { ...environment(), PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: "consumer" };
  execFileSync("pulumi", ["stack", "init", "dev", "--non-interactive"], { cwd: folder, env });
  const { status, stdout: output } = spawnSync("pulumi", ["preview", "--non-interactive"], {
    cwd: folder,
    env,
    encoding: "utf8",
  });
  expect(status, output).toBe(0);
  expect(output).toContain("docker:index:Service nginx-service create");
  expect(output).toContain("kubernetes:apps/v1:Deployment quagga-deployment create");
});
