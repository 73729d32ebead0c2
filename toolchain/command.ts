import { spawn } from "node:child_process";

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
  /** Called with every line of standard error as it comes. */
  readonly line?: (line: string) => void;
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

/** Runs a command to its end and gives back what it printed, whatever its exit code. */
export function attempt(command: string, args: readonly string[], options: CommandOptions = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      signal: options.signal,
      killSignal: "SIGTERM",
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    let rest = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      if (options.line) for (const line of lines) options.line(line);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (rest !== "") options.line?.(rest);
      resolve({ code: code ?? 128, stdout, stderr: signal ? `${stderr}ended by ${signal}\n` : stderr });
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
