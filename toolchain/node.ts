import { join } from "node:path";
import { ensureToolchain, ToolchainError } from "./ensure";
import { attachmentTools, kubeRouterTools, whereaboutsTools } from "./tools";

const TOOLS = { attachments: attachmentTools, whereabouts: whereaboutsTools, "kube-router": kubeRouterTools };

/**
 * Makes sure of what a cluster's nodes are handed, and prints the folder that it is in. Run by itself, where a cluster asks for it
 * (components/kubernetes/handed.ts).
 */
async function main(folder = ""): Promise<void> {
  const tools = Object.entries(TOOLS).find(([name]) => name === folder)?.[1];
  if (!tools) throw new ToolchainError(`usage: node.ts ${Object.keys(TOOLS).join("|")} (got: ${folder || "nothing"})`);
  const report = (line: string): void => void process.stderr.write(`${line}\n`);
  const { node } = await ensureToolchain({ tools: tools(), report });
  process.stdout.write(`${join(node, folder)}\n`);
}

if (require.main === module)
  main(...process.argv.slice(2)).catch((error: Error) => {
    if (error instanceof ToolchainError && error.output !== "") process.stderr.write(`${error.output}\n`);
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
