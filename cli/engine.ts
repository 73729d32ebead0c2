import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  type ConfigMap,
  LocalWorkspace,
  PulumiCommand,
  type PulumiFn,
  Stack,
  StackNotFoundError,
} from "@pulumi/pulumi/automation";
import { z } from "zod";
import type { Toolchain } from "../toolchain/ensure";
import { environment } from "../toolchain/environment";
import { deploymentIn, dropHalfAttributes, lacks, mayPublish, outputsIn } from "./backend";
import { folderOf, projectOf } from "./layers";
import { type Outputs, Programs } from "./programs";
import { giveSalt, saltIn, withoutSalt } from "./salt";

/** The variable that names the process that an engine works for. */
export const ownerVariable = "HYBRID_VNF_OWNER";

/** An operation of the engine that ended badly; `output` is what it printed. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  constructor(
    readonly code: number,
    readonly output: string,
    /** Whether it had been asked to stop. */
    readonly interrupted = false,
  ) {
    super(`The Pulumi engine ended with exit code ${code}.`);
  }
}

/** A stack that is none of the command's own. */
export interface OtherStack {
  /** `PROJECT/STACK`. */
  readonly name: string;
  readonly reads: readonly string[];
  readonly contract: unknown;
}

const stackList = z.array(z.object({ name: z.string(), resourceCount: z.number().optional() }));
const values = z.record(z.string(), z.unknown());
const exported = z.object({
  deployment: z.object({
    resources: z
      .array(z.object({ type: z.string(), inputs: values.optional(), outputs: values.optional() }))
      .optional(),
  }),
});

