import * as fs from "node:fs";
import * as path from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "./machine";

export interface MachineScriptArgs {
  machine: MachineLike;
  /** Absolute path of the script, a file beside its component. It is run as `bash -s -- create` (also for a change) and, with `undo`, `bash -s -- delete`. */
  file: string;
  /** What the script reads from its environment. */
  input?: Record<string, pulumi.Input<string>>;
  /** Whether what the script prints is a secret. @default false */
  secretOutput?: boolean;
  /** What the script's work is known by: when one of these changes, the old work is undone first. @default none */
  replaceOn?: pulumi.Input<string>[];
  /** Whether the script knows `delete`. @default true */
  undo?: boolean;
}

/** A word of a shell command line, whatever is in it (POSIX shell, 2.2.2 single quotes). */
export function quote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/** What a script printed; not known while the targets of an update leave the script out. */
export function printedBy(script: { readonly stdout: pulumi.Output<string> }): pulumi.Output<string> {
  // The SDK takes its own mark of what is unknown for a value of any type, and declares it as an object.
  return script.stdout.apply((text: string | undefined) => text ?? (pulumi.unknown as unknown as string));
}

/** What every script finds before its input: what they share. */
const PRELUDE = fs.readFileSync(path.join(__dirname, "prelude.sh"), "utf8");

/** A script's text behind the prelude and the exports of its input; nothing of it is ever in a command line. */
export function withInput(file: string, input: Record<string, pulumi.Input<string>> = {}): pulumi.Output<string> {
  return pulumi.interpolate`${PRELUDE}${behindInput(file, input)}`;
}

function behindInput(file: string, input: Record<string, pulumi.Input<string>>): pulumi.Output<string> {
  const text = fs.readFileSync(file, "utf8");
  return pulumi.output(input).apply((values) => {
    const exports = Object.entries(values).map(([name, value]) => `export ${name}=${quote(value)}\n`);
    return exports.join("") + text;
  });
}

/** A script's text for the operator's host, behind one that gives it a session on a machine (ssh/session.sh). */
export function withSession(
  file: string,
  { ssh }: MachineLike,
  input: Record<string, pulumi.Input<string>>,
): pulumi.Output<string> {
  const session = withInput(path.join(__dirname, "../ssh/session.sh"), {
    HOST: ssh.host,
    SSH_PORT: String(ssh.port),
    SSH_USER: ssh.user,
    HOST_KEY: ssh.hostKey,
    SSH_PRIVATE_KEY: pulumi.secret(ssh.privateKey),
    ...(ssh.jump
      ? {
          JUMP_HOST: ssh.jump.host,
          JUMP_PORT: String(ssh.jump.port),
          JUMP_USER: ssh.jump.user,
          JUMP_HOST_KEY: ssh.jump.hostKey,
        }
      : {}),
  });
  return pulumi.interpolate`${session}${behindInput(file, input)}`;
}

/**
 * A script file of a component, run on a machine over SSH: again exactly when its text, its input or the machine changes; it removes
 * what it made when its resource goes, unless the machine goes with it.
 */
export class MachineScript extends command.remote.Command {
  constructor(name: string, args: MachineScriptArgs, opts: pulumi.CustomResourceOptions = {}) {
    const { machine } = args;
    const undo = args.undo ?? true;
    const patience = { dialErrorLimit: 30, perDialTimeout: 5 };
    super(
      name,
      {
        connection: {
          host: machine.ssh.host,
          port: machine.ssh.port,
          user: machine.ssh.user,
          privateKey: machine.ssh.privateKey,
          hostKey: machine.ssh.hostKey,
          ...patience,
          ...(machine.ssh.jump
            ? { proxy: { ...machine.ssh.jump, privateKey: machine.ssh.privateKey, ...patience } }
            : {}),
        },
        create: "bash -s -- create",
        ...(undo ? { delete: "bash -s -- delete" } : {}),
        stdin: withInput(args.file, args.input),
        addPreviousOutputInEnv: false,
        logging: args.secretOutput ? "none" : "stderr",
        triggers: [machine.identity, ...(args.replaceOn ?? [])],
      },
      pulumi.mergeOptions(opts, {
        deleteBeforeReplace: true,
        ...(machine.resource ? { deletedWith: machine.resource } : {}),
        ...(args.secretOutput ? { additionalSecretOutputs: ["stdout"] } : {}),
      }),
    );
  }
}

export interface ElsewhereScriptArgs extends Omit<MachineScriptArgs, "secretOutput"> {
  /** Seconds in which the machine may yet begin to answer. @default 0: it is asked once */
  patience?: number;
  /** What to do about a machine that lets nobody in. @default "Bring up the stack that owns it." */
  advice?: string;
  /** A command of the operator's host that prints what the machine last said. @default none */
  lastWords?: pulumi.Input<string>;
}

/**
 * The same for a machine that another stack owns: it may be gone by the time that the script's work is to be undone, and that work with it.
 * Runs through OpenSSH on the operator's host, since a `remote.Command` fails for good when its machine is gone; and can wait as long as
 * is asked for a machine that is still booting.
 */
export class ElsewhereScript extends command.local.Command {
  constructor(name: string, args: ElsewhereScriptArgs, opts: pulumi.CustomResourceOptions = {}) {
    super(
      name,
      {
        create: "bash -s -- create",
        ...((args.undo ?? true) ? { delete: "bash -s -- delete" } : {}),
        stdin: withSession(path.join(__dirname, "elsewhere.sh"), args.machine, {
          PROGRAM: withInput(args.file, args.input),
          ...(args.patience ? { PATIENCE: String(args.patience) } : {}),
          ...(args.advice ? { ADVICE: args.advice } : {}),
          ...(args.lastWords ? { LAST_WORDS: args.lastWords } : {}),
        }),
        addPreviousOutputInEnv: false,
        logging: "stderr",
        triggers: [args.machine.identity, ...(args.replaceOn ?? [])],
      },
      pulumi.mergeOptions(opts, { deleteBeforeReplace: true }),
    );
  }
}
