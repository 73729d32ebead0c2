import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { processes } from "../../cli/orphans";
import { attempt } from "../../toolchain/command";

/** The checkout under test. */
export const ROOT = path.join(__dirname, "../..");

export interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** A checkout, and the site that its settings name: the README's commands, as an operator would give them, and a look at what they have made. */
export class Checkout {
  private shell: NodeJS.ProcessEnv | undefined;

  constructor(
    readonly root: string,
    protected readonly site = "dev",
    /** The second octet of its ranges. */
    protected readonly octet = 100,
  ) {}

  /** Runs one of the README's commands. */
  readonly command = (name: string, args: string[] = [], onStart?: (child: ChildProcess) => void): Promise<Ended> => {
    const child = spawn("npm", ["run", "-s", name, "--", ...args], {
      cwd: this.root,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    onStart?.(child);
    return shown(child);
  };

  /** What `eval "$(npm run -s env)"` puts into an operator's shell; asked for again when `down` has taken the passphrase with it. */
  readonly environment = (): NodeJS.ProcessEnv => {
    if (!this.shell || !fs.existsSync(this.shell.PULUMI_CONFIG_PASSPHRASE_FILE ?? "")) {
      const text = execFileSync("bash", ["-c", 'eval "$(npm run -s env)"; env -0'], {
        cwd: this.root,
        encoding: "utf8",
      });
      this.shell = Object.fromEntries(
        text.split("\0").flatMap((line) => {
          const at = line.indexOf("=");
          return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : [];
        }),
      );
    }
    return this.shell;
  };

  /** The engines that bring something up in a folder of the checkout, or below it. */
  readonly enginesIn = (folder: string): number[] => {
    const inside = (pid: number) => {
      try {
        const relative = path.relative(path.join(this.root, folder), fs.readlinkSync(`/proc/${pid}/cwd`));
        return !relative.startsWith("..");
      } catch {
        return false; // It has ended since.
      }
    };
    return processes()
      .filter(({ pid, command: [program, what] }) => program?.endsWith("/pulumi") && what === "up" && inside(pid))
      .map(({ pid }) => pid);
  };

  /** Runs pulumi by hand in several folders of the checkout, two at a time; how each ended, in their order. */
  readonly pulumiInEach = async (folders: readonly string[], ...args: string[]): Promise<readonly Ended[]> => {
    const run = async (folder: string): Promise<Ended> => {
      const options = { cwd: path.join(this.root, folder), env: this.environment() };
      const { code, stdout, stderr } = await attempt("pulumi", [...args, "--non-interactive"], options);
      return { status: code, output: `${stdout}${stderr}` };
    };
    const ended = new Map<string, Ended>();
    const queue = [...folders];
    const lane = async (): Promise<void> => {
      for (let folder = queue.shift(); folder !== undefined; folder = queue.shift())
        ended.set(folder, await run(folder));
    };
    await Promise.all([lane(), lane()]);
    return folders.flatMap((folder) => ended.get(folder) ?? []);
  };

  /** Runs pulumi by hand in a folder of the checkout. */
  readonly pulumi = (folder: string, ...args: string[]): Ended =>
    this.inShell("pulumi", [...args, "--non-interactive"], path.join(this.root, folder));

  readonly inShell = (program: string, args: string[], cwd: string = this.root): Ended => {
    try {
      const output = execFileSync("bash", ["-c", 'exec "$0" "$@" 2>&1', program, ...args], {
        cwd,
        env: this.environment(),
        encoding: "utf8",
        maxBuffer: 64 << 20,
      });
      return { status: 0, output };
    } catch (error) {
      const failed = error as { status: number | null; stdout?: string };
      return { status: failed.status, output: failed.stdout ?? "" };
    }
  };

  /** A text about the reference chain (site "dev", 10.100.0.0/16), as it is of this checkout's. */
  readonly here = <Text extends string | RegExp>(text: Text): Text => {
    const moved = (one: string): string =>
      one
        .replace(/\b10(\\?[.-])100(?=\\?[.-])/g, `10$1${this.octet}`)
        .replace(/-dev-|\bdev(?=\\?\/(?:clients|servers|transit)\b)|(?<=site ')dev(?=')/g, (name) =>
          name.replace("dev", this.site),
        );
    return (typeof text === "string" ? moved(text) : new RegExp(moved(text.source), text.flags)) as Text;
  };

  /** Runs a command in a lab machine, which is a container. */
  readonly onMachine = (machine: string, ...args: string[]): Ended =>
    this.inShell("docker", ["exec", `hybrid-vnf-${this.site}-${machine}`, ...args]);

  readonly kubectl = (...args: string[]): Ended =>
    this.onMachine("kubernetes-1", "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", ...args);

  /** Which servers answered so many requests of the client machine, with their counts. */
  readonly replies = (requests = 4): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (let at = 0; at < requests; at++) {
      const url = this.here("http://10.100.100.20/");
      const { status, output } = this.onMachine("client", "curl", "-sS", "--max-time", "3", url);
      const server = status === 0 ? (/apache-\d+/.exec(output)?.[0] ?? "nobody") : "no reply";
      counts[server] = (counts[server] ?? 0) + 1;
    }
    return counts;
  };

  /** Whether both servers answer, and every request is answered; else who does. */
  readonly bothAnswer = (): true | string => {
    const counts = this.replies();
    return (counts["apache-1"] ?? 0) > 0 && (counts["apache-2"] ?? 0) > 0 && !("no reply" in counts)
      ? true
      : JSON.stringify(counts);
  };

  /** What the site's name is on, on this Docker engine. */
  readonly leftovers = (): string[] => {
    const list = (...args: string[]) => this.inShell("docker", args).output.split("\n").filter(Boolean);
    const label = `label=hybrid-vnf.site=${this.site}`;
    return [
      ...list("ps", "-a", "--filter", label, "--format", "container {{.Names}}"),
      ...list("network", "ls", "--filter", `name=hybrid-vnf-${this.site}-`, "--format", "network {{.Name}}"),
      ...list("volume", "ls", "--filter", label, "--format", "volume {{.Name}}"),
    ];
  };

  /** The volumes that the site's machines have, those without a name included. */
  readonly mounted = (): string[] => {
    const machines = this.inShell("docker", ["ps", "-aq", "--filter", `label=hybrid-vnf.site=${this.site}`]).output;
    const format = "{{range .Mounts}}{{.Name}}\n{{end}}";
    const { output } = this.inShell("docker", ["inspect", "--format", format, ...machines.split("\n").filter(Boolean)]);
    return output.split("\n").filter(Boolean);
  };

  /** Makes the stack "dev" of a folder by hand, and takes it away with what Pulumi writes into its settings. */
  async asNewStack<T>(folder: string, work: () => T | Promise<T>): Promise<T> {
    const file = path.join(this.root, folder, "Pulumi.dev.yaml");
    const settings = fs.readFileSync(file);
    const made = this.pulumi(folder, "stack", "init", "dev");
    if (made.status !== 0) throw new Error(made.output);
    try {
      return await work();
    } finally {
      this.pulumi(folder, "stack", "rm", "dev", "--yes", "--preserve-config");
      fs.writeFileSync(file, settings);
    }
  }
}

/** In the checkout under test. */
export const { command, environment, enginesIn, inShell } = new Checkout(ROOT);

/** Shows what a command prints as it comes, and keeps it. */
export function shown(child: ChildProcess): Promise<Ended> {
  let output = "";
  const keep = (chunk: Buffer) => {
    output += chunk.toString();
    process.stdout.write(chunk);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, output }));
  });
}

