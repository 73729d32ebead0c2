import { readdirSync } from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { Example } from "./example";
import { inShell, labelled, ROOT } from "./operator";

const lab = new OwnCheckout("examples", 100);
beforeAll(() => lab.begin());
afterAll(() => lab.end());

/** How many of four requests from a site's client a chain answers. */
function answers(site: string, url: string): number {
  const ask = () => inShell("docker", ["exec", `hybrid-vnf-${site}-client`, "curl", "-sS", "--max-time", "3", url]);
  return [1, 2, 3, 4].filter(() => /apache-[12]/.test(ask().output)).length;
}
const routesOf = (site: string, machine: string): string =>
  inShell("docker", ["exec", `hybrid-vnf-${site}-${machine}`, "ip", "route"]).output;

describe("each example previews", () => {
  // These need what is not here by itself: a cloud (previewed with the tests on OpenStack), and stacks that are up (brought up in chain.test.ts).
  const NO_CLOUD = "OpenStack: no cloud is named: set `cloud` to an entry of clouds.yaml, or OS_CLOUD";
  const elsewhere: Record<string, string> = {
    "cloud-and-lab": NO_CLOUD,
    openstack: NO_CLOUD,
    "published-router": "it is not there: bring up the kubernetes stack first (`pulumi up` in its folder)",
  };
  const here = readdirSync(path.join(ROOT, "examples")).filter((name) => !(name in elsewhere));
  test.each(here)("%s", (name) => {
    const example = new Example(name, { checkout: lab });
    example.begin();
    try {
      expect(example.good("preview")).toMatch(/\+ \d+ to create/);
    } finally {
      example.end();
    }
  });

  test.each(Object.entries(elsewhere))("%s says in one sentence what it lacks", (name, sentence) => {
    const example = new Example(name, { checkout: lab });
    example.begin();
    try {
      // What was published is looked for under a name that nobody has taken, for the repository's own stacks may be up.
      example.good("config", "set", "stack", "nowhere");
      const { status, output } = example.run("preview");
      expect(status).not.toBe(0);
      expect(output).toContain(sentence);
      expect(output).not.toMatch(/^\s+at .*\.[jt]s:/m);
    } finally {
      example.end();
    }
  });
});

describe("two whole chains in one program", () => {
  const example = new Example("two-sites", { checkout: lab });
  beforeAll(() => example.begin());
  afterAll(() => example.end());

  test("come up, and both answer", () => {
    const output = example.up();
    expect(output).toContain('"http://10.121.100.20"');
    expect(answers("north", "http://10.121.100.20")).toBe(4);
    expect(answers("south", "http://10.122.100.20")).toBe(4);
  });

  test("another preview changes nothing", () => {
    example.good("preview", "--refresh", "--expect-no-changes");
  });

  test("one goes, and the other keeps answering", () => {
    example.good("config", "set", "--path", "sites.south", "122");
    example.up();
    expect(labelled("north")).toEqual([]);
    expect(answers("south", "http://10.122.100.20")).toBe(4);
  });

  test("the other goes too", () => {
    example.down();
    expect(labelled("south")).toEqual([]);
  });
});

describe("two chains over one set of servers", () => {
  const example = new Example("two-chains", { checkout: lab });
  beforeAll(() => example.begin());
  afterAll(() => example.end());

  test("come up, both answer, and each has a way back of its own", () => {
    example.up();
    expect(answers("shared", "http://10.123.100.41")).toBe(4);
    expect(answers("shared", "http://10.123.100.61")).toBe(4);
    expect(routesOf("shared", "apache-1")).toMatch(/10\.123\.101\.41 via 10\.123\.102\.40 /);
    expect(routesOf("shared", "apache-1")).toMatch(/10\.123\.101\.61 via 10\.123\.102\.60 /);
  });

  test("one goes with its routes, and the other keeps answering", () => {
    example.good("config", "set", "--path", "chains.silver", "60");
    example.up();
    expect(answers("shared", "http://10.123.100.61")).toBe(4);
    expect(routesOf("shared", "apache-1")).not.toContain("10.123.101.41");
  });

  test("the other goes too", () => {
    example.down();
    expect(labelled("shared")).toEqual([]);
  });
});
