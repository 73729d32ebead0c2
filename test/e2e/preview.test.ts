import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { layers } from "../../cli/layers";
import { type ChainPreview, UNKNOWN } from "../../cli/plan";
import { OwnCheckout } from "./checkout";
import { type Ended, labelled, inShell as shellOfRoot } from "./operator";
import { stepsIn } from "./steps";

const SITE = "preview";
const lab = new OwnCheckout(SITE, 147);
const { command, here, inShell, pulumi } = lab;
const folder = fs.mkdtempSync(path.join(tmpdir(), "hybrid-vnf-preview-test-"));
const planFile = path.join(folder, "plan.json");

/** Looks into a machine, if it is there; not by the lab's own shell, which makes a state where there is none. */
const lookInto = (machine: string, ...args: string[]): Ended =>
  shellOfRoot("docker", ["exec", `hybrid-vnf-${SITE}-${machine}`, ...args]);

/** What a preview could have touched: a digest of every file of the state and of the stacks' settings, what the site has on the Docker engine, and what runs on its clusters. */
function digest() {
  const state = path.join(lab.root, ".hybrid-vnf");
  const files = [
    ...(fs.existsSync(state) ? fs.readdirSync(state, { recursive: true, encoding: "utf8" }) : []).map((file) =>
      path.join(state, file),
    ),
    ...layers.flatMap(({ name }) => {
      const stack = path.join(lab.root, "stacks", name);
      return fs.readdirSync(stack).map((file) => path.join(stack, file));
    }),
  ].filter((file) => fs.statSync(file).isFile());
  const kubectl = ["kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf"];
  const identities = ["--output", "custom-columns=:.metadata.uid,:.metadata.generation"];
  return {
    files: Object.fromEntries(
      files.map((file) => [file, createHash("sha256").update(fs.readFileSync(file)).digest("hex")]),
    ),
    docker: labelled(SITE).sort(),
    kubernetes: lookInto("kubernetes-1", ...kubectl, "get", "deployments,configmaps", "-A", ...identities),
    swarm: lookInto("swarm-1", "docker", "service", "inspect", "--format", "{{.ID}} {{json .Spec}}", "nginx"),
  };
}

/** The preview of all stacks, as a program reads it. */
async function previewed(status: number): Promise<ChainPreview> {
  const before = digest();
  const ended = await command("preview", ["--json"]);
  expect(ended.status, ended.output).toBe(status);
  expect(digest()).toEqual(before);
  return JSON.parse(ended.output.slice(ended.output.indexOf("\n{") + 1)) as ChainPreview;
}

const stepsOf = (seen: ChainPreview, layer: string): readonly string[] =>
  (seen.stacks.find((one) => one.layer === layer)?.steps ?? [])
    .map(({ operation, name }) => `${operation} ${name}`)
    .sort();

const set = (layer: string, key: string, value: string): void => {
  expect(pulumi(`stacks/${layer}`, "config", "set", "--stack", "dev", key, value).status).toBe(0);
};

/** A stack that reads the site alone, and gives its network the range of the servers. */
const MONITORING = `import { Network, platforms, siteContract, transitOf } from "../../components";
import { stackOf } from "../settings";

export = async () => {
  const read = await siteContract.read(stackOf("site"));
  const { site } = transitOf(read, await platforms.fromFacts(read.facts.platform));
  const { id, name, cidr } = new Network("monitoring", { site, cidr: "10.100.102.0/24" });
  return { contract: { layer: "monitoring", version: 1, network: { id, name, cidr } } };
};
`;

beforeAll(() => lab.begin());
afterAll(async () => {
  await lab.end();
  fs.rmSync(folder, { recursive: true });
});

