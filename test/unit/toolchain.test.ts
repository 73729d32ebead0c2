import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BuildError, newEnough, wantedGo } from "../../toolchain/build";
import { cacheRoot, Store } from "../../toolchain/cache";
import { checksumIn, fetchFile, obtain, publishedChecksum, unreachable } from "../../toolchain/download";
import { ensureToolchain } from "../../toolchain/ensure";
import { environment, exportLines } from "../../toolchain/environment";
import { hashFolder } from "../../toolchain/hash";
import { judge } from "../../toolchain/host";
import { standsIn } from "../../toolchain/installed";
import { inTwoLanes } from "../../toolchain/lanes";
import { atWork, BusyError, withLock } from "../../toolchain/lock";
import { describe as told } from "../../toolchain/main";
import { elapsed, TimeLeft } from "../../toolchain/progress";
import { type Tool, tools } from "../../toolchain/tools";

// The official places are out of a closed network's reach, so what is proven here about downloads is proven
// against a server on this machine: the same code, other addresses.

let folder: string;
let server: Server;
let base: string;
let files: Map<string, { status?: number; body: Buffer | string }>;
let asked: string[];

const sha256 = (data: Buffer | string): string => createHash("sha256").update(data).digest("hex");

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "toolchain-"));
  files = new Map();
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const file = files.get(request.url ?? "");
    response.statusCode = file === undefined ? 404 : (file.status ?? 200);
    response.end(file?.body ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A tool of one binary, published as a plain file and built from a module of one file. */
function tool(published: string): Tool {
  return {
    name: "hello",
    version: "1.0.0",
    place: { kind: "command" },
    binaries: ["hello"],
    official: [
      {
        kind: "download",
        url: `${base}/hello`,
        checksum: { kind: "file", url: `${base}/hello.sha256` },
        binary: "hello",
      },
    ],
    builds: [{ module: published, compiles: 1, packages: { hello: "." } }],
  };
}

function archive(members: Record<string, string>): Buffer {
  const source = mkdtempSync(join(folder, "source-"));
  for (const [name, text] of Object.entries(members)) {
    mkdirSync(join(source, name, ".."), { recursive: true });
    writeFileSync(join(source, name), text);
  }
  execFileSync("tar", ["-czf", join(folder, "a.tgz"), "-C", source, "."]);
  return readFileSync(join(folder, "a.tgz"));
}

describe("the table of tools", () => {
  it("names each binary once and gives each a place, an official source and a module that is in the checkout", () => {
    const all = tools();
    const binaries = all.flatMap((one) => one.binaries);
    expect(new Set(binaries).size).toBe(binaries.length);
    for (const one of all) {
      const published = one.official.flatMap((source) =>
        source.members !== undefined ? Object.keys(source.members) : source.kind === "download" ? [source.binary] : [],
      );
      const built = one.builds.flatMap((build) => Object.keys(build.packages));
      expect(published.sort()).toEqual([...one.binaries].sort());
      expect(built.sort()).toEqual([...one.binaries].sort());
      for (const build of one.builds) {
        expect(existsSync(join(__dirname, "../../toolchain", build.module, "go.mod")), build.module).toBe(true);
      }
    }
  });

  it("asks for the plugins in the versions of the npm packages", () => {
    const manifest = JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8")) as {
      devDependencies: Record<string, string>;
    };
    for (const one of tools()) {
      if (one.place.kind === "plugin")
        expect(manifest.devDependencies[`@pulumi/${one.place.plugin}`]).toBe(one.version);
      if (one.name === "pulumi") expect(manifest.devDependencies["@pulumi/pulumi"]).toBe(one.version);
    }
  });
});

