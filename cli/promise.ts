import type { EngineEvent } from "@pulumi/pulumi/automation";
import { z } from "zod";
import { contentOf } from "./files";
import { type ChainPreview, PLAN_VERSION, type PlannedStep, SECRET, type StackPlan, UNKNOWN } from "./plan";
import { findingLine } from "./policy";
import { shown, stepOf } from "./steps";
import { UsageError } from "./verb";

/** What `up` did with a stack, to be compared with what a preview promised. */
export interface StackDone {
  readonly steps: readonly PlannedStep[];
  /** What it publishes now. */
  readonly contract: unknown;
}

const otherVersion = z.object({ version: z.number().refine((one) => one !== PLAN_VERSION) });
const planFile = z.object({
  version: z.literal(PLAN_VERSION),
  stack: z.string(),
  stacks: z.array(z.object({ layer: z.string(), ending: z.string() })),
  findings: z.array(
    z.object({ check: z.string(), severity: z.enum(["error", "warning"]), subject: z.string(), message: z.string() }),
  ),
});

/**
 * The stacks of a plan that `preview --json` printed into a file.
 * @throws UsageError where it is none, is of another version or other stacks, had failed, or has an error among its findings
 */
export function readPlan(file: string, stack: string): readonly StackPlan[] {
  let plan: unknown;
  try {
    plan = JSON.parse(contentOf("plan", file));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--plan is '${file}', which is no JSON.`);
  }
  const { success: isOther, data: other } = otherVersion.safeParse(plan);
  if (isOther)
    throw new UsageError(
      `--plan is '${file}', a plan of version ${other.version}, and this release reads version ${PLAN_VERSION}: preview again with this one.`,
    );
  const { data } = planFile.safeParse(plan);
  if (data === undefined) throw new UsageError(`--plan is '${file}', which is no output of 'preview --json'.`);
  if (data.stack !== stack)
    throw new UsageError(`--plan is '${file}', a plan of the stacks '${data.stack}', and these are '${stack}'.`);
  const failed = data.stacks.find(({ ending }) => ending !== "done");
  if (failed)
    throw new UsageError(`--plan is '${file}', in which the preview of ${failed.layer} failed: preview again.`);
  const error = data.findings.find(({ severity }) => severity === "error");
  if (error)
    throw new UsageError(
      `--plan is '${file}', in which an error was found: mend it and preview again. ${findingLine(error)}`,
    );
  return (plan as ChainPreview).stacks;
}

/** A stack's plan, and what `up` does of it. */
export class PlannedStack {
  private readonly steps: PlannedStep[] = [];

  constructor(private readonly plan: StackPlan) {}

  get layer(): string {
    return this.plan.layer;
  }

  event(layer: string, event: EngineEvent): void {
    const step = layer === this.layer ? stepOf(event) : undefined;
    if (step) this.steps.push(step);
  }

  /** Where what was done differs from the plan; a sentence each. */
  broken(contract: unknown): readonly string[] {
    return brokenPromises(this.plan, { steps: this.steps, contract });
  }

  /** The same of what did not come to its end: what is not done yet breaks no promise. */
  brokenSoFar(): readonly string[] {
    const done = new Set(this.steps.map(({ urn }) => urn));
    const steps = this.plan.steps.filter(({ urn }) => done.has(urn));
    return brokenPromises({ ...this.plan, steps, after: undefined }, { steps: this.steps, contract: undefined });
  }
}

const WORDS = { create: "creates", update: "updates", replace: "replaces", delete: "deletes" } as const;
const DONE = { create: "created", update: "updated", replace: "replaced", delete: "deleted" } as const;

/** What a stack's plan promised and `up` did not keep, or did beyond it; a sentence each. */
export function brokenPromises({ layer, steps, after }: StackPlan, done: StackDone): readonly string[] {
  const promised = new Map(own(steps).map((step) => [step.urn, step]));
  const made = new Map(own(done.steps).map((step) => [step.urn, step]));
  const sentences: string[] = [];
  for (const [urn, { operation, name, properties }] of promised) {
    const other = made.get(urn)?.operation;
    if (other === operation) {
      const values = new Map(made.get(urn)?.properties.map((one) => [one.path, one.after]));
      const others = properties.flatMap((one) =>
        values.has(one.path) ? differences(one.after, values.get(one.path), [one.path]) : [],
      );
      for (const { path, promise, value } of others)
        sentences.push(
          `${layer}: the plan sets ${path} of ${name} to ${JSON.stringify(promise)}, and it was set to ${JSON.stringify(value)}.`,
        );
      continue;
    }
    sentences.push(
      `${layer}: the plan ${WORDS[operation]} ${name}, and it was ${other === undefined ? "left as it is" : DONE[other]}.`,
    );
  }
  for (const [urn, { operation, name }] of made)
    if (!promised.has(urn)) sentences.push(`${layer}: ${name} was ${DONE[operation]}, which is not in the plan.`);
  for (const { path, promise, value } of differences(after, shown(done.contract)))
    sentences.push(
      `${layer}: the plan publishes ${JSON.stringify(promise)} as contract.${path}, and it is ${JSON.stringify(value)}.`,
    );
  return sentences;
}

/** Steps on things of their own: components only hold others, and providers come with what they make. */
function own(steps: readonly PlannedStep[]): readonly PlannedStep[] {
  return steps.filter(({ custom, type }) => custom && !type.startsWith("pulumi:"));
}

interface Difference {
  readonly path: string;
  readonly promise: unknown;
  readonly value: unknown;
}

/** Where a value is another one than was promised; what was not known then may be anything, and what is secret is not compared. */
function differences(promise: unknown, value: unknown, path: readonly string[] = []): readonly Difference[] {
  if (promise === undefined || promise === UNKNOWN || promise === SECRET || value === SECRET) return [];
  if (typeof promise !== "object" || promise === null || typeof value !== "object" || value === null) {
    return promise === value ? [] : [{ path: path.join("."), promise, value }];
  }
  const [wanted, found] = [promise as Record<string, unknown>, value as Record<string, unknown>];
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])].flatMap((key) =>
    key in wanted
      ? differences(wanted[key], found[key], [...path, key])
      : [{ path: [...path, key].join("."), promise: undefined, value: found[key] }],
  );
}
