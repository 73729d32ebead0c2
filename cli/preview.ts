import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { RunError } from "@pulumi/pulumi";
import type { PlannedOutputs } from "../components/contracts/planned";
import { serviceContract } from "../components/contracts/service";
import { stateFolder } from "../toolchain/environment";
import { hashText } from "../toolchain/hash";
import { brokenBindings, type OutputsPlan, ReadPlans } from "./bindings";
import { anothersSite, backendOf, ownPassphrase } from "./chain";
import type { Context } from "./context";
import { messageOf, warning } from "./diagnostics";
import { inOrder, type Layer, layers, projectOf } from "./layers";
import { forgetState } from "./leftovers";
import { lint, stoppedWorkload } from "./lint";
import { OperationError, operate } from "./operation";
import {
  byName,
  type ChainPreview,
  chainsIn,
  type Finding,
  type PlannedChain,
  type PlannedContract,
  type PlannedPath,
  type PlannedStep,
  type StackPlan,
} from "./plan";
import { findingLine, Policy } from "./policy";
import { type ConfiguredSite, siteHere } from "./site";
import { shown, stepOf } from "./steps";

/** A stack's plan that others wait for, whose preview has not told it yet. */
class Plan {
  readonly outputs: Promise<PlannedOutputs>;
  private settle!: { readonly tell: (outputs: PlannedOutputs) => void; readonly fail: (error: unknown) => void };

  constructor() {
    this.outputs = new Promise((resolve, reject) => {
      this.settle = { tell: resolve, fail: reject };
    });
    this.outputs.catch(() => undefined); // told by the stacks that wait for it
  }

  /** Of a preview that fails, the outputs may never come. */
  readonly tell = (outputs: Promise<PlannedOutputs>): void => void outputs.then(this.settle.tell, () => undefined);

  /** Nothing more is to come: whoever still waits gets this as its error. */
  end(error: Error): void {
    this.settle.fail(error);
  }
}

/** What was told in the order of the engine's events, the same way each time. */
const inOrderOf = ({
  steps,
  warnings,
}: Pick<StackPlan, "steps" | "warnings">): Pick<StackPlan, "steps" | "warnings"> => ({
  steps: byName(steps),
  warnings: [...warnings].sort(),
});

/** Outputs as people may read them. */
const shownOutputs = (outputs: Readonly<Record<string, unknown>> | undefined): OutputsPlan["before"] =>
  outputs && (shown(outputs) as OutputsPlan["before"]);

/** The contract among outputs. */
const contractIn = (outputs: OutputsPlan["before"]): PlannedContract | undefined =>
  outputs?.contract as PlannedContract | undefined;

/** What only the bindings look at of a stack's preview. */
interface Reading {
  readonly outputs: OutputsPlan;
  readonly plans: ReadPlans;
}

/**
 * Previews all stacks, each one seeing what those before it mean to publish. All begin at once; a program waits where it reads the contract of a
 * stack that has not told yet. Nothing is changed anywhere.
 */
