import { readdirSync, readFileSync } from "node:fs";

/** A process as /proc tells of it (proc(5)). */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: readonly string[];
}

/** Every process of this machine that can be looked at; none where there is no /proc. */
export function processes(): Process[] {
  let names: string[];
  try {
    names = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      const command = readFileSync(`/proc/${name}/cmdline`, "latin1").split("\0").slice(0, -1);
      return [{ pid: Number(name), parent, command }];
    } catch {
      return []; // It has ended since.
    }
  });
}

/**
 * Programs of a stack whose engine is gone, with the language hosts that wait for them. Killed engines leave them behind, and a
 * program that waits for an answer from its engine goes on for ever, at the cost of a core's third.
 */
export function orphans(all: readonly Process[], project: string, stack: string): number[] {
  const byId = new Map(all.map((one) => [one.pid, one]));
  const names = (one: Process | undefined, program: string) => one?.command[0]?.split("/").pop() === program;
  const follows = (command: readonly string[], option: string) => command[command.indexOf(option) + 1];
  return all.flatMap((program) => {
    const runs = program.command.some((word) => word.endsWith("@pulumi/pulumi/cmd/run/index.js"));
    if (!runs || follows(program.command, "--project") !== project || follows(program.command, "--stack") !== stack)
      return [];
    const host = byId.get(program.parent);
    if (!names(host, "pulumi-language-nodejs")) return [program.pid];
    if (names(byId.get(host?.parent ?? 0), "pulumi")) return [];
    return [program.pid, program.parent];
  });
}

/** Ends them. */
export function endOrphans(project: string, stack: string, report: (line: string) => void): void {
  const found = orphans(processes(), project, stack);
  if (found.length > 0) report(`${project}: ending the program that a killed engine left behind`);
  for (const pid of found) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
