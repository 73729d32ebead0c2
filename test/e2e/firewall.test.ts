import { describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { aroundTests, Example } from "./example";
import { countersOf, type Ended, inShell, labelled } from "./operator";

const lab = new OwnCheckout("firewall", 100);
const example = new Example("firewall", { stack: "dev", checkout: lab });

const on = (machine: string, ...args: string[]): Ended =>
  inShell("docker", ["exec", `hybrid-vnf-walls-${machine}`, ...args]);

/** How many of four requests the chain answers; a balancer that can't reach its servers says so. */
function answers(): number {
  const ask = () => on("client", "curl", "-sS", "--max-time", "3", "http://10.130.100.20");
  return [1, 2, 3, 4].filter(() => /apache-[12]/.test(ask().output)).length;
}

const counted = () => countersOf("hybrid-vnf-walls-wall", "hybrid-vnf-firewall");

/** Closes the firewall's rule, or opens it. */
function set(open: boolean): void {
  example.good("config", "set", "open", String(open));
  const { output } = example.command("up", "--requests", "1");
  expect(output).toMatch(/ updated firewall-table /);
  // The table, and the firewall, which is a component.
  expect(output).toMatch(/ 2 updated \(1 of them a component or provider\), \d+ unchanged/);
}

aroundTests(lab, example);

describe("a chain through a firewall", () => {
  test("comes up, answers, and counts by its rules", () => {
    const { status, output } = example.command("up", "--requests", "8");
    expect(status, output).toBe(0);
    expect(output).toMatch(/nginx → firewall \(10\.130\.101\.30\) → quagga \(10\.130\.103\.10\) → apache-1/);
    expect(answers()).toBe(4);
    const { "rule-web": web = 0, replies = 0 } = counted();
    expect([web > 0, replies > 0]).toEqual([true, true]);
    expect(example.command("status").output).toMatch(
      /firewall +. packets: rule-web \d+, replies \d+, invalid 0, unmatched \d+/,
    );
  });

  test("has its packets confirmed by every machine, and lets nothing else pass", () => {
    const { status, output } = example.command("verify", "--json");
    expect(JSON.parse(output)).toMatchObject({ good: true, machines: 6, problems: [] });
    expect(status).toBe(0);
    const before = counted().unmatched ?? 0;
    expect(on("swarm-1", "ping", "-c", "1", "-W", "1", "10.130.102.11").status).not.toBe(0);
    expect(counted().unmatched).toBeGreaterThan(before);
  });

  test("another preview changes nothing", () => {
    example.good("preview", "--refresh", "--expect-no-changes");
  });

  test("is closed by a rule, running connections too, which its counter and verify tell", () => {
    set(false);
    expect(answers()).toBe(0);
    expect(counted()["rule-web"]).toBeGreaterThan(0);
    const { status, output } = example.command("verify", "--requests", "1", "--json");
    expect(status).toBe(1);
    expect(JSON.parse(output).differences).toContainEqual({
      at: "wall",
      sentence: expect.stringMatching(
        /^wall \(firewall\) takes requests to 10\.130\.102\.11.* packet filter drops some .*rule-web/,
      ),
    });
  });

  test("opens again", () => {
    set(true);
    expect(answers()).toBe(4);
  });

  test("is repaired by the next up when it was changed by hand", () => {
    expect(on("wall", "nft", "flush", "chain", "inet", "hybrid-vnf-firewall", "forward").status).toBe(0);
    const drift = example.command("drift");
    expect(drift.output).toContain(
      "wall: the table inet hybrid-vnf-firewall has lost \"counter name 'unmatched' drop\".",
    );
    const up = example.command("up", "--requests", "4");
    expect(up.status, up.output).toBe(0);
    expect(example.command("drift").status).toBe(0);
    expect(answers()).toBe(4);
  });

  test("goes without a trace", () => {
    example.down();
    expect(labelled("walls")).toEqual([]);
  });
});