export async function previewChain(context: Context): Promise<ChainPreview> {
  const { engine, stack, progress, signal } = context;
  const site = await siteHere(context);
  await context.ready(site.needs.plugins);
  engine.programs.compile();
  const key = (layer: string): string => `${projectOf(layer)}/${stack}`;
  const plans = new Map(layers.map(({ name }) => [key(name), new Plan()]));
  const outputs = new Map([...plans].map(([name, plan]) => [name, plan.outputs]));
  // The same each time, for the engine notes by a project's folder which of its stacks is selected.
  const folder = join(tmpdir(), `hybrid-vnf-preview-${hashText(backendOf(engine), stack).slice(0, 16)}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const failed = new Set<string>();
  const toldErrors = new Set<string>();
  const { levels, packs: policyPacks } = context.policy ?? {};
  const policy = new Policy(levels);
  const stopped: Finding[] = [];
  engine.programs.before = () => policy.watch(false);
  const readings = new Map<string, Reading>();
  const preview = async ({ name: layer, upstream }: Layer): Promise<StackPlan> => {
    const plan = plans.get(key(layer)) as Plan;
    const read = new ReadPlans(outputs);
    const program = engine.programs.planning(layer, read, plan.tell);
    const steps: PlannedStep[] = [];
    const warnings: string[] = [];
    const told = { layer, project: projectOf(layer), steps, warnings };
    const before = engine.outputs(layer, stack).then(shownOutputs);
    before.catch(() => undefined); // told where it is waited for
    try {
      const previewed = await engine.previewed(layer, stack, program, folder);
      const changes = await operate(
        layer,
        "previewing",
        progress,
        (watch) =>
          previewed.preview({
            onEvent: (event) => {
              watch.event(event);
              policy.event(event);
              const step = stepOf(event);
              if (step) steps.push(step);
              read.event(event);
              stopped.push(...stoppedWorkload(event));
              const { diagnosticEvent } = event;
              if (diagnosticEvent?.severity !== "warning") return;
              const said = warning(diagnosticEvent.message);
              if (!warnings.includes(said)) warnings.push(said);
            },
            policyPacks,
            suppressOutputs: true,
            signal: watch.stalled,
          }),
        true,
      );
      const known = { before: await before, after: shownOutputs(await plan.outputs) };
      readings.set(layer, { outputs: known, plans: read });
      const contracts = { before: contractIn(known.before), after: contractIn(known.after) };
      return { ...told, ...inOrderOf(told), ending: "done", changes, errors: [], ...contracts };
    } catch (error) {
      if (signal.aborted) throw error;
      failed.add(layer);
      plan.end(new RunError(`the preview of ${layer} failed, whose contract this stack reads`));
      const waited = upstream.some((one) => failed.has(one));
      const errors = error instanceof OperationError ? error.errors : [messageOf(error)];
      // Of all stacks alike, where the backend does not answer; what an operation says stands above.
      if (!(error instanceof OperationError) && !toldErrors.has(messageOf(error))) progress.line(messageOf(error));
      toldErrors.add(messageOf(error));
      const known = contractIn(await before.catch(() => undefined));
      return { ...told, ...inOrderOf(told), ending: waited ? "skipped" : "failed", changes: {}, errors, before: known };
    }
  };
  try {
    const endings = await inOrder(
      layers.map((layer) => ({ ...layer, upstream: [] })),
      ({ name }) => preview(layers.find((one) => one.name === name) as Layer),
      signal,
    );
    signal.throwIfAborted();
    const stacks = endings.map((ending) => {
      if (ending.kind === "done") return ending.value;
      throw ending.kind === "failed" ? ending.error : new Error(`The preview of ${ending.layer} was not begun.`);
    });
    const chains = chainsOf(stacks);
    const { pathBefore, pathAfter } = chains.at(-1) ?? {};
    const several = chains.length > 1 ? { chains } : {};
    return {
      stack,
      stacks,
      pathBefore,
      pathAfter,
      ...several,
      findings: [
        ...(await anothers(context, site, stacks)),
        ...(await bindings(context, stacks, readings)),
        ...lint({ stacks, pathAfter, ...several }),
        ...bySubject([...stopped, ...policy.findings]),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    if (ownPassphrase(engine) && backendOf(engine) === `file://${join(stateFolder(), "state")}`) forgetState();
  }
}

/** The chains that stacks publish, or mean to, in the stacks' order. */
export function chainsOf(stacks: readonly Pick<StackPlan, "layer" | "before" | "after">[]): readonly PlannedChain[] {
  return stacks
    .filter(({ before, after }) => (after ?? before)?.layer === serviceContract.layer)
    .map(({ layer, before, after }) => ({
      layer,
      pathBefore: before as PlannedPath | undefined,
      pathAfter: after as PlannedPath | undefined,
    }));
}

