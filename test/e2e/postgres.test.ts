import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installPackages } from "../../toolchain/host";
import { type Ended, environment, ROOT } from "./operator";

// The package's command over two stacks without a machine, whose states are in a database.

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hybrid-vnf-states-"));
/** A server of our own, which listens on a socket in here and nowhere else. */
const server = fs.mkdtempSync(path.join(os.tmpdir(), "hybrid-vnf-postgres-"));
const PROGRAMS = "/usr/lib/postgresql";
const DEBIANS = "/etc/postgresql-common/createcluster.d";
const isRoot = process.getuid?.() === 0;

/** Runs one of Postgres's programs, as its own user where we are root, which it refuses. */
function postgres(program: string, ...args: string[]): string {
  const version = fs.readdirSync(PROGRAMS).at(-1) ?? "";
  const command = [path.join(PROGRAMS, version, "bin", program), ...args];
  const [first = "", ...rest] = isRoot ? ["runuser", "-u", "postgres", "--", ...command] : command;
  return execFileSync(first, rest, { cwd: server, encoding: "utf8" });
}

/** A line for each row of the states: its key, when it was written, and a digest of what it holds. */
const rows = (): readonly string[] =>
  postgres(
    ...["psql", "--host", server, "--username", "operator", "--dbname", "states", "--no-align", "--tuples-only"],
    ...["--command", "SELECT key, updated_at, md5(data::text) FROM pulumi_state ORDER BY key"],
  )
    .split("\n")
    .filter(Boolean);

function command(...args: string[]): Ended {
  const env = {
    ...environment(),
    PULUMI_BACKEND_URL: `postgres://operator@/states?host=${server}&sslmode=disable`,
    PULUMI_CONFIG_PASSPHRASE: "postgres",
    PULUMI_CONFIG_PASSPHRASE_FILE: undefined,
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
  };
  const options = { cwd: folder, env, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync("node", [path.join(ROOT, "dist/cli/main.js"), ...args], options);
  return { status, output: `${stdout}${stderr}` };
}

/** A preview, which leaves the database as it is. */
function preview(): Ended {
  const before = rows();
  const ended = command("preview");
  expect(rows()).toEqual(before);
  return ended;
}

function write(file: string, text: string): void {
  fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  fs.writeFileSync(path.join(folder, file), text);
}

/** What the first stack publishes, and the second one makes something of. */
const publish = (siteName: string): void =>
  write(
    "first/index.ts",
    `import * as command from "@pulumi/command";
import * as vnf from "hybrid-vnf";

const key = new command.local.Command("key", { create: "echo ${siteName}", update: "echo ${siteName}" });
const platform = { kind: "lab", facts: {} };
const transit = { id: "pair/transit", name: "transit", cidr: "10.154.101.0/24", ref: "nothing" };
const facts = { siteName: "${siteName}", platform, transit, publicKey: key.stdout };
export const { contract, secrets } = vnf.siteContract.publish(facts, { privateKey: "a key" });
`,
  );

beforeAll(async () => {
  const report = (line: string) => process.stdout.write(`${line}\n`);
  if (!fs.existsSync(PROGRAMS)) {
    // Else Debian's package makes a cluster of its own, and starts it.
    if (isRoot) {
      fs.mkdirSync(DEBIANS, { recursive: true });
      fs.writeFileSync(path.join(DEBIANS, "hybrid-vnf.conf"), "create_main_cluster = off\n");
    }
    await installPackages(["postgresql"], "Postgres", { report });
  }
  if (isRoot) execFileSync("chown", ["postgres", server]);
  const data = path.join(server, "data");
  postgres("initdb", "--pgdata", data, "--username", "operator", "--auth", "trust", "--no-sync");
  const settings = `-c listen_addresses= -c unix_socket_directories=${server} -c fsync=off`;
  postgres("pg_ctl", "start", "--wait", "--pgdata", data, "--log", path.join(server, "log"), "--options", settings);
  postgres("createdb", "--host", server, "--username", "operator", "states");
  for (const name of [...fs.readdirSync(path.join(ROOT, "node_modules")), "hybrid-vnf"]) {
    const from = name === "hybrid-vnf" ? ROOT : path.join(ROOT, "node_modules", name);
    fs.mkdirSync(path.join(folder, "node_modules"), { recursive: true });
    fs.symlinkSync(fs.realpathSync(from), path.join(folder, "node_modules", name));
  }
  write("Pulumispace.yaml", "name: pair\nstacks:\n  - path: first\n  - path: second\n    dependsOn: [first]\n");
  for (const project of ["first", "second"]) {
    write(`${project}/Pulumi.yaml`, `name: pair-${project}\nruntime: nodejs\n`);
    fs.copyFileSync(path.join(ROOT, "examples/first/tsconfig.json"), path.join(folder, project, "tsconfig.json"));
  }
  publish("hello");
  write(
    "second/index.ts",
    `import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

export = async () => {
  const { facts } = await vnf.siteContract.read(\`organization/pair-first/\${pulumi.getStack()}\`);
  const line = pulumi.interpolate\`echo \${facts.siteName}, too\`;
  return { answer: new command.local.Command("answer", { create: line, update: line }).stdout };
};
`,
  );
});

afterAll(() => {
  try {
    postgres("pg_ctl", "stop", "--wait", "--mode", "fast", "--pgdata", path.join(server, "data"));
  } finally {
    for (const one of [folder, server]) fs.rmSync(one, { recursive: true, force: true });
  }
});

test("a preview of nothing makes no state in an empty database", () => {
  const { status, output } = command("preview");
  expect(status, output).toBe(2);
  expect(output).toMatch(/^first +\+ create key /m);
  expect(output).toMatch(/^second +\+ create answer /m);
  // Any engine that looks there notes the form of what is kept.
  expect(rows().map((row) => row.split("|")[0])).toEqual(["states/.pulumi/meta.yaml"]);
});

test("up makes both; a preview of no change, and of one that goes through to the end, leaves each row as it is", () => {
  const up = command("up");
  expect(up.status, up.output).toBe(0);
  expect(rows().join("\n")).toContain("states/.pulumi/stacks/pair-second/dev.json|");
  const same = preview();
  expect(same.status, same.output).toBe(0);
  publish("goodbye");
  const change = preview();
  expect(change.status, change.output).toBe(2);
  expect(change.output).toMatch(/^first +~ update key /m);
  expect(change.output).toMatch(/^second +~ update answer /m);
});

test("down takes both states away", () => {
  const { status, output } = command("down");
  expect(status, output).toBe(0);
  expect(rows().filter((row) => /^states\/\.pulumi\/stacks\/.*\.json\|/.test(row))).toEqual([]);
});
