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
import { folderOf, projectOf } from "./layers";
import { type Outputs, Programs } from "./programs";

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
  /** What the stacks run. */
  readonly programs = new Programs();
  private readonly running = new Set<number>();
  /** Asks the engine something, other than to work on a stack. */
  private readonly ask: Run;

  private constructor(
    private readonly command: PulumiCommand,
    private readonly pulumiHome: string,
    readonly environment: Record<string, string>,
  ) {
    // `run` is part of what a workspace calls, though its declaration is kept internal. Operations get a process
    // group of their own: a terminal's Ctrl-C goes to the whole foreground group, and a second interrupt makes the
    // engine drop everything; so the engine hears it once, from here.
    const own = command as unknown as { run: Run };
    const usual: Run = own.run.bind(command);
    this.ask = usual;
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

  private programOf(layer: string, stackName: string) {
    return { stackName, projectName: projectOf(layer), program: this.programs.of(layer) };
  }

  /** A layer's stack, made if there is none yet. */
  async open(layer: string, stackName: string): Promise<Stack> {
    const options = { workDir: folderOf(layer), ...this.options() };
    return brief(await LocalWorkspace.createOrSelectStack(this.programOf(layer, stackName), options));
  }

  /** The settings in a stack's file, whether there is such a stack or not; undefined where there is no file either. */
  async settings(layer: string, stackName: string): Promise<ConfigMap | undefined> {
    if (!existsSync(join(folderOf(layer), `Pulumi.${stackName}.yaml`))) return undefined;
    const workspace = await LocalWorkspace.create({ workDir: folderOf(layer), ...this.options() });
    const { config = {} } = await workspace.stackSettings(stackName);
    const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
    return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, { value: text(value) }]));
  }

  /** What a layer's stack publishes, in the clear; undefined where there is no such stack, or no contract yet. */
  async published(layer: string, stackName: string): Promise<Outputs | undefined> {
    const args = ["stack", "output", "--json", "--show-secrets", "--stack", stackName];
    const variables = { ...this.environment, PULUMI_HOME: this.pulumiHome };
    try {
      const { stdout } = await this.ask(args, folderOf(layer), variables);
      const outputs = JSON.parse(stdout) as Outputs;
      return outputs.contract === undefined ? undefined : outputs;
    } catch (error) {
      if (error instanceof StackNotFoundError) return undefined;
      throw error;
    }
  }

  /** A layer's stack, or undefined if there is none. */
  async find(layer: string, stackName: string): Promise<Stack | undefined> {
    try {
      const options = { workDir: folderOf(layer), ...this.options() };
      return brief(await LocalWorkspace.selectStack(this.programOf(layer, stackName), options));
    } catch (error) {
      if (error instanceof StackNotFoundError) return undefined;
      throw error;
    }
  }
}

/** The same stack, that after an operation does not ask for outputs and history as well: nobody reads them, and each is another engine. */
function brief(stack: Stack): Stack {
  return Object.assign(stack, { outputs: async () => ({}), info: async () => undefined });
}
