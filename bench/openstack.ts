import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cloud, startCloud } from "../test/openstack/cloud";
import { makeFixtures } from "../test/openstack/fixtures";
import setup from "../test/openstack/host";
import { run } from "../toolchain/command";
import { ensureToolchain } from "../toolchain/ensure";
import { environment } from "../toolchain/environment";
import { type Measurements, median } from "./figures";
import { ran, report, root } from "./measure";

/**
 * Times Pulumi against Terraform on a cloud of the bench's own: the same resources (openstack/), the same provider code behind both. The
 * cloud's servers are records, so what is timed is the tools, the provider and the cloud's API.
 */

type Tool = "pulumi" | "terraform";
const tools: readonly Tool[] = ["pulumi", "terraform"];
const steps = ["preview", "up", "preview again", "down"] as const;
type Step = (typeof steps)[number];

const commands: Readonly<Record<Tool, Readonly<Record<Step, readonly string[]>>>> = {
  pulumi: {
    preview: ["preview", "--non-interactive"],
    up: ["up", "--yes", "--skip-preview", "--non-interactive"],
    // As Terraform's plan does, it asks the cloud what there is.
    "preview again": ["preview", "--refresh", "--expect-no-changes", "--non-interactive"],
    down: ["destroy", "--yes", "--skip-preview", "--non-interactive"],
  },
  terraform: {
    preview: ["plan", "-input=false", "-no-color"],
    up: ["apply", "-input=false", "-auto-approve", "-no-color"],
    "preview again": ["plan", "-input=false", "-detailed-exitcode", "-no-color"],
    down: ["destroy", "-input=false", "-auto-approve", "-no-color"],
  },
};

interface Measured {
  readonly seconds: number;
  /** Most memory that its processes had at one time, MiB. */
  readonly memory: number;
  /** Calls to the cloud's API by method and kind, such as `GET ports`; logins are not among them. */
  readonly calls: ReadonlyMap<string, number>;
}

/** Calls that came from this machine since the start: the services write each into their logs. */
async function callsOf(cloud: Cloud): Promise<Map<string, number>> {
  const here = cloud.address.replace(/\d+$/, "1");
  const pattern = `${here.replaceAll(".", "\\.")} .*"[A-Z]+ /`;
  const command = `grep -hE '${pattern}' /var/log/cloud/{neutron,nova,glance}.log || true`;
  const calls = new Map<string, number>();
  for (const line of (await cloud.inside(["bash", "-c", command])).split("\n")) {
    const [, method, path] = /"([A-Z]+) (\/\S*)/.exec(line) ?? [];
    const kind = /^\/v[\d.]+\/([a-z_-]+)/.exec(path ?? "")?.[1];
    if (kind) calls.set(`${method} ${kind}`, (calls.get(`${method} ${kind}`) ?? 0) + 1);
  }
  return calls;
}

async function measure(
  cloud: Cloud,
  program: string,
  args: readonly string[],
  options: { cwd: string; env: Record<string, string | undefined> },
): Promise<Measured> {
  const before = await callsOf(cloud);
  const { seconds, memory } = await ran(program, args, options);
  const calls = await callsOf(cloud);
  for (const [kind, count] of calls) calls.set(kind, count - (before.get(kind) ?? 0));
  return { seconds, memory, calls };
}

const sum = (calls: ReadonlyMap<string, number>) => [...calls.values()].reduce((all, one) => all + one, 0);

