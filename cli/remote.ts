import type { MachineFacts } from "../components/contracts/machine";
import { behindInput, OPENSSH, sessionInput, sessionText } from "../components/script/text";
import { attempt } from "../toolchain/command";

/** How to log in to a machine: where its SSH server is, and the key that it lets in. */
export type Access = MachineFacts["ssh"] & { readonly privateKey: string };

/** A machine that a script could not be run on; `message` says why. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
}

/** Runs a shell script file on a machine, with its input as variables, as the library runs its own. What it prints on standard output. */
export async function runScript(
  { privateKey, ...ssh }: Access,
  file: string,
  input: Readonly<Record<string, string | number>>,
  signal?: AbortSignal,
): Promise<string> {
  const where = `${ssh.user}@${ssh.host}:${ssh.port}`;
  const values = Object.fromEntries(Object.entries(input).map(([name, value]) => [name, String(value)]));
  const session = { ...sessionInput(ssh), SSH_PRIVATE_KEY: privateKey };
  const script = sessionText(session, OPENSSH, { PROGRAM: behindInput(file, values) });
  try {
    const { code, stdout, stderr } = await attempt("bash", ["-s", "--", "create"], { input: script, signal });
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
