import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { processes } from "../../cli/orphans";

/** The checkout under test. */
export const ROOT = path.join(__dirname, "../..");

export interface Ended {
  readonly status: number | null;
  readonly output: string;
}

/** Runs one of the README's commands, as an operator would; its output is shown as it comes, and kept. */
export function command(name: string, args: string[] = [], onStart?: (child: ChildProcess) => void): Promise<Ended> {
  const child = spawn("npm", ["run", "-s", name, "--", ...args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  onStart?.(child);
  let output = "";
  const keep = (chunk: Buffer) => {
    output += chunk.toString();
    process.stdout.write(chunk);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, output }));
  });
}

let shell: NodeJS.ProcessEnv | undefined;

/** What `eval "$(npm run -s env)"` puts into an operator's shell; asked for again when `down` has taken the passphrase with it. */
export function environment(): NodeJS.ProcessEnv {
  if (!shell || !fs.existsSync(shell.PULUMI_CONFIG_PASSPHRASE_FILE ?? "")) {
    const text = execFileSync("bash", ["-c", 'eval "$(npm run -s env)"; env -0'], { cwd: ROOT, encoding: "utf8" });
    shell = Object.fromEntries(
      text.split("\0").flatMap((line) => {
        const at = line.indexOf("=");
        return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : [];
      }),
    );
  }
  return shell;
}

/** The engines that bring something up in a folder of the checkout, or below it. */
export function enginesIn(folder: string): number[] {
  const inside = (pid: number) => {
    try {
      const relative = path.relative(path.join(ROOT, folder), fs.readlinkSync(`/proc/${pid}/cwd`));
      return !relative.startsWith("..");
    } catch {
      return false; // It has ended since.
    }
  };
  return processes()
    .filter(({ pid, command: [program, what] }) => program?.endsWith("/pulumi") && what === "up" && inside(pid))
    .map(({ pid }) => pid);
}

/** Plugins built here whose engine is gone, by name. */
export function orphanedPlugins(): string[] {
  const names = processes()
    .filter(({ parent }) => parent === 1)
    .map(({ command: [program = ""] }) => path.basename(program));
  return names.filter((name) => /^pulumi-resource-(command|kubernetes)$/.test(name));
}

/** Runs pulumi by hand in a folder of the checkout. */
export function pulumi(folder: string, ...args: string[]): Ended {
  return inShell("pulumi", [...args, "--non-interactive"], path.join(ROOT, folder));
}

export function inShell(program: string, args: string[], cwd: string = ROOT): Ended {
  try {
    const output = execFileSync("bash", ["-c", 'exec "$0" "$@" 2>&1', program, ...args], {
      cwd,
      env: environment(),
      encoding: "utf8",
      maxBuffer: 64 << 20,
    });
    return { status: 0, output };
  } catch (error) {
    const failed = error as { status: number | null; stdout?: string };
    return { status: failed.status, output: failed.stdout ?? "" };
  }
}

/** Runs a command in a lab machine, which is a container of the site "dev". */
export function onMachine(machine: string, ...args: string[]): Ended {
  return inShell("docker", ["exec", `hybrid-vnf-dev-${machine}`, ...args]);
}

export function kubectl(...args: string[]): Ended {
  return onMachine("kubernetes-1", "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", ...args);
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

/** Which servers answered so many requests of the client machine, with their counts. */
export function replies(requests = 4): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let at = 0; at < requests; at++) {
    const { status, output } = onMachine("client", "curl", "-sS", "--max-time", "3", "http://10.100.100.20/");
    const server = status === 0 ? (/apache-\d+/.exec(output)?.[0] ?? "nobody") : "no reply";
    counts[server] = (counts[server] ?? 0) + 1;
  }
  return counts;
}

/** What the site's name is on, on this Docker engine. */
export function leftovers(): string[] {
  const list = (...args: string[]) => inShell("docker", args).output.split("\n").filter(Boolean);
  return [
    ...list("ps", "-a", "--filter", "label=hybrid-vnf.site", "--format", "container {{.Names}}"),
    ...list("network", "ls", "--filter", "name=hybrid-vnf-dev-", "--format", "network {{.Name}}"),
  ];
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

export function volumes(): Set<string> {
  return new Set(inShell("docker", ["volume", "ls", "-q"]).output.split("\n").filter(Boolean));
}

/** Every file below a folder, as one text each. */
export function* texts(folder: string): Generator<{ file: string; text: string }> {
  if (!fs.existsSync(folder)) return;
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile()) yield { file, text: fs.readFileSync(file, "latin1") };
  }
}
