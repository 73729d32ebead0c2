import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { LocalWorkspace, PulumiCommand } from "@pulumi/pulumi/automation";
import { ensureToolchain } from "../../toolchain/ensure";
import { environment } from "../../toolchain/environment";
import { type Shape, shapes } from "./programs";

/**
 * Previews a program of a size in this process, as the command does, and prints what it took as JSON. A process for each, so that its memory is
 * its own.
 *
 *   tsx bench/scale/preview.ts SHAPE COUNT
 */
export interface Previewed {
  readonly seconds: number;
  readonly resources: number;
}

async function main(shape: Shape, count: number): Promise<Previewed> {
  const toolchain = await ensureToolchain({ report: () => undefined, plugins: [] });
  const pulumiCommand = await PulumiCommand.get({ root: dirname(toolchain.bin), skipVersionCheck: true });
  const folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-bench-"));
  try {
    const own = { PULUMI_BACKEND_URL: `file://${folder}`, PULUMI_CONFIG_PASSPHRASE: "bench" };
    const stack = await LocalWorkspace.createStack(
      { stackName: "scale", projectName: "hybrid-vnf-scale", program: async () => shapes[shape](count) },
      {
        pulumiCommand,
        pulumiHome: toolchain.pulumiHome,
        envVars: { ...environment(toolchain, { ...process.env, ...own }), ...own },
      },
    );
    const began = process.hrtime.bigint();
    const { changeSummary } = await stack.preview();
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    return { seconds, resources: Object.values(changeSummary).reduce((sum, one = 0) => sum + one, 0) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [shape, count] = process.argv.slice(2);
main(shape as Shape, Number(count)).then(
  (previewed) => void process.stdout.write(`${JSON.stringify(previewed)}\n`),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
