#!/usr/bin/env node
import "./compiled";

import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { nearest } from "../components/problem/nearest";
import { ensureToolchain, ToolchainError } from "../toolchain/ensure";
import { checkout, environment, stateFolder } from "../toolchain/environment";
import { hashText } from "../toolchain/hash";
import { ensureHost } from "../toolchain/host";
import { ensureImages, ImageError } from "../toolchain/images";
import { atWork, withLock } from "../toolchain/lock";
import { tools } from "../toolchain/tools";
import { completion, SHELLS, type Shell, wordsOf } from "./completion";
import type { Context } from "./context";
import type { Engine } from "./engine";
import { configuredStacks, requireKnown } from "./known";
import { layers, ownStacks, requireLayers } from "./layers";
import { CALLED, commandLine, USUAL_STACK } from "./line";
import { progress as progressOn } from "./progress";
import { type Base, type Option, type Options, UsageError, type Verb } from "./verb";
import { verbs } from "./verbs";

/** Name of the stacks: of all verbs. */
const STACK: Option<string> = {
  value: "NAME",
  meaning: `name of the stacks (${USUAL_STACK})`,
  words: "stacks",
  read: (given = USUAL_STACK, name) => {
    if (typeof given === "string" && /^[A-Za-z0-9_.-]{1,100}$/.test(given)) return given;
    throw new UsageError(`--${name} is '${given}'; a name has letters, digits, '-', '_' and '.', 100 at most.`);
  },
};

const optionsOf = ({ needsStacks, options }: Verb): Options => (needsStacks ? { stack: STACK, ...options } : options);

