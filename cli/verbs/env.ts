import { exportLines } from "../../toolchain/environment";
import type { PlainVerb } from "../verb";

export const env: PlainVerb = {
  name: "env",
  summary: "print what puts engine, backend and passphrase into a shell",
  options: {},
  examples: [["env", "lines for 'eval', after which 'pulumi' works in each stack's folder"]],
  needsHost: false,
  needsStacks: false,
  run: async ({ environment, print }) => {
    print(exportLines(environment));
    return 0;
  },
};
