import { execFile, execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyCheckout, linkPackages } from "./checkout";
import { type Ended, environment, ROOT } from "./operator";

// Somebody who has the packed package, an editor and the engine, and no checkout.

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hybrid-vnf-consumer-"));
/** What npm has put there of the package. */
const library = path.join(folder, "node_modules/hybrid-vnf");
let files: string[];

/** Where it keeps the state of its stacks. */
const own = () => ({
  ...environment(),
  PULUMI_BACKEND_URL: `file://${folder}`,
  PULUMI_CONFIG_PASSPHRASE: "consumer",
});

/** Previews a program; what the tests serve meanwhile stays served. */
function preview(program: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: program, env: { ...own(), ...env } };
    const child = execFile("pulumi", ["preview", "--stack", "dev", "--non-interactive"], options, (_, stdout, stderr) =>
      resolve({ status: child.exitCode, output: `${stdout}${stderr}` }),
    );
  });
}

/** The errors of a preview, each as one line; the engine shows them among its diagnostics. */
function errorsOf({ status, output }: Ended): string[] {
  expect(status, output).not.toBe(0);
  expect(output).not.toMatch(/^\s+at .*:\d+/m);
  const diagnostics = output.slice(output.indexOf("Diagnostics:"), output.indexOf("Resources:"));
  return [...diagnostics.matchAll(/^ +error: (.*)$/gm)].map(([, error = ""]) => error);
}

