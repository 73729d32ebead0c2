import * as fs from "node:fs";
import * as path from "node:path";

/** A word of a shell command line, whatever is in it (POSIX shell, 2.2.2 single quotes). */
export function quote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

type Input = Readonly<Record<string, string>>;

const texts = new Map<string, string>();

/** The text of a file of this library or of its caller's, read once: a program may have thousands of resources that run it. */
function textOf(file: string): string {
  const text = texts.get(file) ?? fs.readFileSync(file, "utf8");
  texts.set(file, text);
  return text;
}

/** What every script finds before its input: what they share. */
const PRELUDE = textOf(path.join(__dirname, "prelude.sh"));

/** The text of a script that needs no prelude, behind the exports of its input. */
export function behindInput(file: string, input: Input): string {
  const exports = Object.entries(input).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  return exports.join("") + textOf(file);
}

/** A script's text behind the prelude and the exports of its input; nothing of it is ever in a command line. */
export function scriptText(file: string, input: Input): string {
  return PRELUDE + behindInput(file, input);
}

/** A script's text for the operator's host, behind one that gives it a session on a machine (ssh/session.sh). */
export function sessionText(session: Input, file: string, input: Input): string {
  return PRELUDE + behindInput(SESSION, session) + behindInput(file, input);
}

/** An SSH server: where it is, and its public host key. */
interface Server<T> {
  readonly host: T;
  readonly port: number;
  readonly user: string;
  readonly hostKey: T;
}

/** What ssh/session.sh reads, for a session on a machine. */
export function sessionInput<T>(
  ssh: Server<T> & { readonly jump?: Server<string> },
): Readonly<Record<string, T | string>> {
  return {
    HOST: ssh.host,
    SSH_PORT: String(ssh.port),
    SSH_USER: ssh.user,
    HOST_KEY: ssh.hostKey,
    ...(ssh.jump
      ? {
          JUMP_HOST: ssh.jump.host,
          JUMP_PORT: String(ssh.jump.port),
          JUMP_USER: ssh.jump.user,
          JUMP_HOST_KEY: ssh.jump.hostKey,
        }
      : {}),
  };
}

const SESSION = path.join(__dirname, "../ssh/session.sh");

/** Runs a script on a machine through OpenSSH on the operator's host. */
export const OPENSSH = path.join(__dirname, "openssh.sh");