/** Columns of text: as wide as the widest of each. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`).join("\n");
}

/** What the command can be asked for; of one verb, its options and examples. */
export function help(verb?: Verb): string {
  if (verb === undefined) {
    const rows = verbs.map(({ name, summary }) => [`${CALLED} ${name}`, summary] as const);
    return `hybrid-vnf: a network service across machines, Kubernetes and Docker Swarm\n\n${columns(rows)}\n\nOptions and examples of each: ${commandLine("VERB --help")}\nCompletion for a shell: ${commandLine(`completion ${SHELLS.join("|")}`)}; the release: --version`;
  }
  const options = Object.entries(optionsOf(verb)).map(
    ([name, { value, meaning }]) => [`--${name}${value ? ` ${value}` : ""}`, meaning] as const,
  );
  const examples = verb.examples.map(([line, purpose]) => [commandLine(line), purpose] as const);
  const parts = [`${CALLED} ${verb.name}: ${verb.summary}`, columns(options), columns(examples)];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** The release that this is. */
function version(): string {
  // The package's own is beside what is built of it.
  const file = [checkout, join(checkout, "..")]
    .map((folder) => join(folder, "package.json"))
    .find((one) => existsSync(one));
  return (JSON.parse(readFileSync(file ?? "", "utf8")) as { version: string }).version;
}

/** A command line, read. */
export interface Arguments {
  /** Undefined where the list of all verbs is asked for. */
  readonly verb?: Verb;
  /** Whether its help is asked for. */
  readonly help: boolean;
  readonly stack: string;
  /** The verb's own options. */
  readonly given: Readonly<Record<string, unknown>>;
}

/** The verb of a name. @throws UsageError that names the one that may be meant */
function verbOf(name: string): Verb {
  const found = verbs.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = [...verbs.map((one) => one.name), "completion"];
  if (name.startsWith("-"))
    throw new UsageError(`'${name}' comes before the command, which can be ${names.join(", ")}.`);
  const near = nearest(name, names);
  throw new UsageError(
    `The command is '${name}'; ${near ? `did you mean '${near}'? It` : "it"} can be ${names.join(", ")}.`,
  );
}

/** Reads the command line; `env` tells what npm took of it for itself. */
export function parse(args: readonly string[], env: NodeJS.ProcessEnv = {}): Arguments {
  const [name = "", ...rest] = args;
  const helps = args.some((one) => one === "--help" || one === "-h");
  if (name === "help" || (helps && name.startsWith("-"))) {
    const asked = rest.find((one) => !one.startsWith("-"));
    return { verb: asked === undefined ? undefined : verbOf(asked), help: true, stack: USUAL_STACK, given: {} };
  }
  const verb = verbOf(name);
  if (helps) return { verb, help: true, stack: USUAL_STACK, given: {} };
  const options = optionsOf(verb);
  const { values, positionals } = read(rest, verb, options);
  const taken = Object.keys(options).find((key) => env[`npm_config_${key.replaceAll("-", "_")}`] !== undefined);
  if (taken !== undefined && values[taken] === undefined && env.npm_lifecycle_event === verb.name)
    throw new UsageError(
      `npm took --${taken} for itself; what follows '--' is ours: npm run ${verb.name} -- --${taken}${options[taken]?.value ? ` ${options[taken].value}` : ""}`,
    );
  if (positionals.length > 0) {
    throw new UsageError(`'${positionals.join(" ")}' comes after '${verb.name}', which takes options only.`);
  }
  for (const [key, { partOf, notWith }] of Object.entries(options)) {
    if (values[key] === undefined) continue;
    if (partOf !== undefined && values[partOf] === undefined) throw new UsageError(`--${key} goes with --${partOf}.`);
    if (notWith !== undefined && values[notWith] !== undefined)
      throw new UsageError(`--${key} says nothing beside --${notWith}: give one of them.`);
  }
  const given = Object.fromEntries(Object.entries(options).map(([key, one]) => [key, one.read(values[key], key)]));
  return { verb, help: false, stack: (given.stack as string | undefined) ?? USUAL_STACK, given };
}

function read(args: readonly string[], verb: Verb, options: Options) {
  const types = Object.entries(options).map(
    ([key, { value }]) => [key, { type: value === undefined ? "boolean" : "string" }] as const,
  );
  // A value such as -1 would be taken for an option.
  const joined = args.flatMap((one, at) => {
    const takesValue = (name: string | undefined): boolean => options[name?.slice(2) ?? ""]?.value !== undefined;
    if (takesValue(args[at - 1]) && /^-\d/.test(one)) return [];
    return takesValue(one) && /^-\d/.test(args[at + 1] ?? "") ? [`${one}=${args[at + 1]}`] : [one];
  });
  try {
    return parseArgs({ args: joined, allowPositionals: true, options: Object.fromEntries(types) });
  } catch (error) {
    const said = (error as Error).message.split(". ")[0] ?? "";
    const [, option = ""] = /'(?:-\w, )?--([\w-]+)/.exec(said) ?? [];
    const other = verbs.filter((one) => Object.hasOwn(one.options, option));
    const { value } = options[option] ?? {};
    if (value !== undefined) throw new UsageError(`--${option} takes a value, and none follows: --${option} ${value}`);
    if (other.length > 0 && said.startsWith("Unknown option")) {
      const names = new Intl.ListFormat("en-GB").format(other.map((one) => `'${one.name}'`));
      throw new UsageError(`--${option} goes with ${names}, not with '${verb.name}'.`);
    }
    const near = nearest(option, Object.keys(options));
    const meant = near !== undefined && near !== option ? `; did you mean --${near}?` : ";";
    throw new UsageError(`${said}${meant} '${commandLine(`${verb.name} --help`)}' lists what there is.`);
  }
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

/** What there is to say of a command that its user stopped. */
export function stoppedLine(
  { changes, needsHost, needsStacks }: Verb,
  args: readonly string[],
  hasBegun: boolean,
): string {
  if (changes && hasBegun) return `stopped; '${commandLine(args.join(" "))}' goes on from here`;
  return needsHost && needsStacks ? "stopped; nothing was changed" : "stopped";
}

/** Where a command says that it is at work on stacks of this name in this backend: on one machine one at a time may be. */
function lockOf({ engine, stack }: Context): string {
  const backend = engine.environment.PULUMI_BACKEND_URL ?? "";
  return join(tmpdir(), `hybrid-vnf-${hashText(backend, stack).slice(0, 16)}.lock`);
}

/** What completes the command's lines in a shell; or the names that such lines ask for, as they are here. */
export function completionFor(args: readonly string[]): string {
  const [asked = "", ...more] = args;
  if (asked === "layers") return layers.map(({ name }) => name).join("\n");
  if (asked === "stacks") return configuredStacks().join("\n");
  const example = `In bash: source <(${CALLED === "npm run" ? "npm run -s" : CALLED} completion bash)`;
  if (asked === "--help" || asked === "-h")
    return `${CALLED} completion: print what completes the command's lines in a shell: ${SHELLS.join(", ")}\n\n${example}`;
  if (args.length === 0) throw new UsageError(`completion needs a shell: one of ${SHELLS.join(", ")}. ${example}`);
  if (!SHELLS.includes(asked as Shell) || more.length > 0)
    throw new UsageError(
      `completion is for '${args.join(" ")}'; it can be for one of ${SHELLS.join(", ")}. ${example}`,
    );
  // A checkout has no command of that name until its lines define it.
  const own = CALLED === "npm run" ? [join(checkout, "node_modules/.bin/tsx"), __filename] : undefined;
  return completion(asked as Shell, wordsOf(verbs, optionsOf), own);
}

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === "completion") {
    process.stdout.write(`${completionFor(args.slice(1))}\n`);
    return 0;
  }
  if (args[0] === "--version") {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  if (args.length === 0) {
    // Nothing was asked for, so nothing is done: a script that lost its verb hears of it by the exit code.
    process.stdout.write(`${help()}\n`);
    return 1;
  }
  const { verb, help: helps, stack, given } = parse(args, process.env);
  if (verb === undefined || helps) {
    process.stdout.write(`${help(verb)}\n`);
    return 0;
  }
  const stop = new AbortController();
  const progress = progressOn(given.json === true || verb.name === "env" ? process.stderr : process.stdout);
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
  try {
    const { signal } = stop;
    const print = (text: string): void => void process.stdout.write(`${text}\n`);
    if (verb.needsStacks) {
      const code = await verb.runAlone?.({ progress, print }, given);
      if (code !== undefined) return code;
      requireLayers();
    }
    // Of other programs' stacks nobody knows beforehand whether they need a lab, and what it is made from.
    const needed = ownStacks ? undefined : tools().filter(({ place }) => place.kind !== "machine");
    const toolchain = await ensureToolchain({ report, signal, plugins: [], tools: needed });
    const hosted = verb.needsHost && (ownStacks || !verb.needsStacks);
    const host = hosted ? ensureHost({ report, signal, logs: join(stateFolder(), "logs") }) : undefined;
    const base: Base = {
      progress,
      environment: environment(toolchain),
      images: async (names) => {
        if (names?.length === 0) return;
        const { machine } = await ensureToolchain({ report, signal, plugins: [] });
        await ensureImages({ machine, images: names, report, signal });
      },
      print,
    };
    if (!verb.needsStacks) {
      await host;
      return await verb.run(base, given);
    }
    const { Engine } = await import("./engine.js");
    [engine] = await Promise.all([Engine.from(toolchain, !ownStacks), host]);
    const ready = async (plugins: readonly string[]): Promise<void> =>
      void (await ensureToolchain({ report, signal, plugins, tools: needed }));
    const context: Context = { engine, stack, progress, signal, ready };
    if (!verb.takesAnyStack) await requireKnown(context);
    const alone = <T>(work: () => Promise<T>): Promise<T> =>
      withLock(lockOf(context), { report, signal, what: `${CALLED} ${verb.name}`, wait: false }, work);
    return await verb.run({ ...base, context, alone, others: () => atWork(lockOf(context)) }, given);
  } catch (error) {
    progress.close();
    if (stop.signal.aborted) {
      process.stderr.write(`${stoppedLine(verb, args, engine?.hasBegun ?? false)}\n`);
      return 130;
    }
    if ((error instanceof ToolchainError || error instanceof ImageError) && error.output !== "") {
      process.stderr.write(`${error.output}\n`);
    }
    const { messageOf } = await import("./diagnostics.js");
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  } finally {
    progress.close();
    forget();
  }
}

if (require.main === module) {
  // Whoever read what is printed may have gone, as in `… | head`: what is at work goes on.
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: Error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    },
  );
}
