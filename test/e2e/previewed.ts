import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation";
import { LocalWorkspace, PulumiCommand, type PulumiFn } from "@pulumi/pulumi/automation";
import { plain } from "../../cli/diagnostics";
import { OperationError, operate } from "../../cli/operation";
import { separateErrors } from "../../cli/programs";
import { environment } from "./operator";
import { Vault } from "./vault";

/** What came of a preview. */
export interface Previewed {
  /** The errors as the command shows them; none when the preview is green. */
  readonly errors: readonly string[];
  /** The engine's own errors, one by one. */
  readonly told: readonly string[];
  /** Everything that the engine printed. */
  readonly output: string;
  /** What would be made besides the stack itself and components, by name. */
  readonly planned: readonly string[];
  readonly seconds: number;
  /** How much of it the program took, the engine's own start and end aside. */
  readonly programSeconds: number;
}

/** What the engine is told besides, and who hears of what it does. */
export interface Asked {
  readonly policyPacks?: string[];
  readonly policyPackConfigs?: string[];
  readonly hear?: (event: EngineEvent) => void;
}

/** Seconds until a preview that does not end is ended; on a machine that is busy with something else one may take many of them. */
export const PATIENCE = 60;

const silent = { line() {}, begin() {}, busy() {}, seen() {}, step() {}, end() {}, close() {} };

/** A backend of its own, whose stacks have programs that are functions of this process. */
export class Backend {
  private readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "hybrid-vnf-rows-"));
  private readonly env: Record<string, string>;
  private readonly hear = unheard();

  private constructor(private readonly vault: Vault) {
    const { PATH = "", PULUMI_HOME = "" } = environment();
    const state = path.join(this.folder, "state");
    fs.mkdirSync(state);
    this.env = {
      PATH,
      PULUMI_HOME,
      PULUMI_BACKEND_URL: `file://${state}`,
      ...vault.env,
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
  }

  static async open(): Promise<Backend> {
    return new Backend(await Vault.open());
  }

  async stack(projectName: string, stackName: string): Promise<Previews> {
    const workDir = path.join(this.folder, projectName, stackName);
    fs.mkdirSync(workDir, { recursive: true });
    const bin = this.env.PATH?.split(path.delimiter).find((one) => fs.existsSync(path.join(one, "pulumi"))) ?? "";
    const stack = await LocalWorkspace.createOrSelectStack(
      { projectName, stackName, program: async () => {} },
      {
        workDir,
        envVars: this.env,
        secretsProvider: this.vault.provider,
        projectSettings: { name: projectName, runtime: "nodejs", main: workDir },
        pulumiCommand: await PulumiCommand.get({ root: path.dirname(bin) }),
      },
    );
    return new Previews(projectName, stack);
  }

  remove(): void {
    this.hear();
    this.vault.close();
    fs.rmSync(this.folder, { recursive: true });
  }
}

/** A stack that is given one program after the other. */
export class Previews {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly project: string,
    private readonly stack: Stack,
  ) {}

  /** Sets the stack's settings, in place of those that it had. */
  private async configure(config: Readonly<Record<string, unknown>>): Promise<void> {
    const { workspace, name } = this.stack;
    const settings = await workspace.stackSettings(name);
    const own = Object.entries(config).map(([key, value]) => [`${this.project}:${key}`, value]);
    await workspace.saveStackSettings(name, { ...settings, config: Object.fromEntries(own) });
  }

  /** Previews a program, once those before it are done. */
  preview(program: PulumiFn, config: Readonly<Record<string, unknown>> = {}, asked: Asked = {}): Promise<Previewed> {
    const next = this.last.then(() => this.run(program, config, asked));
    this.last = next.catch(() => undefined);
    return next;
  }

  private async run(
    program: PulumiFn,
    config: Readonly<Record<string, unknown>>,
    { hear, ...packs }: Asked,
  ): Promise<Previewed> {
    await this.configure(config);
    const began = Date.now();
    const told: string[] = [];
    const planned: string[] = [];
    let output = "";
    const heard = ({ diagnosticEvent, resourcePreEvent }: EngineEvent) => {
      if (diagnosticEvent?.severity === "error" && !diagnosticEvent.ephemeral)
        told.push(plain(diagnosticEvent.message));
      const { type = "", urn = "", new: made } = resourcePreEvent?.metadata ?? {};
      const custom = made?.custom === true && !type.startsWith("pulumi:");
      if (custom) planned.push(urn.slice(urn.lastIndexOf("::") + 2));
    };
    const keep = (text: string) => {
      output += text;
    };
    let programSeconds = 0;
    const timed: PulumiFn = async () => {
      const started = Date.now();
      try {
        return await program();
      } finally {
        programSeconds = (Date.now() - started) / 1000;
      }
    };
    let errors: readonly string[] = [];
    try {
      await operate(
        this.project,
        "preview",
        silent,
        ({ event, stalled }) => {
          const onEvent = (one: EngineEvent) => {
            heard(one);
            hear?.(one);
            event(one);
          };
          const signal = AbortSignal.any([stalled, AbortSignal.timeout(PATIENCE * 1000)]);
          return this.stack.preview({
            ...packs,
            program: timed,
            signal,
            onEvent,
            onOutput: keep,
            onError: keep,
            color: "never",
          });
        },
        true,
      );
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      errors = error.errors;
    }
    return { errors, told, output, planned, seconds: (Date.now() - began) / 1000, programSeconds };
  }

  /** Brings up what only has outputs. */
  publish(outputs: Record<string, unknown>): Promise<void> {
    return this.up(async () => outputs);
  }

  /** Brings up what a program makes. */
  async up(program: PulumiFn): Promise<void> {
    await this.stack.up({ program });
  }
}

/**
 * Closes the tests' ears to what nobody catches in a program, for that the SDK hears, and tells the engine; what is outside of programs is heard as ever.
 * What comes back opens them again.
 */
function unheard(): () => void {
  separateErrors();
  const shut = (["unhandledRejection", "uncaughtException"] as const).map((event) => {
    const before = process.listeners(event as "uncaughtException");
    const outside: NodeJS.UncaughtExceptionListener = (error, origin) => {
      if (globalThis.asyncLocalStorage?.getStore() === undefined) for (const heard of before) heard(error, origin);
    };
    process.removeAllListeners(event);
    process.on(event, outside);
    return () => {
      process.off(event, outside);
      for (const listener of before) process.on(event, listener);
    };
  });
  return () => {
    for (const open of shut) open();
  };
}
