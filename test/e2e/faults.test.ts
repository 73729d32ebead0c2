import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlannedPath } from "../../cli/plan";
import { type Report, verify } from "../../cli/verify";
import { OwnCheckout } from "./checkout";
import { FAULTS } from "./faults";
import { type Ended, eventually } from "./operator";

const lab = new OwnCheckout("faults", 145);
const { command, here, inShell, pulumi } = lab;

/** How often a sound chain is looked at, and the seconds that a look may take. */
const LOOKS = Number(process.env.HYBRID_VNF_LOOKS ?? 20);
const PATIENCE = 30;
let facts: PlannedPath;
let privateKey: string;

const look = (requests = 4): Promise<Report> => verify(facts, privateKey, requests);

/** Every machine of the path, once. */
function machines(): PlannedPath["clients"] {
  const { clients, hops, servers } = facts;
  const carriers = hops.flatMap(({ instances }) => instances.flatMap(({ machine }) => machine ?? []));
  const all = [...clients, ...carriers, ...servers.flatMap(({ machine }) => machine ?? [])];
  return [...new Map(all.map((one) => [one.id, one])).values()];
}

/** Runs lines of bash on a machine, which find its interfaces in CLIENTS, TRANSIT and SERVERS. */
function on(name: string, lines: string): Ended {
  const legs = machines().find((one) => one.name === name)?.legs ?? [];
  const names = legs.flatMap(({ network, interface: leg }) => [
    "--env",
    `${network.split("/")[1]?.toUpperCase()}=${leg}`,
  ]);
  return inShell("docker", ["exec", ...names, here(`hybrid-vnf-dev-${name}`), "bash", "-c", here(lines)]);
}

const good = async (): Promise<true | string> => {
  const { good: isGood, problems } = await look();
  return isGood || problems.join(" ");
};

/** What verify could leave behind on a machine; runc keeps a file there for the moment of each probe of a task. */
function traces(name: string): string {
  const said = on(
    name,
    `ls -A /tmp | grep -v '^runc-process'; ip -4 rule; ip -4 route show table all; ps -C perl -o args=; sysctl -a 2>/dev/null | grep -E 'ip_forward|rp_filter|\\.forwarding'
     ! command -v nft >/dev/null || nft --stateless list ruleset 2>/dev/null | sed 's/ expires [0-9a-z]*//g'`,
  );
  return said.output;
}

beforeAll(async () => {
  await lab.beginUp();
  const { output } = pulumi("stacks/service", "stack", "output", "--json", "--show-secrets", "--stack", "dev");
  const { contract, secrets } = JSON.parse(output.slice(output.indexOf("{")));
  facts = contract;
  privateKey = secrets.privateKey;
});

afterAll(() => lab.end());

describe("proof of the path", () => {
  const timeout = (60 + LOOKS * PATIENCE) * 1000;
  test(`of a sound chain finds nothing, ${LOOKS} times, and leaves nothing behind`, { timeout }, async () => {
    expect(LOOKS, "HYBRID_VNF_LOOKS").toBeGreaterThan(0);
    const before = machines().map(({ name }) => traces(name));
    for (let at = 0; at < LOOKS; at++) {
      const { problems, machines: asked } = await look(20);
      expect(problems, `look ${at + 1}`).toEqual([]);
      expect(asked).toBe(machines().length);
    }
    expect(machines().map(({ name }) => traces(name))).toEqual(before);
  });

  test.each(FAULTS)(
    "finds $name, and nothing once that is mended",
    async ({ name, on: where, plant, undo, at, says }) => {
      const planted = on(where, plant);
      let report: Report;
      try {
        expect(planted.status, planted.output).toBe(0);
        report = await look();
      } finally {
        on(where, undo);
      }
      const [first] = report.differences;
      expect(first?.sentence ?? `no difference: ${report.problems.join(" ")}`).toMatch(here(says));
      expect(first?.at).toBe(at ?? where);
      expect(report.good).toBe(false);
      await eventually(`${name} is mended`, 90, good);
    },
  );

  test("is told by the command, which then ends with 1", async () => {
    expect(on("swarm-1", "ip route del 10.100.102.0/24").status).toBe(0);
    const { status, output } = await command("verify", ["--requests", "4"]);
    on("swarm-1", "systemctl reload hybrid-vnf-route-10.100.102.0-24.service");
    expect(status).toBe(1);
    expect(output).toMatch(here(/swarm-1 \(nginx\) .*the chain's route to 10\.100\.102\.0\/24 .*is not there/));
    await eventually("it is mended", 90, good);
  });
});