/** Plugins built here whose engine is gone, by name. */
export function orphanedPlugins(): string[] {
  const names = processes()
    .filter(({ parent }) => parent === 1)
    .map(({ command: [program = ""] }) => path.basename(program));
  return names.filter((name) => /^pulumi-resource-(command|kubernetes)$/.test(name));
}

/** What a machine of the lab counts in a table of nftables, by the counters' names. */
export function countersOf(machine: string, table: string): Record<string, number> {
  const { status, output } = inShell("docker", [
    "exec",
    machine,
    "nft",
    "-j",
    "list",
    "counters",
    "table",
    "inet",
    table,
  ]);
  if (status !== 0) throw new Error(output);
  const { nftables } = JSON.parse(output) as { nftables: { counter?: { name: string; packets: number } }[] };
  return Object.fromEntries(nftables.flatMap(({ counter }) => (counter ? [[counter.name, counter.packets]] : [])));
}

/** Tries until it holds, twice a second, for at most so many seconds; what it last said is told when it never does. */
export async function eventually(
  what: string,
  seconds: number,
  holds: () => true | string | Promise<true | string>,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  let said: true | string = "never tried";
  while (Date.now() < end) {
    said = await holds();
    if (said === true) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`${what}: not within ${seconds} s; last: ${said}`);
}

/** What bears a site's label on this Docker engine, by ID. */
export function labelled(site: string): string[] {
  return [
    ["ps", "--all"],
    ["network", "ls"],
    ["volume", "ls"],
  ].flatMap((kind) => {
    const { status, output } = inShell("docker", [...kind, "--quiet", "--filter", `label=hybrid-vnf.site=${site}`]);
    if (status !== 0) throw new Error(output);
    return output.split("\n").filter(Boolean);
  });
}

/** Every file below a folder, as one text each. */
export function* texts(folder: string): Generator<{ file: string; text: string }> {
  if (!fs.existsSync(folder)) return;
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile()) yield { file, text: fs.readFileSync(file, "latin1") };
  }
}
