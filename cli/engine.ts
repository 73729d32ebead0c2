import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  type ConfigMap,
  LocalWorkspace,
  PulumiCommand,
  type Stack,
  StackNotFoundError,
} from "@pulumi/pulumi/automation";
import type { Toolchain } from "../toolchain/ensure";
import { environment } from "../toolchain/environment";
import { folderOf } from "./layers";

/** The variable that names the process that an engine works for. */
export const ownerVariable = "HYBRID_VNF_OWNER";

/** An operation of the engine that ended badly; `output` is what it printed. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  constructor(
    readonly code: number,
    readonly output: string,
  ) {
    super(`The Pulumi engine ended with exit code ${code}.`);
  }
}

interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

type Run = (
  args: string[],
  cwd: string,
  env: Record<string, string>,
  onOutput?: (text: string) => void,
  onError?: (text: string) => void,
  signal?: AbortSignal,
) => Promise<Printed>;

const operations = new Set(["up", "preview", "destroy", "refresh"]);

/** The Pulumi engine, and the stacks it is asked to work on. */
export class Engine {
  private readonly running = new Set<number>();

  private constructor(
    private readonly command: PulumiCommand,
    private readonly pulumiHome: string,
    readonly environment: Record<string, string>,
  ) {
    // `run` is part of what a workspace calls, though its declaration is kept internal. Operations get a process
    // group of their own: a terminal's Ctrl-C goes to the whole foreground group, and a second interrupt makes the
    // engine drop everything; so the engine hears it once, from here.
    const own = command as unknown as { run: Run };
    const usual = own.run.bind(command);
    own.run = (args, cwd, env, onOutput, onError, signal) =>
      operations.has(args[0] ?? "")
        ? this.operate(args, cwd, env, onOutput, onError)
        : usual(args, cwd, env, onOutput, onError, signal);
  }

  static async from(toolchain: Toolchain): Promise<Engine> {
    const command = await PulumiCommand.get({ root: dirname(toolchain.bin), skipVersionCheck: true });
    return new Engine(command, toolchain.pulumiHome, environment(toolchain));
  }

  private operate(
    args: string[],
    cwd: string,
    env: Record<string, string>,
    onOutput?: (text: string) => void,
    onError?: (text: string) => void,
  ): Promise<Printed> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.command.command, [...args, "--non-interactive", "--color", "never"], {
        cwd,
        env: { ...process.env, ...env, PULUMI_AUTOMATION_API: "true", [ownerVariable]: String(process.pid) },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const { pid } = child;
      if (pid !== undefined) this.running.add(pid);
      let stdout = "";
      let stderr = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
        onOutput?.(text);
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        stderr += text;
        onError?.(text);
      });
      const gone = (): void => void (pid !== undefined && this.running.delete(pid));
      child.on("error", (error) => {
        gone();
        reject(error);
      });
      child.on("close", (code, signal) => {
        gone();
        if (code === 0) resolve({ stdout, stderr, code });
        else
          reject(
            new EngineError(
              code ?? 128,
              `${stdout}\n${stderr}${signal ? `\nerror: the engine was ended by ${signal}` : ""}`,
            ),
          );
      });
    });
  }

  /** Asks every running operation to stop: once, and it finishes what it has begun; twice, and it drops it. */
  interrupt(): void {
    for (const pid of this.running) {
      try {
        process.kill(pid, "SIGINT");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
  }

  private options() {
    return { pulumiHome: this.pulumiHome, pulumiCommand: this.command, envVars: this.environment };
  }

  /** A layer's stack, made if there is none yet. */
  open(layer: string, stackName: string): Promise<Stack> {
    return LocalWorkspace.createOrSelectStack({ stackName, workDir: folderOf(layer) }, this.options());
  }

  /** The settings in a stack's file, whether there is such a stack or not; undefined where there is no file either. */
  async settings(layer: string, stackName: string): Promise<ConfigMap | undefined> {
    if (!existsSync(join(folderOf(layer), `Pulumi.${stackName}.yaml`))) return undefined;
    const workspace = await LocalWorkspace.create({ workDir: folderOf(layer), ...this.options() });
    const { config = {} } = await workspace.stackSettings(stackName);
    const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
    return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, { value: text(value) }]));
  }

  /** A layer's stack, or undefined if there is none. */
  async find(layer: string, stackName: string): Promise<Stack | undefined> {
    try {
      return await LocalWorkspace.selectStack({ stackName, workDir: folderOf(layer) }, this.options());
    } catch (error) {
      if (error instanceof StackNotFoundError) return undefined;
      throw error;
    }
  }
}
