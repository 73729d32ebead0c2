import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { afterEach, describe, expect, it, test, vi } from "vitest";
import { backendFolder, deploymentIn, dropHalfAttributes, lacks, mayPublish } from "../../cli/backend";
import type { Context } from "../../cli/context";
import { Diagnostics, messageOf, nameOf, plain, printedErrors, sentence, typeOf } from "../../cli/diagnostics";
import { EngineError } from "../../cli/engine";
import { contentOf } from "../../cli/files";
import { requireKnown } from "../../cli/known";
import { inOrder, type Layer, layers, reversed } from "../../cli/layers";
import { forgetState } from "../../cli/leftovers";
import { help, parse, stoppedLine } from "../../cli/main";
import { OperationError, operate, Watch } from "../../cli/operation";
import { bridges, conflicts, usedByDocker, usedByRoutes } from "../../cli/preflight";
import { separateErrors } from "../../cli/programs";
import { Live, Plain, stepLine, summary } from "../../cli/progress";
import { judgeHolder, parseLock } from "../../cli/recovery";
import { giveSalt, saltIn, withoutSalt } from "../../cli/salt";
import { FailedCreations, UnansweredNotes } from "../../cli/unanswered";
import { UsageError, type Verb } from "../../cli/verb";
import { verbs } from "../../cli/verbs";
import {
  answering,
  count,
  describe as describeReport,
  entriesOf,
  judge,
  problemOf,
  serverOf,
  stretchesOf,
  traces,
} from "../../cli/verify";
import { isOurs, LabRecovery } from "../../components/platform/lab/recovery";
import { OpenStackRecovery } from "../../components/platform/openstack/recovery";

describe("the command line", () => {
  it("reads a command and its options", () => {
    expect(parse(["up"])).toMatchObject({ verb: { name: "up" }, help: false, stack: "dev", given: { requests: 20 } });
    expect(parse(["verify", "--requests", "7", "--json", "--stack", "lab-2"])).toMatchObject({
      stack: "lab-2",
      given: { requests: 7, json: true },
    });
  });
  it("helps with all, and with each", () => {
    expect(parse(["--help"])).toMatchObject({ verb: undefined, help: true });
    expect(parse(["help", "down"])).toMatchObject({ verb: { name: "down" }, help: true });
    expect(parse(["up", "--help"])).toMatchObject({ verb: { name: "up" }, help: true });
    expect(help(parse(["down", "-h"]).verb)).toContain("npm run down -- --stack openstack --force");
    for (const { name } of verbs) expect(help()).toContain(`npm run ${name}`);
    expect(help(parse(["env", "-h"]).verb)).toMatch(/^ {2}npm run -s env /m);
    expect(help(parse(["graph", "-h"]).verb)).toContain("npm run -s preview -- --json");
    expect(help(parse(["drift", "-h"]).verb)).toContain("exit code 0: none, 2: some, 1: an error");
  });
  it.each(verbs.flatMap((one) => one.examples.map(([line]) => line)))("reads the example '%s'", (line) => {
    const { verb, help: asked } = parse(line.split(" "));
    expect(verb?.name).toBe(line.split(" ")[0]);
    expect(asked).toBe(false);
  });
  it.each([
    [[], `The command is ''; it can be ${verbs.map(({ name }) => name).join(", ")}, completion.`],
    [["destroy"], "The command is 'destroy'"],
    [["staus"], "The command is 'staus'; did you mean 'status'? It can be up, "],
    [["up", "site"], "'site' comes after 'up', which takes options only."],
    [["verify", "--requests", "0"], "--requests is '0'; it takes a whole number from 1 to 100000."],
    [["verify", "--requests", "many"], "--requests is 'many'"],
    [["up", "--stack", "a/b"], "--stack is 'a/b'"],
    [["up", "--stack", ""], "--stack is ''"],
    [["up", "--force"], "--force goes with 'down', not with 'up'."],
    [["down", "--json"], "--json goes with 'preview', 'verify', 'status'"],
    [["down", "--requests", "5"], "--requests goes with 'up' and 'verify', not with 'down'."],
    [["graph", "--format", "gif"], "--format is 'gif'; it can be svg, png, mermaid."],
    [["graph", "--out", ""], "--out is ''; it takes the name of a file."],
    [["report", "--out", "-"], "--out is '-'; it takes the name of a file."],
    [["up", "--fast"], "Unknown option '--fast'"],
    [["verify", "--force"], "--force goes with 'down', not with 'verify'."],
    [["up", "--requests"], "--requests takes a value, and none follows: --requests N"],
    [["up", "-x"], "Unknown option '-x'; 'npm run up -- --help' lists what there is."],
    [["preview", "--jsno"], "Unknown option '--jsno'; did you mean --json? "],
    [["--stack", "dev"], "'--stack' comes before the command, which can be up, "],
    [["help", "dwon"], "The command is 'dwon'; did you mean 'down'?"],
    ...["-1", "1.5", "1e3", "0x10", " 5", "", "100001", "99999999999999999999"].map((given): [string[], string] => [
      ["verify", "--requests", given],
      `--requests is '${given}'; it takes a whole number from 1 to 100000.`,
    ]),
    [["up", "--guard", "--allow-loss", "-1"], "--allow-loss is '-1'; it takes a whole number from 0 to 100."],
    [["up", "--allow-loss", "5"], "--allow-loss goes with --guard."],
    [["status", "--every", "2"], "--every goes with --watch."],
    [["graph", "--json", "--out", "x.svg"], "--out says nothing beside --json: give one of them."],
    [["up", "--plan", ""], "--plan is ''; it takes a file."],
    [["down", "--only", "srevice"], "--only names 'srevice'; did you mean 'service'? The chain's stacks are site, "],
    [["down", "--only", "web"], "--only names 'web'; the chain's stacks are site, "],
  ])("refuses %j in one sentence", (args, message) => {
    expect(() => parse(args)).toThrow(UsageError);
    expect(() => parse(args)).toThrow(message);
  });
});

