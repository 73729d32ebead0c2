import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureToolchain, ToolchainError } from "../toolchain/ensure";
import { stateFolder } from "../toolchain/environment";
import { hashText } from "../toolchain/hash";
import { ensureHost } from "../toolchain/host";
import { ensureImages, ImageError } from "../toolchain/images";
import { withLock } from "../toolchain/lock";
import { type Context, check, down, preview, status, up } from "./chain";
import { Engine } from "./engine";
import { Plain, progress as progressOn } from "./progress";
import { Timeline } from "./timeline";
import { describe } from "./verify";

const usage = `hybrid-vnf: a network service across machines, Kubernetes and Docker Swarm

  npm run up       [-- --stack NAME] [--requests N] [--timeline FILE]
                                                             bring everything up, then ask the service
  npm run down     [-- --stack NAME] [--force]               take everything down; --force: even what no longer answers
  npm run preview  [-- --stack NAME]                         say what 'up' would change
  npm run verify   [-- --stack NAME] [--requests N] [--json] ask the service from its client machine
  npm run status   [-- --stack NAME] [--json]                say what is up

  --stack NAME     name of the stacks (dev)
  --requests N     how many requests to send (20)
  --timeline FILE  write when each step began and ended (JSON)`;

/** A command line that asks for nothing there is; `message` says what is allowed. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const commands = ["up", "down", "preview", "verify", "status"] as const;

export interface Arguments {
  readonly command: (typeof commands)[number] | "help";
  readonly stack: string;
  readonly requests: number;
  readonly json: boolean;
  readonly force: boolean;
  /** File for the times of all steps. */
  readonly timeline?: string;
}

/** Reads the command line. */
export function parse(args: readonly string[]): Arguments {
  let parsed: ReturnType<typeof read>;
  try {
    parsed = read(args);
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(". ")[0]}; 'npm run up -- --help' lists what there is.`);
  }
  const { values, positionals } = parsed;
  const [command, ...more] = positionals;
  const { stack, json = false, force = false, timeline } = values;
  const rest = { stack: stack ?? "dev", requests: Number(values.requests ?? 20), json, force, timeline };
  if (values.help || command === "help") return { command: "help", ...rest };
  const known = commands.find((one) => one === command);
  if (known === undefined) throw new UsageError(`The command is '${command ?? ""}'; it can be ${commands.join(", ")}.`);
  if (more.length > 0) throw new UsageError(`'${more.join(" ")}' comes after '${known}', which takes options only.`);
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(rest.stack)) {
    throw new UsageError(`--stack is '${rest.stack}'; a name has letters, digits, '-', '_' and '.', 100 at most.`);
  }
  if (!Number.isInteger(rest.requests) || rest.requests < 1 || rest.requests > 100_000) {
    throw new UsageError(`--requests is '${values.requests}'; it takes a whole number from 1 to 100000.`);
  }
  if (timeline !== undefined && known !== "up") throw new UsageError(`--timeline goes with 'up', not with '${known}'.`);
  if (force && known !== "down") throw new UsageError(`--force goes with 'down', not with '${known}'.`);
  if (json && known !== "verify" && known !== "status")
    throw new UsageError(`--json goes with 'verify' and 'status', not with '${known}'.`);
  return { command: known, ...rest };
}

function read(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      stack: { type: "string" },
      requests: { type: "string" },
      timeline: { type: "string" },
      json: { type: "boolean" },
      force: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

/** Calls `first` at the first interrupt and `again` at the next; one key press may come as several signals. */
function onInterrupt(first: () => void, again: () => void): () => void {
  let last = 0;
  const hear = (): void => {
    const now = Date.now();
    const begun = last !== 0;
    if (now - last < 700) return;
    last = now;
    if (begun) again();
    else first();
  };
  process.on("SIGINT", hear).on("SIGTERM", hear);
  return () => void process.off("SIGINT", hear).off("SIGTERM", hear);
}

/** Where a command says that it is at work on stacks of this name in this backend: on one machine one at a time may be. */
function lockOf({ engine, stack }: Context): string {
  const backend = engine.environment.PULUMI_BACKEND_URL ?? "";
  return join(tmpdir(), `hybrid-vnf-${hashText(backend, stack).slice(0, 16)}.lock`);
}

async function main(args: readonly string[]): Promise<number> {
  const { command, stack, requests, json, force, timeline: file } = parse(args);
  if (command === "help") {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const stop = new AbortController();
  const progress = json ? new Plain((text) => void process.stderr.write(text)) : progressOn();
  let engine: Engine | undefined;
  const forget = onInterrupt(
    () => {
      progress.line("stopping: what has begun is finished first; Ctrl-C again drops it");
      stop.abort();
      engine?.interrupt();
    },
    () => engine?.interrupt(),
  );
  const report = (line: string): void => progress.line(line);
  const timeline = file === undefined ? undefined : new Timeline(file);
  try {
    const { signal } = stop;
    const toolchain = await ensureToolchain({ report, signal, plugins: [] });
    if (command !== "status") await ensureHost({ report, signal, logs: join(stateFolder(), "logs") });
    engine = await Engine.from(toolchain);
    const ready = async (plugins: readonly string[]): Promise<void> =>
      void (await ensureToolchain({ report, signal, plugins }));
    const context: Context = { engine, stack, progress, signal, ready, timeline };
    const images = (needed: readonly string[]) =>
      ensureImages({ machine: toolchain.machine, images: needed, report, signal });
    const alone = <T>(work: () => Promise<T>): Promise<T> =>
      withLock(lockOf(context), { report, signal, what: `npm run ${command}`, wait: false }, work);
    switch (command) {
      case "up":
      case "verify": {
        const seen =
          command === "up"
            ? await alone(() => up(context, requests, images).finally(() => timeline?.write()))
            : await check(context, requests);
        if (json) process.stdout.write(`${JSON.stringify(seen, null, 2)}\n`);
        else for (const line of describe(seen)) progress.line(line);
        return seen.good ? 0 : 1;
      }
      case "down":
        await alone(() => down(context, force));
        return 0;
      case "preview":
        await alone(() => preview(context));
        return 0;
      case "status": {
        const all = await status(context);
        if (json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
        else {
          for (const one of all) {
            const what = one.up ? `${one.resources} resources, last update ${one.lastUpdate ?? "unknown"}` : "not up";
            progress.line(`${one.layer.padEnd(10)}  ${what}${one.updating ? ", being worked on" : ""}`);
          }
        }
        return 0;
      }
    }
  } catch (error) {
    progress.close();
    if (stop.signal.aborted) {
      process.stderr.write(`stopped; 'npm run ${command}' goes on from here\n`);
      return 130;
    }
    if ((error instanceof ToolchainError || error instanceof ImageError) && error.output !== "") {
      process.stderr.write(`${error.output}\n`);
    }
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  } finally {
    progress.close();
    forget();
  }
}

if (require.main === module) {
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: Error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = error instanceof UsageError ? 2 : 1;
    },
  );
}
