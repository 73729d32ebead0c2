/** What the engine says, made fit for people: no colour marks, no stack traces, each thing once. */

import { CommandError } from "@pulumi/pulumi/automation";
import { commandLine, lineFor } from "./line";

/** Takes away the engine's colour marks and a terminal's, and passwords in URLs: a backend that can't be opened is told by its whole one. */
export function plain(text: string): string {
  return (
    text
      .replace(/<\{%[^%]*%\}>/g, "")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
      .replace(/\u001b\[[0-9;]*m/g, "")
      .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):[^\s@/]+@/gi, "$1:***@")
  );
}

/** The name at the end of a URN. */
export function nameOf(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

/** The type in a URN, without its parents. */
export function typeOf(urn: string): string {
  return (urn.split("::")[2] ?? "").split("$").at(-1) ?? "";
}

/** Sentences that only say that something else has failed. */
const echoes = [
  /^(update|preview|refresh|destroy|resource) (failed|canceled)/i,
  /^error: (update|preview|refresh|destroy) failed/i,
];

/** How the engine tells of a stack whose lock is in a file here: a line, and one for each lock, whose file lies in a folder of the stack's name. */
const LOCKED =
  /^.*the stack is currently locked by \d+ lock\(s\).*(?:\n\s*file:\S+\/([^/\s]+)\/[^/\s]+\.json\S*: created by.*)+/m;

/** The part of an error that is meant for its reader; undefined if it only repeats that there was one. */
export function sentence(message: string): string | undefined {
  const lines = plain(message)
    .replace(
      LOCKED,
      (_, stack: string) =>
        `another command works on this stack, or one that was killed left its lock; '${lineFor("up", stack)}' lets go of a lock whose engine is gone`,
    )
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== "")
    .filter((line) => !/^\s+at\s/.test(line) && !/^\s*Node\.js v/.test(line))
    .filter((line) => !/^Running program '.*' failed with an unhandled exception:$/.test(line))
    .filter((line) => !/^It looks like the Pulumi SDK/.test(line))
    // Of what is replaced before others that stand on it, the engine asks their provider, and fails where that is made anew too (3.220).
    .filter((line) => !/^This preview may not correctly represent the changes/.test(line))
    .map((line) =>
      line.replace(
        /^The provider for this resource has inputs that are not known during preview\.$/,
        "its cluster is made anew, and what follows the engine can't preview; 'up' makes it, and a preview after that shows no change",
      ),
    )
    // The provider of Docker's resources (5.2.0), of an engine that is gone, such as with a Swarm's machine.
    .map((line) =>
      line.replace(
        /^.*Error pinging Docker server, please make sure that (\S+) is reachable and has a +'_ping' endpoint\. Error: (.*?)\.?$/,
        (_, endpoint: string, why: string) =>
          `the Docker engine at ${endpoint} does not answer: ${why}; '${commandLine("up")}' makes what is gone anew, '${commandLine("down --force")}' forgets it`,
      ),
    )
    // A bridged provider logs its error with the place in its source, then fails with a list of one.
    .map((line) => line.replace(/^\s*sdk-v2\/\S+: sdk\.helper_schema: (.*?)(: provider=\S+)?$/, "$1"))
    .map((line) =>
      line.replace(/^\s*(creating|updating|deleting|reading) urn:pulumi:\S+: (?=\d+ errors? occurred)/, ""),
    )
    .filter((line) => !/^\d+ errors? occurred:$/.test(line.trim()))
    .map((line) => line.replace(/^\s*\* /, ""))
    .map((line) => line.replace(/^(<ref \*\d+> )?(Uncaught )?((RunError|InvalidInput|ResourceError|Error): )?/, ""))
    // What a component says through a hook, which the engine calls before it touches anything.
    .map((line) => line.replace(/^((preview|update) failed: )?before hook "[^"]*" failed: /i, ""))
    // What Node shows of an error's own properties.
    .filter((line) => !/^\s*promise: Promise \{ <rejected>|^\}$/.test(line))
    .map((line) => line.replace(/^invocation of \S+ returned an error: \d+ errors? occurred:\s*$/, ""))
    .filter((line) => line !== "");
  // What the SDK says once more, of several errors that it has told one by one (automation/server).
  if (lines[0]?.startsWith("One or more errors occurred: ")) return undefined;
  if (lines.length === 0 || (lines.length === 1 && echoes.some((echo) => echo.test((lines[0] ?? "").trim()))))
    return undefined;
  return lines.join("\n");
}

/** A warning of the engine's as it is to be shown. */
export function warning(message: string): string {
  return sentence(message) ?? plain(message).trim();
}

/** Gathers the errors of one operation; each is kept once. */
export class Diagnostics {
  private readonly kept = new Map<string, string>();

  /** Notes an error and gives it back as it is to be shown, if it is new. */
  add(message: string, urn: string | undefined): string | undefined {
    const text = sentence(message);
    if (text === undefined || this.kept.has(text)) return undefined;
    for (const known of this.kept.keys()) if (known.includes(text)) return undefined;
    const owner = urn === undefined || urn === "" || typeOf(urn) === "pulumi:pulumi:Stack" ? "" : `${nameOf(urn)}: `;
    this.kept.set(text, `${owner}${text}`);
    return `${owner}${text}`;
  }

  get all(): readonly string[] {
    return [...this.kept.values()];
  }
}

/** What an error says, in the engine's words where it is a call of the engine that failed. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const printed = error instanceof CommandError ? printedErrors(error.message) : [];
  return printed.length > 0 ? printed.join("\n") : plain(error.message);
}

/** What the engine printed as its errors, for an operation that failed before there were any events. */
export function printedErrors(output: string): readonly string[] {
  const errors: string[] = [];
  for (const block of plain(output).split(/^(?=\s*(?:stderr: |err?: ?)?error: )/m)) {
    const match = /^\s*(?:stderr: )?error: ([\s\S]*)/.exec(block);
    const text =
      match?.[1] === undefined
        ? undefined
        : sentence(match[1].replace(/\n\s*(err\?: |Resources:|Duration:)[\s\S]*/, ""));
    if (text !== undefined && !errors.includes(text)) errors.push(text);
  }
  return errors;
}