/** `PROJECT/STACK` of a stack's full name. */
function withoutOrganization(name: string): string {
  return name.split("/").slice(-2).join("/");
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
  /** By process. */
  private readonly running = new Map<number, { interrupted: boolean }>();
  /** The salt of the first stack that was made; undefined where its secrets are kept without one. */
  private firstSalt: Promise<string | undefined> | undefined;
  /** Whether anything was begun that changes what is there. */
  hasBegun = false;
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
        ? this.operate(args, cwd, env, onOutput, onError, signal)
        : usual(args, cwd, env, onOutput, onError, signal);
  }

  /** @param acquire whether the engine may get plugins that are not there */
  static async from(toolchain: Toolchain, acquire = false): Promise<Engine> {
    const command = await PulumiCommand.get({ root: dirname(toolchain.bin), skipVersionCheck: true });
    const variables = environment(toolchain);
    if (acquire) delete variables.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION;
    const engine = new Engine(command, toolchain.pulumiHome, variables);
    // Several that come to an empty database at once would each make the table that states are kept in, and all but one fail: one comes first.
    if (engine.backend.startsWith("postgres:")) await engine.ask(["whoami"], tmpdir(), variables);
    return engine;
  }

  private operate(
    args: string[],
    cwd: string,
    env: Record<string, string>,
    onOutput?: (text: string) => void,
    onError?: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<Printed> {
    if (args[0] !== "preview" && !args.includes("--preview-only")) this.hasBegun = true;
    return new Promise((resolve, reject) => {
      const child = spawn(this.command.command, [...args, "--non-interactive", "--color", "never"], {
        cwd,
        env: { ...process.env, ...env, PULUMI_AUTOMATION_API: "true", [ownerVariable]: String(process.pid) },
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      const { pid } = child;
      const operation = { interrupted: false };
      if (pid !== undefined) this.running.set(pid, operation);
      const stop = (): void => void child.kill("SIGINT");
      signal?.addEventListener("abort", stop, { once: true });
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
      const gone = (): void => {
        if (pid !== undefined) this.running.delete(pid);
        signal?.removeEventListener("abort", stop);
      };
      child.on("error", (error) => {
        gone();
        reject(error);
      });
      child.on("close", (code, by) => {
        gone();
        if (code === 0) resolve({ stdout, stderr, code });
        else
          reject(
            new EngineError(
              code ?? 128,
              `${stdout}\n${stderr}${by ? `\nerror: the engine was ended by ${by}` : ""}`,
              operation.interrupted,
            ),
          );
      });
    });
  }

  /** Asks every running operation to stop: once, and it finishes what it has begun; twice, and it drops it. */
  interrupt(): void {
    for (const [pid, operation] of this.running) {
      operation.interrupted = true;
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

  private get backend(): string {
    return this.environment.PULUMI_BACKEND_URL ?? "";
  }

  /** Where a layer's stacks are worked on. One whose state lies open here is selected without an engine. */
  private async workspace(layer: string, program = this.programs.of(layer)): Promise<LocalWorkspace> {
    const workspace = await LocalWorkspace.create({ workDir: folderOf(layer), program, ...this.options() });
    const select = workspace.selectStack.bind(workspace);
    const selectStack = async (stackName: string): Promise<void> => {
      dropHalfAttributes(this.backend, projectOf(layer), stackName);
      if (deploymentIn(this.backend, projectOf(layer), stackName) === undefined) await select(stackName);
    };
    return Object.assign(workspace, { selectStack });
  }

  /** Makes a stack. The first one is given a salt by the engine, and those after it the same: an engine that reads several takes one key from the passphrase, not four. */
  private async create(stackName: string, workspace: LocalWorkspace): Promise<Stack> {
    const file = join(workspace.workDir, `Pulumi.${stackName}.yaml`);
    const first = this.firstSalt;
    if (first === undefined) {
      const made = Stack.create(stackName, workspace);
      this.firstSalt = made.then(
        () => saltIn(file),
        () => undefined,
      );
      return made;
    }
    const salt = await first;
    if (salt !== undefined) giveSalt(file, salt);
    return Stack.create(stackName, workspace);
  }

  /**
   * A stack to be previewed: the layer's own where there is one, else one in a folder of its own, so that neither the user's backend nor the
   * settings files learn of it.
   */
  async previewed(layer: string, stackName: string, program: PulumiFn, folder: string): Promise<Stack> {
    const existing = await this.find(layer, stackName, program);
    if (existing !== undefined) return existing;
    const workDir = join(folder, layer);
    const backend = join(folder, "state");
    mkdirSync(workDir, { recursive: true });
    mkdirSync(backend, { recursive: true });
    for (const file of ["Pulumi.yaml", `Pulumi.${stackName}.yaml`]) {
      const source = join(folderOf(layer), file);
      if (!existsSync(source)) continue;
      // Where the program's file is says nothing here: it runs in this process.
      const settings = readFileSync(source, "utf8").replace(/^main:.*\n?/m, "");
      writeFileSync(join(workDir, file), withoutSalt(settings) ?? settings);
    }
    const { envVars, ...options } = this.options();
    const own = { ...envVars, PULUMI_BACKEND_URL: `file://${backend}` };
    const workspace = await LocalWorkspace.create({ workDir, program, ...options, envVars: own });
    return brief(await this.create(stackName, workspace));
  }

  /** A layer's stack, made if there is none yet. */
  async open(layer: string, stackName: string): Promise<Stack> {
    const workspace = await this.workspace(layer);
    if (lacks(this.backend, projectOf(layer), stackName)) return brief(await this.create(stackName, workspace));
    return brief(await Stack.createOrSelect(stackName, workspace));
  }

  /** The settings in a stack's file, whether there is such a stack or not; undefined where there is no file either. */
  async settings(layer: string, stackName: string): Promise<ConfigMap | undefined> {
    if (!existsSync(join(folderOf(layer), `Pulumi.${stackName}.yaml`))) return undefined;
    const { config = {} } = await (await this.workspace(layer)).stackSettings(stackName);
    const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
    return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, { value: text(value) }]));
  }

  /** What a layer's stack publishes, in the clear; undefined where there is no such stack, or no contract yet. */
  async published(layer: string, stackName: string): Promise<Outputs | undefined> {
    const outputs = await this.printed(layer, stackName, "--show-secrets");
    return outputs?.contract === undefined ? undefined : outputs;
  }

  private async printed(layer: string, stackName: string, ...options: string[]): Promise<Outputs | undefined> {
    const args = ["stack", "output", "--json", ...options, "--stack", stackName];
    const variables = { ...this.environment, PULUMI_HOME: this.pulumiHome };
    dropHalfAttributes(this.backend, projectOf(layer), stackName);
    try {
      const { stdout } = await this.ask(args, folderOf(layer), variables);
      return JSON.parse(stdout) as Outputs;
    } catch (error) {
      if (error instanceof StackNotFoundError) return undefined;
      throw error;
    }
  }

  /** All outputs of a layer's stack, with the engine's marks in place of secrets; undefined where there is no such stack, or none yet. */
  async outputs(layer: string, stackName: string): Promise<Outputs | undefined> {
    const deployment = deploymentIn(this.backend, projectOf(layer), stackName);
    if (deployment === undefined) return this.printed(layer, stackName);
    return outputsIn(deployment);
  }

  /** Whether a layer's stack publishes a contract of this kind, as far as that is told without an engine; where only one can tell, it may. */
  mayPublish(layer: string, stackName: string, kind: string): boolean {
    return mayPublish(deploymentIn(this.backend, projectOf(layer), stackName), kind);
  }

  /** The contract that a layer's stack publishes; undefined where there is no such stack, or no contract yet. */
  async contract(layer: string, stackName: string): Promise<unknown> {
    return (await this.outputs(layer, stackName))?.contract;
  }

  /** Stacks beside these that are up in the same backend, and which others each of them reads, by `PROJECT/STACK`. */
  async others(own: ReadonlySet<string>): Promise<readonly OtherStack[]> {
    const variables = { ...this.environment, PULUMI_HOME: this.pulumiHome };
    const ask = async (...args: string[]): Promise<unknown> => {
      const { stdout } = await this.ask(args, tmpdir(), variables);
      return JSON.parse(stdout);
    };
    const listed = stackList.parse(await ask("stack", "ls", "--all", "--json"));
    const up = listed.filter(({ name, resourceCount = 0 }) => resourceCount > 0 && !own.has(withoutOrganization(name)));
    return Promise.all(
      up.map(async ({ name }) => {
        const { deployment } = exported.parse(await ask("stack", "export", "--stack", name));
        const { resources = [] } = deployment;
        const references = resources.filter(({ type }) => type === "pulumi:pulumi:StackReference");
        const reads = references.flatMap(({ inputs }) =>
          typeof inputs?.name === "string" ? [withoutOrganization(inputs.name)] : [],
        );
        const stack = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
        return { name: withoutOrganization(name), reads, contract: stack?.outputs?.contract };
      }),
    );
  }

  /** A layer's stack, or undefined if there is none. */
  async find(layer: string, stackName: string, program?: PulumiFn): Promise<Stack | undefined> {
    if (lacks(this.backend, projectOf(layer), stackName)) return undefined;
    try {
      return brief(await Stack.select(stackName, await this.workspace(layer, program)));
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
