import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { labPrograms, soundProgram } from "../random/draw";
import { FLAWS, withFlaw } from "../random/flaws";
import { make } from "../random/program";
import { machineNames, type ProgramSpec } from "../random/spec";
import { record, refusalOf, registered, settled, value } from "./mocks";
import { Model } from "./walk";

/** What all programs are drawn from: `HYBRID_VNF_SEED=12345` draws the same ones again. */
const seed = Number(process.env.HYBRID_VNF_SEED ?? Math.floor(Math.random() * 2 ** 31));
const SOUND = 200;
/** Programs for each flaw. */
const UNSOUND = 2;
const begun = Date.now();
let programs = 0;

afterAll(() => {
  const minutes = (Date.now() - begun) / 60_000;
  process.stdout.write(
    `${programs} programs, ${Math.round(programs / minutes)} per minute (HYBRID_VNF_SEED=${seed})\n`,
  );
});

const BOUNDS = { sites: 2, octet: 100, siteName: "site", functions: 4, runs: false };

/** Runs a program against mocks, until all that it has begun is done. */
async function run<T>(work: () => T | Promise<T>): Promise<T> {
  // The SDK notes a stack trace for each property of each resource, which is where three quarters of the time would go.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  record();
  programs++;
  try {
    return await work();
  } finally {
    await settled();
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Walks all that a sound program's chains carry. */
async function preview(spec: ProgramSpec): Promise<void> {
  const { chains, paths, machines } = await run(async () => {
    const made = make(spec);
    await Promise.all(made.chains.map(({ url }) => value(url)));
    return made;
  });
  registered();
  const model = new Model(
    paths,
    chains.flatMap(({ routes }) => routes),
    machines,
  );
  expect(model.faults()).toEqual([]);
  for (const [at, { name, hops }] of chains.entries()) if (paths[at]) model.walk(name, paths[at], hops);
}

describe("a random program", () => {
  test("that is sound is never refused, and its packets go where its chains say", { timeout: 120_000 }, async () => {
    await fc.assert(fc.asyncProperty(soundProgram(BOUNDS), preview), { seed, numRuns: SOUND, endOnFailure: true });
  });

  test("that the lab can bring up is one of them", async () => {
    for (const spec of labPrograms(2, seed)) await preview(spec);
  });

  test.each(FLAWS)("with %s never passes, and is told so in sentences", async (_, says, spoil) => {
    const base = soundProgram({ ...BOUNDS, functions: 2, first: ["balancer", "router"] });
    await fc.assert(
      fc.asyncProperty(base, async (sound) => {
        const spec = withFlaw(sound, spoil);
        const { message } = await run(() => refusalOf(() => make(spec)));
        expect(message).toContain(says);
        expect(message).not.toMatch(/^\s+at |undefined|\[object|NaN|Calling \[/m);
        for (const name of namesIn(message)) expect(namesOf(spec)).toContain(name);
      }),
      { seed, numRuns: UNSOUND, endOnFailure: true },
    );
  });
});

/** All names of a program: its own words, those of its machines, and those of networks by their site. */
function namesOf(spec: ProgramSpec): Set<string> {
  const words = [...JSON.stringify(spec).matchAll(/"([^"]+)"/g)].map(([, word = ""]) => word);
  const roles = ["transit", ...spec.networks.map(({ role }) => role)];
  const networks = spec.sites.flatMap(({ name }) => roles.map((role) => `${name}/${role}`));
  return new Set([...words, ...roles, ...networks, ...machineNames(spec)]);
}

/** The names in a message: those that begin as a site's does, and what is quoted as a network's or function's; pods and services have ranges, too. */
function namesIn(message: string): string[] {
  const names = [...message.matchAll(/\bsite\d[\w/-]*/g)].map(([name]) => name);
  const quoted = [...message.matchAll(/(?:network|networks|runs) "([^"]+)"/g)].map(([, name = ""]) => name);
  return [...names, ...quoted].filter((name) => !["pods", "services"].includes(name));
}