describe("one preview of all stacks", () => {
  test("of a chain of which nothing is up shows it to its end, and leaves nothing", async () => {
    const seen = await previewed(2);
    expect(seen.stacks.map(({ layer, ending }) => `${layer} ${ending}`)).toEqual(
      layers.map(({ name }) => `${name} done`),
    );
    expect(stepsOf(seen, "service")).toContain(here("create service-chain-dev-apache-2-to-10-100-101-20-32"));
    expect(seen.pathBefore).toBeUndefined();
    expect(seen.pathAfter?.url).toBe(here("http://10.100.100.20"));
    expect(seen.pathAfter?.servers[0]?.machine?.identity).toBe(UNKNOWN);
    expect(seen.pathAfter?.hops.map(({ name, in: ingress }) => `${name} ${ingress.address}`)).toEqual([
      here("nginx 10.100.100.20"),
      here("quagga 10.100.101.10"),
    ]);
    expect(seen.findings).toEqual([]);
    for (const file of ["state", "passphrase"])
      expect(fs.existsSync(path.join(lab.root, ".hybrid-vnf", file))).toBe(false);
  });

  test("of a chain that is up shows no change", async () => {
    const up = await command("up");
    expect(up.status, up.output).toBe(0);
    const { docker, kubernetes, swarm } = digest();
    expect(docker.length).toBeGreaterThanOrEqual(8); // five machines, three networks, and volumes
    expect(kubernetes.status, kubernetes.output).toBe(0);
    expect(swarm.status, swarm.output).toBe(0);
    const seen = await previewed(0);
    expect(seen.stacks.flatMap(({ steps }) => steps)).toEqual([]);
    expect(seen.pathAfter).toEqual(seen.pathBefore);
    expect(JSON.stringify(seen)).not.toMatch(/PRIVATE KEY|BEGIN|client-key-data/);
  });

  test("of a third server shows its machine, its route and its hop before it is made; up then does just that", async () => {
    set("kubernetes", "serverCount", "3");
    const seen = await previewed(2);
    expect(stepsOf(seen, "site")).toEqual([]);
    expect(stepsOf(seen, "swarm")).toEqual([]);
    expect(stepsOf(seen, "kubernetes")).toContain("create kubernetes-apache-3-container");
    expect(stepsOf(seen, "service")).toEqual([
      here("create service-chain-dev-apache-3-to-10-100-101-20-32"),
      here("create service-chain-dev-apache-3-to-10-100-101-20-32-route"),
      "update service-nginx",
      "update service-nginx-converged",
      "update service-nginx-service",
    ]);
    const service = seen.stacks.find(({ layer }) => layer === "service");
    const properties = service?.steps.find(({ name }) => name === "service-nginx-service")?.properties ?? [];
    expect(properties.map(({ path: where, before, after }) => [where, before, after])).toContainEqual([
      "taskSpec.containerSpec.env.SERVERS",
      here("10.100.102.11,10.100.102.12"),
      here("10.100.102.11,10.100.102.12,10.100.102.13"),
    ]);
    expect(seen.pathBefore?.servers).toHaveLength(2);
    expect(seen.pathAfter?.servers[2]).toMatchObject({ name: "apache-3", address: here("10.100.102.13") });
    fs.writeFileSync(planFile, JSON.stringify(seen));
    const up = await command("up", ["--plan", planFile]);
    expect(up.status, up.output).toBe(0);
    expect(up.output).toMatch(/apache-3 \d/);
  });

  test("what up does otherwise than planned is told", async () => {
    const { status, output } = await command("up", ["--plan", planFile]);
    expect(status).toBe(1);
    expect(output).toContain("the plan creates kubernetes-apache-3-container, and it was left as it is.");
  });

  test("of a Swarm whose machine is made anew goes to the chain's end, and up makes it whole", async () => {
    const state = JSON.parse(pulumi("stacks/swarm", "stack", "export", "--stack", "dev").output);
    const urns: string[] = state.deployment.resources.map(({ urn }: { urn: string }) => urn);
    const machine = urns.find((urn) => urn.endsWith("::swarm-cluster-1-container")) ?? "none";
    const tainted = pulumi("stacks/swarm", "state", "taint", machine, "--stack", "dev", "--yes");
    expect(tainted.status, tainted.output).toBe(0);
    const seen = await previewed(2);
    expect(seen.stacks.map(({ layer, ending }) => `${layer} ${ending}`)).toEqual(
      layers.map(({ name }) => `${name} done`),
    );
    expect(stepsOf(seen, "swarm")).toContain("replace swarm-cluster-1-container");
    expect(stepsOf(seen, "service")).toContain("update service-nginx-service");
    expect(seen.pathAfter?.servers).toHaveLength(3);
    const up = await command("up");
    expect(up.status, up.output).toBe(0);
    expect(up.output).toContain("swarm: marked to be made anew (pulumi state taint): swarm-cluster-1-container");
    expect(stepsIn(up.output)).toContain("created anew swarm-cluster-1-container");
    expect(up.output).toMatch(/apache-3 \d/);
    expect((await previewed(0)).stacks.flatMap(({ steps }) => steps)).toEqual([]);
  });

  test("of a network that others stand on is refused, naming them", async () => {
    set("site", "transitCidr", here("10.100.103.0/24"));
    const seen = await previewed(1);
    set("site", "transitCidr", here("10.100.101.0/24"));
    const messages = seen.findings.map(({ subject, message }) => `${subject}: ${message}`);
    for (const [machine, stack] of [
      ["kubernetes-1", "kubernetes"],
      ["swarm-1", "swarm"],
    ])
      expect(messages).toContainEqual(
        here(
          `site: network "dev/transit" would become 10.100.103.0/24 from 10.100.101.0/24, and ${machine} of ${stack} stands on it: take ${stack} down first, or leave the network as it is`,
        ),
      );
  });

  test("of a stack whose network has the addresses of another one's tells it, which none of their programs can see", async () => {
    const list = path.join(lab.root, "Pulumispace.yaml");
    const before = fs.readFileSync(list, "utf8");
    const own = path.join(lab.root, "stacks/monitoring");
    fs.mkdirSync(own);
    try {
      fs.writeFileSync(path.join(own, "Pulumi.yaml"), "name: monitoring\nruntime: nodejs\nmain: index.ts\n");
      fs.copyFileSync(path.join(lab.root, "stacks/site/tsconfig.json"), path.join(own, "tsconfig.json"));
      fs.writeFileSync(path.join(own, "index.ts"), here(MONITORING));
      fs.writeFileSync(list, `${before}  - path: stacks/monitoring\n    dependsOn: [stacks/site]\n`);
      const seen = await previewed(1);
      expect(seen.stacks.map(({ layer, ending }) => `${layer} ${ending}`)).toEqual([
        ...layers.map(({ name }) => `${name} done`),
        "monitoring done",
      ]);
      expect(seen.findings).toEqual([
        {
          check: "overlapping-ranges",
          severity: "error",
          subject: here("dev/servers"),
          message: here(
            "dev/servers (10.100.102.0/24, kubernetes stack) overlaps preview/monitoring (10.100.102.0/24, monitoring stack): give one of them a range of its own.",
          ),
        },
      ]);
      const { status, output } = await command("preview");
      expect(status, output).toBe(1);
      expect(output).toContain(here("error: dev/servers: dev/servers (10.100.102.0/24, kubernetes stack) overlaps"));
    } finally {
      fs.writeFileSync(list, before);
      fs.rmSync(own, { recursive: true });
    }
  });
});

