import { readFileSync } from "node:fs";
import { nearest } from "../components/problem/nearest";
import { InvalidInput } from "../components/problem/problem";
import { MACHINE_REPLACEMENT, RULES } from "./rules";

/** What becomes of what a rule finds (Pulumi: enforcement level): it stops the work, it is told, or nobody looks. */
export const LEVELS = ["mandatory", "advisory", "disabled"] as const;
export type Level = (typeof LEVELS)[number];

/** The level of each rule, by its name. */
export type Levels = (rule: string) => Level;

/** As the rules come. */
export const mandatory: Levels = () => "mandatory";

function notRead(error: unknown): string {
  if (error instanceof SyntaxError) return "it is no JSON";
  return (error as NodeJS.ErrnoException).code === "ENOENT"
    ? "there is no such file"
    : `it can't be read: ${(error as Error).message}`;
}

/**
 * The levels that a file sets, in the form of Pulumi's `--policy-pack-config`: `{"limits": "advisory", "secrets": {"enforcementLevel": "disabled"}}`; "all" is
 * for those that it does not name.
 * @throws InvalidInput with everything that is wrong with it
 */
export function levelsIn(file: string): Levels {
  const subject = `Policy configuration "${file}"`;
  const names = ["all", MACHINE_REPLACEMENT.name, ...RULES.map(({ name }) => name)];
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new InvalidInput(subject, [notRead(error)]);
  }
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new InvalidInput(subject, [`it must be an object, such as {"limits": "advisory"}`]);
  const problems: string[] = [];
  const levels = new Map<string, Level>();
  for (const [rule, said] of Object.entries(given)) {
    const level =
      typeof said === "object" && said !== null ? (said as { enforcementLevel?: unknown }).enforcementLevel : said;
    const meant = nearest(rule, names);
    if (!names.includes(rule))
      problems.push(
        `there is no rule "${rule}"${meant ? `; did you mean "${meant}"?` : `: there are ${names.slice(1).join(", ")}`}`,
      );
    else if (!LEVELS.includes(level as Level))
      problems.push(
        `"${rule}" is ${JSON.stringify(level)}: it must be ${LEVELS.map((one) => `"${one}"`).join(" or ")}`,
      );
    else levels.set(rule, level as Level);
  }
  if (problems.length > 0) throw new InvalidInput(subject, problems);
  return (rule) => levels.get(rule) ?? levels.get("all") ?? "mandatory";
}
