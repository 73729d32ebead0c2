import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SiteFacts } from "../../components";
import rootProgram from "../../index";
import kubernetesProgram from "../../stacks/kubernetes";
import serviceProgram from "../../stacks/service";
import siteProgram from "../../stacks/site";
import swarmProgram from "../../stacks/swarm";
import { microservice } from "../bad-input/manifests";
import { ROWS } from "../bad-input/rows";
import { ROOT_ROWS, SETTINGS_ROWS, VALUE_ROWS } from "../bad-input/settings";
import { Backend, type Previewed, type Previews } from "./previewed";

const PROGRAMS = {
  site: siteProgram,
  kubernetes: kubernetesProgram,
  swarm: swarmProgram,
  service: serviceProgram,
};

let backend: Backend;
/** As many as there are processors on a small machine: two programs in one process, an engine each. */
const lanes: Previews[] = [];
let turn = 0;
const lane = (): Previews => lanes[turn++ % lanes.length] as Previews;
let began = Date.now();
const took: { row: string; seconds: number }[] = [];

beforeAll(async () => {
  backend = await Backend.open();
  for (const name of ["one", "other"]) lanes.push(await backend.stack("rows", name));
  began = Date.now();
});
afterAll(() => {
  backend.remove();
  const all = (Date.now() - began) / 1000;
  const [slowest] = [...took].sort((a, b) => b.seconds - a.seconds);
  process.stdout.write(
    `${took.length} rows through the engine in ${Math.round(all)} s, ${Math.round((took.length * 60) / all)} a minute; the slowest took ${slowest?.seconds} s: ${slowest?.row}\n`,
  );
});

/** Seconds that a program may take until it is refused; on a machine that is busy with something else the engine takes longer by itself. */
const LIMIT = 15;

/** Whether a program is refused in one sentence, words of which are known, and nothing of what is refused is made. */
async function refuses(
  stack: Previews,
  row: string,
  program: PulumiFn,
  words: readonly string[],
  config: Readonly<Record<string, unknown>> = {},
): Promise<Previewed> {
  const previewed = await stack.preview(program, config);
  const { errors, told, output, planned, seconds, programSeconds } = previewed;
  took.push({ row, seconds });
  expect(errors, output).toHaveLength(1);
  for (const text of words) expect(errors[0]).toContain(text);
  // The SDK tells what such a program throws once by itself, and the engine once more.
  expect(new Set(told).size, output).toBe(1);
  expect(told.length, output).toBeLessThanOrEqual(2);
  expect(output).not.toMatch(/^\s+at |\.[jt]s:\d|Unhandled|node_modules|\[object|Calling \[/m);
  const [, kind = "", name = ""] = /^(\w+) "([^"]*)":/.exec(errors[0] ?? "") ?? [];
  // Of a layer, the parts before the one that is refused are planned.
  if (!kind.endsWith("Layer")) expect(planned.filter((one) => one.startsWith(name))).toEqual([]);
  expect(programSeconds).toBeLessThan(LIMIT);
  return previewed;
}

describe("what proves the test", () => {
  test("a program without a mistake is green", async () => {
    const previewed = await lane().preview(async () => ({ answer: 42 }));
    expect(previewed).toMatchObject({ errors: [], told: [] });
  });

  test("a mistake that is no refusal of ours is told with a stack trace", async () => {
    const previewed = await lane().preview(async () => {
      throw new TypeError("x is undefined");
    });
    expect(previewed.output).toMatch(/^\s+at /m);
  });

  test("a sentence is told as often as any program's", async () => {
    const { errors, told } = await lane().preview(async () => {
      throw new pulumi.RunError("It is so.");
    });
    expect(errors).toEqual(["It is so."]);
    expect(told).toHaveLength(2);
  });
});

describe.concurrent("each mistake is refused by the engine's preview", { timeout: 180_000 }, () => {
  test.each(ROWS)("%s", async (row, program, words) => {
    const run = async () => {
      await program();
    };
    await refuses(lane(), row, run, words);
  });
});

describe("a field that Kubernetes lets nobody change", () => {
  /** Makes the engine's record of a microservice as an earlier program left it, without a cluster. */
  const madeWith = async (name: string, app: string) => {
    const stack = await backend.stack("made", name);
    const objects = { "Deployment.apps default/web": { "spec.selector": { matchLabels: { app } } } };
    await stack.up(async () => {
      new pulumi.ComponentResource("hybrid-vnf:microservice:KubernetesMicroservice", "shop", { objects });
    });
    return stack;
  };

  test("is refused by the engine's preview, by file and line, before anything of it is planned", async () => {
    const { errors, planned, output } = await (await madeWith("other", "store")).preview(async () => {
      microservice({})();
    });
    expect(errors, output).toHaveLength(1);
    expect(errors[0]).toMatch(
      /^shop: KubernetesMicroservice "shop": \S*web\.yaml:7: spec\.selector of Deployment "web" is not what it was made with/,
    );
    expect(output).not.toMatch(/^\s+at /m);
    expect(planned).toEqual([]);
  });

  test("may be changed where the objects may be replaced, and stays as it is elsewhere", async () => {
    for (const [name, app, replaceable] of [
      ["replaceable", "store", true],
      ["same", "web", false],
    ] as const) {
      const { output } = await (await madeWith(name, app)).preview(async () => {
        microservice({ replaceable })();
      });
      expect(output).not.toContain("is not what it was made with");
    }
  });
});

