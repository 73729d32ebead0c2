import { existsSync } from "node:fs";
import * as path from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "../machine/machine";
import {
  A_MACHINE,
  type Expectation,
  objectWith,
  optional,
  requireArguments,
  requireProperties,
  subjectOf,
} from "../problem/arguments";
import { describe } from "../problem/describe";
import { isLater } from "../problem/problem";
import { OPENSSH, scriptText, sessionInput, sessionText } from "./text";

/** Which script runs where, and on what it depends. */
export interface MachineScriptArgs {
  /** Where it runs; once the machine is made anew, it runs again. */
  machine: MachineLike;
  /** Absolute path of the script, a file beside its component. It is run as `bash -s -- create` (also for a change) and, with `undo`, `bash -s -- delete`. */
  file: string;
  /** What the script reads from its environment, by name. @default nothing */
  input?: Record<string, pulumi.Input<string>>;
  /** Whether what the script prints is a secret. @default false */
  secretOutput?: boolean;
  /** What the script's work is known by: when one of these changes, the old work is undone first. @default none */
  replaceOnChanges?: pulumi.Input<string>[];
  /**
   * Whether the script knows `delete`; one that doesn't is replaced without a deletion before: the engine, which looks for what would have
   * to go with it, asks providers of clusters that are made anew, and fails.
   * @default true
   */
  undo?: boolean;
}

/** What a script printed; not known while the targets of an update leave the script out. */
export function printedBy(script: { readonly stdout: pulumi.Output<string> }): pulumi.Output<string> {
  // The SDK takes its own mark of what is unknown for a value of any type, and declares it as an object.
  return script.stdout.apply((text: string | undefined) => text ?? (pulumi.unknown as unknown as string));
}

/** Refuses what becomes known of a script's input and is no text: a shell would read it as something else. */
function requireTexts(subject: string, input: unknown): void {
  requireProperties(subject, { input }, { input: SHELL_INPUT });
}

/**
 * A script's text behind the exports of its input (see scriptText).
 * @param subject what messages call it
 */
export function withInput(
  file: string,
  input: Record<string, pulumi.Input<string>> = {},
  subject = `Script "${path.basename(file)}"`,
): pulumi.Output<string> {
  return pulumi.output(input).apply((values) => {
    requireTexts(subject, values);
    return scriptText(file, values);
  });
}

/** A script's text for the operator's host, behind one that gives it a session on a machine (ssh/session.sh). */
export function withSession(
  file: string,
  { ssh }: MachineLike,
  input: Record<string, pulumi.Input<string>>,
): pulumi.Output<string> {
  const session = pulumi.output({ ...sessionInput(ssh), SSH_PRIVATE_KEY: pulumi.secret(ssh.privateKey) });
  return pulumi.all([session, pulumi.output(input)]).apply(([known, values]) => {
    requireTexts(`Script "${path.basename(file)}"`, values);
    return sessionText(known, file, values);
  });
}

const AN_OBJECT = objectWith("an object");
const isVariable = ([name, value]: [string, unknown]): boolean =>
  /^[A-Za-z_]\w*$/.test(name) && (typeof value === "string" || isLater(value));
const SHELL_INPUT: Expectation = {
  what: 'texts by the names of shell variables, such as { PORT: "80" }',
  holds: (input) => AN_OBJECT.holds(input) && Object.entries(input as object).every(isVariable),
  tell: (input) => {
    const entry = AN_OBJECT.holds(input) && Object.entries(input as object).find((one) => !isVariable(one));
    return entry ? `an object whose "${entry[0]}" is ${describe(entry[1])}` : describe(input);
  },
};

/**
 * A script file of a component, run on a machine over SSH: again exactly when its text, its input or the machine changes; it removes
 * what it made when its resource goes, unless the machine goes with it.
 * @example
 * for (const machine of apache.machines)
 *   new vnf.MachineScript(`${machine.name}-banner`, { machine, file: `${__dirname}/banner.sh`, input: { NAME: machine.name } });
 */
