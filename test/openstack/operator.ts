import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as yaml from "js-yaml";
import { plain } from "../../cli/diagnostics";
import { layers } from "../../cli/layers";
import { cacheRoot } from "../../toolchain/cache";
import { checkout } from "../../toolchain/environment";
import { type Ended, environment } from "../e2e/operator";
import type { Account, Cloud } from "./cloud";

/** The shell commands of the page on OpenStack, as they stand there, one block each. */
export function page(): { up: string; settings: string } {
  const text = readFileSync(join(checkout, "docs/platforms/openstack.md"), "utf8");
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
  const [up, settings] = blocks;
  if (!up?.includes("npm run up") || !settings?.includes("pulumi config set"))
    throw new Error("docs/platforms/openstack.md no longer begins with the command `up` and the settings.");
  return { up, settings };
}

/**
 * What an update of a stack may touch when its machines can't be reached: all that OpenStack has of it, and what that is made from. Left out
 * are the commands on machines.
 */
const TARGETS = [
  "**$openstack:**",
  "**:SshKey**",
  ..."Layer Network Group Machine Cluster WebServers".split(" ").map((type) => `**${type}::*`),
];

/** Somebody with a home folder of his own, and in it the clouds.yaml of a cloud that he calls `mycloud`. */
export class Operator {
  readonly home = mkdtempSync(join(tmpdir(), "hybrid-vnf-operator-"));
  private readonly settings = new Map<string, string>();

  constructor(private readonly cloud: Cloud) {
    for (const { name } of layers) {
      const file = join(checkout, "stacks", name, "Pulumi.openstack.yaml");
      this.settings.set(file, readFileSync(file, "utf8"));
    }
    this.login("member");
    // OpenStack's own client is in the cloud's container; it reads the same names of clouds there.
    const client = `#!/bin/sh\nexec docker exec --env OS_CLOUD=member ${cloud.container} openstack "$@"\n`;
    mkdirSync(join(this.home, "bin"));
    writeFileSync(join(this.home, "bin/openstack"), client, { mode: 0o755 });
  }

  /** Writes clouds.yaml: as that account, with another password if one is given. */
  login(as: Account, password?: string): void {
    const file = readFileSync(join(this.cloud.folder, "clouds.yaml"), "utf8");
    const { clouds } = yaml.safeLoad(file) as { clouds: Record<string, { auth: Record<string, unknown> }> };
    const mycloud = clouds[as];
    if (!mycloud) throw new Error(`The cloud's clouds.yaml has no ${as}.`);
    if (password !== undefined) mycloud.auth.password = password;
    writeFileSync(join(this.home, "clouds.yaml"), yaml.safeDump({ clouds: { mycloud } }), { mode: 0o600 });
  }

  /** Runs lines of shell in a folder of the checkout; `heard` is told all output so far, each time there is more. */
  run(lines: string, folder = ".", heard: (output: string, child: ChildProcess) => void = () => {}): Promise<Ended> {
    const { PATH, ...rest } = environment();
    const env = {
      ...rest,
      HOME: this.home,
      PATH: `${join(this.home, "bin")}:${PATH}`,
      HYBRID_VNF_CACHE: cacheRoot(),
      OS_CLOUD: "mycloud",
      // The provider looks for a home folder in the accounts' database, not in HOME.
      OS_CLIENT_CONFIG_FILE: join(this.home, "clouds.yaml"),
    };
    const child = spawn("bash", ["-euc", lines], {
      cwd: join(checkout, folder),
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const keep = (chunk: string) => {
      output += plain(chunk);
      process.stdout.write(chunk);
      heard(output, child);
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status) => resolve({ status, output }));
    });
  }

  /** `pulumi config set` in the site's folder, `undefined` for `pulumi config rm`. */
  async set(settings: Readonly<Record<string, string | undefined>>): Promise<void> {
    const lines = Object.entries(settings).map(([name, value]) =>
      value === undefined ? `pulumi config rm --path '${name}'` : `pulumi config set --path '${name}' '${value}'`,
    );
    const { status, output } = await this.run(
      ["pulumi stack select openstack --create", ...lines].join("\n"),
      "stacks/site",
    );
    if (status !== 0) throw new Error(output);
  }

  /** An update or a preview of what OpenStack has of a stack. */
  onCloud(layer: string, operation: "up" | "preview", ...options: string[]): Promise<Ended> {
    const skip = operation === "up" ? ["--yes", "--skip-preview"] : [];
    const targets = TARGETS.map((target) => `--target '${target}'`);
    const words = [
      "exec pulumi",
      operation,
      "--non-interactive",
      "--suppress-outputs",
      ...skip,
      ...options,
      ...targets,
    ];
    return this.run(`pulumi stack select openstack --create\n${words.join(" ")}`, `stacks/${layer}`);
  }

  /** Puts the checkout's settings back as they were. */
  leave(): void {
    for (const [file, text] of this.settings) writeFileSync(file, text);
    rmSync(this.home, { recursive: true, force: true });
  }
}