test("a file that can't be read is told with the reason in words", () => {
  expect(() => contentOf("file", "nowhere.json")).toThrow(
    "--file is 'nowhere.json', which can't be read: there is no such file.",
  );
  expect(() => contentOf("file", tmpdir())).toThrow("which can't be read: it is a folder.");
});

test.each([
  [["up", "--guard", "--stack", "lab-2"], true, "stopped; 'npm run up -- --guard --stack lab-2' goes on from here"],
  [["up", "--guard"], false, "stopped; nothing was changed"],
  [["preview"], false, "stopped; nothing was changed"],
  [["images"], false, "stopped"],
])("says of a stopped %j (begun: %s) what became of it", (args, hasBegun, line) => {
  expect(stoppedLine(parse(args).verb as Verb, args, hasBegun)).toBe(line);
});

describe("the name of the stacks", () => {
  const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-state-"));
  mkdirSync(join(folder, ".pulumi/stacks/hybrid-vnf-swarm"), { recursive: true });
  writeFileSync(join(folder, ".pulumi/stacks/hybrid-vnf-swarm/second.json"), "{}");
  const ask = (stack: string, backend = `file://${folder}`, states: readonly string[] = []) => {
    const engine = {
      environment: { PULUMI_BACKEND_URL: backend },
      find: async (_: string, name: string) => (states.includes(name) ? {} : undefined),
    } as unknown as Context["engine"];
    return requireKnown({ engine, stack }).then(
      () => "known",
      (error: Error) => (error instanceof UsageError ? error.message : String(error)),
    );
  };

  it.each(["dev", "openstack", "second"])("may be %s, which settings or a state know", async (name) => {
    expect(await ask(name)).toBe("known");
  });
  it("is refused where nothing knows it, with those that are near and how to make one", async () => {
    expect(await ask("dve")).toMatch(
      /^There are no stacks 'dve': they have neither settings nor a state\. Did you mean 'dev'\? There are dev, .*openstack, .*second.*; to make new ones, write stacks\/site\/Pulumi\.dve\.yaml first \(it may be empty\)\.$/,
    );
  });
  it("is asked of the engine where the states are not in files", async () => {
    expect(await ask("third", "s3://bucket", ["third"])).toBe("known");
    expect(await ask("thrid", "s3://bucket", ["third"])).toContain("There are no stacks 'thrid'");
  });
});

test("what npm took of a line for itself is no option that was given", () => {
  const env = { npm_lifecycle_event: "down", npm_config_force: "true" };
  expect(() => parse(["down"], env)).toThrow(
    "npm took --force for itself; what follows '--' is ours: npm run down -- --force",
  );
  expect(parse(["down", "--force"], env)).toMatchObject({ given: { force: true } });
  expect(parse(["up"], env)).toMatchObject({ verb: { name: "up" } });
  expect(() => parse(["up", "7"], { npm_lifecycle_event: "up", npm_config_requests: "true" })).toThrow(
    "-- --requests N",
  );
});

test.each([["--help"], ["--version"], ["up", "--help"], ["completion", "bash"]])(
  "%s %s waits for no SDK",
  (...args) => {
    const main = join(__dirname, "../../cli/main.ts");
    const program = `
    require("tsx/cjs");
    process.on("exit", () => console.error(Object.keys(require.cache).filter((file) => file.includes("/@pulumi/")).length));
    require("node:module").runMain(process.argv[1]);`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ["-e", program, "--", main, ...args], {
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "0\n" });
    expect(stdout).toContain(args[0] === "--version" ? "0." : "up");
  },
);

describe("programs side by side in one process", () => {
  it("each hear only of their own errors that nobody handles, and of those that are nobody's", () => {
    separateErrors();
    const heard: string[] = [];
    const stores = ["kubernetes", "swarm"].map((name) => ({ name }) as unknown as typeof globalStore);
    const listeners = stores.map((_, at) => (error: unknown) => void heard.push(`${at}: ${error}`));
    const before = process.rawListeners("unhandledRejection");
    for (const [at, store] of stores.entries())
      asyncLocalStorage.run(store, () => process.on("unhandledRejection", listeners[at] as () => void));
    const added = process.rawListeners("unhandledRejection").filter((one) => !before.includes(one));
    const [first] = stores as [typeof globalStore];
    for (const listener of added) asyncLocalStorage.run(first, () => listener("of the first"));
    for (const listener of added) asyncLocalStorage.exit(() => listener("of nobody"));
    for (const listener of listeners) process.off("unhandledRejection", listener);
    expect(heard).toEqual(["0: of the first", "0: of nobody", "1: of nobody"]);
    expect(process.rawListeners("unhandledRejection")).toEqual(before);
  });
});

