import { join } from "node:path";
import type { Measurements } from "./figures";
import { ran, report, root } from "./measure";
import type { Previewed } from "./scale/preview";
import type { Shape } from "./scale/programs";

interface Sized extends Previewed {
  readonly memory: number;
}

async function previewed(shape: Shape, count: number): Promise<Sized> {
  const args = ["--import", "tsx", join(__dirname, "scale/preview.ts"), shape, String(count)];
  const { output, memory } = await ran(process.execPath, args, { cwd: root, env: process.env });
  const found = { ...(JSON.parse(output) as Previewed), memory };
  report(
    `preview of ${shape}, ${count}: ${found.seconds.toFixed(1)} s, ${found.resources} resources, ${memory.toFixed(0)} MiB`,
  );
  return found;
}

/** Previews programs of several sizes: what a function, machine or route more costs. */
export async function measureScale(found: Measurements): Promise<void> {
  const small = await previewed("chain", 10);
  const middle = await previewed("chain", 100);
  const large = await previewed("chain", 1000);
  const each = (one: Sized, other: Sized, count: number): number => ((other.seconds - one.seconds) * 1000) / count;
  found.add("perFunction", each(small, large, 990));
  found.add("growth", each(middle, large, 900) / each(small, middle, 90));
  found.add("commandMemory", large.memory);
  found.add("memoryPerFunction", (large.memory - small.memory) / 990);
  const bare = [await previewed("bare", 10), await previewed("bare", 1000)] as const;
  found.add("perBareFunction", each(...bare, 990));
  found.add("memoryPerBareFunction", (bare[1].memory - bare[0].memory) / 990);
  found.add("perPair", each(await previewed("functions", 10), await previewed("functions", 100), 90));
  found.add("perMachine", each(await previewed("machines", 10), await previewed("machines", 100), 90));
  found.add("routes", (await previewed("routes", 200)).seconds);
}
