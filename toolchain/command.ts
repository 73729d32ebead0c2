import { spawn } from "node:child_process";
import { setMaxListeners } from "node:events";

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly signal?: AbortSignal;
  /**
   * Whether it gets a process group of its own, all of which hears of the end: a shell hears of it only once the command that it waits for has ended.
   * @default false
   */
  readonly group?: boolean;
  /** Called with every line of standard error as it comes. */
  readonly line?: (line: string) => void;
  /** Called with every line of standard output as it comes. */
  readonly output?: (line: string) => void;
}

/** A command that ended with another exit code than 0; `message` is one sentence, `output` what it printed. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  constructor(
    readonly command: readonly string[],
    readonly result: Result,
  ) {
    super(`'${command.join(" ")}' ended with exit code ${result.code}: ${lastLine(result.stderr || result.stdout)}`);
  }
  get output(): string {
    return `${this.result.stdout}${this.result.stderr}`;
  }
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

/** Tells text that comes in pieces line by line. */
function byLines(tell?: (line: string) => void) {
  let rest = "";
  return {
    add: (text: string): void => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      if (tell) for (const line of lines) tell(line);
    },
    end: (): void => {
      if (rest !== "") tell?.(rest);
    },
  };
}

/** Runs a command to its end and gives back what it printed, whatever its exit code. */
export function attempt(command: string, args: readonly string[], options: CommandOptions = {}): Promise<Result> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      ...(options.group ? { detached: true } : { signal, killSignal: "SIGTERM" as const }),
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    const endGroup = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
    };
    if (options.group && signal) {
      setMaxListeners(0, signal); // as many hear of it as run at one time
      signal.addEventListener("abort", endGroup);
    }
    let stdout = "";
    let stderr = "";
    const output = byLines(options.output);
    const line = byLines(options.line);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output.add(text);
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      line.add(text);
    });
    child.on("error", reject);
    child.on("close", (code, endedBy) => {
      signal?.removeEventListener("abort", endGroup);
      output.end();
      line.end();
      if (signal?.aborted) reject(signal.reason);
      else resolve({ code: code ?? 128, stdout, stderr: endedBy ? `${stderr}ended by ${endedBy}\n` : stderr });
    });
    if (options.input !== undefined) {
      child.stdin?.on("error", () => {
        // The child ended without reading its input; its exit code says why.
      });
      child.stdin?.end(options.input);
    }
  });
}

/** Runs a command to its end; its standard output, or a `CommandError`. */
export async function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await attempt(command, args, options);
  if (result.code !== 0) throw new CommandError([command, ...args], result);
  return result.stdout;
}

/** Whether a command of this name is on the PATH. */
export async function installed(command: string): Promise<boolean> {
  const result = await attempt("sh", ["-c", 'command -v -- "$1"', "sh", command]);
  return result.code === 0;
}
