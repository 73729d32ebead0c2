import { parseArgs } from "node:util";
import { ensureToolchain, type Ready, ToolchainError } from "./ensure";
import { elapsed } from "./progress";

const usage = `npm run toolchain [-- --only official|built]

Makes sure of the Pulumi engine, its plugins and the Kubernetes binaries: what is installed already (an engine of
the same major and not older, plugins of the exact version), else official releases, else builds.
  --only official   published releases only, no build
  --only built      builds only, no download`;

/** One line for a tool: what it is and how it came. */
export function describe(ready: Ready): string {
  if (ready.way === "installed") return `${ready.name} ${ready.version}: installed already, in ${ready.folder}`;
  const way = ready.way === "official" ? "official release" : "built here";
  return `${ready.name} ${ready.version}: ${way}${ready.cached ? ", in the cache" : ""}`;
}

/** Runs `work` and gives back an exit code; the first Ctrl-C breaks it off in good order. */
export async function guarded(work: (signal: AbortSignal) => Promise<void>): Promise<number> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    await work(stop.signal);
    return 0;
  } catch (error) {
    if (stop.signal.aborted) {
      process.stderr.write("broken off; what was finished stays in the cache\n");
      return 130;
    }
    if (error instanceof ToolchainError && error.output !== "") process.stderr.write(`${error.output}\n`);
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { only: { type: "string" }, help: { type: "boolean", short: "h" } } });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const { only } = values;
  if (only !== undefined && only !== "official" && only !== "built") {
    process.stderr.write(`--only is '${only}'; it can be 'official' or 'built'.\n`);
    return 2;
  }
  return guarded(async (signal) => {
    const began = Date.now();
    const report = (line: string): void => void process.stdout.write(`${line}\n`);
    const toolchain = await ensureToolchain({ only, report, signal });
    for (const ready of toolchain.tools) report(describe(ready));
    report(`${toolchain.tools.length} tools ready in ${toolchain.cache}, ${elapsed(Date.now() - began)}`);
  });
}

if (require.main === module) {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: Error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 2;
    },
  );
}
