import { describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { aroundTests, Example } from "./example";
import { type Ended, eventually, inShell, labelled } from "./operator";

/** Two routers side by side in the middle, one at each end, and nothing but what they tell each other on them. */
const site = "routers";
const server = "10.151.3.11";
const client = "10.151.0.100";
const PASSWORD = "Tr4nsit-of-test";

const on = (machine: string, ...args: string[]): Ended =>
  inShell("docker", ["exec", `hybrid-vnf-${site}-${machine}`, ...args]);
const kubectl = (machine: string, ...args: string[]): Ended =>
  on(machine, "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", ...args);
const answers = () => {
  const { output } = on("client", "curl", "-sS", "--max-time", "1", `http://${server}`);
  return output.includes("<h1>web-1</h1>") || `no answer: ${output}`;
};
/** What the routers at the ends have learnt by OSPF: each two ways to the other's network. */
const bothWays = () => {
  const lacking = [
    { machine: "west-1", destination: "10.151.3.0/24", near: "10.151.1" },
    { machine: "east-1", destination: "10.151.0.0/24", near: "10.151.2" },
  ].flatMap(({ machine, destination, near }) => {
    const { output } = on(machine, "ip", "route", "show", destination, "proto", "ospf");
    return [21, 22].every((host) => output.includes(`via ${near}.${host} `))
      ? []
      : [`${machine}: ${output || "nothing"}`];
  });
  return lacking.length === 0 || lacking.join("; ");
};
/** The node in the middle that requests pass, and its leg there. */
function passed(): { node: string; leg: string; other: string } {
  const { output } = on("west-1", "ip", "route", "get", server, "from", client, "iif", legOf("west-1", "10.151.0"));
  const first = output.includes(" via 10.151.1.21 ");
  const node = first ? "middle-1" : "middle-2";
  return { node, leg: legOf(node, "10.151.1"), other: first ? "22" : "21" };
}
function legOf(machine: string, net: string): string {
  const { output } = on(machine, "ip", "-json", "-4", "address");
  const links = JSON.parse(output) as { ifname: string; addr_info: { local: string }[] }[];
  return links.find((link) => link.addr_info.some(({ local }) => local.startsWith(`${net}.`)))?.ifname ?? "none";
}
const pods = () =>
  ["west-1", "middle-1", "east-1"].map(
    (machine) => kubectl(machine, "get", "pods", "--output", "jsonpath={.items[*].metadata.uid}").output,
  );

const lab = new OwnCheckout("learning", 100);
const example = new Example("routers", { checkout: lab });
aroundTests(lab, example);

describe.each(["ospf", "rip", "bgp"])("routers that learn from each other by %s", (protocol) => {
  test("know each other's networks, and lead to the server and back", async () => {
    example.good("config", "set", "protocol", protocol);
    example.up();
    await eventually("an answer of the server", 60, answers);
    expect(on("west-1", "ip", "route", "show", "10.151.3.0/24").output).toContain(`proto ${protocol} `);
    if (protocol === "ospf") await eventually("both ways", 60, bothWays);
  });

  test("lead past one whose link is down, and take it again", async () => {
    const { node, leg, other } = passed();
    expect(on(node, "ip", "link", "set", leg, "down").status).toBe(0);
    try {
      await eventually("the other way", 60, () => {
        const { output } = on("west-1", "ip", "route", "show", "10.151.3.0/24");
        return output.includes(`via 10.151.1.${other} `) && !output.includes("nexthop") ? true : output;
      });
      await eventually("an answer by the other way", 60, answers);
    } finally {
      expect(on(node, "ip", "link", "set", leg, "up").status).toBe(0);
    }
    await eventually("an answer with both", 60, answers);
  });
});

describe("a router that has neighbours", () => {
  test("takes another configuration while it runs, and no request is lost", async () => {
    example.good("config", "set", "protocol", "ospf");
    example.up();
    await eventually("an answer of the server", 60, answers);
    const before = pods();
    const loop =
      'rm -f /tmp/stop; n=0; lost=0; until [ -e /tmp/stop ]; do n=$((n+1)); curl -sS -o /dev/null --max-time 1 "$1" || lost=$((lost+1)); sleep 0.02; done; echo "$lost lost of $n" >/tmp/stream';
    expect(
      inShell("docker", ["exec", "--detach", `hybrid-vnf-${site}-client`, "sh", "-c", loop, "sh", `http://${server}`])
        .status,
    ).toBe(0);
    example.good("config", "set", "cost", "50");
    example.up();
    expect(on("client", "touch", "/tmp/stop").status).toBe(0);
    await eventually(
      "the end of the stream",
      10,
      () => on("client", "test", "-e", "/tmp/stream").status === 0 || "it goes on",
    );
    expect(on("client", "cat", "/tmp/stream").output).toMatch(/^0 lost of \d{3,}$/m);
    expect(pods()).toEqual(before);
    expect(vtysh("show running-config")).toContain("ip ospf cost 50");
  });

  test("proves itself by a password that is told nowhere", async () => {
    example.good("config", "set", "--secret", "password", PASSWORD);
    const output = example.up();
    await eventually("an answer of the server", 60, answers);
    expect(vtysh("show running-config")).toContain(`md5 ${PASSWORD}`);
    expect(output).not.toContain(PASSWORD);
    expect(example.good("stack", "export")).not.toContain(PASSWORD);
  });

  test("another preview changes nothing", () => {
    example.good("preview", "--refresh", "--expect-no-changes");
  });

  test("goes, and leaves nothing", () => {
    example.down();
    expect(labelled(site)).toEqual([]);
  });
});

/** What FRR says on the first router. */
function vtysh(asked: string): string {
  const { status, output } = kubectl("west-1", "exec", "deploy/west-router", "--", "vtysh", "-c", asked);
  expect(status, output).toBe(0);
  return output;
}
