import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layers } from "../cli/layers";
import { manyContracts } from "../test/contracts";
import type { Measurements } from "./figures";
import { report, seconds, shell } from "./measure";

/** Times the drawing of a chain through 200 functions, from the preview of stacks that publish it. */
export function measureGraph(found: Measurements, rounds: number): void {
  const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-bench-"));
  const [preview, picture] = [join(folder, "preview.json"), join(folder, "chain")];
  const contracts = manyContracts(200);
  const stacks = layers.map(({ name: layer }) => ({
    layer,
    ending: "done",
    before: contracts[layer],
    after: contracts[layer],
    ...{ changes: {}, steps: [], errors: [], warnings: [] },
  }));
  writeFileSync(preview, JSON.stringify({ stack: "bench", stacks, findings: [] }));
  try {
    for (let round = 1; round <= rounds; round++) {
      const draw = ["--import", "tsx", join(__dirname, "graph/draw.ts"), preview];
      found.add("graph", Number(shell(process.execPath, ...draw)));
      for (const [key, format] of [
        ["graphCommand", "svg"],
        ["graphPixels", "png"],
      ] as const) {
        const args = ["run", "-s", "graph", "--", "--preview", preview, "--format", format, "--out", picture];
        const took = seconds(() => shell("npm", ...args));
        report(`graph of 200 functions, ${format}: ${took.toFixed(1)} s`);
        found.add(key, took);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
