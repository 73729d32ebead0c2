import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { aroundTests, Example } from "./example";
import { countersOf, type Ended, inShell, labelled } from "./operator";

const lab = new OwnCheckout("nat", 100);
const example = new Example("nat", { stack: "dev", checkout: lab });
const on = (machine: string, ...args: string[]): Ended =>
  inShell("docker", ["exec", `hybrid-vnf-homes-${machine}`, ...args]);
const curl = (machine: string, url: string): string => on(machine, "curl", "-sS", "--max-time", "3", url).output;
const counted = () => countersOf("hybrid-vnf-homes-edge", "hybrid-vnf-nat");

aroundTests(lab, example);

describe("a chain through a NAT gateway", () => {
  test("comes up, and its servers see the gateway alone", () => {
    const { status, output } = example.command("up", "--requests", "4");
    expect(status, output).toBe(0);
    expect(curl("client", "http://10.130.112.12")).toContain("apache-2");
    expect(on("apache-2", "cut", "-d", " ", "-f", "2", "/var/log/apache2/other_vhosts_access.log").output).toMatch(
      /^(?:(?:10\.130\.111\.30|10\.130\.112\.12)\n)*10\.130\.111\.30\n$/,
    );
    expect(counted().source).toBeGreaterThan(0);
  });

  test("has the translation confirmed, packet by packet, by every machine", () => {
    const { status, output } = example.command("verify", "--json");
    expect(JSON.parse(output)).toMatchObject({ good: true, machines: 5, problems: [] });
    expect(status).toBe(0);
  });

  test("forwards a port of the gateway to a server within, and no other", () => {
    expect(curl("apache-1", "http://10.130.111.30:8080")).toContain("intranet-1");
    expect(counted()["forward-tcp-8080"]).toBe(1);
    expect(on("wall", "curl", "-sS", "--max-time", "2", "http://10.130.111.30:80").status).not.toBe(0);
  });

  test("another preview changes nothing", () => {
    example.good("preview", "--refresh", "--expect-no-changes");
  });

  test("is guarded, though all of it is one stack", () => {
    const program = path.join(lab.root, "examples/nat/index.ts");
    const page = 'network: servers, page: "<h1>{name}, once more</h1>"';
    fs.writeFileSync(program, fs.readFileSync(program, "utf8").replace("network: servers", page));
    const { status, output } = example.command("up", "--guard", "--requests", "4");
    expect(status, output).toBe(0);
    expect(output).toMatch(/guard: 0 of \d{3,} requests were lost during the change/);
    expect(curl("client", "http://10.130.112.12")).toContain("apache-2, once more");
  });

  test("is told by verify where it does not translate, and repaired by the next up", () => {
    expect(on("edge", "nft", "flush", "chain", "inet", "hybrid-vnf-nat", "source").status).toBe(0);
    const { status, output } = example.command("verify", "--requests", "1", "--json");
    expect(status).toBe(1);
    expect(JSON.parse(output).differences).toContainEqual({
      at: "edge",
      sentence: expect.stringMatching(
        /^edge \(nat\) has requests to 10\.130\.112\.11 go out by eth\d as 10\.130\.110\.1\d\d to .* should be 10\.130\.111\.30 to /,
      ),
    });
    const up = example.command("up", "--requests", "4");
    expect(up.status, up.output).toBe(0);
    expect(example.command("verify", "--requests", "1").status).toBe(0);
  });

  test("goes without a trace", () => {
    example.down();
    expect(labelled("homes")).toEqual([]);
  });
});
