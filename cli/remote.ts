import { readFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import type { ServerHostKeyAlgorithm } from "ssh2";
import { Client } from "ssh2";

/** A host that answers SSH. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Its public host key, as in a known_hosts file: type, key. */
  readonly hostKey: string;
}

/** How to log in to a machine. */
export interface Access extends Place {
  readonly privateKey: string;
  /** Where the way to it leads through; it lets the same key in. */
  readonly jump?: Place;
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

/** Logs in to a place, over a stream that leads there or over a connection of its own. */
function login(place: Place, privateKey: string, sock?: Duplex): Promise<Client> {
  const where = `${place.user}@${place.host}:${place.port}`;
  return new Promise((resolve, reject) => {
    const client = new Client();
    let refused = false;
    client.on("error", (error) => {
      const reason = refused ? "it shows another host key than the one that is pinned for it" : error.message;
      reject(new RemoteError(`${where} could not be asked: ${reason}`));
    });
    client.on("ready", () => resolve(client));
    client.connect({
      ...(sock ? { sock } : {}),
      host: place.host,
      port: place.port,
      username: place.user,
      privateKey,
      readyTimeout: 8000,
      algorithms: { serverHostKey: [place.hostKey.trim().split(/\s+/)[0] as ServerHostKeyAlgorithm] },
      hostVerifier: (shown: Buffer) => {
        refused = !isPinned(shown, place.hostKey);
        return !refused;
      },
    });
  });
}

/** A stream from a jump host to a place behind it. */
function through(jump: Client, place: Place): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    jump.forwardOut("127.0.0.1", 0, place.host, place.port, (error, channel) => {
      if (error) reject(new RemoteError(`The jump host does not reach ${place.host}:${place.port}: ${error.message}`));
      else resolve(channel);
    });
  });
}

/** Runs a shell script file on a machine, with its input as variables. What it prints on standard output. */
export async function runScript(
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
  const clients: Client[] = [];
  const end = (): void => {
    for (const client of clients.splice(0)) client.end();
  };
  signal?.addEventListener("abort", end, { once: true });
  try {
    let sock: Duplex | undefined;
    if (access.jump) {
      const jump = await login(access.jump, access.privateKey);
      clients.push(jump);
      sock = await through(jump, access);
    }
    const client = await login(access, access.privateKey, sock);
    clients.push(client);
    signal?.throwIfAborted();
    return await exec(client, script, where);
  } catch (error) {
    if (signal?.aborted) throw new RemoteError(`${where} could not be asked: broken off`);
    throw error;
  } finally {
    signal?.removeEventListener("abort", end);
    end();
  }
}

function exec(client: Client, script: string, where: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => reject(new RemoteError(`${where} could not be asked: ${reason}`));
    client.on("error", (error) => fail(error.message));
    client.on("close", () => fail("the connection was closed"));
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
}
