import { ensureToolchain, ToolchainError } from "./ensure";
import { attachmentTools } from "./tools";

/**
 * Makes sure of what gives pods further interfaces, and prints the folder that it is in. Run by itself, where a cluster asks for it
 * (components/attachment/plugins.sh).
 */
async function main(): Promise<void> {
  const report = (line: string): void => void process.stderr.write(`${line}\n`);
  const { node } = await ensureToolchain({ tools: attachmentTools(), report });
  process.stdout.write(`${node}\n`);
}

if (require.main === module)
  main().catch((error: Error) => {
    if (error instanceof ToolchainError && error.output !== "") process.stderr.write(`${error.output}\n`);
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
