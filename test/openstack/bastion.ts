import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JumpHost } from "../../components/machine/access";
import { run } from "../../toolchain/command";
import { eventually } from "../e2e/operator";
import type { Cloud } from "./cloud";

/** The image of it holds OpenSSH's server; nothing else of it runs. */
const IMAGE = "hybrid-vnf/client:latest";
const PORT = 2222;
const SERVER = `mkdir -p /run/sshd && exec /usr/sbin/sshd -D -e -p ${PORT}`;
/** Seconds in which a port must be open. */
const PATIENCE = 60;

/** A host that lets in an operator's key and no other, and has a way to projects' networks, which the operator's own machine has not. */
export class Bastion {
  private tunnel?: ChildProcess;

  constructor(
    readonly place: JumpHost,
    private readonly cloud: Cloud,
    private readonly container: string,
    private readonly folder: string,
  ) {}

  /** The private key that it let in from the start. */
  get privateKey(): string {
    return readFileSync(join(this.folder, "operator"), "utf8");
  }

  /** The public keys that it lets in now. */
  async letsIn(): Promise<string[]> {
    const keys = await run("docker", ["exec", this.container, "cat", "/root/.ssh/authorized_keys"]);
    return keys.split("\n").filter(Boolean);
  }

  /** Opens a way to the clusters' APIs, as docs/platforms/openstack.md says; gives back what a shell needs to take it. */
  async open(): Promise<NodeJS.ProcessEnv> {
    const port = await freePort();
    const { host, port: ssh, user } = this.place;
    const known = ["-o", `UserKnownHostsFile=${join(this.folder, "known_hosts")}`, "-o", "BatchMode=yes"];
    this.tunnel = spawn(
      "ssh",
      ["-N", "-D", String(port), "-p", String(ssh), "-i", join(this.folder, "operator"), ...known, `${user}@${host}`],
      {
        stdio: "inherit",
      },
    );
    await opened("127.0.0.1", port);
    return { HTTPS_PROXY: `socks5://127.0.0.1:${port}`, NO_PROXY: this.cloud.address };
  }

  async stop(): Promise<void> {
    this.tunnel?.kill();
    await run("docker", ["rm", "--force", "--volumes", this.container]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Starts a bastion on the cloud's own node, whose ways to projects' networks are its own too. */
export async function startBastion(cloud: Cloud): Promise<Bastion> {
  const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-bastion-"));
  for (const key of ["operator", "host"]) {
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", join(folder, key)]);
  }
  const hostKey = readFileSync(join(folder, "host.pub"), "utf8").trim();
  writeFileSync(join(folder, "known_hosts"), `[${cloud.address}]:${PORT} ${hostKey}\n`);
  const options = ["--init", "--network", `container:${cloud.container}`, "--label", "hybrid-vnf.test=openstack"];
  const created = await run("docker", ["create", ...options, "--entrypoint", "bash", IMAGE, "-c", SERVER]);
  const container = created.trim();
  await run("docker", ["cp", join(folder, "host"), `${container}:/etc/ssh/ssh_host_ed25519_key`]);
  await run("docker", ["cp", join(folder, "operator.pub"), `${container}:/root/.ssh/authorized_keys`]);
  await run("docker", ["start", container]);
  await opened(cloud.address, PORT);
  return new Bastion({ host: cloud.address, port: PORT, user: "root", hostKey }, cloud, container, folder);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until a port is open. */
function opened(host: string, port: number): Promise<void> {
  return eventually(`${host}:${port} is open`, PATIENCE, () => {
    return new Promise((resolve) => {
      const socket = connect(port, host, () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", (error) => resolve(error.message));
    });
  });
}
