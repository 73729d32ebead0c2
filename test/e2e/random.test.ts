import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { labPrograms } from "../random/draw";
import { machineNames } from "../random/spec";
import { OwnCheckout } from "./checkout";
import { Example } from "./example";
import { inShell, labelled } from "./operator";

/** What both programs are drawn from: `HYBRID_VNF_SEED=12345` draws the same ones again. */
const seed = Number(process.env.HYBRID_VNF_SEED ?? Math.floor(Math.random() * 2 ** 31));

const lab = new OwnCheckout("random", 100);
beforeAll(() => lab.begin());
afterAll(() => lab.end());

describe.each(labPrograms(2, seed))(`$sites.0.name of HYBRID_VNF_SEED=${seed}`, (spec) => {
  const site = spec.sites[0]?.name ?? "";
  const random = new Example("random", { checkout: lab, stack: site, folder: "test/random" });
  const shapes = spec.chains.map(({ name, functions }) => `${name} over ${functions.join(", ")}`);
  beforeAll(() => {
    process.stdout.write(`HYBRID_VNF_SEED=${seed}: ${machineNames(spec).length} machines; ${shapes.join("; ")}\n`);
    random.begin();
    random.good("config", "set", "program", JSON.stringify(spec));
  });
  afterAll(() => random.end());

  test("comes up, and each chain answers all of its clients", () => {
    random.up();
    const urls: Record<string, string> = JSON.parse(random.good("stack", "output", "urls", "--json", "--stack", site));
    for (const { name, clients, to } of spec.chains)
      for (const client of clients)
        for (let request = 0; request < 4; request++) {
          const ask = ["exec", `hybrid-vnf-${site}-${client}`, "curl", "-sS", "--max-time", "3", urls[name] ?? ""];
          expect(inShell("docker", ask).output, `${name} to ${client}`).toMatch(new RegExp(`<h1>${to}-\\d+</h1>`));
        }
  });

  test("another preview changes nothing", () => {
    random.good("preview", "--refresh", "--expect-no-changes");
  });

  test("goes, and leaves nothing", () => {
    random.down();
    expect(labelled(site)).toEqual([]);
  });
});
