import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ActionRun, runAction } from "../action";
import { CodeHost } from "../code-host";
import { copyCheckout, linkPackages, moveSite } from "./checkout";
import { environment } from "./operator";

// A change on its way: from a branch over its pull request, on which the action comments, into main, and up.

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hybrid-vnf-pull-request-"));
const server = path.join(folder, "server.git");
const backend = `file://${path.join(folder, "state")}`;
const passphrase = "the-passphrase-of-this-backend";
let host: CodeHost;

const git = (cwd: string, ...args: string[]): string =>
  execFileSync("git", ["-c", "user.name=Dev", "-c", "user.email=dev@chain.example", ...args], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });

/** A clone of what the server has, ready to work in. */
function clone(name: string): string {
  const checkout = path.join(folder, name);
  git(folder, "clone", "--quiet", server, checkout);
  linkPackages(checkout);
  return checkout;
}

/** Commits a change of one file to a branch, and pushes it. */
function change(checkout: string, branch: string, file: string, edit: (text: string) => string): void {
  git(checkout, "checkout", "--quiet", "-B", branch);
  const whole = path.join(checkout, file);
  const text = fs.readFileSync(whole, "utf8");
  const edited = edit(text);
  expect(edited).not.toBe(text);
  fs.writeFileSync(whole, edited);
  git(checkout, "commit", "--quiet", "--message", `Change ${file}`, "--", file);
  git(checkout, "push", "--quiet", "origin", branch);
}

const env = () => ({ ...environment(), PULUMI_CONFIG_PASSPHRASE_FILE: undefined, PULUMI_BACKEND_URL: backend });

