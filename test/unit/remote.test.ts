import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, Server, utils } from "ssh2";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Access, RemoteError, runScript } from "../../cli/remote";
import { attempt } from "../../toolchain/command";

const keys = { machine: pair(), jump: pair(), user: pair() };
const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-remote-"));
const script = join(folder, "script.sh");
const servers: Server[] = [];
let access: Access;
/** What was asked for through the jump host. */
let forwarded: string[] = [];

// ssh2 makes an ed25519 key that it cannot read itself once in about 300; of this kind it made none in 20000.
function pair() {
  const { private: privateKey, public: publicKey } = utils.generateKeyPairSync("ecdsa", { bits: 256 });
  return { privateKey, publicKey };
}

/** A server that lets the user's key in. */
async function serve(hostKey: string, serveOne: (connection: Connection) => void): Promise<number> {
  const allowed = utils.parseKey(keys.user.publicKey);
  if (allowed instanceof Error) throw allowed;
  const server = new Server({ hostKeys: [hostKey] }, (connection) => {
    connection.on("error", () => {});
    connection.on("authentication", (asked) => {
      if (asked.method === "publickey" && asked.key.data.equals(allowed.getPublicSSH())) asked.accept();
      else asked.reject(["publickey"]);
    });
    connection.on("ready", () => serveOne(connection));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  writeFileSync(script, "echo not run here\n");
  // Says what it was told, with the line end that a here-string adds, and nothing of it is run.
  const port = await serve(keys.machine.privateKey, (connection) => {
    connection.on("session", (accept) => {
      accept().on("exec", (acceptExec) => {
        const channel = acceptExec();
        let told = "";
        channel.on("data", (data: Buffer) => {
          told += data.toString();
        });
        channel.on("end", () => {
          channel.write(told);
          channel.exit(0);
          channel.end();
        });
      });
    });
  });
  const jumpPort = await serve(keys.jump.privateKey, (connection) => {
    connection.on("tcpip", (accept, reject, to) => {
      forwarded.push(`${to.destIP}:${to.destPort}`);
      if (to.destIP !== "10.0.0.1") return reject();
      const channel = accept();
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => channel.close());
      channel.pipe(socket).pipe(channel);
    });
  });
  const place = { port, user: "root", hostKey: keys.machine.publicKey };
  access = {
    ...place,
    host: "10.0.0.1",
    privateKey: keys.user.privateKey,
    jump: { host: "127.0.0.1", port: jumpPort, user: "ops", hostKey: keys.jump.publicKey },
  };
});
afterEach(() => {
  forwarded = [];
});
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

test("a script goes through the jump host to the machine behind it", async () => {
  expect(await runScript(access, script, { URL: "it's" })).toBe("export URL='it'\\''s'\necho not run here\n\n");
  expect(forwarded).toEqual([`10.0.0.1:${access.port}`]);
});

test("and straight to a machine without one", async () => {
  expect(await runScript({ ...access, host: "127.0.0.1", jump: undefined }, script, {})).toBe("echo not run here\n\n");
  expect(forwarded).toEqual([]);
});

test("neither machine nor jump host may show another key than its own", async () => {
  const other = pair().publicKey;
  const refusal = `root@10.0.0.1:${access.port} lets nobody in: Host key verification failed.`;
  await expect(runScript({ ...access, hostKey: other }, script, {})).rejects.toThrow(refusal);
  if (!access.jump) throw new Error("no jump host");
  await expect(runScript({ ...access, jump: { ...access.jump, hostKey: other } }, script, {})).rejects.toThrow(
    `root@10.0.0.1:${access.port} lets nobody in: `,
  );
});

test("what a shell waits for ends with it, when it is to end", async () => {
  const stop = new AbortController();
  const pids: string[] = [];
  // A shell hears of a signal once its command has ended: alone it would be a minute.
  const running = attempt("bash", ["-c", "trap 'exit 1' TERM; bash -c 'echo $$; exec sleep 60'"], {
    ...{ signal: stop.signal, group: true },
    output: (pid) => {
      pids.push(pid);
      stop.abort();
    },
  });
  await expect(running).rejects.toThrow("aborted");
  expect(existsSync(`/proc/${pids[0]}`)).toBe(false);
});

test("what can't be reached is told", async () => {
  const nowhere = runScript({ ...access, host: "10.0.0.2" }, script, {});
  await expect(nowhere).rejects.toThrow(`root@10.0.0.2:${access.port} lets nobody in: `);
  await expect(nowhere).rejects.toBeInstanceOf(RemoteError);
  const stop = new AbortController();
  stop.abort();
  await expect(runScript(access, script, {}, stop.signal)).rejects.toThrow("was broken off");
});