describe.concurrent("each mistake in the settings is refused by the programs themselves", { timeout: 180_000 }, () => {
  const stacks = new Map<string, Promise<Previews>>();
  const stackOf = (project: string) => {
    const stack = stacks.get(project) ?? backend.stack(project, "dev");
    stacks.set(project, stack);
    return stack;
  };
  const yaml = (texts: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, /^[[{]/.test(text) ? JSON.parse(text) : text]));

  test("the root program's defaults are none", async () => {
    const { errors, planned } = await (await stackOf("hybrid-vnf")).preview(rootProgram);
    expect(errors).toEqual([]);
    expect(planned).toContain("kubernetes-apache-1-container");
  });

  test.each(SETTINGS_ROWS)("in a layer's own stack: %s", async (row, layer, texts, words) => {
    const project = `hybrid-vnf-${layer}`;
    const own = words.map((text) => text.replace("hybrid-vnf:", `${project}:`));
    const { planned } = await refuses(await stackOf(project), row, PROGRAMS[layer], own, texts);
    expect(planned).toEqual([]);
  });

  test.each(ROOT_ROWS)("in the root program: %s", async (row, _, texts, words) => {
    const { planned } = await refuses(await stackOf("hybrid-vnf"), row, rootProgram, words, yaml(texts));
    expect(planned).toEqual([]);
  });

  test.each(VALUE_ROWS)("well-formed, in the root program: %s", async (row, _, texts, words) => {
    const { errors } = await refuses(await stackOf("hybrid-vnf"), row, rootProgram, words, yaml(texts));
    // It speaks of what the root program or the settings name, not of a part that nobody wrote.
    expect(errors[0]).toMatch(/^(Configuration|hosts|OpenStack|(Site|KubernetesLayer|SwarmLayer|ServiceLayer) "\w+"):/);
  });
});

describe.concurrent("each mistake about another stack is refused by the programs themselves", {
  timeout: 180_000,
}, () => {
  const facts: SiteFacts = {
    siteName: "dev",
    platform: { kind: "lab", facts: {} },
    transit: { id: "dev/transit", name: "transit", cidr: "10.100.101.0/24", ref: "hybrid-vnf-dev-transit" },
    publicKey: "ssh-ed25519 AAAA",
  };
  const whole = {
    contract: { layer: "site", version: 3, ...facts },
    secrets: pulumi.secret({ privateKey: "PRIVATE" }),
  };
  const PUBLISHED: Record<string, Record<string, unknown>> = {
    whole,
    empty: {},
    old: { ...whole, contract: { ...whole.contract, version: 2 } },
    other: { ...whole, contract: { ...whole.contract, layer: "swarm" } },
    half: { ...whole, contract: { ...whole.contract, transit: undefined } },
    keyless: { contract: whole.contract },
  };
  const stacks: Partial<Record<keyof typeof PROGRAMS, Previews>> = {};
  beforeAll(async () => {
    for (const [name, outputs] of Object.entries(PUBLISHED))
      await (await backend.stack("hybrid-vnf-site", name)).publish(outputs);
    for (const layer of ["kubernetes", "swarm", "service"] as const)
      stacks[layer] = await backend.stack(`hybrid-vnf-${layer}`, "reader");
  });

  test.each(["kubernetes", "swarm"] as const)("a whole contract is none, for %s", async (layer) => {
    const { errors, planned } = (await stacks[layer]?.preview(PROGRAMS[layer], { stack: "whole" })) ?? {};
    expect(errors).toEqual([]);
    expect(planned?.length).toBeGreaterThan(5);
  });

  const UNREADABLE: [string, keyof typeof PROGRAMS, string, string[]][] = [
    ["is not there", "kubernetes", "moon", ['"organization/hybrid-vnf-site/moon"', "bring up the site stack first"]],
    [
      "is not there, for the service",
      "service",
      "moon",
      ["hybrid-vnf-kubernetes/moon", "bring up the kubernetes stack"],
    ],
    ["publishes nothing", "kubernetes", "empty", ["it publishes no contract", "bring up the site stack first"]],
    ["publishes an old contract", "swarm", "old", ["has version 2, and this program reads version 3"]],
    ["publishes another layer's", "swarm", "other", ['it publishes the contract "swarm", and "site" is needed']],
    ["is half up", "kubernetes", "half", ["its output contract.transit is missing", "half up"]],
    ["keeps its secrets", "swarm", "keyless", ["its output secrets is missing", "half up"]],
    ["has a name of parts", "swarm", "a/b", ["it must be named with organization and project"]],
    ["has a name with a space", "kubernetes", "a b", ["it must be named with organization and project"]],
  ];
  test.each(UNREADABLE)("a stack that %s", async (row, layer, stack, words) => {
    const reader = stacks[layer];
    if (!reader) throw new Error(`no stack for ${layer}`);
    const { planned } = await refuses(reader, row, PROGRAMS[layer], words, { stack });
    expect(planned).toEqual([]);
  });
});