describe("a download", () => {
  it("is taken when its checksum is the published one", async () => {
    files.set("/tool", { body: "binary" });
    await fetchFile(`${base}/tool`, sha256("binary"), join(folder, "tool"));
    expect(readFileSync(join(folder, "tool"), "utf8")).toBe("binary");
  });

  it("is refused, and leaves nothing behind, when its checksum is another", async () => {
    files.set("/tool", { body: "tampered" });
    await expect(fetchFile(`${base}/tool`, sha256("binary"), join(folder, "tool"))).rejects.toThrow(
      /was refused: its SHA-256 is/,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it("that is not there is one sentence with the address and the answer", async () => {
    await expect(fetchFile(`${base}/none`, sha256(""), join(folder, "none"))).rejects.toThrow(
      `${base}/none answered 404 Not Found.`,
    );
  });

  it("that breaks off leaves nothing behind", async () => {
    const broken = createServer((_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("only this");
      setTimeout(() => response.destroy(), 20);
    });
    await new Promise<void>((resolve) => broken.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(broken.address() as AddressInfo).port}/tool`;
    await expect(fetchFile(url, sha256("x"), join(folder, "tool"))).rejects.toThrow(/broke off after \d+ bytes/);
    expect(readdirSync(folder)).toEqual([]);
    broken.close();
  });

  it("takes its members out of an archive, with or without ./ before their names", async () => {
    const body = archive({ "pulumi/pulumi": "engine", "pulumi/other": "x" });
    files.set("/p.tar.gz", { body });
    files.set("/sums", { body: `${sha256("x")}  q.tar.gz\n${sha256(body)}  p.tar.gz\n` });
    await obtain(
      {
        kind: "download",
        url: `${base}/p.tar.gz`,
        checksum: { kind: "file", url: `${base}/sums` },
        members: { pulumi: "pulumi/pulumi" },
      },
      folder,
      "amd64",
    );
    expect(readFileSync(join(folder, "pulumi"), "utf8")).toBe("engine");
    expect(existsSync(join(folder, "p.tar.gz"))).toBe(false);
  });

  it("of an archive without the member is refused by the member's name", async () => {
    const body = archive({ other: "x" });
    files.set("/p.tgz", { body });
    files.set("/p.tgz.sha256", { body: sha256(body) });
    const source = {
      kind: "download" as const,
      url: `${base}/p.tgz`,
      checksum: { kind: "file" as const, url: `${base}/p.tgz.sha256` },
      members: { tool: "tool" },
    };
    await expect(obtain(source, folder, "amd64")).rejects.toThrow("'p.tgz' has no member 'tool'.");
  });

  it("takes a file out of an image and refuses a layer that was changed", async () => {
    const layer = archive({ pause: "waits" });
    const manifest = JSON.stringify({ layers: [{ digest: `sha256:${sha256(layer)}` }] });
    const index = JSON.stringify({
      manifests: [{ digest: `sha256:${sha256(manifest)}`, platform: { os: "linux", architecture: "amd64" } }],
    });
    files.set("/v2/pause/manifests/3", { body: index });
    files.set(`/v2/pause/manifests/sha256:${sha256(manifest)}`, { body: manifest });
    files.set(`/v2/pause/blobs/sha256:${sha256(layer)}`, { body: layer });
    const source = {
      kind: "image" as const,
      registry: base,
      repository: "pause",
      tag: "3",
      members: { pause: "pause" },
    };
    await obtain(source, folder, "amd64");
    expect(readFileSync(join(folder, "pause"), "utf8")).toBe("waits");
    await expect(obtain(source, folder, "arm64")).rejects.toThrow("no image '3' for linux/arm64");
    files.set(`/v2/pause/blobs/sha256:${sha256(layer)}`, { body: archive({ pause: "spies" }) });
    await expect(obtain(source, folder, "amd64")).rejects.toThrow(/was refused/);
  });
});

describe("a published checksum", () => {
  const hash = sha256("x");
  it("is found in a bare line, in a list, and behind a binary mark", () => {
    expect(checksumIn(hash, "tool", "w")).toBe(hash);
    expect(checksumIn(`${sha256("y")}  other\n${hash}  tool\n`, "tool", "w")).toBe(hash);
    expect(checksumIn(`${hash.toUpperCase()} *./tool`, "tool", "w")).toBe(hash);
  });
  it("of another file, or of another kind, is none", () => {
    expect(() => checksumIn(`${hash}  other`, "tool", "w")).toThrow("w lists no SHA-256 for 'tool'.");
    expect(() => checksumIn(`${hash}${hash}`, "tool", "w")).toThrow(/lists no SHA-256/);
    expect(() => checksumIn("<html>", "tool", "w")).toThrow(/lists no SHA-256/);
  });
  it("is read from a release's list of files", async () => {
    files.set("/r", {
      body: JSON.stringify({
        assets: [
          { name: "a", digest: `sha256:${hash}` },
          { name: "b", digest: null },
        ],
      }),
    });
    const where = (asset: string) => ({ kind: "github" as const, release: `${base}/r`, asset });
    expect(await publishedChecksum(`${base}/a`, where("a"))).toBe(hash);
    await expect(publishedChecksum(`${base}/b`, where("b"))).rejects.toThrow("lists no SHA-256 digest for 'b'");
  });
});

describe("reaching a server", () => {
  it("tells an open door from a closed one, a missing name and one that is silent", async () => {
    expect(await unreachable(base)).toBeUndefined();
    expect(await unreachable("http://127.0.0.1:1")).toMatch(/cannot be reached \(ECONNREFUSED\)/);
    expect(await unreachable("https://nowhere.invalid")).toMatch(/has no address here/);
    const began = Date.now();
    expect(await unreachable("http://192.0.2.254:81", 150)).toMatch(/nowhere|did not answer|cannot be reached/);
    // Long before the system itself gives up, which takes minutes.
    expect(Date.now() - began).toBeLessThan(10_000);
  });
});

describe("making sure of a tool", () => {
  it("takes the official file, then the cache without asking anyone", async () => {
    files.set("/hello", { body: "#!/bin/sh\necho official\n" });
    files.set("/hello.sha256", { body: sha256("#!/bin/sh\necho official\n") });
    const options = { cache: join(folder, "cache"), modules: folder, tools: [tool("none")] };
    const first = await ensureToolchain(options);
    expect(first.tools).toMatchObject([{ name: "hello", way: "official", cached: false }]);
    expect(execFileSync(join(first.bin, "hello"), { encoding: "utf8" })).toBe("official\n");
    asked = [];
    const second = await ensureToolchain(options);
    expect(second.tools).toMatchObject([{ name: "hello", way: "official", cached: true }]);
    expect(asked).toEqual([]);
    expect(existsSync(join(folder, "cache", "lock"))).toBe(false);
  });

  it("leaves out what is not asked for", async () => {
    files.set("/hello", { body: "hello" });
    files.set("/hello.sha256", { body: sha256("hello") });
    const options = { cache: join(folder, "cache"), modules: folder, tools: [{ ...tool("none"), onDemand: "cloud" }] };
    const names = async (plugins?: string[]) =>
      (await ensureToolchain({ ...options, plugins })).tools.map(({ name }) => name);
    expect(await names([])).toEqual([]);
    expect(await names(["other"])).toEqual([]);
    expect(asked).toEqual([]);
    expect(await names(["other", "cloud"])).toEqual(["hello"]);
    expect(await names()).toEqual(["hello"]);
  });

  it("mends a cache that somebody damaged", async () => {
    files.set("/hello", { body: "whole" });
    files.set("/hello.sha256", { body: sha256("whole") });
    const options = { cache: join(folder, "cache"), modules: folder, tools: [tool("none")] };
    const { bin } = await ensureToolchain(options);
    rmSync(join(bin, "hello"));
    expect((await ensureToolchain(options)).tools[0]?.cached).toBe(true);
    writeFileSync(join(bin, "hello"), "half");
    expect((await ensureToolchain(options)).tools[0]?.cached).toBe(false);
    expect(readFileSync(join(bin, "hello"), "utf8")).toBe("whole");
  });

  it("says both ways and why when neither leads anywhere", async () => {
    files.set("/hello", { body: "tampered" });
    files.set("/hello.sha256", { body: sha256("hello") });
    const options = { cache: join(folder, "cache"), modules: folder, tools: [tool("none")] };
    await expect(ensureToolchain(options)).rejects.toThrow(
      /hello 1\.0\.0 is not to be had officially \(.*was refused.*\) and could not be built: The checkout has no none\/go\.mod/,
    );
    expect(existsSync(join(folder, "cache", "bin", "hello"))).toBe(false);
  });

  const go = spawnable("go");
  it.runIf(go)(
    "builds where nothing answers, again only when the module changed, and shows a compiler's words",
    async () => {
      mkdirSync(join(folder, "hello"));
      writeFileSync(join(folder, "hello", "go.mod"), "module hello\n\ngo 1.21\n");
      const program = (text: string) =>
        writeFileSync(join(folder, "hello", "main.go"), `package main\n\nfunc main() { println("${text}") }\n`);
      program("one");
      const closed = {
        ...tool("hello"),
        official: [
          {
            kind: "download" as const,
            url: "http://127.0.0.1:1/hello",
            checksum: { kind: "file" as const, url: "http://127.0.0.1:1/s" },
            binary: "hello",
          },
        ],
      };
      const lines: string[] = [];
      const options = {
        cache: join(folder, "cache"),
        modules: folder,
        tools: [closed],
        report: (line: string) => void lines.push(line),
      };
      const first = await ensureToolchain(options);
      expect(first.tools).toMatchObject([
        { way: "built", cached: false, reason: expect.stringContaining("127.0.0.1 cannot be reached") },
      ]);
      expect(lines[0]).toMatch(/building from toolchain\/hello, because 127\.0\.0\.1 cannot be reached/);
      expect((await ensureToolchain(options)).tools[0]?.cached).toBe(true);
      writeFileSync(join(folder, "hello", "README.md"), "words");
      expect((await ensureToolchain(options)).tools[0]?.cached).toBe(true);
      program("two");
      expect((await ensureToolchain(options)).tools[0]?.cached).toBe(false);
      program('"');
      const error = await ensureToolchain(options).catch((one: unknown) => one);
      expect(error).toMatchObject({
        message: expect.stringContaining("The build of hello failed"),
        output: expect.stringContaining("main.go"),
      });
      expect(readdirSync(join(folder, "cache", "store", "hello")).filter((name) => name.includes("tmp"))).toEqual([]);
    },
  );

  it("says what to do about Go", () => {
    expect(wantedGo("module x\n\ngo 1.25\n")).toBe("1.25");
    expect(newEnough("go1.26.8", "1.25")).toBe(true);
    expect(newEnough("go1.25", "1.25.0")).toBe(true);
    expect(newEnough("go1.19.8", "1.25")).toBe(false);
    expect(newEnough("go1.9", "1.10")).toBe(false);
    expect(new BuildError("x").output).toBe("");
  });
});

function spawnable(command: string): boolean {
  try {
    execFileSync(command, ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("a tool that is installed already", () => {
  /** An executable that says `text`. */
  function program(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\necho ${text}\n`, { mode: 0o755 });
  }
  const published = (text: string) => {
    files.set("/hello", { body: text });
    files.set("/hello.sha256", { body: sha256(text) });
  };
  const says = (path: string) => execFileSync(path, { encoding: "utf8" }).trim();
  const plugin = (): Tool => ({ ...tool("none"), place: { kind: "plugin", plugin: "hello" } });
  const ensure = (one: Tool, env: NodeJS.ProcessEnv, only?: "official") =>
    ensureToolchain({ cache: join(folder, "cache"), modules: folder, tools: [one], env, only });

  it("is used where it is, as long as it is there, and said with its place", async () => {
    program(join(folder, "opt/hello"), "v1.2.0");
    mkdirSync(join(folder, "usr"));
    symlinkSync(join(folder, "opt/hello"), join(folder, "usr/hello"));
    const env = { PATH: join(folder, "usr") };
    const { bin, tools: found } = await ensure(tool("none"), env);
    expect(found.map(told)).toEqual([`hello 1.2.0: installed already, in ${join(folder, "opt")}`]);
    expect(says(join(bin, "hello"))).toBe("v1.2.0");
    expect(asked).toEqual([]);
    // With our own folder before it on the PATH, as in a shell that has our environment, it still is the one.
    const again = await ensure(tool("none"), { PATH: `${bin}:${env.PATH}` });
    expect(again.tools).toMatchObject([{ way: "installed", folder: join(folder, "opt"), cached: true }]);
    rmSync(join(folder, "opt/hello"));
    published("#!/bin/sh\necho official\n");
    expect((await ensure(tool("none"), env)).tools).toMatchObject([{ way: "official", cached: false }]);
    expect(says(join(bin, "hello"))).toBe("official");
    // And back: what is installed comes before what is in the cache.
    program(join(folder, "opt/hello"), "v1.0.0");
    expect((await ensure(tool("none"), env)).tools).toMatchObject([{ way: "installed", version: "1.0.0" }]);
    expect(says(join(bin, "hello"))).toBe("v1.0.0");
  });

  it.each([
    ["older", "v0.9.9"],
    ["of another major", "v2.0.0"],
    ["a pre-release", "v1.1.0-alpha.3"],
    ["something else of the name", "hello, world"],
  ])("is left alone when it is %s", async (_what, text) => {
    published("#!/bin/sh\necho official\n");
    program(join(folder, "usr/hello"), text);
    expect((await ensure(tool("none"), { PATH: join(folder, "usr") })).tools).toMatchObject([{ way: "official" }]);
  });

  it("is left alone when one of its commands is not beside the other, or when a way is asked for", async () => {
    published("#!/bin/sh\necho official\n");
    program(join(folder, "usr/hello"), "v1.0.0");
    const env = { PATH: join(folder, "usr") };
    expect((await ensure(tool("none"), env, "official")).tools).toMatchObject([{ way: "official" }]);
    const pair = { ...tool("none"), binaries: ["hello", "hello-language"] };
    await expect(ensure(pair, env)).rejects.toThrow();
    program(join(folder, "usr/hello-language"), "");
    expect((await ensure(pair, env)).tools).toMatchObject([{ way: "installed" }]);
  });

  it("as a plugin is one of the exact version, whole, in the user's own home", async () => {
    published("#!/bin/sh\necho official\n");
    const place = (home: string, version: string) =>
      join(folder, home, "plugins", `resource-hello-v${version}`, "pulumi-resource-hello");
    const one: Tool = { ...plugin(), binaries: ["pulumi-resource-hello"] };
    const official = [{ ...one.official[0], binary: "pulumi-resource-hello" }] as Tool["official"];
    const env = { HOME: folder };
    program(place(".pulumi", "1.0.1"), "newer");
    expect((await ensure({ ...one, official }, env)).tools).toMatchObject([{ way: "official" }]);
    program(place(".pulumi", "1.0.0"), "mine");
    writeFileSync(join(folder, ".pulumi/plugins/resource-hello-v1.0.0.partial"), "");
    expect((await ensure({ ...one, official }, env)).tools).toMatchObject([{ way: "official" }]);
    rmSync(join(folder, ".pulumi/plugins/resource-hello-v1.0.0.partial"));
    const { pulumiHome, tools: found } = await ensure({ ...one, official }, env);
    expect(found).toMatchObject([{ way: "installed", folder: dirname(place(".pulumi", "1.0.0")) }]);
    expect(says(join(pulumiHome, "plugins/resource-hello-v1.0.0/pulumi-resource-hello"))).toBe("mine");
    const inShell = await ensure({ ...one, official }, { ...env, PULUMI_HOME: pulumiHome });
    expect(inShell.tools).toMatchObject([{ way: "installed" }]);
    const elsewhere = await ensure({ ...one, official }, { ...env, PULUMI_HOME: join(folder, "other") });
    expect(elsewhere.tools).toMatchObject([{ way: "official" }]);
  });

  it("never goes into the machine image", async () => {
    published("official");
    program(join(folder, "usr/hello"), "v1.0.0");
    const one: Tool = { ...tool("none"), place: { kind: "machine" } };
    expect((await ensure(one, { PATH: join(folder, "usr") })).tools).toMatchObject([{ way: "official" }]);
  });

  it("stands in for the version asked for when it has the same major and is not older", () => {
    expect(["3.220.0", "3.250.1"].every((have) => standsIn(have, "3.220.0"))).toBe(true);
    expect(["3.219.9", "4.0.0", "3.221.0-alpha.1", ""].some((have) => standsIn(have, "3.220.0"))).toBe(false);
  });
});

describe("the cache", () => {
  it("lies outside the checkout, where the environment says", () => {
    expect(cacheRoot({ HYBRID_VNF_CACHE: "/a", XDG_CACHE_HOME: "/b" })).toBe("/a");
    expect(cacheRoot({ XDG_CACHE_HOME: "/b" })).toBe("/b/hybrid-vnf");
    expect(cacheRoot({})).toMatch(/\.cache\/hybrid-vnf$/);
  });

  it("keeps no entry of something that failed halfway", async () => {
    const store = new Store(folder);
    const entry = { name: "t", version: "1", way: "built" as const, key: "k" };
    await expect(store.add(entry, ["a", "b"], async (made) => writeFileSync(join(made, "a"), ""))).rejects.toThrow(
      "t 1 came without 'b'.",
    );
    expect(store.find("t", "1", "k")).toBeUndefined();
    expect(readdirSync(join(folder, "store", "t"))).toEqual([]);
  });

  it("keys a module by what builds, not by its documentation or tests", () => {
    writeFileSync(join(folder, "main.go"), "a");
    const before = hashFolder(folder);
    writeFileSync(join(folder, "README.md"), "a");
    writeFileSync(join(folder, "main_test.go"), "a");
    expect(hashFolder(folder)).toBe(before);
    writeFileSync(join(folder, "main.go"), "b");
    expect(hashFolder(folder)).not.toBe(before);
  });
});

describe("several builds", () => {
  it("go two at a time in their order, the second once what it needs has been brought", async () => {
    const began: string[] = [];
    let most = 0;
    let at = 0;
    const work = async (one: string) => {
      began.push(one);
      most = Math.max(most, ++at);
      await new Promise((resolve) => setTimeout(resolve, 20));
      at--;
    };
    await inTwoLanes(["a", "b", "c", "d"], work, async () => void began.push("sources"));
    expect(began).toEqual(["a", "sources", "b", "c", "d"]);
    expect(most).toBe(2);
  });

  it("come to their end before an error of one is told", async () => {
    const done: string[] = [];
    const work = async (one: string) => {
      if (one === "a") throw new Error("of a");
      await new Promise((resolve) => setTimeout(resolve, 20));
      done.push(one);
    };
    await expect(inTwoLanes(["a", "b", "c"], work, async () => {})).rejects.toThrow("of a");
    expect(done).toEqual(["b", "c"]);
  });

  it("tell how long is left, once that can be told", () => {
    let now = 0;
    const [long, short] = [{ builds: [{ compiles: 60 }, { compiles: 20 }] }, { builds: [{ compiles: 20 }] }];
    const left = new TimeLeft([long, short], () => now);
    const compile = (count: number) => {
      for (let at = 0; at < count; at++) left.compiled(long);
    };
    compile(4);
    expect(left.told).toBe("");
    now = 60_000;
    compile(16);
    expect(left.told).toBe("; about 4 min left of all");
    left.finished(long);
    expect(left.told).toBe("; about a minute left of all");
  });
});

describe("the lock", () => {
  it("lets one in at a time", async () => {
    const events: string[] = [];
    const said: string[] = [];
    const enter = (name: string) =>
      withLock(join(folder, "lock"), { report: (line) => said.push(line) }, async () => {
        events.push(`${name} in`);
        await new Promise((resolve) => setTimeout(resolve, 60));
        events.push(`${name} out`);
      });
    await Promise.all([enter("a"), enter("b")]);
    expect(events).toEqual([events[0], events[0]?.replace("in", "out"), events[2], events[2]?.replace("in", "out")]);
    expect(said.join()).toContain(`waiting for process ${process.pid}`);
  });

  it("tells who is at work under it, and nobody once that has ended", async () => {
    const path = join(folder, "lock");
    const report = (): void => undefined;
    const said = await withLock(path, { report, what: "npm run up" }, async () => atWork(path));
    expect(said).toMatch(`'npm run up' is at work on the same stacks (process ${process.pid}, since 2`);
    expect(atWork(path)).toBeUndefined();
  });

  it("of a process that died is taken over", async () => {
    const path = join(folder, "lock");
    // A process that takes the lock and is killed with it.
    const script = `require(${JSON.stringify(join(__dirname, "../../toolchain/lock.ts"))}).withLock(${JSON.stringify(path)}, { report() {} }, () => { console.log("in"); return new Promise(() => setInterval(() => {}, 1000)); })`;
    const child = spawn(process.execPath, ["--import", "tsx", "-e", script], {
      cwd: join(__dirname, "../.."),
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    expect(existsSync(path)).toBe(true);
    expect(atWork(path)).toBeUndefined();
    expect(await withLock(path, { report: () => undefined }, async () => "mine")).toBe("mine");
    expect(existsSync(path)).toBe(false);
  });

  it("of a process that was killed is taken over, though its parent has not heard of it yet", async () => {
    const path = join(folder, "lock");
    const script = `require(${JSON.stringify(join(__dirname, "../../toolchain/lock.ts"))}).withLock(${JSON.stringify(path)}, { report() {} }, () => { console.log("in"); return new Promise(() => setInterval(() => {}, 1000)); })`;
    // What takes the shell's place never asks for its children.
    const parent = spawn("bash", ["-c", '"$0" --import tsx -e "$1" & exec sleep 60', process.execPath, script], {
      cwd: join(__dirname, "../.."),
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => parent.stdout.once("data", resolve));
    process.kill((JSON.parse(readFileSync(path, "utf8")) as { pid: number }).pid, "SIGKILL");
    expect(await withLock(path, { report: () => undefined }, async () => "mine")).toBe("mine");
    parent.kill();
  });

  it("that is not to be waited for names who has it, and what for", async () => {
    const path = join(folder, "lock");
    const second = () => withLock(path, { report: () => undefined, wait: false }, async () => "second");
    const refused = withLock(path, { report: () => undefined, what: "npm run up" }, second);
    await expect(refused).rejects.toThrow(BusyError);
    await expect(refused).rejects.toThrow(`'npm run up' is at work on the same stacks (process ${process.pid}, since `);
    expect(await second()).toBe("second");
  });

  it("is given up when the wait is broken off", async () => {
    const stop = new AbortController();
    await withLock(join(folder, "lock"), { report: () => undefined }, async () => {
      setTimeout(() => stop.abort(), 20);
      await expect(
        withLock(join(folder, "lock"), { report: () => undefined, signal: stop.signal }, async () => 1),
      ).rejects.toThrow();
    });
  });
});

describe("the environment", () => {
  const toolchain = { bin: "/c/bin", pulumiHome: "/c/pulumi", cache: "/c" };

  it("keeps state and a passphrase made once in the checkout, for its owner only", () => {
    const made = environment(toolchain, { PATH: "/usr/bin:/c/bin" }, folder);
    expect(made).toMatchObject({
      PATH: "/c/bin:/usr/bin",
      PULUMI_HOME: "/c/pulumi",
      PULUMI_BACKEND_URL: `file://${folder}/.hybrid-vnf/state`,
    });
    const file = made.PULUMI_CONFIG_PASSPHRASE_FILE ?? "";
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const passphrase = readFileSync(file, "utf8");
    expect(passphrase.length).toBeGreaterThan(40);
    environment(toolchain, { PATH: "" }, folder);
    expect(readFileSync(file, "utf8")).toBe(passphrase);
  });

  it("makes its own state anew where a shell still names what 'down' took away", () => {
    const before = environment(toolchain, { PATH: "" }, folder);
    for (const name of ["state", "passphrase"]) rmSync(join(folder, ".hybrid-vnf", name), { recursive: true });
    expect(environment(toolchain, { ...before }, folder)).toMatchObject({
      PULUMI_BACKEND_URL: before.PULUMI_BACKEND_URL,
      PULUMI_CONFIG_PASSPHRASE_FILE: before.PULUMI_CONFIG_PASSPHRASE_FILE,
    });
    for (const name of ["state", "passphrase"]) expect(existsSync(join(folder, ".hybrid-vnf", name))).toBe(true);
  });

  it("leaves the user's own backend and passphrase alone", () => {
    const made = environment(toolchain, { PULUMI_BACKEND_URL: "s3://mine", PULUMI_CONFIG_PASSPHRASE: "" }, folder);
    expect(made.PULUMI_BACKEND_URL).toBe("s3://mine");
    expect(made.PULUMI_CONFIG_PASSPHRASE).toBe("");
    expect(made.PULUMI_CONFIG_PASSPHRASE_FILE).toBeUndefined();
    expect(existsSync(join(folder, ".hybrid-vnf"))).toBe(false);
  });

  it("has Node keep what it compiles in the cache, unless it is told to elsewhere", () => {
    expect(environment(toolchain, {}, folder).NODE_COMPILE_CACHE).toBe("/c/compiled");
    expect(environment(toolchain, { NODE_COMPILE_CACHE: "/mine" }, folder).NODE_COMPILE_CACHE).toBe("/mine");
  });

  it("goes into a shell unharmed", () => {
    const lines = exportLines({ A: 'it\'s $HOME `x` "y"' });
    expect(execFileSync("sh", ["-c", `${lines}\nprintf %s "$A"`], { encoding: "utf8" })).toBe('it\'s $HOME `x` "y"');
  });
});

describe("this machine", () => {
  it("tells a Docker engine that is off from one that refuses", () => {
    expect(judge(0, "")).toBe("answers");
    expect(
      judge(1, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"),
    ).toBe("not running");
    expect(
      judge(
        1,
        "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: connect: permission denied",
      ),
    ).toBe("refused");
    expect(judge(1, "client is newer than server")).toBe("other");
  });

  it("says times as people do", () => {
    expect([400, 12_300, 125_000].map(elapsed)).toEqual(["0.4 s", "12 s", "2 min 05 s"]);
  });
});
