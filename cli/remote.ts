import { readFileSync } from "node:fs";
import type { ServerHostKeyAlgorithm } from "ssh2";
import { Client } from "ssh2";

/** How to log in to a machine. */
export interface Access {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The machine's public host key, as in a known_hosts file: type, key. */
  readonly hostKey: string;
  readonly privateKey: string;
}

/** A machine that could not be asked; `message` says why. */
export class RemoteError extends Error {
  override readonly name = "RemoteError";
}

/** Whether the key that a machine shows is the one that is pinned for it. */
export function isPinned(shown: Buffer, pinned: string): boolean {
  const key = pinned.trim().split(/\s+/)[1];
  return key !== undefined && Buffer.from(key, "base64").equals(shown);
}

/** Runs a shell script file on a machine, with its input as variables. What it prints on standard output. */
export function runScript(
  access: Access,
  file: string,
  input: Readonly<Record<string, string | number>>,
  signal?: AbortSignal,
): Promise<string> {
  const variables = Object.entries(input).map(
    ([name, value]) => `export ${name}='${String(value).replaceAll("'", `'\\''`)}'\n`,
  );
  const script = variables.join("") + readFileSync(file, "utf8");
  const where = `${access.user}@${access.host}:${access.port}`;
  return new Promise((resolve, reject) => {
    const client = new Client();
    let refused = false;
    const fail = (reason: string): void => {
      client.end();
      reject(new RemoteError(`${where} could not be asked: ${reason}`));
    };
    signal?.addEventListener("abort", () => fail("broken off"), { once: true });
    client.on("error", (error) =>
      fail(refused ? "it shows another host key than the one that is pinned for it" : error.message),
    );
    client.on("ready", () => {
      client.exec("bash -s", (error, channel) => {
        if (error) return fail(error.message);
        let stdout = "";
        let stderr = "";
        channel.on("data", (data: Buffer) => {
          stdout += data.toString("utf8");
        });
        channel.stderr.on("data", (data: Buffer) => {
          stderr += data.toString("utf8");
        });
        channel.on("close", (code: number | null) => {
          client.end();
          if (code === 0) resolve(stdout);
          else
            reject(
              new RemoteError(
                `A script on ${where} ended with exit code ${code}: ${stderr.trim().split("\n").at(-1) ?? ""}`,
              ),
            );
        });
        channel.end(script);
      });
    });
    client.connect({
      host: access.host,
      port: access.port,
      username: access.user,
      privateKey: access.privateKey,
      readyTimeout: 8000,
      algorithms: { serverHostKey: [access.hostKey.trim().split(/\s+/)[0] as ServerHostKeyAlgorithm] },
      hostVerifier: (shown: Buffer) => {
        refused = !isPinned(shown, access.hostKey);
        return !refused;
      },
    });
  });
}