/** Findings of events, which come in any order. */
function bySubject(findings: readonly Finding[]): readonly Finding[] {
  const key = ({ subject, check, message }: Finding): string => [subject, check, message].join("\0");
  return [...findings].sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

/** That `up` would be refused, where a site of this name is up elsewhere. */
async function anothers(
  { engine, stack }: Context,
  site: ConfiguredSite,
  plans: readonly StackPlan[],
): Promise<readonly Finding[]> {
  if (plans.some(({ before }) => before !== undefined)) return [];
  const found = await Promise.all(layers.map(({ name }) => engine.find(name, stack)));
  const message = await anothersSite(
    site,
    found.flatMap((one) => one ?? []),
  );
  return message === undefined ? [] : [{ check: "anothers-site", severity: "warning", subject: site.name, message }];
}

/** What the changes would break of the stacks that are up: the chain's own, and others in the same backend. */
async function bindings(
  { engine, stack }: Context,
  stacks: readonly StackPlan[],
  readings: ReadonlyMap<string, Reading>,
): Promise<readonly Finding[]> {
  const changed = stacks.flatMap(({ layer }) => {
    const { before, after } = readings.get(layer)?.outputs ?? {};
    return before && after && !isDeepStrictEqual(before, after) ? [{ layer, before, after }] : [];
  });
  if (changed.length === 0) return [];
  const own = new Map(layers.map(({ name }) => [`${projectOf(name)}/${stack}`, name]));
  const others = (await engine.others(new Set(own.keys()))).map(({ name, reads, contract }) => ({
    name,
    reads: reads.flatMap((one) => own.get(one) ?? []),
    contract: shown(contract) as PlannedContract | undefined,
  }));
  const chain = layers.flatMap(({ name, upstream }) => {
    const contract = stacks.find(({ layer }) => layer === name)?.before;
    return contract ? [{ name, reads: upstream, contract }] : [];
  });
  const all = changed.flatMap((producer) => {
    // A preview that read what is deployed says nothing of what will be.
    const sound = [...readings].filter(([, { plans }]) => !plans.isPast(`${projectOf(producer.layer)}/${stack}`));
    return brokenBindings(producer, [...chain, ...others], new Set(sound.map(([layer]) => layer)));
  });
  // A stack passes on what it reads, such as a network: it is told of the first one, whose it is.
  return all.filter(({ message }, at) => all.findIndex((one) => one.message === message) === at);
}

const SIGNS = { create: "+", update: "~", replace: "±", delete: "-" } as const;

/** A preview as people read it: every step, the path where it changes, and what was found. */
export function describePreview(preview: ChainPreview): readonly string[] {
  const { stacks, findings } = preview;
  const steps = stacks.flatMap(({ layer, steps: all }) =>
    all
      .filter(({ custom, type }) => custom && !type.startsWith("pulumi:"))
      .map(({ operation, name, type, properties }) => {
        const why = operation === "replace" ? properties.filter(({ replaces }) => replaces) : properties;
        const paths = why.map(({ path }) => path).join(", ");
        return `${layer.padEnd(10)}  ${SIGNS[operation]} ${operation} ${name} ${type}${paths === "" ? "" : ` (${paths})`}`;
      }),
  );
  const paths = chainsIn(preview).flatMap(({ name, preview: { pathBefore, pathAfter } }) => {
    const path = pathLine(pathAfter);
    if (path === undefined || path === pathLine(pathBefore)) return [];
    return [`path       ${name === undefined ? "" : `${name}: `}${pathLine(pathAfter, MOST_SERVERS)}`];
  });
  return [...steps, ...paths, ...findings.map(findingLine)];
}

/** How many servers a line names. */
const MOST_SERVERS = 8;

/** The path of a request, in a line. */
function pathLine(path: PlannedPath | undefined, most = Number.POSITIVE_INFINITY): string | undefined {
  if (path === undefined) return undefined;
  const hops = path.hops.map(({ name, in: ingress }) => `${name} (${ingress.address ?? "?"})`);
  const servers = path.servers.slice(0, most).map(({ name, address }) => `${name} (${address})`);
  const rest = path.servers.length > most ? ` and ${path.servers.length - most} more` : "";
  return [path.from, ...hops, `${servers.join(", ")}${rest}`].join(" → ");
}
