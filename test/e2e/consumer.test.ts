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
  // The SDKs are the program's own choice; on a closed network they are those that the plugins are built for.
  const { devDependencies } = JSON.parse(fs.readFileSync(path.join(ROOT, "package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  const sdks = Object.entries(devDependencies).flatMap(([name, version]) =>
    name.startsWith("@pulumi/") ? [`${name}@${version}`] : [],
  );
  execFileSync(
    "npm",
    [
      "install",
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      path.join(folder, made.filename),
      ...sdks,
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

test("no declaration asks for more than the SDKs, and each example compiles as Pulumi's own template would have it", () => {
  const asked = files
    .filter((file) => file.endsWith(".d.ts"))
    .flatMap((file) => {
      const text = fs.readFileSync(path.join(folder, "node_modules/hybrid-vnf", file), "utf8");
      return [...text.matchAll(/(?:from|import\()\s*"([^."][^"]*)"/g)].map(([, name]) => name);
    });
  expect(new Set(asked.filter((name) => !/^(@pulumi\/|node:)/.test(name ?? "")))).toEqual(new Set());
  for (const example of fs.readdirSync(path.join(ROOT, "examples"))) {
    const copy = path.join(folder, example);
    fs.cpSync(path.join(ROOT, "examples", example), copy, { recursive: true });
    const tsc = path.join(ROOT, "node_modules/.bin/tsc");
    const { status, stdout } = spawnSync(tsc, ["--noEmit", "-p", copy], { encoding: "utf8" });
    expect(status, `${example}: ${stdout}`).toBe(0);
  }
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
