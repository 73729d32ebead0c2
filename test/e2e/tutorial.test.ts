import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { OwnCheckout } from "./checkout";
import { command, type Ended, ROOT, shown } from "./operator";

// Somebody who types what the tutorial says, all of it, in its order, in one shell.

const page = fs.readFileSync(path.join(ROOT, "docs/tutorial.md"), "utf8");
/** The commands of each step, by its number. */
const steps = page
  .split(/^## (?=\d+\. )/m)
  .slice(1)
  .map((step) => [...step.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = ""]) => block).join(""));
/** The tutorial's names and addresses are those of the checkout's own chain. */
const lab = new OwnCheckout("dev", 100);

let ended: Ended;
/** What each step printed, by its number. */
let printed: string[];

/** Types lines into a shell that ends where one of them fails. */
const type = (lines: string): Promise<Ended> =>
  shown(spawn("bash", ["-euo", "pipefail", "-c", lines], { cwd: lab.root, stdio: ["ignore", "pipe", "pipe"] }));

beforeAll(async () => {
  await command("down");
  await lab.begin();
  const mark = (number: number) => `echo "=== step ${number}"\n`;
  ended = await type(steps.map((commands, at) => `${mark(at + 1)}${commands}`).join(""));
  printed = ended.output.split(/^=== step \d+$/m);
});

afterAll(() => lab.end());

test("every command of the tutorial ends well", () => {
  expect(steps.length).toBeGreaterThan(5);
  expect(ended.status, ended.output.slice(-2000)).toBe(0);
});

test.each([
  [1, "the chain comes up and answers", /replies {2}20 of 20: apache-1 \d+, apache-2 \d+/],
  [2, "a request by hand gets a page of a server", /apache-\d/],
  [3, "the machines are there", /^hybrid-vnf-dev-swarm-1$/m],
  [3, "the router knows the servers' network", /10\.100\.102\.0\/24/],
  [3, "the balancer's machine sends through it", /via 10\.100\.101\.10/],
  [4, "the preview shows the third server", /create kubernetes-apache-3-container /],
  [4, "and the balancer's change that comes of it", /service {5}[~±] \w+ service-nginx-service /],
  [4, "it answers", /apache-3 [1-9]/],
  [5, "a route that is gone is found", /^verify has found it$/m],
  [5, "and put back", /replies {2}20 of 20: /],
  [
    6,
    "a setting that is none is refused",
    /serverCount is "many": it must be a whole number from 1 to 1000[\s\S]*^refused$/m,
  ],
  [7, "nothing is left", /^nothing is left$/m],
])("step %i: %s", (step, _, what) => {
  expect(printed[step]).toMatch(what);
});
