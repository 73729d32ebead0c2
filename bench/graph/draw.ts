import { topologyPlanned } from "../../cli/draw/planned";

/** Draws a preview, in a process that has drawn nothing before, and prints how many seconds that took: with loading what draws. */
async function main(file: string): Promise<void> {
  const began = performance.now();
  const { drawn } = await import("../../cli/draw/svg.js");
  await drawn(topologyPlanned(file));
  process.stdout.write(String((performance.now() - began) / 1000));
}

main(process.argv[2] ?? "").catch((error: unknown) => {
  process.stderr.write(`${error}\n`);
  process.exitCode = 1;
});