/** The bench's own folders for both tools, and what their environment is. */
async function prepare(cloud: Cloud, folder: string) {
  const toolchain = await ensureToolchain({ report });
  const provider = join(folder, "provider");
  report("terraform-provider-openstack: building");
  await run(
    "go",
    ["build", "-trimpath", "-ldflags=-s -w", "-o", join(provider, "terraform-provider-openstack"), "./test/terraform"],
    {
      cwd: join(root, "toolchain/provider-openstack"),
      env: { ...process.env, CGO_ENABLED: "0" },
    },
  );
  const [program, configuration] = [join(folder, "pulumi"), join(folder, "terraform")];
  cpSync(join(__dirname, "openstack"), program, { recursive: true });
  symlinkSync(join(root, "node_modules"), join(program, "node_modules"));
  mkdirSync(configuration);
  cpSync(join(__dirname, "openstack/main.tf"), join(configuration, "main.tf"));
  const overrides = `provider_installation {\n  dev_overrides {\n    "terraform-provider-openstack/openstack" = "${provider}"\n  }\n  direct {}\n}\n`;
  writeFileSync(join(folder, "terraformrc"), overrides);
  mkdirSync(join(folder, "state"));
  const own = { PULUMI_BACKEND_URL: `file://${join(folder, "state")}`, PULUMI_CONFIG_PASSPHRASE: "bench" };
  const account = { ...process.env, ...cloud.environment() };
  return {
    pulumi: { cwd: program, env: { ...account, ...environment(toolchain, { ...process.env, ...own }), ...own } },
    terraform: {
      cwd: configuration,
      env: { ...account, TF_CLI_CONFIG_FILE: join(folder, "terraformrc"), CHECKPOINT_DISABLE: "1" },
    },
  };
}

/** Measures Pulumi against Terraform, in as many rounds; what each step took and asked for is told as progress. */
export async function measureOpenStack(found: Measurements, rounds: number): Promise<void> {
  const end = await setup();
  const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-bench-"));
  let cloud: Cloud | undefined;
  try {
    cloud = await startCloud({ driver: "fake", subnet: process.env.HYBRID_VNF_OPENSTACK_SUBNET, report });
    await makeFixtures(cloud);
    const places = await prepare(cloud, folder);
    await run("pulumi", ["stack", "init", "bench", "--non-interactive"], {
      ...places.pulumi,
      env: places.pulumi.env as Record<string, string>,
    });
    const all = new Map<string, Measured[]>();
    const took = (tool: Tool, step: Step) => all.get(`${tool} ${step}`)?.at(-1)?.seconds ?? Number.NaN;
    for (let round = 0; round < rounds; round++) {
      // Who begins takes turns.
      for (const tool of round % 2 === 0 ? tools : [...tools].reverse()) {
        for (const step of steps) {
          const measured = await measure(cloud, tool, commands[tool][step], places[tool]);
          report(`round ${round + 1}: ${tool} ${step}: ${measured.seconds.toFixed(1)} s, ${sum(measured.calls)} calls`);
          all.set(`${tool} ${step}`, [...(all.get(`${tool} ${step}`) ?? []), measured]);
        }
      }
      found.add("previewByPlan", took("pulumi", "preview") / took("terraform", "preview"));
      found.add("refreshByPlan", took("pulumi", "preview again") / took("terraform", "preview again"));
    }
    print((tool, step) => all.get(`${tool} ${step}`) ?? []);
  } finally {
    await cloud?.stop();
    rmSync(folder, { recursive: true, force: true });
    await end();
  }
}

function print(of: (tool: Tool, step: Step) => readonly Measured[]): void {
  for (const step of steps) {
    const [ours, theirs] = [of("pulumi", step), of("terraform", step)];
    const middle = (what: (one: Measured) => number, all: readonly Measured[]) => median(all.map(what));
    const ratio = median(ours.map((one, at) => one.seconds / (theirs[at]?.seconds ?? Number.NaN)));
    const each = (all: readonly Measured[]) => all.map((one) => one.seconds.toFixed(1)).join(", ");
    report(
      `${step.padEnd(14)} ${middle((one) => one.seconds, ours).toFixed(1)} s ÷ terraform ${middle((one) => one.seconds, theirs).toFixed(1)} s = ${ratio.toFixed(2)}` +
        `   calls ${middle((one) => sum(one.calls), ours)} ÷ ${middle((one) => sum(one.calls), theirs)}` +
        `   memory ${middle((one) => one.memory, ours).toFixed(0)} ÷ ${middle((one) => one.memory, theirs).toFixed(0)} MiB   (${each(ours)}; ${each(theirs)})`,
    );
  }
  const [calls, others] = [of("pulumi", "up").at(-1)?.calls, of("terraform", "up").at(-1)?.calls];
  if (!calls || !others) return;
  for (const kind of [...new Set([...calls.keys(), ...others.keys()])].sort()) {
    const [own, other] = [calls.get(kind) ?? 0, others.get(kind) ?? 0];
    if (own + other > 0) report(`  up: ${kind.padEnd(24)} ${own} ÷ ${other}`);
  }
}
