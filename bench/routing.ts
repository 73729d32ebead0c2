import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { eventually } from "../test/e2e/operator";
import type { FigureKey, Measurements } from "./figures";
import { Program, report, shell } from "./measure";

/** Times how long packets are lost when a link goes down between routers that learn from each other, in the lab (examples/routers). */

const SERVER = "10.151.3.11";
const CLIENT = "10.151.0.100";
/** Seconds between two packets of the stream. */
const STEP = 0.02;
/** Seconds that anything may take to be as it should. */
const PATIENCE = 90;

interface Case {
  readonly key: "ospf" | "ospfBfd" | "bgp" | "bgpBfd" | "rip";
  readonly protocol: "ospf" | "bgp" | "rip";
  readonly bfd: boolean;
  /** Seconds that its timers let pass on the average: a neighbour has last been heard half an interval ago. */
  readonly timers: number;
}

/** With the timers that the example sets, and BFD's own of 3 × 300 ms. */
const CASES: readonly Case[] = [
  { key: "ospf", protocol: "ospf", bfd: false, timers: 3 - 1 / 2 },
  { key: "ospfBfd", protocol: "ospf", bfd: true, timers: 0.9 - 0.3 / 2 },
  { key: "bgp", protocol: "bgp", bfd: false, timers: 3 - 1 / 2 },
  { key: "bgpBfd", protocol: "bgp", bfd: true, timers: 0.9 - 0.3 / 2 },
  // Then the other router's next update, which comes half an interval later.
  { key: "rip", protocol: "rip", bfd: false, timers: 15 - 5 / 2 + 5 / 2 },
];

const on = (machine: string, ...args: string[]): string =>
  shell("docker", "exec", `hybrid-vnf-routers-${machine}`, ...args);
const vtysh = (machine: string, asked: string): string => {
  const config = ["--kubeconfig", "/etc/kubernetes/admin.conf"];
  return on(machine, "kubectl", ...config, "exec", "deploy/west-router", "--", "vtysh", "-c", asked);
};

/** Whether every router knows all that it can, and each way is watched: what goes down then has another way beside it. */
function settled({ protocol, bfd }: Case): true | string {
  for (const middle of ["middle-1", "middle-2"])
    for (const network of ["10.151.0.0/24", "10.151.3.0/24"])
      if (on(middle, "ip", "route", "show", network, "proto", protocol) === "")
        return `${middle} knows no way to ${network}`;
  if (bfd) {
    const peers = vtysh("west-1", "show bfd peers brief");
    if ((peers.match(/\bup\b/g) ?? []).length < 2) return peers;
  }
  if (protocol === "ospf") {
    const ways = on("west-1", "ip", "route", "show", "10.151.3.0/24");
    return (ways.includes(".21 ") && ways.includes(".22 ")) || ways;
  }
  if (protocol === "bgp") {
    const ways = vtysh("west-1", "show bgp ipv4 unicast 10.151.3.0/24");
    return ways.includes("2 available") || ways;
  }
  return on("west-1", "ip", "route", "show", "10.151.3.0/24") !== "" || "west-1 knows no way to the server";
}

/** The leg of a machine in a network. */
function legOf(machine: string, network: string): string {
  const links = JSON.parse(on(machine, "ip", "-json", "-4", "address")) as {
    ifname: string;
    addr_info: { local: string }[];
  }[];
  const leg = links.find((link) => link.addr_info.some(({ local }) => local.startsWith(`${network}.`)));
  if (!leg) throw new Error(`${machine} has no leg in ${network}.0/24.`);
  return leg.ifname;
}

/** The link that packets to the server pass between the first router and the middle. */
function passed(): { readonly node: string; readonly leg: string } {
  const entry = legOf("west-1", "10.151.0");
  const way = on("west-1", "ip", "route", "get", SERVER, "from", CLIENT, "iif", entry);
  const node = way.includes(" via 10.151.1.21 ") ? "middle-1" : "middle-2";
  return { node, leg: legOf(node, "10.151.1") };
}

/** Both streams of the client, for so many packets: one of pings, and one of requests one after another. */
const STREAMS = `ping -i ${STEP} -c "$2" -W 1 "$1" >/tmp/pings & pinging=$!
asked=0; lost=0
while kill -0 $pinging 2>/dev/null; do
  asked=$((asked + 1)); curl -s -o /dev/null --max-time 0.5 "http://$1" || lost=$((lost + 1)); sleep ${STEP}
done
sed -n 's/.*icmp_seq=\\([0-9]*\\) ttl=.*/\\1/p' /tmp/pings; echo "requests $lost $asked"`;

interface Gap {
  /** Seconds without an answer, in one piece. */
  readonly seconds: number;
  readonly lost: number;
  readonly asked: number;
}

/** Sends both streams, and takes a link down in the middle of them. */
async function cut({ timers }: Case): Promise<Gap> {
  const { node, leg } = passed();
  const count = Math.ceil((timers * 2 + 4) / STEP);
  const client = "hybrid-vnf-routers-client";
  const streams = spawn("docker", ["exec", client, "bash", "-c", STREAMS, "bash", SERVER, String(count)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  streams.stdout.on("data", (chunk) => {
    output += chunk;
  });
  const ended = once(streams, "close");
  try {
    await eventually(
      "an answer to a ping",
      PATIENCE,
      () => on("client", "sh", "-c", "cat /tmp/pings || true").includes("ttl=") || "none yet",
    );
    on(node, "ip", "link", "set", leg, "down");
    await ended;
  } finally {
    on(node, "ip", "link", "set", leg, "up");
  }
  const lines = output.trim().split("\n");
  const [lost = 0, asked = 0] = lines.pop()?.split(" ").slice(1).map(Number) ?? [];
  const answered = [...lines.map(Number), count + 1];
  const gaps = answered.map((one, at) => one - (answered[at - 1] ?? one - 1) - 1);
  return { seconds: Math.max(...gaps) * STEP, lost, asked };
}

/** Measures each protocol in as many rounds. */
export async function measureRouting(found: Measurements, rounds: number): Promise<void> {
  const program = new Program(join("examples", "routers"));
  try {
    for (const one of CASES) {
      const { key, protocol, bfd, timers } = one;
      program.up({ protocol, bfd: String(bfd) });
      for (let round = 1; round <= rounds; round++) {
        await eventually(`${protocol} between all routers`, PATIENCE, () => settled(one));
        on("client", "rm", "-f", "/tmp/pings");
        const { seconds, lost, asked } = await cut(one);
        report(`${key}: ${seconds.toFixed(2)} s, ${lost} of ${asked} requests lost`);
        found.add(`${key}Gap` satisfies FigureKey, seconds);
        found.add(`${key}Lost` satisfies FigureKey, lost);
        found.add(`${key}ByTimers` satisfies FigureKey, seconds / timers);
      }
    }
  } finally {
    program.end();
  }
}
