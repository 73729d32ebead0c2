import { join } from "node:path";
import type { Unwrap } from "@pulumi/pulumi";
import type { MachineFacts } from "../components/contracts/machine";
import { behindInput, OPENSSH, sessionInput, sessionText } from "../components/script/text";
import { attempt } from "../toolchain/command";

/** How to log in to a machine: where its SSH server is, and the key that it lets in. */
export type Access = Unwrap<MachineFacts["ssh"]> & {
  readonly privateKey: string;
  /** The pod there whose network a program is to run in, by its Deployment. @default none: it runs in the machine's own */
  readonly pod?: { readonly deployment: string; readonly namespace: string };
};

/** Runs a program in the network of a pod. */
const IN_POD = join(__dirname, "proof/in-pod.sh");

/** A machine that a script could not be run on; `message` says why. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
}

/** What to do with each line that a program prints, as it comes; and how long it may take to begin. */
export interface Hearing {
  /** Of its standard output. */
  readonly output?: (line: string) => void;
  /** Of its standard error. */
  readonly line?: (line: string) => void;
  /** Within how many seconds the machine must let one in. @default 10 */
  readonly timeoutSeconds?: number;
}

/** Runs a shell script file on a machine, with its input as variables, as the library runs its own. What it prints on standard output. */
export function runScript(
  access: Access,
  file: string,
  input: Readonly<Record<string, string | number>>,
  signal?: AbortSignal,
  hearing?: Hearing,
): Promise<string> {
  const values = Object.fromEntries(Object.entries(input).map(([name, value]) => [name, String(value)]));
  return runProgram(access, behindInput(file, values), signal, hearing);
}

/** Runs the text of a shell script on a machine. What it prints on standard output. */
export async function runProgram(
  { privateKey, pod, ...ssh }: Access,
  program: string,
  signal?: AbortSignal,
  { timeoutSeconds, ...hearing }: Hearing = {},
): Promise<string> {
  const where = `${ssh.user}@${ssh.host}:${ssh.port}`;
  const session = {
    ...sessionInput(ssh),
    ...(timeoutSeconds === undefined ? {} : { SSH_TIMEOUT: String(timeoutSeconds) }),
    SSH_PRIVATE_KEY: privateKey,
  };
  const script = sessionText(session, OPENSSH, {
    PROGRAM:
      pod === undefined
        ? program
        : behindInput(IN_POD, { DEPLOYMENT: pod.deployment, NAMESPACE: pod.namespace, PROGRAM: program }),
  });
  try {
    const { code, stdout, stderr } = await attempt("bash", ["-s", "--", "create"], {
      input: script,
      signal,
      group: true,
      ...hearing,
    });
    if (code === 0) return stdout;
    const said = stderr.trim().split("\n");
    // The last line is the script's own sentence; before it stands what OpenSSH says.
    if (/^The machine at .* does not let/.test(said.at(-1) ?? ""))
      throw new RemoteError(`${where} lets nobody in: ${said.at(-2)?.trim() ?? "it does not answer"}`);
    throw new RemoteError(`A script on ${where} ended with exit code ${code}: ${said.at(-1) ?? ""}`);
  } catch (error) {
    if (signal?.aborted) throw new RemoteError(`A script on ${where} was broken off.`);
    throw error;
  }
}
