import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileOf } from "../files";
import type { PolicyChoice } from "../policy";
import { text, UsageError } from "../verb";

/** Where the levels of rules are looked for, when no file is named: beside the stacks. */
const USUAL = "policy.json";

/** Options of the verbs that hold the stacks against the policy. */
export const POLICY = {
  "policy-config": text(
    "FILE",
    `levels of the policy's rules, as of Pulumi's --policy-pack-config (${USUAL}, where there is one)`,
  ),
  "policy-pack": text("FOLDER", "a policy pack of Pulumi's that is to be run besides"),
};

/** What those options ask for. @throws InvalidInput with everything that is wrong with the file */
export async function policyOf(
  given: {
    readonly [K in keyof typeof POLICY]: string | undefined;
  },
): Promise<PolicyChoice> {
  const { levelsIn, mandatory } = await import("../../policy/levels.js");
  const { "policy-config": file, "policy-pack": pack } = given;
  const usual = existsSync(USUAL) ? USUAL : undefined;
  const named = file === undefined ? usual : fileOf(file);
  if (pack !== undefined && !existsSync(join(fileOf(pack), "PulumiPolicy.yaml")))
    throw new UsageError(`--policy-pack is '${pack}'; it takes a folder with a PulumiPolicy.yaml.`);
  return {
    levels: named === undefined ? mandatory : levelsIn(named),
    packs: pack === undefined ? [] : [fileOf(pack)],
  };
}
