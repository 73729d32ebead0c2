import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withInput, withSession } from "../../components/script/script";

const COMPONENTS = path.join(__dirname, "../../components");
const PRELUDE = readFileSync(path.join(COMPONENTS, "script/prelude.sh"), "utf8");

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "hybrid-vnf-scripts-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a script does behind the prelude, run as the library runs it. */
function run(script: string, action = "create", input = ""): { status: number | null; stdout: string; stderr: string } {
  return spawnSync("bash", ["-s", "--", action], { input: PRELUDE + input + script, encoding: "utf8", cwd: folder });
}

test("no two tests of scripts make the same network, for two of them run at a time", () => {
  const root = path.join(COMPONENTS, "..");
  const tests = ["components", "images"].flatMap((under) =>
    readdirSync(path.join(root, under), { recursive: true, encoding: "utf8" })
      .filter((file) => path.basename(file) === "test.sh")
      .map((file) => path.join(root, under, file)),
  );
  const networks = tests.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/^(?:network \w+|docker network create --subnet) (\S+)/gm)].map(
      ([, cidr]) => cidr,
    ),
  );
  expect(networks.length).toBeGreaterThan(10);
  expect(networks).toEqual([...new Set(networks)]);
});

describe("the prelude", () => {
  test.each([
    [
      "is_address",
      ["10.100.101.10", "0.0.0.0", "255.255.255.255"],
      ["", "10.1.1", "10.1.1.256", "10.1.1.01", "10.1.1.1/24"],
    ],
    [
      "is_cidr",
      ["10.0.0.0/8", "0.0.0.0/0", "10.1.2.3/32"],
      ["", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/08", "x/8", "10.0.0.0/8/8"],
    ],
    ["is_label", ["a", "kubernetes-1", "x".repeat(63)], ["", "-a", "a-", "A", "a.b", "x".repeat(64)]],
  ])("%s tells what is of its form", (check, good, bad) => {
    const told = run(`for value in ${[...good, ...bad].map((value) => `'${value}'`).join(" ")}; do
      ${check} "$value" && echo yes || echo no
    done\n`);
    expect(told.stdout.split("\n").filter(Boolean)).toEqual([...good.map(() => "yes"), ...bad.map(() => "no")]);
  });

  test.each([
    ["1", 1, 9999, true],
    ["9999", 1, 9999, true],
    ["0", 0, 5, true],
    ["10000", 1, 9999, false],
    ["0", 1, 9999, false],
    ["08", 1, 9999, false],
    ["-1", 0, 5, false],
    ["soon", 1, 9999, false],
    ["", 0, 5, false],
    ["99999999999999999999", 1, 9999, false],
  ])("'%s' as a whole number from %d to %d: %s", (value, least, most, holds) => {
    expect(run(`is_number '${value}' ${least} ${most}\n`).status).toBe(holds ? 0 : 1);
  });

  test("a network's prefix can be held between two lengths", () => {
    expect(run("is_cidr 10.0.0.0/16 8 24\n").status).toBe(0);
    expect(run("is_cidr 10.0.0.0/25 8 24\n").status).toBe(1);
    expect(run("is_cidr 10.0.0.0/7 8 24\n").status).toBe(1);
  });

  test("says all problems at once and ends with status 2, and goes on without any", () => {
    expect(run("problem one\nproblem two\nstop_on_problems\necho on\n")).toMatchObject({
      status: 2,
      stdout: "",
      stderr: "one\ntwo\n",
    });
    expect(run("stop_on_problems\necho on\n")).toMatchObject({ status: 0, stdout: "on\n", stderr: "" });
  });

  test("writes a file whole, and tells whether that changed it", () => {
    const write = (text: string) =>
      run(`if put deep/file 600 <<<'${text}'; then echo changed; else echo same; fi\n`).stdout;
    expect([write("one"), write("one"), write("two")]).toEqual(["changed\n", "same\n", "changed\n"]);
    expect(readFileSync(path.join(folder, "deep/file"), "utf8")).toBe("two\n");
    expect(statSync(path.join(folder, "deep/file")).mode & 0o777).toBe(0o600);
    expect(readdirSync(path.join(folder, "deep"))).toEqual(["file"]);
  });

  test("a file that cannot be written ends the script, which is not taken for 'nothing has changed'", () => {
    writeFileSync(path.join(folder, "plain"), "");
    const told = run("put plain/file <<<text || true\necho on\n");
    expect(told).toMatchObject({ status: 1, stdout: "" });
    expect(told.stderr).toContain("plain/file cannot be written");
  });

  const script = "create() { echo made; cat; }\nremove() { echo gone; }\n";
  test.each([
    [script, "create", 0, "made\n", ""],
    [script, "update", 0, "made\n", ""],
    [script, "delete", 0, "gone\n", ""],
    [script, "grow", 1, "", "'grow' is no action of try.sh; use create, update, delete or check.\n"],
    ["create() { echo made; }\n", "delete", 0, "", ""],
    ["create() { echo made; }\n", "check", 0, "", ""],
    [
      'hostname() { echo web; }\ncheck() { differs "it is off; it was on."; }\n',
      "check",
      0,
      "web: it is off; it was on.\n",
      "",
    ],
    ["create() { false; echo on; }\n", "create", 1, "", ""],
    ["create() { return 3; }\n", "create", 3, "", ""],
  ])("%s%s: status %d", (functions, action, status, stdout, stderr) => {
    expect(run(`${functions}act try.sh "$@"\n`, action)).toMatchObject({ status, stdout, stderr });
  });

  test("asks for a command and for an address of the machine", () => {
    expect(run("require_command no-such-command its-package\n")).toMatchObject({
      status: 1,
      stderr: "The command no-such-command is not installed on this machine; install the package its-package.\n",
    });
    const ip = "ip() { echo '2: eth0    inet 10.1.2.3/24 brd 10.1.2.255 scope global eth0'; }\n";
    expect(run(`${ip}require_own_address ADDRESS 10.1.2.3\n`).status).toBe(0);
    expect(run(`${ip}require_own_address ADDRESS 10.1.2.4\n`)).toMatchObject({
      status: 1,
      stderr: "ADDRESS 10.1.2.4 is not on this machine, which has 10.1.2.3/24.\n",
    });
  });
});

describe("a script", () => {
  const scripts = readdirSync(COMPONENTS, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".sh") && !/(^|\/)(test|try|prelude|session)\.sh$/.test(file),
  );

  test.each(scripts)("%s goes behind the prelude, and acts by its own name at its end", (file) => {
    const text = readFileSync(path.join(COMPONENTS, file), "utf8");
    expect(text.startsWith("# shellcheck shell=bash\n")).toBe(true);
    expect(text.endsWith(`\n\nact ${path.basename(file)} "$@"\n`)).toBe(true);
    const shared = [...PRELUDE.matchAll(/^(\w+)\(\)/gm)].map(([, name]) => name);
    const own = [...text.matchAll(/^(\w+)\(\)/gm)].map(([, name]) => name);
    expect(own.filter((name) => shared.includes(name))).toEqual([]);
    expect(text).not.toMatch(/\|\s*put /);
  });

  const known = (text: pulumi.Output<string>) => new Promise<string>((resolve) => text.apply(resolve));

  test("finds the prelude before its input, once", async () => {
    const file = path.join(folder, "one.sh");
    writeFileSync(file, "echo one\n");
    expect(await known(withInput(file, { A: "it's", B: "2" }))).toBe(
      `${PRELUDE}export A='it'\\''s'\nexport B='2'\necho one\n`,
    );
    const ssh = { host: "h", port: 22, user: "root", privateKey: "k", hostKey: "ssh-ed25519 AAAA" };
    const machine = { ssh } as unknown as Parameters<typeof withSession>[1];
    const composed = await known(withSession(file, machine, { A: "1" }));
    expect(composed.startsWith(PRELUDE)).toBe(true);
    expect(composed.split(PRELUDE)).toHaveLength(2);
    expect(composed.endsWith("export A='1'\necho one\n")).toBe(true);
  });
});

describe("the routes of a router that runs", () => {
  /** `ctr` of a node on which the router's container is listed first, and whoever reads no further ends the listing. */
  const CTR = `ctr() {
    case "$*" in
      *"containers list"*) echo abc ;;
      *"tasks list"*)
        echo "abc 12 RUNNING"
        sleep 0.2
        seq 20000 ;;
      *"tasks exec"*) echo "given: \${*: -2}" ;;
    esac
  }
`;

  test("are given to it, however many containers run beside it", () => {
    const routes = readFileSync(path.join(COMPONENTS, "quagga/routes.sh"), "utf8");
    const input = "export ROUTER=quagga ROUTES='10.200.0.0/16 10.100.102.11'\n";
    const { status, stderr } = run(CTR + routes, "create", input);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "given: /start.sh reload\n" });
  });
});