describe("taking down what others read", () => {
  test("is refused within the chain, unless they go too", async () => {
    const { status, output } = await command("down", ["--only", "kubernetes,swarm"]);
    expect(status).toBe(1);
    expect(output).toContain(
      "down: kubernetes is read by service; swarm is read by service. Take them down first, or as well.",
    );
  });

  test("is refused where a stack beside the chain reads it", async () => {
    fs.symlinkSync(path.join(lab.root, "node_modules"), path.join(folder, "node_modules"));
    fs.writeFileSync(path.join(folder, "Pulumi.yaml"), "name: shop\nruntime: nodejs\nmain: index.js\n");
    fs.writeFileSync(
      path.join(folder, "index.js"),
      `const pulumi = require("@pulumi/pulumi");
exports.url = new pulumi.StackReference("organization/hybrid-vnf-service/dev").getOutput("url");
`,
    );
    const shop = (...args: string[]): Ended => inShell("pulumi", [...args, "--non-interactive"], folder);
    expect(shop("stack", "init", "dev").status).toBe(0);
    try {
      const up = shop("up", "--yes", "--skip-preview", "--stack", "dev");
      expect(up.status, up.output).toBe(0);
      const { status, output } = await command("down");
      expect(status).toBe(1);
      expect(output).toContain("down: service is read by shop/dev.");
    } finally {
      shop("destroy", "--yes", "--skip-preview", "--stack", "dev");
      shop("stack", "rm", "dev", "--yes");
    }
    const down = await command("down");
    expect(down.status, down.output).toBe(0);
  });
});
