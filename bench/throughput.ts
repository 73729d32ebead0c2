import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Measurements } from "./figures";
import { report, requestsPerSecond, shell } from "./measure";

/** What is measured on a chain that is up. The bench's own containers bear its label, and go with it. */

const LABEL = "hybrid-vnf-bench";
const IMAGE = `${LABEL}/balancers`;
const BALANCERS = { haproxy: 8081, nginx: 8082 } as const;
const SERVERS = ["10.100.102.11", "10.100.102.12"];

const on = (machine: string, ...args: string[]): string =>
  shell("docker", "exec", `hybrid-vnf-dev-${machine}`, ...args);

/** Requests a second from a machine of the lab. */
function rate(machine: string, url: string, requests: number): number {
  const found = requestsPerSecond(`hybrid-vnf-dev-${machine}`, url, requests);
  report(`${url} from ${machine}: ${found} requests/s`);
  return found;
}

/** Gives the Swarm's node the other balancers, each on a port of its own. */
function startBalancers(): void {
  execFileSync("bash", ["-c", `docker save "$0" | docker exec -i hybrid-vnf-dev-swarm-1 docker load --quiet`, IMAGE], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  for (const [name, port] of Object.entries(BALANCERS)) {
    const input = ["--env", `PORT=${port}`, "--env", `SERVERS=${SERVERS.join()}`];
    on("swarm-1", "docker", "run", "--detach", "--name", `${LABEL}-${name}`, "--network=host", ...input, IMAGE, name);
    on(
      "client",
      "curl",
      "-fsS",
      "-o",
      "/dev/null",
      "--retry",
      "30",
      "--retry-all-errors",
      "--retry-delay",
      "1",
      urlOf(port),
    );
  }
}

function stopBalancers(): void {
  for (const name of Object.keys(BALANCERS)) on("swarm-1", "docker", "rm", "--force", `${LABEL}-${name}`);
}

const urlOf = (port: number): string => `http://10.100.100.20:${port}/`;

/** The two ends of a stream, and a forwarder that is nothing but a kernel; with their addresses, and the routers' both legs. */
const SENDER = { name: `${LABEL}-sender`, legs: { transit: "10.100.101.240" } };
const RECEIVER = { name: `${LABEL}-receiver`, legs: { servers: "10.100.102.240" } };
const FORWARDER = { name: `${LABEL}-forwarder`, legs: { transit: "10.100.101.250", servers: "10.100.102.250" } };
const ROUTER = { transit: "10.100.101.10", servers: "10.100.102.10" };

function start({ name, legs }: { name: string; legs: Readonly<Record<string, string>> }, ...what: string[]): void {
  const [[network, address] = ["", ""], ...more] = Object.entries(legs);
  const settings = ["--label", LABEL, "--cap-add", "NET_ADMIN", "--sysctl", "net.ipv4.ip_forward=1", "--init"];
  const at = ["--network", `hybrid-vnf-dev-${network}`, "--ip", address];
  shell(
    "docker",
    "run",
    "--detach",
    "--name",
    name,
    ...settings,
    ...at,
    "--entrypoint",
    what[0] ?? "",
    IMAGE,
    ...what.slice(1),
  );
  for (const [other, there] of more)
    shell("docker", "network", "connect", "--ip", there, `hybrid-vnf-dev-${other}`, name);
}

/** Packets a second that arrive at the other end through a forwarder. */
function packets(what: string, through: { readonly transit: string; readonly servers: string }): number {
  const route = ({ name }: { name: string }, to: string, by: string) =>
    shell("docker", "exec", name, "ip", "route", "replace", to, "via", by);
  route(SENDER, "10.100.102.0/24", through.transit);
  route(RECEIVER, "10.100.101.0/24", through.servers);
  const stream = [
    "iperf3",
    "--client",
    RECEIVER.legs.servers,
    "--udp",
    "--bitrate",
    "0",
    "--length",
    "64",
    "--time",
    "5",
  ];
  const printed = JSON.parse(shell("docker", "exec", SENDER.name, ...stream, "--json")) as {
    end: { sum: { packets: number; lost_packets: number; seconds: number } };
  };
  const { packets: sent, lost_packets: lost, seconds } = printed.end.sum;
  const arrived = (sent - lost) / seconds;
  report(`${what}: ${arrived.toFixed(0)} packets/s arrive, ${((100 * lost) / sent).toFixed(1)} % are lost`);
  return arrived;
}

/** Measures a chain that is up, once. */
export function measureThroughput(found: Measurements, requests: number): void {
  execFileSync("docker", ["build", "--quiet", "--tag", IMAGE, join(__dirname, "balancers")], {
    // Not every engine has the other builder, which its client would take.
    env: { ...process.env, DOCKER_BUILDKIT: "0" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  try {
    const chain = rate("client", urlOf(80).replace(":80", ""), requests);
    found.add("chainByNeighbours", chain / rate("apache-1", `http://${SERVERS[1]}/`, requests));
    startBalancers();
    // The chain once more, beside what it is compared with: idle neighbours on its node are then no difference.
    const again = rate("client", urlOf(80).replace(":80", ""), requests);
    const others = Object.values(BALANCERS).map((port) => rate("client", urlOf(port), requests));
    found.add("chainByBest", again / Math.max(...others));
    stopBalancers();

    start(SENDER, "sleep", "infinity");
    start(RECEIVER, "iperf3", "--server");
    start(FORWARDER, "sleep", "infinity");
    // What the machine has to do besides grows or falls off: each way is measured at both ends.
    const router = () => packets("through the router", ROUTER);
    const kernel = () => packets("through a kernel alone", FORWARDER.legs);
    const [first, second, third, last] = [router(), kernel(), kernel(), router()];
    found.add("routerByKernel", (first + last) / (second + third));
  } finally {
    removeOwn();
  }
}

/** Takes the bench's own containers off the lab's networks. */
function removeOwn(): void {
  const own = shell("docker", "ps", "--all", "--quiet", "--filter", `label=${LABEL}`).split("\n").filter(Boolean);
  if (own.length > 0) shell("docker", "rm", "--force", ...own);
}
