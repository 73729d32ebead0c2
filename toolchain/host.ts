import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { attempt, CommandError, installed, run } from "./command";

/** What is amiss with this machine; `message` says what to do. */
export class HostError extends Error {
  override readonly name = "HostError";
}

export interface HostOptions {
  readonly report?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Folder for the log of a Docker engine that is started here. */
  readonly logs: string;
}

/** How the Docker engine took a question. */
export type DockerAnswer = "answers" | "no client" | "not running" | "refused" | "other";

/** Tells from what the Docker client printed why the engine did not answer. */
export function judge(code: number, stderr: string): DockerAnswer {
  if (code === 0) return "answers";
  if (/permission denied/i.test(stderr)) return "refused";
  if (/cannot connect|is the docker daemon running|no such file or directory|connection refused/i.test(stderr))
    return "not running";
  return "other";
}

async function askDocker(signal?: AbortSignal): Promise<{ answer: DockerAnswer; said: string }> {
  try {
    const result = await attempt("docker", ["version", "--format", "{{.Server.Version}}"], { signal });
    return { answer: judge(result.code, result.stderr), said: (result.stderr || result.stdout).trim() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { answer: "no client", said: "" };
    throw error;
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function isDebian(): boolean {
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

/** Installs Debian packages, or says exactly what whoever may do so has to type. */
export async function installPackages(
  packages: readonly string[],
  why: string,
  options: Omit<HostOptions, "logs">,
): Promise<void> {
  const names = packages.join(" ");
  if (!isDebian()) {
    throw new HostError(`This machine has no ${why} and is no Debian: install ${why} with its own package tool.`);
  }
  if (!isRoot()) {
    throw new HostError(
      `This machine has no ${why}: run \`sudo apt-get install --yes ${names}\`, or this command as root.`,
    );
  }
  options.report?.(`installing ${names}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // Another command may be installing something meanwhile.
  const apt = ["install", "--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", ...packages];
  try {
    const first = await attempt("apt-get", apt, { env, signal: options.signal });
    if (first.code === 0) return;
    await run("apt-get", ["update"], { env, signal: options.signal });
    await run("apt-get", apt, { env, signal: options.signal });
  } catch (error) {
    if (error instanceof CommandError) throw new HostError(`${why} could not be installed: ${error.message}`);
    throw error;
  }
}

/** Starts the Docker engine: through systemd where it runs, else on its own, outliving this command. */
async function startDocker(options: HostOptions): Promise<void> {
  if (existsSync("/run/systemd/system")) {
    options.report?.("starting the Docker engine (systemctl start docker)");
    const result = await attempt("systemctl", ["start", "docker"], { signal: options.signal });
    if (result.code !== 0) {
      throw new HostError(`The Docker engine does not start: ${result.stderr.trim()} (see \`journalctl -u docker\`).`);
    }
    return;
  }
  mkdirSync(options.logs, { recursive: true });
  const log = join(options.logs, "dockerd.log");
  options.report?.(`starting the Docker engine (dockerd, log in ${log})`);
  const output = openSync(log, "a", 0o600);
  const child = spawn("dockerd", [], { detached: true, stdio: ["ignore", output, output] });
  let ended: string | undefined;
  child.on("error", (error) => {
    ended = error.message;
  });
  child.on("exit", (code) => {
    ended = `it ended with exit code ${code}: ${readFileSync(log, "utf8").trimEnd().split("\n").at(-1) ?? ""}`;
  });
  child.unref();
  const patience = 60_000;
  for (const began = Date.now(); (await askDocker(options.signal)).answer !== "answers"; ) {
    if (ended !== undefined) throw new HostError(`The Docker engine does not start: ${ended} (whole log in ${log}).`);
    if (Date.now() - began > patience) {
      throw new HostError(
        `The Docker engine was started and has not answered for ${patience / 1000} s: look into ${log}.`,
      );
    }
    await delay(250, undefined, { signal: options.signal });
  }
}

/**
 * Each lab machine's systemd, kubelet and proxy watch files, and all count against one limit of this machine's kernel; Debian's 128
 * (inotify(7), max_user_instances) is used up by two small labs, and a control plane then fails with "too many open files".
 */
const WATCHERS = { file: "/proc/sys/fs/inotify/max_user_instances", atLeast: 1024 } as const;

/** Raises the kernel's limit of file watchers, or says what whoever may do so has to type. */
function allowWatchers(options: HostOptions): void {
  const now = Number(readFileSync(WATCHERS.file, "utf8"));
  if (now >= WATCHERS.atLeast) return;
  if (!isRoot()) {
    throw new HostError(
      `This machine allows ${now} file watchers a user, and lab machines need ${WATCHERS.atLeast}: run \`sudo sysctl fs.inotify.max_user_instances=${WATCHERS.atLeast}\`, or this command as root.`,
    );
  }
  options.report?.(`raising fs.inotify.max_user_instances from ${now} to ${WATCHERS.atLeast}`);
  writeFileSync(WATCHERS.file, String(WATCHERS.atLeast));
}

/** Makes sure of what the lab needs from this machine: a Docker engine that answers, an SSH client, and room for file watchers. */
export async function ensureHost(options: HostOptions): Promise<void> {
  if (!process.env.DOCKER_HOST) allowWatchers(options);
  if (!(await installed("ssh"))) await installPackages(["openssh-client"], "an SSH client", options);
  let { answer, said } = await askDocker(options.signal);
  if (
    answer === "no client" ||
    (answer === "not running" && !process.env.DOCKER_HOST && !(await installed("dockerd")))
  ) {
    await installPackages(["docker.io"], "a Docker engine", options);
    ({ answer, said } = await askDocker(options.signal));
  }
  if (answer === "not running" && !process.env.DOCKER_HOST) {
    if (!isRoot()) {
      throw new HostError(
        "The Docker engine is not running: start it (`sudo systemctl start docker`), or run this command as root.",
      );
    }
    await startDocker(options);
    ({ answer, said } = await askDocker(options.signal));
  }
  switch (answer) {
    case "answers":
      return;
    case "refused":
      throw new HostError(
        "The Docker engine refuses this user: add it to the group docker (`sudo usermod -aG docker $USER`) and log in again, or run this command as root.",
      );
    case "not running":
      throw new HostError(
        `No Docker engine answers at DOCKER_HOST=${process.env.DOCKER_HOST ?? ""}: start it there, or unset DOCKER_HOST to use this machine's.`,
      );
    default:
      throw new HostError(
        `The Docker engine does not answer: ${said.split("\n").at(-1) ?? answer}; mend that and run the command again.`,
      );
  }
}