describe("a stack's state in a file backend", () => {
  it("is read without an engine where it lies open, and only there", () => {
    const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-state-"));
    const where = join(folder, ".pulumi/stacks/hybrid-vnf-site");
    mkdirSync(where, { recursive: true });
    const outputs = { contract: { layer: "site" } };
    const states = {
      up: {
        version: 3,
        checkpoint: { stack: "up", latest: { resources: [{ type: "pulumi:pulumi:Stack", outputs }] } },
      },
      fresh: { version: 3, checkpoint: { stack: "fresh", latest: null } },
      other: { version: 4, features: [], deployment: {} },
    };
    for (const [name, state] of Object.entries(states))
      writeFileSync(join(where, `${name}.json`), JSON.stringify(state));
    writeFileSync(join(where, "half.json"), '{"version": 3, "checkpoint": {');
    const read = (stack: string) => deploymentIn(`file://${folder}`, "hybrid-vnf-site", stack);
    expect(read("up")?.resources?.[0]?.outputs).toEqual(outputs);
    expect(read("fresh")).toEqual({});
    for (const none of ["other", "half", "nobody"]) expect(read(none)).toBeUndefined();
    expect(deploymentIn("s3://bucket", "hybrid-vnf-site", "up")).toBeUndefined();
    writeFileSync(join(where, "small.json.gz"), "");
    writeFileSync(join(where, "../old.json"), "");
    const lacking = (stack: string) => lacks(`file://${folder}`, "hybrid-vnf-site", stack);
    expect(["up", "half", "small", "old", "nobody"].filter(lacking)).toEqual(["nobody"]);
    expect(lacks("s3://bucket", "hybrid-vnf-site", "nobody")).toBe(false);
    expect(lacks(`file://${folder}/misspelt`, "hybrid-vnf-site", "nobody")).toBe(false);
    rmSync(folder, { recursive: true });
  });

  it("may hold a contract that is asked for, unless it is seen to hold another one or none", () => {
    const holding = (outputs?: Record<string, unknown>) =>
      mayPublish({ resources: [{ type: "pulumi:pulumi:Stack", ...(outputs && { outputs }) }] }, "service");
    expect(holding({ contract: { layer: "service", version: 1 } })).toBe(true);
    expect(holding({ contract: { layer: "site", version: 3 } })).toBe(false);
    expect(holding({ url: "http://10.100.100.20" })).toBe(false);
    expect(holding()).toBe(false);
    expect(mayPublish({}, "service")).toBe(false);
    // A secret stands in the engine's wrapper, and another backend's state is not seen.
    expect(holding({ contract: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" } })).toBe(
      true,
    );
    expect(mayPublish(undefined, "service")).toBe(true);
  });
});

describe("a state whose engine was killed while it wrote", () => {
  it("loses the attributes that are half there, and nothing else", () => {
    const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-state-"));
    const where = join(folder, ".pulumi/stacks/hybrid-vnf-site");
    mkdirSync(where, { recursive: true });
    const files = { "dev.json": "", "dev.json.attrs": "", "dev.json.bak.attrs": "{}", "other.json.attrs": "" };
    for (const [name, content] of Object.entries(files)) writeFileSync(join(where, name), content);
    dropHalfAttributes(`file://${folder}`, "hybrid-vnf-site", "dev");
    expect(readdirSync(where).sort()).toEqual(["dev.json", "dev.json.bak.attrs", "other.json.attrs"]);
    dropHalfAttributes("s3://bucket", "hybrid-vnf-site", "dev");
    rmSync(folder, { recursive: true });
  });
});

describe("the order of the stacks", () => {
  it("brings the site up first, the clusters at the same time, the service last", async () => {
    const events: string[] = [];
    const endings = await inOrder(layers, async ({ name }) => {
      events.push(`+${name}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
      events.push(`-${name}`);
      return name;
    });
    expect(events.slice(0, 2)).toEqual(["+site", "-site"]);
    expect(events.slice(2, 4).sort()).toEqual(["+kubernetes", "+swarm"]);
    expect(events.slice(-2)).toEqual(["+service", "-service"]);
    expect(endings.map((one) => one.kind)).toEqual(["done", "done", "done", "done"]);
  });

  it("lets what is independent of a failure come to its end, and begins nothing that depends on it", async () => {
    const finished: string[] = [];
    const endings = await inOrder(layers, async ({ name }) => {
      if (name === "kubernetes") throw new Error("no");
      await new Promise((resolve) => setTimeout(resolve, 10));
      finished.push(name);
    });
    expect(finished).toEqual(["site", "swarm"]);
    expect(endings.map((one) => [one.layer, one.kind])).toEqual([
      ["site", "done"],
      ["kubernetes", "failed"],
      ["swarm", "done"],
      ["service", "skipped"],
    ]);
    expect(endings[3]).toMatchObject({ because: ["kubernetes"] });
  });

  it("takes them down the other way round", () => {
    expect(reversed(layers)).toEqual([
      { name: "service", upstream: [] },
      { name: "swarm", upstream: ["service"] },
      { name: "kubernetes", upstream: ["service"] },
      { name: "site", upstream: ["kubernetes", "swarm", "service"] },
    ]);
  });

  it("begins nothing after an interrupt", async () => {
    const stop = new AbortController();
    const begun: string[] = [];
    const endings = await inOrder(
      layers,
      async ({ name }) => {
        begun.push(name);
        stop.abort();
      },
      stop.signal,
    );
    expect(begun).toEqual(["site"]);
    expect(endings.map((one) => one.kind)).toEqual(["done", "skipped", "skipped", "skipped"]);
  });

  it("is refused where a stack stands before one it needs", async () => {
    const wrong: Layer[] = [{ name: "b", upstream: ["a"] }];
    await expect(inOrder(wrong, async () => undefined)).rejects.toThrow("The layer 'b' stands before 'a'");
  });
});

describe("what the engine says", () => {
  const urn = "urn:pulumi:dev::hybrid-vnf-site::hybrid-vnf:site:Site$docker:index/network:Network::transit-network";
  const stack = "urn:pulumi:dev::hybrid-vnf-site::pulumi:pulumi:Stack::hybrid-vnf-site-dev";

  it("is stripped of colours", () => {
    expect(plain("<{%fg 1%}>bad<{%reset%}> \u001b[31mred\u001b[0m")).toBe("bad red");
  });
  it("tells no password of a backend that can't be opened", () => {
    const said =
      "error: unable to open bucket postgres://user:hunter2@db.example.org:5432/states: dial tcp: lookup failed";
    const told = "unable to open bucket postgres://user:***@db.example.org:5432/states: dial tcp: lookup failed";
    expect(printedErrors(said)).toEqual([told]);
    expect(messageOf(new Error(said))).toBe(`error: ${told}`);
  });
  it("is stripped of stack traces", () => {
    expect(
      sentence(
        "Running program '/x/index.ts' failed with an unhandled exception:\n<ref *1> InvalidInput: Site: cidr is \"x\"\n    at new Site (/x/site.ts:1:2)\n    at process.main\n\nNode.js v20.1.0\n",
      ),
    ).toBe('Site: cidr is "x"');
  });
  it("says what the engine means by a provider that is made anew", () => {
    const said =
      "The provider for this resource has inputs that are not known during preview.\nThis preview may not correctly represent the changes that will be applied during an update.";
    expect(sentence(said)).toBe(
      "its cluster is made anew, and what follows the engine can't preview; 'up' makes it, and a preview after that shows no change",
    );
  });
  it("says of a lock what can be done, with the name of the stacks", () => {
    const locks = ["1a", "2b"].map(
      (id) =>
        `\n  file:///chain/.hybrid-vnf/state/.pulumi/locks/organization/hybrid-vnf-site/lab-2/${id}.json?no_tmp_dir=true: created by me@host (pid 12) at 2026-01-02T03:04:05Z`,
    );
    const said = `error: the stack is currently locked by 2 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.${locks.join("")}\n`;
    const told =
      "another command works on this stack, or one that was killed left its lock; 'npm run up -- --stack lab-2' lets go of a lock whose engine is gone";
    expect(sentence(said)).toBe(told);
    expect(printedErrors(`code: 255\n stdout: \n stderr: ${said}`)).toEqual([told]);
  });
  it("says of a Docker engine that is gone where it was, and what makes or forgets it", () => {
    const reason = 'Get "http://10.0.0.2:2375/_ping": dial tcp 10.0.0.2:2375: connect: no route to host';
    const said = `Error pinging Docker server, please make sure that tcp://10.0.0.2:2375 is reachable and has a  '_ping' endpoint. Error: ${reason}`;
    const told = `the Docker engine at tcp://10.0.0.2:2375 does not answer: ${reason}; 'npm run up' makes what is gone anew, 'npm run down -- --force' forgets it`;
    expect(sentence(said)).toBe(told);
    expect(sentence(`1 error occurred:\n\t* ${said}\n\n`)).toBe(told);
  });
  it("is nothing where it only repeats that something failed", () => {
    expect(
      sentence(
        "Running program '/x/index.ts' failed with an unhandled exception:\n<ref *1> Error: invocation of openstack:networking/getNetwork:getNetwork returned an error: 1 error occurred:\n\t* no such network\n\n    at Object.callback (/x/invoke.js:1:2) {\n  promise: Promise { <rejected> [Circular *1] }\n}",
      ),
    ).toBe("no such network");
    expect(sentence("update failed")).toBeUndefined();
    expect(sentence("<{%reset%}>preview failed<{%reset%}>")).toBeUndefined();
    expect(sentence("\n")).toBeUndefined();
  });
  it("is told once, with the name of the resource it is about", () => {
    const diagnostics = new Diagnostics();
    expect(
      diagnostics.add("  sdk-v2/provider2.go:571: sdk.helper_schema: Pool overlaps: provider=docker@5.2.0", urn),
    ).toBe("transit-network: Pool overlaps");
    expect(diagnostics.add("1 error occurred:\n\t* Pool overlaps\n\n", urn)).toBeUndefined();
    expect(diagnostics.add(`creating ${urn}: 1 error occurred:\n\t* Pool overlaps\n\n`, urn)).toBeUndefined();
    expect(diagnostics.add("update failed", stack)).toBeUndefined();
    expect(diagnostics.add("Configuration: bad", stack)).toBe("Configuration: bad");
    expect(diagnostics.all).toEqual(["transit-network: Pool overlaps", "Configuration: bad"]);
    expect([nameOf(urn), typeOf(urn)]).toEqual(["transit-network", "docker:index/network:Network"]);
  });
  it("is found in what it printed when there were no events", () => {
    expect(printedErrors("code: 255\n stdout: \n stderr: error: incorrect passphrase\n")).toEqual([
      "incorrect passphrase",
    ]);
    expect(printedErrors("all is well")).toEqual([]);
  });

  it("becomes lines of progress; a failure is told once and ends in an error", async () => {
    let text = "";
    const progress = new Plain((more) => {
      text += more;
    });
    const event = (one: Partial<EngineEvent>): EngineEvent => ({ sequence: 0, timestamp: 0, ...one });
    // Of the many fields of an event these are all that progress reads.
    const metadata = (op: string) =>
      ({
        op,
        urn,
        type: "docker:index/network:Network",
        provider: "",
        new: { custom: true },
      }) as unknown as NonNullable<EngineEvent["resOutputsEvent"]>["metadata"];
    const changes = await operate("site", "going up", progress, async (watch) => {
      watch.event(event({ resourcePreEvent: { metadata: metadata("create") } }));
      watch.event(event({ resOutputsEvent: { metadata: metadata("create") } }));
      watch.event(event({ resOutputsEvent: { metadata: metadata("same") } }));
      watch.event(
        event({
          summaryEvent: {
            maybeCorrupt: false,
            durationSeconds: 1,
            resourceChanges: { create: 1, same: 2 },
            policyPacks: {},
          },
        }),
      );
    });
    expect(changes).toEqual({ create: 1, same: 2 });
    const kinds = [
      ["a:b:Component", "held", false],
      ["pulumi:providers:kubernetes", "cluster", true],
      ["pulumi:providers:docker", "default_5_2_0", true],
      ["docker:index/network:Network", "shown", true],
    ] as const;
    const planned = new Watch("site", progress);
    for (const [type, name, custom] of kinds)
      for (const op of ["create", "same"]) {
        const what = { ...metadata(op), type, urn: `urn:pulumi:dev::p::${type}::${name}-${op}`, new: { custom } };
        planned.event(event({ resourcePreEvent: { planning: true, metadata: what as ReturnType<typeof metadata> } }));
      }
    expect([...planned.unlisted].map(nameOf)).toEqual(["held-create", "cluster-create"]);
    expect(text.split("\n").slice(0, 2)).toEqual([
      "site        going up",
      "site        created transit-network docker:index/network:Network",
    ]);
    expect(text).toMatch(/site {8}1 created, 2 unchanged, 0\.\d s\n$/);

    text = "";
    const failed = operate("site", "going up", progress, async (watch) => {
      const diagnosticEvent = {
        urn,
        message: "<{%reset%}>Pool overlaps<{%reset%}>\n",
        color: "",
        severity: "error" as const,
      };
      watch.event(event({ diagnosticEvent }));
      watch.event(event({ diagnosticEvent }));
      watch.event(event({ diagnosticEvent: { ...diagnosticEvent, urn: stack, message: "update failed" } }));
      throw new Error("code 255\n at x");
    });
    await expect(failed).rejects.toBeInstanceOf(OperationError);
    expect(text.match(/Pool overlaps/g)).toHaveLength(1);
    expect(text).not.toContain("255");

    text = "";
    const message =
      "The provider for this resource has inputs that are not known during preview.\nThis preview may not correctly represent the changes that will be applied during an update.";
    for (const severity of ["warning", "warning"] as const)
      planned.event(event({ diagnosticEvent: { urn, message, color: "", severity } }));
    expect(text).toMatch(/^site: warning: its cluster is made anew, [^\n]*\n$/);
  });
});

test.each([
  new Error("code: 128\nerror: preview canceled"),
  new Error("code: 128\nerror: the engine was ended by SIGINT"),
  new EngineError(255, "", true),
])("an operation that its user ended (%s) is stopped, and has not failed", async (ended) => {
  let text = "";
  const progress = new Plain((more) => {
    text += more;
  });
  const stopped = operate("site", "previewing", progress, async () => {
    throw ended;
  });
  await expect(stopped).rejects.toMatchObject({ errors: ["stopped"] });
  expect(text).toMatch(/^site {8}previewing\nsite {8}stopped, /);
});

describe("progress", () => {
  it("sums up what changed", () => {
    expect(summary({ same: 12 })).toBe("no changes, 12 resources");
    expect(summary({ create: 2, replace: 1, delete: 3, same: 4 })).toBe(
      "2 created, 1 replaced, 3 deleted, 4 unchanged",
    );
    expect(summary({ create: 2 }, true)).toBe("2 to create");
    expect(summary({ create: 6, same: 1 }, false, 4)).toBe(
      "6 created (4 of them components or providers), 1 unchanged",
    );
    expect(summary({ update: 1 }, true, 1)).toBe("1 to update (1 of them a component or provider)");
    expect(stepLine("site", { op: "delete", name: "n", type: "t", took: 1234 })).toBe(
      "site        deleted n t (1.2 s)",
    );
  });

  it("in a log says what is still under way where nothing else was said for a while, and nothing once it has ended", () => {
    vi.useFakeTimers();
    let text = "";
    const plain = new Plain((more) => {
      text += more;
    });
    plain.begin("kubernetes", "previewing");
    for (let count = 0; count < 200; count++) plain.seen("kubernetes");
    vi.advanceTimersByTime(19_000);
    expect(text).toBe("kubernetes  previewing\n");
    vi.advanceTimersByTime(2000);
    expect(text).toBe("kubernetes  previewing\nkubernetes  still previewing, 20 s, 200 resources so far\n");
    plain.end("kubernetes", "600 to create");
    vi.advanceTimersByTime(60_000);
    expect(text.split("\n")).toHaveLength(4);
    plain.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("on a terminal keeps one line per stack, cut to its width, with messages above", () => {
    let text = "";
    const live = new Live(
      (more) => {
        text += more;
      },
      () => 40,
    );
    live.begin("site", "going up");
    live.begin("swarm", "going up");
    live.busy("site", "transit-network-with-a-long-name-indeed");
    text = "";
    live.line("swarm: warning: x");
    const shown = text.split("\n");
    expect(shown[0]).toBe("\u001b[2A\u001b[0Jswarm: warning: x");
    expect(shown.slice(1, 3).every((line) => line.length < 40)).toBe(true);
    expect(shown[1]).toMatch(/site .*…$/);
    live.end("site", "6 created", true);
    expect(text).toMatch(/✔ site {7}6 created, 0\.\d s/);
    live.close();
  });
});

describe("a lock", () => {
  const found = { pid: 42, hostname: "here", username: "root", timestamp: "2026-01-01T00:00:00Z" };
  const proc = (files: Record<string, string>) => (path: string) => files[path];

  it("is read from the file backend's own form", () => {
    expect(parseLock(JSON.stringify(found))).toEqual(found);
    expect(parseLock('{"pid": 42')).toBeUndefined();
    expect(parseLock('{"pid": "x"}')).toBeUndefined();
  });
  it("of a process that is gone, or whose id another program has, is dead", () => {
    expect(judgeHolder(found, "here", proc({})).kind).toBe("dead");
    expect(judgeHolder(found, "here", proc({ "/proc/42/cmdline": "vim\0notes" })).kind).toBe("dead");
    expect(judgeHolder(undefined, "here", proc({})).kind).toBe("dead");
  });
  it("of a living engine is at work, unless the command that started it is gone", () => {
    const engine = { "/proc/42/cmdline": "/c/bin/pulumi\0up" };
    expect(judgeHolder(found, "here", proc(engine)).kind).toBe("working");
    const owned = { ...engine, "/proc/42/environ": "A=b\0HYBRID_VNF_OWNER=7\0" };
    expect(judgeHolder(found, "here", proc({ ...owned, "/proc/7/cmdline": "node" })).kind).toBe("working");
    expect(judgeHolder(found, "here", proc(owned)).kind).toBe("orphan");
  });
  it("of another machine is not judged", () => {
    expect(judgeHolder({ ...found, hostname: "there" }, "here", proc({})).kind).toBe("elsewhere");
  });
  it("lies below the backend's folder", () => {
    expect(backendFolder("file:///a/b")).toBe("/a/b/.pulumi");
    expect(backendFolder("s3://bucket")).toBeUndefined();
  });
});

describe("a creation that an engine left unfinished in the lab", () => {
  const recovery = new LabRecovery("dev");
  const creation = (type: string, name?: unknown) => ({ type, inputs: { name } });
  it("may have left something when it has a name", () => {
    for (const kind of ["container:Container", "network:Network", "service:Service"])
      expect(recovery.concerns(creation(`docker:index/${kind}`, "hybrid-vnf-dev-x"))).toBe(true);
  });
  it("has left nothing otherwise", () => {
    expect(recovery.concerns(creation("command:remote:Command", "x"))).toBe(false);
    expect(recovery.concerns(creation("docker:index/container:Container"))).toBe(false);
    expect(recovery.concerns({ type: "docker:index/network:Network", inputs: {} })).toBe(false);
  });
  it("is never somebody else's", () => {
    expect(isOurs("hybrid-vnf-dev-x", { "hybrid-vnf.site": "dev" })).toBe(true);
    expect(isOurs("hybrid-vnf-dev-x", {})).toBe(false);
    expect(isOurs("hybrid-vnf-dev-x", null)).toBe(false);
    expect(isOurs("postgres", { "hybrid-vnf.site": "dev" })).toBe(false);
  });
});

describe("a creation that a cloud does not answer", () => {
  const cloud = new OpenStackRecovery({});
  const POST = "https://cloud:9696/v2.0/routers";
  it.each([
    "the cloud does not answer: nothing heard from cloud:9696 in 2m0s",
    `Post "${POST}": net/http: request canceled (Client.Timeout exceeded while awaiting headers)`,
    `Post "${POST}": read tcp 10.0.0.1:4711->10.0.0.2:9696: read: connection reset by peer`,
    `Post "${POST}": EOF`,
    `Expected HTTP response code [201 202] when accessing [POST ${POST}], but got 504 instead`,
  ])("may have been done: %s", (error) => expect(cloud.isUnanswered(error)).toBe(true));
  it.each([
    `Expected HTTP response code [201 202] when accessing [POST ${POST}], but got 409 instead`,
    `Bad request with: [POST ${POST}], error message: {"NeutronError": "Quota exceeded for resources: ['router']"}`,
    `Request forbidden: [POST ${POST}]`,
    `Post "${POST}": dial tcp 10.0.0.2:9696: connect: connection refused`,
  ])("was not done: %s", (error) => expect(cloud.isUnanswered(error)).toBe(false));

  const urnOf = (type: string, name: string) => `urn:pulumi:dev::hybrid-vnf-site::${type}::${name}`;
  const ROUTER = "openstack:networking/router:Router";
  const failing = (message: string, op = "create", type = ROUTER): readonly EngineEvent[] => {
    const urn = urnOf(type, "r");
    const inputs = { name: "hybrid-vnf-dev-r", adminPass: "[secret]" };
    // Of the many fields of an event these are all that is read.
    const metadata = { op, urn, type, new: { inputs } } as unknown as NonNullable<
      EngineEvent["resOpFailedEvent"]
    >["metadata"];
    return [
      { sequence: 1, timestamp: 0, diagnosticEvent: { urn, message, color: "", severity: "error" } },
      { sequence: 2, timestamp: 0, resOpFailedEvent: { metadata, status: 0, steps: 0 } },
    ];
  };
  const unansweredOf = (...events: readonly EngineEvent[]) => {
    const failed = new FailedCreations();
    for (const event of events) failed.event(event);
    return failed.unanswered([new LabRecovery("dev"), cloud]);
  };

  it("is kept with what it is looked for by, and without secrets", () => {
    const begun = [{ type: ROUTER, inputs: { name: "hybrid-vnf-dev-r" } }];
    expect(unansweredOf(...failing("nothing heard from cloud:9696 in 2m0s"))).toEqual(begun);
    expect(unansweredOf(...failing("EOF", "create-replacement"))).toEqual(begun);
    expect(unansweredOf(...failing("EOF", "update"))).toEqual([]);
    expect(unansweredOf(...failing("but got 409 instead"))).toEqual([]);
    expect(unansweredOf(...failing("EOF", "create", "command:remote:Command"))).toEqual([]);
  });

  it("is noted until the cloud has been asked", () => {
    const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-unanswered-"));
    const notes = new UnansweredNotes("hybrid-vnf-site", "dev", folder);
    const router = { type: ROUTER, inputs: { name: "r" } };
    expect(notes.all).toEqual([]);
    notes.add([router]);
    notes.add([]);
    notes.add([{ ...router, inputs: { name: "s" } }]);
    expect(new UnansweredNotes("hybrid-vnf-site", "dev", folder).all.map(({ inputs }) => inputs.name)).toEqual([
      "r",
      "s",
    ]);
    expect(new UnansweredNotes("hybrid-vnf-swarm", "dev", folder).all).toEqual([]);
    notes.forget();
    expect(notes.all).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

describe("what is left in the checkout", () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  it("is no salt, unless a secret of the settings needs it", () => {
    expect(withoutSalt("config:\n  a:b: c\nencryptionsalt: v1:x\n")).toBe("config:\n  a:b: c\n");
    expect(withoutSalt("encryptionsalt: v1:x\n")).toBe("");
    expect(withoutSalt("config:\n  a:b:\n    secure: v1:y\nencryptionsalt: v1:x\n")).toBeUndefined();
    expect(withoutSalt("config:\n  a:b: c\n")).toBeUndefined();
  });
  it("is one salt for all stacks that are made together, unless a stack keeps its secrets in another way", () => {
    const root = mkdtempSync(join(tmpdir(), "salt-"));
    folders.push(root);
    const file = join(root, "Pulumi.dev.yaml");
    expect(saltIn(file)).toBeUndefined();
    giveSalt(file, "v1:first");
    expect(readFileSync(file, "utf8")).toBe("encryptionsalt: v1:first\n");
    expect(saltIn(file)).toBe("v1:first");
    writeFileSync(file, "# By hand.\nconfig:\n  a:b: c");
    giveSalt(file, "v1:first");
    expect(readFileSync(file, "utf8")).toBe("# By hand.\nconfig:\n  a:b: c\nencryptionsalt: v1:first\n");
    for (const own of ["encryptionsalt: v1:own\n", "secretsprovider: awskms://a\nencryptedkey: x\n"]) {
      writeFileSync(file, own);
      giveSalt(file, "v1:first");
      expect(readFileSync(file, "utf8")).toBe(own);
    }
  });
  it("is no state and no passphrase, unless another stack needs them", () => {
    const root = mkdtempSync(join(tmpdir(), "state-"));
    folders.push(root);
    const stacks = join(root, ".hybrid-vnf/state/.pulumi/stacks/hybrid-vnf");
    mkdirSync(stacks, { recursive: true });
    writeFileSync(join(root, ".hybrid-vnf/passphrase"), "x");
    writeFileSync(join(stacks, "dev.json"), "{}");
    expect(forgetState(root)).toBe(false);
    expect(readFileSync(join(root, ".hybrid-vnf/passphrase"), "utf8")).toBe("x");
    rmSync(join(stacks, "dev.json"));
    mkdirSync(join(root, ".hybrid-vnf/last-good"));
    expect(forgetState(root)).toBe(true);
    expect(() => readFileSync(join(root, ".hybrid-vnf/passphrase"))).toThrow();
    expect(existsSync(join(root, ".hybrid-vnf"))).toBe(false);
  });
});

describe("this machine's own networks", () => {
  const wanted = [{ what: "transit", cidr: "10.100.101.0/24", setting: "set it" }];
  it("are compared as ranges", () => {
    const taken = (cidr: string) => [{ cidr, by: "x", remedy: "y" }];
    expect(conflicts(wanted, taken("10.100.0.0/16"))).toEqual([
      "The transit network 10.100.101.0/24 overlaps 10.100.0.0/16 of x: y, or choose another range (set it).",
    ]);
    expect(conflicts(wanted, taken("10.100.101.128/25"))).toHaveLength(1);
    expect(conflicts(wanted, taken("10.100.102.0/24"))).toEqual([]);
    expect(conflicts(wanted, taken("fd00::/8"))).toEqual([]);
    expect(conflicts([{ what: "t", cidr: "nonsense", setting: "" }], taken("10.0.0.0/8"))).toEqual([]);
  });
  const network = (Name: string, Subnet: string, site?: string) => ({
    Id: "0123456789abcdef",
    Name,
    Labels: site === undefined ? null : { "hybrid-vnf.site": site },
    Options: Name === "bridge" ? { "com.docker.network.bridge.name": "docker0" } : null,
    IPAM: { Config: [{ Subnet }] },
  });
  it("are Docker's, but for the site's own", () => {
    const networks = [
      network("foo", "10.0.0.0/8"),
      network("a", "10.1.0.0/24", "dev"),
      network("b", "10.2.0.0/24", "other"),
    ];
    expect(usedByDocker(networks, "dev").map((one) => one.by)).toEqual([
      "the Docker network 'foo'",
      "the Docker network 'b'",
    ]);
    expect(bridges([network("bridge", "172.17.0.0/16"), network("foo", "10.0.0.0/8")])).toEqual([
      "docker0",
      "br-0123456789ab",
    ]);
  });
  it("are routes, but for the default one and Docker's bridges", () => {
    const table = [
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
      "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
      "tun0\t0065640A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
      "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0",
      "",
    ].join("\n");
    expect(usedByRoutes(table, ["docker0"])).toEqual([
      {
        cidr: "10.100.101.0/24",
        by: "this machine's route through tun0",
        remedy: "take that route away (ip route del 10.100.101.0/24 dev tun0)",
      },
    ]);
  });
});

describe("asking the service", () => {
  const servers = ["apache-1", "apache-2", "apache-11"];
  const line = (status: number | string, page: string): string => `${status} ${Buffer.from(page).toString("base64")}`;

  it("counts replies by the server that the page names", () => {
    expect(serverOf("<h1>apache-11</h1>", servers)).toBe("apache-11");
    expect(serverOf("<h1>apache-1</h1>", servers)).toBe("apache-1");
    expect(serverOf("<h1>apache-12</h1>", servers)).toBeUndefined();
    const output = [
      line(200, "<h1>apache-1</h1>"),
      line(200, "apache-2"),
      line("000", ""),
      line(502, "nginx"),
      line(200, "?"),
      "",
    ].join("\n");
    expect(count(output, servers)).toEqual({
      answered: 3,
      replies: { "apache-1": 1, "apache-2": 1, "apache-11": 0 },
      strange: 1,
    });
  });

  const quagga = { name: "quagga", address: "10.100.101.10" };
  const known = [quagga, { name: "nginx", address: "10.100.100.20" }, { name: "apache-1", address: "10.100.102.11" }];
  it("names the hops, and the place where a path ends", () => {
    const [whole, cut, none, past, silent] = traces(
      "10.100.102.11 10.100.101.10 10.100.102.11\n10.100.102.11 10.100.101.10 * * *\n10.100.102.11 * *\n10.100.102.11 10.100.102.11\n10.100.102.11 * 10.100.102.11\n",
      "nginx",
      known,
    );
    expect(whole).toMatchObject({ to: "apache-1", complete: true });
    expect(whole?.hops.map((hop) => hop.name)).toEqual(["quagga", "apache-1"]);
    expect(whole && problemOf(whole, [quagga])).toBeUndefined();
    expect(silent && problemOf(silent, [quagga])).toBeUndefined();
    expect(past && problemOf(past, [quagga])).toBe(
      "The path from nginx to apache-1 leads past quagga (10.100.101.10): see to the routes of nginx.",
    );
    expect(cut && problemOf(cut, [quagga])).toBe(
      "The path from nginx to apache-1 ends at quagga (10.100.101.10): nothing after it answers.",
    );
    expect(none && problemOf(none, [quagga])).toBe(
      "The path from nginx to apache-1 ends at nginx: no hop after it answers.",
    );
  });

  const machine = (name: string) => ({
    ...{ id: `dev/${name}`, name, identity: "1", legs: [] },
    ssh: { host: name, port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" },
  });
  const on = (name: string, address: string) => ({
    machine: machine(name),
    legs: [{ network: "n", cidr: "10.0.0.0/24", address }],
  });
  const hop = (name: string, handling: "route" | "proxy", ...more: ReturnType<typeof on>[]) => ({
    ...{ name, handling, stateful: handling === "proxy", instances: [on(`node-of-${name}`, `in of ${name}`), ...more] },
    in: { network: "n", address: `in of ${name}` },
    out: { network: "n" },
  });
  const end = [
    { name: "apache-1", address: "s" },
    { name: "apache-2", address: "t" },
  ];
  const published = (...hops: ReturnType<typeof hop>[]) => ({
    ...{ url: "http://10.0.0.1:8080", from: "dev/clients", clients: [machine("client")], hops, servers: end },
  });
  const stretches = (...hops: ReturnType<typeof hop>[]) =>
    stretchesOf(published(...hops)).map(({ from, over, to }) => [
      from,
      over.map(({ name }) => name),
      to.map(({ name }) => name),
    ]);

  it("traces a path from each proxy of ours to the next one, or to the servers", () => {
    expect(
      stretches(hop("a", "route"), hop("b", "proxy"), hop("c", "proxy"), hop("d", "route"), hop("e", "route")),
    ).toEqual([
      ["client", ["a"], ["b"]],
      ["b", [], ["c"]],
      ["c", ["d", "e"], ["apache-1", "apache-2"]],
    ]);
  });

  it("asks and traces every place that a proxy runs at", () => {
    const balancer = hop("lb", "proxy", on("node-2", "10.0.0.2"));
    expect(stretches(balancer)).toEqual([
      ["client", [], ["lb on node-of-lb", "lb on node-2"]],
      ["lb on node-of-lb", [], ["apache-1", "apache-2"]],
      ["lb on node-2", [], ["apache-1", "apache-2"]],
    ]);
    const { instances } = hop("lb", "proxy", on("node-2", "10.0.0.2"));
    const first = { ...balancer, instances: [on("node-1", "10.0.0.1"), ...instances.slice(1)] };
    expect(entriesOf(published(first))).toEqual([
      { name: "lb on node-1", url: "http://10.0.0.1:8080" },
      { name: "lb on node-2", url: "http://10.0.0.2:8080" },
    ]);
    expect(entriesOf(published())).toEqual([{ name: "http://10.0.0.1:8080", url: "http://10.0.0.1:8080" }]);
  });

  it("is good only when every request is answered and every server has a share", () => {
    const seen = { name: "nginx", url: "u", answered: 4, replies: { "apache-1": 2, "apache-2": 2 }, strange: 0 };
    const none = { ...seen, name: "nginx on swarm-2", url: "v", answered: 0, replies: {} };
    expect(judge(end, 4, [seen])).toEqual([]);
    const alone = { ...published(hop("quagga", "route")), url: "http://t" };
    expect(answering(alone).map(({ name }) => name)).toEqual(["apache-2"]);
    expect(answering({ ...alone, hops: [hop("nginx", "proxy")] })).toEqual(end);
    expect(judge(end, 4, [{ ...seen, answered: 3 }])).toEqual(["1 of 4 requests got no reply."]);
    expect(judge(end, 4, [seen, none])).toEqual(["4 of 4 requests to nginx on swarm-2 (v) got no reply."]);
    expect(judge(end, 4, [{ ...seen, replies: { "apache-1": 4, "apache-2": 0 } }])).toEqual([
      "apache-2 (t) has answered no request.",
    ]);
    const report = {
      urls: ["http://10.100.100.20"],
      requests: 4,
      ...seen,
      machines: 0,
      traces: [],
      differences: [],
      good: true,
      problems: [],
    };
    expect(describeReport(report)).toEqual([
      "url      http://10.100.100.20",
      "replies  4 of 4: apache-1 2, apache-2 2",
    ]);
  });
});