export class MachineScript extends command.remote.Command {
  constructor(name: string, args: MachineScriptArgs, opts: pulumi.CustomResourceOptions = {}) {
    requireArguments(subjectOf("MachineScript", name), args, "MachineScriptArgs", {
      machine: A_MACHINE,
      input: optional(SHELL_INPUT),
      file: { what: "the absolute path of a script", holds: (file) => typeof file === "string" && existsSync(file) },
    });
    const { machine } = args;
    const undo = args.undo ?? true;
    const retries = { dialErrorLimit: 30, perDialTimeout: 5 };
    super(
      name,
      {
        connection: {
          host: machine.ssh.host,
          port: machine.ssh.port,
          user: machine.ssh.user,
          privateKey: machine.ssh.privateKey,
          hostKey: machine.ssh.hostKey,
          ...retries,
          ...(machine.ssh.jump
            ? { proxy: { ...machine.ssh.jump, privateKey: machine.ssh.privateKey, ...retries } }
            : {}),
        },
        create: "bash -s -- create",
        ...(undo ? { delete: "bash -s -- delete" } : {}),
        stdin: withInput(args.file, args.input, subjectOf("MachineScript", name)),
        addPreviousOutputInEnv: false,
        logging: args.secretOutput ? "none" : "stderr",
        triggers: [machine.identity, ...(args.replaceOnChanges ?? [])],
      },
      pulumi.mergeOptions(opts, {
        deleteBeforeReplace: undo,
        ...(machine.resource ? { deletedWith: machine.resource } : {}),
        ...(args.secretOutput ? { additionalSecretOutputs: ["stdout"] } : {}),
      }),
    );
  }
}

export interface OpenSshScriptArgs extends Omit<MachineScriptArgs, "secretOutput"> {
  /** Seconds in which the machine may begin to let one in. @default 0: it is tried once */
  waitSeconds?: number;
  /** What to do about a machine that lets nobody in. @default "Bring up the stack that owns it." */
  advice?: string;
  /** A command of the operator's host that prints the end of the machine's console. @default none */
  consoleCommand?: pulumi.Input<string>;
}

/**
 * The same for a machine that another stack owns: it may be gone by the time that the script's work is to be undone, and that work with it.
 * Runs through OpenSSH on the operator's host, since a `remote.Command` fails for good when its machine is gone; and can wait as long as
 * is asked for a machine that is still booting.
 */
export class OpenSshScript extends command.local.Command {
  constructor(name: string, args: OpenSshScriptArgs, opts: pulumi.CustomResourceOptions = {}) {
    const undo = args.undo ?? true;
    super(
      name,
      {
        create: "bash -s -- create",
        ...(undo ? { delete: "bash -s -- delete" } : {}),
        stdin: withSession(OPENSSH, args.machine, {
          PROGRAM: withInput(args.file, args.input),
          ...(args.waitSeconds ? { WAIT_SECONDS: String(args.waitSeconds) } : {}),
          ...(args.advice ? { ADVICE: args.advice } : {}),
          ...(args.consoleCommand ? { CONSOLE_COMMAND: args.consoleCommand } : {}),
        }),
        addPreviousOutputInEnv: false,
        logging: "stderr",
        triggers: [args.machine.identity, ...(args.replaceOnChanges ?? [])],
      },
      pulumi.mergeOptions(opts, { deleteBeforeReplace: undo }),
    );
  }
}

/** The same script through whichever fits its machine: one of this program's own, or of another stack. */
export function scriptOn(
  name: string,
  args: Omit<MachineScriptArgs, "secretOutput">,
  opts: pulumi.CustomResourceOptions,
): MachineScript | OpenSshScript {
  return args.machine.resource ? new MachineScript(name, args, opts) : new OpenSshScript(name, args, opts);
}
