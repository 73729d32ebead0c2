/** Command lines, as they are typed here. */

/** How the command is called: as npm's scripts in a checkout, by its own name where it is installed. */
export const CALLED = __filename.endsWith(".ts") ? "npm run" : "hybrid-vnf";

/** Lines whose output a program reads. */
const READ_BY_PROGRAMS = /^(env|completion)\b| --json\b/;

/** A command line as it is typed here; npm takes a script's options after `--`, and prints lines of its own first unless it is silent (`-s`). */
export function commandLine(line: string, called: string = CALLED): string {
  if (called !== "npm run") return `${called} ${line}`;
  return `${called} ${READ_BY_PROGRAMS.test(line) ? "-s " : ""}${line.replace(" --", " -- --")}`;
}

/** The stacks that are made where nobody names any. */
export const USUAL_STACK = "dev";

/** A command line for the stacks of a name, as it is typed here. */
export function lineFor(line: string, stack: string): string {
  return commandLine(stack === USUAL_STACK ? line : `${line} --stack ${stack}`);
}
