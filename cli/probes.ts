import type { Deployment } from "@pulumi/pulumi/automation";
import { z } from "zod";
import type { Addition, PlatformRecovery } from "../components/platform/module";
import { quote } from "../components/script/text";
import { attempt } from "../toolchain/command";
import { type Access, RemoteError, runProgram } from "./remote";

/** How a secret stands in a deployment that was exported with its secrets (Pulumi: resource.SigKey, resource.SecretSig). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const secret = z.object({ [SIGNATURE]: z.literal("1b47061264138c4ac30d75fd1eb44270"), plaintext: z.string() });

/** A value of a deployment, with all that is secret in it out of its wrapper. */
function revealed(value: unknown): unknown {
  const wrapped = secret.safeParse(value);
  if (wrapped.success) return revealed(JSON.parse(wrapped.data.plaintext));
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revealed(inner)]));
}

const server = z.object({ host: z.string(), port: z.number(), user: z.string(), hostKey: z.string() });
const connection = server.extend({ privateKey: z.string(), proxy: server.optional() });

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
  parent: z.string().optional(),
  delete: z.boolean().optional(),
  taint: z.boolean().optional(),
  created: z.string().optional(),
  deletedWith: z.string().optional(),
});
/** A resource as a stack's state has it. */
export type StateResource = z.infer<typeof resource>;

/** The resources in a stack's state, those aside that are on their way out. */
export function resourcesIn({ deployment }: Deployment): readonly StateResource[] {
  const all = z.object({ resources: z.array(resource).nullish() }).parse(deployment ?? {}).resources ?? [];
  return all.filter((one) => one.delete !== true);
}

/** What was added by hand to what a stack made, as its platforms tell. */
export async function additionsTo(
  deployment: Deployment,
  recoveries: readonly PlatformRecovery[],
): Promise<readonly Addition[]> {
  const made = resourcesIn(deployment);
  return (await Promise.all(recoveries.map(async (one) => (await one.additions?.(made)) ?? []))).flat();
}

/** A script that a stack has run on a machine, as its state tells: it can `check` what it made there. */
export interface DeployedScript {
  readonly urn: string;
  readonly parent?: string;
  readonly text: string;
  /** Where its machine is reached. */
  readonly host: string;
  /** How; undefined where the script finds its own way there. */
  readonly access?: Access;
  /** The machine as a resource, where this stack made it. */
  readonly deletedWith?: string;
}

/** A script says by a function of this name that it can tell what was changed since. */
const CHECKS = /^check\(\) \{$/m;

/** The scripts of a stack that can tell what was changed since. */
export function scriptsIn(deployment: Deployment): readonly DeployedScript[] {
  return resourcesIn(deployment).flatMap(({ urn, type, inputs = {}, parent, deletedWith }) => {
    const text = revealed(inputs.stdin);
    if (!/^command:(local|remote):Command$/.test(type) || typeof text !== "string" || !CHECKS.test(text)) return [];
    if (type === "command:local:Command") {
      const [, host = ""] = /^export HOST='([^']*)'$/m.exec(text) ?? [];
      return [{ urn, parent, text, host, deletedWith }];
    }
    const { proxy, ...machine } = connection.parse(revealed(inputs.connection));
    const access = { ...machine, ...(proxy ? { jump: proxy } : {}) };
    return [{ urn, parent, text, host: machine.host, access, deletedWith }];
  });
}

/** What was changed by hand of what a script made. */
export interface Changed {
  /** The script's resource. */
  readonly urn: string;
  /** A sentence each: the machine, what is there now, and what was. */
  readonly sentences: readonly string[];
}

/** A machine that could not be asked; `reason` says why. */
export interface Unasked {
  /** A script that ran there. */
  readonly urn: string;
  /** Where it is reached. */
  readonly host: string;
  readonly reason: string;
}

export interface Probed {
  readonly changed: readonly Changed[];
  readonly unasked: readonly Unasked[];
}