/** A command in a checkout of the operator's, to a good end. */
function command(checkout: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("npx", ["tsx", "cli/main.ts", ...args], {
    cwd: checkout,
    env: { ...env(), PULUMI_CONFIG_PASSPHRASE: passphrase },
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  expect(status, `${stdout}${stderr}`).toBe(0);
  return stdout;
}

/** What CI does for a pull request: merges the branch into main in a checkout of its own, and calls the action. */
async function run(number: number, branch: string, fork = false): Promise<ActionRun> {
  const checkout = clone(`run-${number}-${fs.readdirSync(folder).length}`);
  git(checkout, "merge", "--quiet", "--no-edit", `origin/${branch}`);
  const event = path.join(folder, "event.json");
  const sha = git(checkout, "rev-parse", `origin/${branch}`).trim();
  const repo = { full_name: fork ? "stranger/chain" : "team/chain" };
  fs.writeFileSync(event, JSON.stringify({ pull_request: { number, head: { sha, repo } } }));
  const variables = {
    ...env(),
    PULUMI_BACKEND_URL: undefined,
    GITHUB_ACTIONS: "true",
    GITHUB_API_URL: `${host.url}/api/v3`,
    GITHUB_REPOSITORY: "team/chain",
    GITHUB_SERVER_URL: "https://code.example",
    GITHUB_RUN_ID: "1",
    GITHUB_EVENT_PATH: event,
  };
  const secrets: Readonly<Record<string, string>> = fork ? {} : { backend, passphrase };
  return runAction({ command: "npx tsx cli/main.ts", ...secrets }, variables, checkout);
}

/** The one comment on a pull request. */
function commentOn(number: number): string {
  const comments = host.comments.filter(({ on }) => on === number);
  expect(comments).toHaveLength(1);
  return comments[0]?.body ?? "";
}

let operator: string;
let developer: string;
/** Whether anything was brought up. */
let up = false;

beforeAll(async () => {
  host = await CodeHost.start();
  fs.mkdirSync(path.join(folder, "state"));
  // What is tested is this checkout, committed or not.
  const seed = path.join(folder, "seed");
  copyCheckout(seed);
  // A site of its own, beside whatever else is up.
  moveSite(seed, "review", 136);
  fs.appendFileSync(path.join(seed, ".gitignore"), "/node_modules\n");
  git(seed, "init", "--quiet", "--initial-branch=main");
  git(seed, "add", "--all");
  git(seed, "commit", "--quiet", "--message", "The chain");
  git(folder, "clone", "--quiet", "--bare", seed, server);
  operator = clone("operator");
  developer = clone("developer");
});

afterAll(async () => {
  try {
    if (up) command(operator, "down");
  } finally {
    await host?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

const servers = (count: number) => (text: string) => text.replace(/serverCount: .*/, `serverCount: "${count}"`);

test("a fork's is previewed as if nothing were up, and only its summary says so", async () => {
  change(developer, "from-a-fork", "stacks/kubernetes/Pulumi.dev.yaml", servers(5));
  const calls = host.calls.length;
  const { good, printed, summary } = await run(9, "from-a-fork", true);
  expect(good, JSON.stringify(printed)).toBe(true);
  expect(printed["Keep the comment up to date"]).toContain("no comment: the pull request comes from a fork");
  expect(host.calls).toHaveLength(calls);
  expect(summary).toContain("The change comes from a fork");
  expect(summary).toContain("answered by 5 servers; nobody is served now.");
  git(developer, "checkout", "--quiet", "main");
});

test("a change is opened, changed, merged and brought up; one that breaks what others stand on is refused", async () => {
  up = true;
  command(operator, "up", "--requests", "4");
  // `up` has written the salt of the shared backend's passphrase: the operator commits it (docs/pull-requests.md).
  expect(git(operator, "diff", "--name-only").trim().split("\n")).toHaveLength(4);
  git(operator, "commit", "--quiet", "--all", "--message", "The salt of the shared backend");
  git(operator, "push", "--quiet", "origin", "main");
  git(developer, "pull", "--quiet");

  const settings = "stacks/kubernetes/Pulumi.dev.yaml";
  change(developer, "more-servers", settings, servers(3));
  const opened = await run(7, "more-servers");
  expect(opened, JSON.stringify(opened.printed)).toMatchObject({ good: true });
  expect(opened.printed["Keep the comment up to date"]).toContain("comment created");
  const first = commentOn(7);
  expect(first).toContain("<code>apache-3</code> joins the servers (2 servers answer now, 3 will).");
  expect(first).toMatch(/^\| <code>site<\/code> \|[ |]+\d+ \| no changes \|$/m);
  expect(first).toContain("<code>kubernetes-apache-3-container</code>");
  expect(first).toMatch(/\["apache-3<br\/>10\.136\.102\.13<br\/>new"\]:::added/);
  expect(first).not.toContain("#### Replaced or deleted");

  change(developer, "more-servers", settings, servers(4));
  const changed = await run(7, "more-servers");
  expect(changed.printed["Keep the comment up to date"]).toContain("comment edited");
  expect(commentOn(7)).toContain("(2 servers answer now, 4 will)");

  git(developer, "checkout", "--quiet", "main");
  git(developer, "merge", "--quiet", "--no-ff", "--no-edit", "more-servers");
  git(developer, "push", "--quiet", "origin", "main");
  git(operator, "pull", "--quiet");
  const deployed = command(operator, "up", "--requests", "8");
  expect([...new Set(deployed.match(/\bapache-\d\b/g))].sort()).toEqual([
    "apache-1",
    "apache-2",
    "apache-3",
    "apache-4",
  ]);

  // What functions of other stacks stand on is not replaced under them.
  change(developer, "other-transit", "stacks/site/Pulumi.dev.yaml", (text) =>
    text.replace("10.136.101.0/24", "10.136.111.0/24"),
  );
  const calls = host.calls.length;
  const refused = await run(8, "other-transit");
  expect(refused.good).toBe(false);
  expect(refused.printed["End as the preview did"]).toContain("::error::The preview found errors");
  const refusal = commentOn(8);
  expect(refusal).toMatch(/^- \*\*error\*\* <code>binding<\/code>.*review\/transit.*swarm-1 of swarm stands on it/m);
  expect(refusal).toContain("The network <code>review/transit</code> is replaced or deleted");
  expect(refusal).toContain("<code>kubernetes-1</code>, which <code>quagga</code> runs on, is replaced");
  expect(host.calls.length).toBeGreaterThan(calls);
  expect(commentOn(7)).toContain("(2 servers answer now, 4 will)");

  for (const text of [...host.comments.map(({ body }) => body), opened.summary, refused.summary]) {
    expect(text).not.toContain(passphrase);
    expect(text).not.toMatch(/PRIVATE KEY|SWMTKN-|client-key-data/);
  }
});
