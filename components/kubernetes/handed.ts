import * as path from "node:path";
import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "../machine/machine";
import { withSession } from "../script/script";
import { quote } from "../script/text";

/** The command of the operator's host that makes sure of what nodes are handed, and prints the folder that it is in. */
function toolchain(folder: string): string {
  const compiled = __filename.endsWith(".js");
  const program = path.join(__dirname, `../../toolchain/node.${compiled ? "js" : "ts"}`);
  const words = compiled ? [program] : ["--import", require.resolve("tsx"), program];
  return [process.execPath, ...words, folder].map(quote).join(" ");
}

export interface HandedArgs {
  /** What it is, by its folder (toolchain/node.ts). */
  folder: "attachments" | "whereabouts" | "kube-router";
  node: MachineLike;
  /** The releases that it is of: others are handed over anew. */
  releases: readonly pulumi.Input<string>[];
  /** What the script reads besides. @default nothing */
  input?: Record<string, string>;
}

/** Programs of the operator's host, handed to a node over SSH. */
export function handOver(
  name: string,
  { folder, node, releases, input = {} }: HandedArgs,
  opts: pulumi.CustomResourceOptions,
): command.local.Command {
  return new command.local.Command(
    name,
    {
      create: "bash -s -- create",
      delete: "bash -s -- delete",
      stdin: withSession(path.join(__dirname, "plugins.sh"), node, input),
      environment: { TOOLCHAIN: toolchain(folder) },
      addPreviousOutputInEnv: false,
      logging: "stderr",
      triggers: [...releases, node.identity],
    },
    // The same from whichever folder of the operator's host they come.
    { ...opts, ignoreChanges: ["environment"], ...(node.resource ? { deletedWith: node.resource } : {}) },
  );
}
