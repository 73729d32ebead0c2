import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import { type Checkout, inShell } from "./operator";

const IMAGE = "hybrid-vnf/registry:latest";
const CONTAINER = "hybrid-vnf-registry";
/** Its address on transit, out of the way of machines'. */
const ADDRESS = "10.100.101.250";

/** Debian's own package of the registry (CNCF distribution), keeping what it gets for as long as it runs. */
const DOCKERFILE = `FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends docker-registry && rm -rf /var/lib/apt/lists/*
RUN printf 'version: 0.1\\nstorage: {filesystem: {rootdirectory: /srv}}\\nhttp: {addr: ":5000"}\\n' >/etc/registry.yml
CMD ["docker-registry", "serve", "/etc/registry.yml"]
`;

function must(program: string, ...args: string[]): string {
  const { status, output } = inShell(program, args);
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${output}`);
  return output;
}

/**
 * A TCP port that nobody has at this moment: none of those that the system here, or a node's, takes for a connection of its own (from 32768
 * on), for on a node many of these are in use, nor one of a cluster's (30000 to 32767).
 */
function freePort(port = 20_000 + Math.floor(Math.random() * 9000)): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server
      .on("error", () => resolve(freePort(port + 1)))
      .listen(port, "127.0.0.1", () => server.close(() => resolve(port)));
  });
}

/**
 * A registry on the transit network of a checkout's site. This machine and these nodes know it by the same name, `127.0.0.1:PORT`: engines ask
 * that address without TLS, so none of them has to be given a certificate.
 */
export async function startRegistry(
  { here, onMachine }: Checkout,
  nodes: readonly string[],
): Promise<{ name: string; stop(): void }> {
  execFileSync("docker", ["build", "--quiet", "--tag", IMAGE, "-"], {
    input: DOCKERFILE,
    env: { ...process.env, DOCKER_BUILDKIT: "0" },
    stdio: ["pipe", "ignore", "inherit"],
  });
  const port = await freePort();
  const name = `127.0.0.1:${port}`;
  const stop = () => {
    inShell("docker", ["rm", "--force", "--volumes", CONTAINER]);
    for (const node of nodes) onMachine(node, "systemctl", "stop", "registry.socket", "registry.service");
  };
  try {
    stop();
    must(
      ...(["docker", "run", "--detach", "--name", CONTAINER, "--publish", `${name}:5000`] as const),
      ...["--network", here("hybrid-vnf-dev-transit"), "--ip", here(ADDRESS), IMAGE],
    );
    for (const node of nodes) {
      const { status, output } = onMachine(
        node,
        ...["systemd-run", "--quiet", "--unit", "registry", `--socket-property=ListenStream=${name}`],
        ...["/lib/systemd/systemd-socket-proxyd", `${here(ADDRESS)}:5000`],
      );
      if (status !== 0) throw new Error(`${node}: ${output}`);
    }
    return { name, stop };
  } catch (error) {
    stop();
    throw error;
  }
}
