import * as pulumi from "@pulumi/pulumi";
import type { EngineEvent, PreviewOptions, Stack } from "@pulumi/pulumi/automation";
import { InvalidInput } from "../components/problem/problem";
import { type Levels, mandatory } from "../policy/levels";
import { fromWire, type PolicyResource } from "../policy/resource";
import { MACHINE_REPLACEMENT, RULES } from "../policy/rules";
import { nameOf, plain, typeOf } from "./diagnostics";
import { OperationError, operate, type Watch } from "./operation";
import type { Finding } from "./plan";
import type { Progress } from "./progress";

/** How messages speak of a resource: `Service "nginx-service"`. */
function subjectOf(type: string, name: string): string {
  return `${type.slice(type.lastIndexOf(":") + 1)} "${name}"`;
}

/** What one of Pulumi's policy packs has against a resource; undefined for any other event. */
export function findingOf({ policyEvent }: EngineEvent): Finding | undefined {
  if (policyEvent === undefined) return undefined;
  const { policyPackName, policyName, enforcementLevel, resourceUrn = "", message } = policyEvent;
  return {
    check: `${policyPackName}/${policyName}`,
    severity: enforcementLevel === "mandatory" ? "error" : "warning",
    subject: resourceUrn === "" ? policyPackName : subjectOf(typeOf(resourceUrn), nameOf(resourceUrn)),
    message: plain(message).trim(),
  };
}

/** What stands against what an engine means to do with a machine; undefined for any other event. */
function lossOf({ resourcePreEvent }: EngineEvent): Omit<Finding, "severity"> | undefined {
  const { op, urn = "", type = "", old, new: made, keys = [] } = resourcePreEvent?.metadata ?? {};
  if ((op !== "replace" && op !== "create-replacement") || !old || !made) return undefined;
  const resource = (inputs: PolicyResource["inputs"]): PolicyResource => ({ type, name: nameOf(urn), inputs });
  const message = MACHINE_REPLACEMENT.check(resource(old.inputs), resource(made.inputs), keys);
  return message === undefined
    ? undefined
    : { check: MACHINE_REPLACEMENT.name, subject: subjectOf(type, nameOf(urn)), message };
}

/** What an operator asks of the policy. */
export interface PolicyChoice {
  readonly levels: Levels;
  /** Folders of Pulumi policy packs that the engine is to run besides. */
  readonly packs: string[];
}

/** A finding in a line. */
export function findingLine({ severity, subject, message, check }: Finding): string {
  return `${severity}: ${subject}: ${message} (${check})`;
}

/**
 * The rules of `policy/` over one operation, held in this process against what the programs ask for and what the engine means to do. A process of
 * Pulumi's own for each stack, as `--policy-pack` starts one, costs most of a second.
 */
export class Policy {
  private readonly found = new Map<string, Finding>();

  constructor(private readonly levels: Levels = mandatory) {}

  /** What has been found so far. */
  get findings(): readonly Finding[] {
    return [...this.found.values()];
  }

  /** Hears what the engine does. */
  readonly event = (event: EngineEvent): void => {
    const finding = findingOf(event);
    if (finding) this.add(finding);
    const loss = this.levels(MACHINE_REPLACEMENT.name) === "disabled" ? undefined : lossOf(event);
    if (loss) this.add({ ...loss, severity: this.severity(loss.check) });
  };

  /**
   * Holds each resource of the program that is about to run against the rules, before the engine is asked for it. To be called where that program runs.
   * @param refuses whether a resource that a mandatory rule stands against is refused, so that it is not made
   */
  watch(refuses: boolean): void {
    const verdicts = new WeakMap<pulumi.Resource, Promise<void>>();
    pulumi.runtime.registerStackTransformation(({ resource, type, name, props, opts }) => {
      const verdict = Promise.all([
        pulumi.runtime.serializeProperties(name, props ?? {}),
        opts.parent && verdicts.get(opts.parent),
      ]).then(([inputs]) => this.judge({ type, name, inputs: fromWire(inputs) as PolicyResource["inputs"] }, refuses));
      verdicts.set(resource, verdict);
      // A component is nothing by itself, and the SDK waits for ever for one that it can't register: its children wait in its place.
      if (resource instanceof pulumi.ComponentResource) return undefined;
      // The SDK tells what a resource fails of; it may fail before that waits for it.
      verdict.catch(() => undefined);
      // It resolves to no resource, and is waited for as any that this one depends on. The SDK gathers lists within lists, which its types leave out.
      const dependsOn = [opts.dependsOn ?? [], verdict.then(() => [])] as pulumi.Input<pulumi.Resource>[];
      return { props, opts: { ...opts, dependsOn } };
    });
  }

  /**
   * Sees in a preview that nothing is done that the policy forbids, before it is begun.
   * @throws OperationError that names what would be
   */
  async foresee(
    layer: string,
    stack: Pick<Stack, "preview">,
    progress: Progress,
    options: PreviewOptions = {},
  ): Promise<void> {
    const work = ({ event: watch, stalled }: Watch): Promise<unknown> => {
      const onEvent = (event: EngineEvent): void => {
        watch(event);
        this.event(event);
      };
      return stack.preview({ ...options, refresh: true, onEvent, signal: stalled });
    };
    await operate(layer, "previewing, for the policy", progress, work, true);
    const errors = this.findings.filter(({ severity }) => severity === "error");
    if (errors.length > 0) throw new OperationError(layer, errors.map(findingLine));
  }

  /** Notes what rules have against a resource. @throws InvalidInput with what it is refused for */
  private judge(resource: PolicyResource, refuses: boolean): void {
    const against = this.against(resource);
    const errors = refuses ? against.filter(({ severity }) => severity === "error") : [];
    for (const finding of against) if (!errors.includes(finding)) this.add(finding);
    if (errors.length > 0) {
      const sentences = errors.map(({ message, check }) => `${message} (${check})`);
      throw new InvalidInput(subjectOf(resource.type, resource.name), sentences);
    }
  }

  /** What rules have against a resource. */
  private against(resource: PolicyResource): readonly Finding[] {
    const subject = subjectOf(resource.type, resource.name);
    return RULES.flatMap(({ name, check }) =>
      this.levels(name) === "disabled"
        ? []
        : check(resource).map((message) => ({ check: name, severity: this.severity(name), subject, message })),
    );
  }

  private severity(rule: string): Finding["severity"] {
    return this.levels(rule) === "mandatory" ? "error" : "warning";
  }

  private add(finding: Finding): void {
    this.found.set(JSON.stringify(finding), finding);
  }
}