beforeAll(() => {
  // It is built for that, where nobody uses what was built before.
  const source = path.join(folder, "source");
  copyCheckout(source);
  linkPackages(source);
  const packed = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--pack-destination", folder], {
      cwd: source,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).replace(/^[^[]*(?=\[)/, ""),
  ) as { filename: string; files: { path: string }[] }[];
  fs.rmSync(source, { recursive: true });
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

test("the package holds the library and the command, with what they run, build and declare, and no stack, test or source", () => {
  expect(files).toEqual(
    expect.arrayContaining([
      ...["LICENSE", "README.md", "dist/components/index.js", "dist/components/index.d.ts"],
      ...["examples/first/index.ts", "examples/first/Pulumi.yaml", "examples/first/tsconfig.json"],
    ]),
  );
  expect(files).toEqual(
    expect.arrayContaining([
      "dist/components/script/prelude.sh",
      "dist/components/route/route.sh",
      "dist/images/quagga/start.sh",
    ]),
  );
  expect(files).toEqual(
    expect.arrayContaining([
      ...[
        "dist/cli/main.js",
        "dist/cli/proof/send.sh",
        "dist/cli/proof/watch.pl",
        "dist/cli/report/page.css",
        "dist/cli/Pulumispace.schema.json",
      ],
      ...["dist/toolchain/engine/go.sum", "dist/toolchain/provider-docker/schema.json", "dist/images/machine/build.sh"],
    ]),
  );
  expect(files.filter((file) => /^(stacks|test|cli|toolchain|components)\//.test(file))).toEqual([]);
  expect(files.filter((file) => /_test\.go$|\/(test|try)\.sh$|\/(test|testdata)\//.test(file))).toEqual([]);
  expect(files.filter((file) => /^dist\/(cli|policy|stacks|toolchain)\/.*\.d\.ts$/.test(file))).toEqual([]);
  expect(files.filter((file) => /(?<!\.d)\.ts$/.test(file) && !file.startsWith("examples/"))).toEqual([]);
  expect(files.filter((file) => /Pulumi\..+\.yaml$/.test(file))).toEqual([]);
});

test("what README links to is in the package, but for what a checkout is for", () => {
  const text = fs.readFileSync(path.join(library, "README.md"), "utf8");
  const all = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, link = ""]) => link);
  const links = all.filter((link) => link !== "CONTRIBUTING.md");
  expect(links.length).toBeGreaterThan(15);
  expect(links.filter((link) => !fs.existsSync(path.join(library, link)))).toEqual([]);
});

test("no declaration asks for more than the SDKs", () => {
  const asked = files
    .filter((file) => file.endsWith(".d.ts"))
    .flatMap((file) => {
      const text = fs.readFileSync(path.join(library, file), "utf8");
      return [...text.matchAll(/(?:from|import\()\s*"([^."][^"]*)"/g)].map(([, name]) => name);
    });
  expect(new Set(asked.filter((name) => !/^(@pulumi\/|node:)/.test(name ?? "")))).toEqual(new Set());
});

// Pulumi's templates write nodenext, and before that they wrote the other pair.
test.each([
  ["nodenext", "nodenext"],
  ["commonjs", "node"],
])("each example compiles outside the workspace as Pulumi's template has it, %s", (module, moduleResolution) => {
  const all = fs.readdirSync(path.join(library, "examples"));
  for (const one of all)
    fs.cpSync(path.join(library, "examples", one), path.join(folder, "examples", one), { recursive: true });
  const config = path.join(folder, `tsconfig.${module}.json`);
  const compilerOptions = { module, moduleResolution };
  const programs = all.map((one) => `examples/${one}/index.ts`);
  fs.writeFileSync(config, JSON.stringify({ extends: "./tsconfig.json", compilerOptions, files: programs }));
  const tsc = path.join(ROOT, "node_modules/.bin/tsc");
  const { status, stdout } = spawnSync(tsc, ["--noEmit", "-p", config], { encoding: "utf8" });
  expect(status, stdout).toBe(0);
});

test("README's program previews", async () => {
  execFileSync("pulumi", ["stack", "init", "dev", "--non-interactive"], { cwd: folder, env: own() });
  const { status, output } = await preview(folder);
  expect(status, output).toBe(0);
  expect(output).toContain("docker:index:Service nginx-service create");
  expect(output).toContain("kubernetes:apps/v1:Deployment quagga-deployment create");
});

/** Previews README's program with another text in place of one of its own. */
async function previewWith(own: string | RegExp, other: string, env?: NodeJS.ProcessEnv): Promise<Ended> {
  const file = path.join(folder, "index.ts");
  const program = fs.readFileSync(file, "utf8");
  fs.writeFileSync(file, program.replace(own, other));
  const ended = await preview(folder, env);
  fs.writeFileSync(file, program);
  return ended;
}

test("a chain that cannot work is refused by the compiler, in the shell of `npm run env` too", async () => {
  const { status, output } = await previewWith("{ cluster: k8s }", "{ cluster: swarm }");
  expect(status).not.toBe(0);
  expect(output).toContain("'kubeconfig' is missing in type 'SwarmCluster'");
});

describe("what a preview needs and does not find is said in one sentence", () => {
  // These programs have been compiled above.
  const unchecked = { PULUMI_NODEJS_TRANSPILE_ONLY: "true" };
  test("a lab whose image is missing", async () => {
    const other = 'vnf.lab({ machineImage: "hybrid-vnf/none:v0" })';
    expect(errorsOf(await previewWith("vnf.lab()", other, unchecked))).toEqual([
      'Lab: the Docker engine has no image "hybrid-vnf/none:v0": make it there (npx hybrid-vnf images), or name one that it has (machineImage, clientImage of lab())',
    ]);
  });

  test("a lab without a Docker engine", async () => {
    // A program without an output is through before the engine is found silent, and the SDK then prints stacks.
    const env = { ...unchecked, DOCKER_HOST: "tcp://127.0.0.1:9" };
    const errors = errorsOf(await previewWith(/^export .*$/gm, "", env));
    expect(errors).toEqual([
      expect.stringMatching(/^Lab: no Docker engine can be asked for the image "hybrid-vnf\/machine:.*127\.0\.0\.1:9/),
    ]);
    expect(errors[0]).toMatch(/: start it \(systemctl start docker\), or say where it is \(DOCKER_HOST\)$/);
  });

  describe("a cloud that", () => {
    const program = path.join(folder, "examples/openstack");
    const login = { ...unchecked, OS_CLOUD: "", OS_USERNAME: "u", OS_PASSWORD: "p", OS_PROJECT_NAME: "p" };
    beforeAll(() => {
      execFileSync("pulumi", ["stack", "init", "dev", "--non-interactive"], { cwd: program, env: own() });
    });
    const previewOn = async (url: string) => errorsOf(await preview(program, { ...login, OS_AUTH_URL: url }));
    /** Previews against a server on this machine. */
    async function previewOnServer(server: net.Server): Promise<string[]> {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      try {
        return await previewOn(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}`);
      } finally {
        server.close();
      }
    }

    test("is not named", async () => {
      expect(await previewOn("")).toEqual([expect.stringContaining("OpenStack: no cloud is named: set `cloud`")]);
    });

    test("is not there", async () => {
      expect(await previewOn("http://127.0.0.1:9")).toEqual([
        expect.stringMatching(
          /^Cloud "http:\/\/127\.0\.0\.1:9": http:\/\/127\.0\.0\.1:9 does not answer \(.*ECONNREFUSED.*\): /,
        ),
      ]);
    });

    test("takes a question and says nothing", async () => {
      const held = new Set<net.Socket>();
      const silent = net.createServer((socket) => void held.add(socket));
      const began = Date.now();
      const errors = await previewOnServer(silent);
      for (const socket of held) socket.destroy();
      expect(errors).toEqual([expect.stringMatching(/does not answer \(no answer in 30 s\): see that it is up/)]);
      expect(Date.now() - began).toBeLessThan(90_000);
    });

    test("refuses the credentials", async () => {
      const strict = http.createServer((_, reply) => reply.writeHead(401).end("{}"));
      expect(await previewOnServer(strict)).toEqual([
        expect.stringContaining("it refuses these credentials: see to the user, password, project and domains"),
      ]);
    });
  });
});

describe("the command over stacks of one's own", () => {
  const space = path.join(folder, "space");
  /** Runs the package's command in a folder of the space. */
  const vnf = (...args: string[]): Promise<Ended> =>
    new Promise((resolve) => {
      const env = { ...own(), PULUMI_BACKEND_URL: undefined, PULUMI_CONFIG_PASSPHRASE: undefined };
      const options = { cwd: space, env: { ...env, PULUMI_CONFIG_PASSPHRASE_FILE: undefined } };
      const child = execFile("npx", ["hybrid-vnf", ...args], options, (_, stdout, stderr) =>
        resolve({ status: child.exitCode, output: `${stdout}${stderr}` }),
      );
    });
  const write = (file: string, text: string) => {
    fs.mkdirSync(path.dirname(path.join(space, file)), { recursive: true });
    fs.writeFileSync(path.join(space, file), text);
  };
  const shop = `import * as pulumi from "@pulumi/pulumi";
import * as vnf from "hybrid-vnf";

export = async () => {
  const read = await vnf.siteContract.read(\`organization/own-ground/\${pulumi.getStack()}\`);
  const transit = vnf.transitOf(read, await vnf.platforms.fromFacts(read.facts.platform));
  const web = new vnf.WebServers("web", { network: transit, serverCount: 1 });
  const client = new vnf.Machine("client", { networks: [transit], role: "client", host: 100 });
  const chain = new vnf.ServiceChain("direct", { from: transit, clients: [client], functions: [], to: web });
  return { url: chain.url, ...vnf.publishChain(chain) };
};
`;

  beforeAll(() => {
    write("Pulumispace.yaml", "name: own\nstacks:\n  - path: ground\n  - path: shop\n    dependsOn: [ground]\n");
    for (const project of ["ground", "shop"]) {
      write(`${project}/Pulumi.yaml`, `name: own-${project}\nruntime: nodejs\n`);
      fs.copyFileSync(path.join(ROOT, "examples/first/tsconfig.json"), path.join(space, project, "tsconfig.json"));
    }
    write(
      "ground/index.ts",
      `import * as vnf from "hybrid-vnf";

const site = new vnf.Site("own", { platform: vnf.lab(), transitCidr: "10.131.101.0/24" });
export const { contract, secrets } = vnf.publishSite(site.transit);
`,
    );
    write("shop/index.ts", shop);
  });
  afterAll(async () => {
    await vnf("down", "--force");
  });

  test("previews all of them, each seeing what those before it will publish, and leaves no stack", async () => {
    const { status, output } = await vnf("preview");
    expect(status, output).toBe(2);
    expect(output).toContain("ground      + create own-transit-network docker:index/network:Network");
    expect(output).toContain("shop        + create web-1-container docker:index/container:Container");
    expect(output).toMatch(/path {7}own\/transit → web-1 \(10\.131\.101\.11\)/);
    expect(JSON.parse((await vnf("status", "--json")).output)).toMatchObject({
      stacks: [
        { layer: "ground", up: false },
        { layer: "shop", up: false },
      ],
    });
  });

  test("refuses a program that does not compile, as `pulumi up` does", async () => {
    write("shop/index.ts", shop.replace("host: 100", 'host: "100"'));
    const { status, output } = await vnf("preview");
    write("shop/index.ts", shop);
    expect(status).toBe(1);
    expect(output).toContain("Type 'string' is not assignable to type 'number'");
    expect(output).not.toMatch(/^\s+at .*:\d+/m);
  });

  test("brings them up, asks the service that one of them publishes, sees no change, changes it under the guard, and takes them down", async () => {
    const up = await vnf("up", "--requests", "5");
    expect(up.status, up.output).toBe(0);
    expect(up.output).toContain("replies  5 of 5: web-1 5");
    const verify = await vnf("verify", "--requests", "3", "--json");
    expect(JSON.parse(verify.output)).toMatchObject({ good: true, replies: { "web-1": 3 } });
    expect((await vnf("preview")).status).toBe(0);
    write("shop/index.ts", shop.replace("serverCount: 1", 'serverCount: 1, page: "<h1>{name}, once more</h1>"'));
    const guarded = await vnf("up", "--guard", "--requests", "5");
    expect(guarded.status, guarded.output).toBe(0);
    const [, lost, all] = /guard: (\d+) of (\d+) requests were lost during the change/.exec(guarded.output) ?? [];
    expect([lost, Number(all) > 100], guarded.output).toEqual(["0", true]);
    const curl = ["exec", "hybrid-vnf-own-client", "curl", "-sS", "http://10.131.101.11"];
    expect(execFileSync("docker", curl, { encoding: "utf8" })).toContain("<h1>web-1, once more</h1>");
    const down = await vnf("down");
    expect(down.status, down.output).toBe(0);
    const left = ["ps", "--all", "--quiet", "--filter", "label=hybrid-vnf.site=own"];
    expect(execFileSync("docker", left, { encoding: "utf8" })).toBe("");
  });

  test("says what is wrong with the list, and that there is none", async () => {
    const list = fs.readFileSync(path.join(space, "Pulumispace.yaml"), "utf8");
    write("Pulumispace.yaml", list.replace("path: ground", "path: grounds"));
    const wrong = await vnf("preview");
    fs.rmSync(path.join(space, "Pulumispace.yaml"));
    const none = await vnf("preview");
    write("Pulumispace.yaml", list);
    expect(wrong).toMatchObject({ status: 1, output: expect.stringContaining("grounds has no Pulumi.yaml") });
    expect(none).toMatchObject({ status: 1, output: expect.stringContaining("There is no Pulumispace.yaml in") });
  });

  test("completes its lines in bash", () => {
    const script =
      'source <(npx hybrid-vnf completion bash); COMP_WORDS=(hybrid-vnf pre) COMP_CWORD=1; _hybrid_vnf; echo "${COMPREPLY[@]}"';
    expect(execFileSync("bash", ["-c", script], { cwd: space, encoding: "utf8" })).toBe("preview\n");
  });
});
