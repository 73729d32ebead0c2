import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The files that take longest, the longest first: begun last, one of them would run on when all others are done. */
const LONGEST = [
  "chain",
  "bad-input",
  "guard",
  "faults",
  "attachments",
  "consumer",
  "routers",
  "vmpod",
  "examples",
  "wide",
  "drift",
  "scripts",
  "interrupted",
  "preview",
  "firewall",
  "tutorial",
  "cluster-network",
  "hosts",
  "hybrid",
  "pull-request",
  "random",
];

const place = ({ moduleId }: TestSpecification): number => {
  const at = LONGEST.indexOf(basename(moduleId, ".test.ts"));
  return at < 0 ? LONGEST.length : at;
};

/** Begins with the longest files; nothing else depends on the order. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((one, other) => place(one) - place(other) || one.moduleId.localeCompare(other.moduleId));
  }
}