/** Between what the scripts of one machine print: the place of the next one's. */
const MARK = "--- script";

/** One program that has each script check, so that a machine is logged in to once. */
function programOf(scripts: readonly DeployedScript[]): string {
  const each = scripts.map(
    ({ text }, at) => `printf '%s\\n' '${MARK} ${at}'\nprintf '%s\\n' ${quote(text)} | bash -s -- check\n`,
  );
  return `set -euo pipefail\n${each.join("")}`;
}

const linesOf = (text: string): readonly string[] => text.split("\n").filter((line) => line.trim() !== "");

/** What each script printed, in their order. */
function partsOf(output: string, count: number): readonly (readonly string[])[] {
  const parts = output.split(new RegExp(`^${MARK} \\d+$`, "m")).slice(1);
  return Array.from({ length: count }, (_, at) => linesOf(parts[at] ?? ""));
}

/**
 * Has the scripts that a stack ran on machines tell what was changed there since, of which the engine's refresh knows nothing. Nothing is changed.
 * @param absent where machines were reached that are not there any more, so that nobody is asked on them
 */
export async function probe(
  deployment: Deployment,
  signal?: AbortSignal,
  absent: ReadonlySet<string> = new Set(),
): Promise<Probed> {
  const machines = new Map<string, [DeployedScript, ...DeployedScript[]]>();
  for (const script of scriptsIn(deployment)) {
    if (absent.has(script.host)) continue;
    // One that finds its own way has a session of its own.
    const key = script.access ? `${script.host}:${script.access.port}` : script.urn;
    const beside = machines.get(key);
    if (beside) beside.push(script);
    else machines.set(key, [script]);
  }
  const asked = await Promise.all([...machines.values()].map((all) => ask(all, signal)));
  return {
    changed: asked.flatMap(({ changed }) => changed),
    unasked: asked.flatMap(({ unasked }) => unasked),
  };
}

async function ask(scripts: [DeployedScript, ...DeployedScript[]], signal?: AbortSignal): Promise<Probed> {
  const [{ urn, access, host, text }] = scripts;
  if (access === undefined) {
    const { code, stdout, stderr } = await attempt("bash", ["-s", "--", "check"], { input: text, signal });
    if (code === 0) return { changed: found(scripts, [linesOf(stdout)]), unasked: [] };
    return { changed: [], unasked: [{ urn, host, reason: stderr.trim().split("\n").at(-1) ?? "" }] };
  }
  try {
    const output = await runProgram(access, programOf(scripts), signal);
    return { changed: found(scripts, partsOf(output, scripts.length)), unasked: [] };
  } catch (error) {
    if (!(error instanceof RemoteError) || signal?.aborted) throw error;
    return { changed: [], unasked: [{ urn, host, reason: error.message }] };
  }
}

function found(scripts: readonly DeployedScript[], parts: readonly (readonly string[])[]): readonly Changed[] {
  return scripts
    .map(({ urn }, at) => ({ urn, sentences: parts[at] ?? [] }))
    .filter(({ sentences }) => sentences.length > 0);
}

/**
 * The same state, in which these scripts differ from any program, so that the next `up` runs them again. A refresh does the same with what it
 * can look at: the state then tells of what is there.
 */
export function outdated(state: Deployment, urns: ReadonlySet<string>): Deployment {
  // No program of ours gives a command of its own for updates, and neither `up` nor `down` runs one that only the state has.
  const mark = { update: "# changed by hand" };
  const resources = z.looseObject({ resources: z.array(resource) }).parse(state.deployment).resources;
  const marked = resources.map((one) =>
    urns.has(one.urn) && one.delete !== true
      ? { ...one, inputs: { ...one.inputs, ...mark }, outputs: { ...one.outputs, ...mark } }
      : one,
  );
  return { ...state, deployment: { ...state.deployment, resources: marked } };
}
