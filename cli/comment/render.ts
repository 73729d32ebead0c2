import {
  type ChainPreview,
  chainsIn,
  PLANNED_OPERATIONS,
  type PlannedOperation,
  type PlannedStep,
  SECRET,
  type StackPlan,
} from "../plan";
import { differenceOf, isFinished, isMachine, type PathDifference } from "./difference";
import { effectsOf } from "./effects";
import { pathMermaid } from "./path";
import { withoutSecrets } from "./secrets";
import { code, count, fitting, prose, size } from "./text";

/** Most bytes that a comment has: code hosts take 65,536 characters, and what they add themselves must fit in too. */
export const COMMENT_SIZE = 65_000;

/** What else a comment says, beside the preview. */
export interface About {
  /** The commit that was previewed. */
  readonly commit?: string;
  /** Where the log of the run is. */
  readonly run?: string;
  /** Whether the change comes from a fork, whose runs see no state and no secrets. */
  readonly forked?: boolean;
}

export interface RenderOptions {
  readonly about?: About;
  /** Values that are known to be secrets, and are shown nowhere. @default none */
  readonly secrets?: readonly string[];
  /** Most bytes. @default COMMENT_SIZE */
  readonly room?: number;
}

/** What a comment begins with, by which it is found again: a comment of HTML that nobody sees. */
function markerOf(stack: string): string {
  const name = stack.slice(0, 100).replace(/[^\w.]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
  return `<!-- hybrid-vnf preview ${name} -->`;
}

const WORDS: Readonly<Record<PlannedOperation, string>> = {
  create: "to create",
  update: "to update",
  replace: "to replace",
  delete: "to delete",
};

type Counts = Readonly<Record<PlannedOperation, number>>;

function countsOf(steps: readonly PlannedStep[]): Counts {
  const counts = { create: 0, update: 0, replace: 0, delete: 0 };
  for (const { operation } of steps) counts[operation]++;
  return counts;
}

/** `2 to create, 1 to delete`, or `no changes`. */
function inWords(counts: Counts): string {
  const told = PLANNED_OPERATIONS.filter((one) => counts[one] > 0).map((one) => `${counts[one]} ${WORDS[one]}`);
  return told.join(", ") || "no changes";
}

function title({ stack, stacks }: ChainPreview): string {
  const failed = stacks.filter(({ ending }) => ending === "failed").length;
  const changes = inWords(countsOf(stacks.flatMap(({ steps }) => steps)));
  return `### Preview of ${code(stack, 100)}: ${failed > 0 ? `${count(failed, "stack")} failed; ` : ""}${changes}`;
}

function aboutLine({ commit, run, forked = false }: About): string[] {
  // A link's target takes part in Markdown: only what is plainly an address becomes one.
  const log = run !== undefined && /^https?:\/\/[\w.:/@-]+$/.test(run) ? `[the run's log](${run})` : undefined;
  const said = [commit === undefined ? "" : `Commit ${code(commit.slice(0, 12))}`, log ?? ""].filter(
    (one) => one !== "",
  );
  return [
    ...(said.length > 0 ? [`${said.join(", ")}.`] : []),
    ...(forked
      ? [
          "The change comes from a fork, whose runs see neither the state nor the secrets: it is previewed as if nothing were up.",
        ]
      : []),
  ];
}

/** The table of stacks, within its room. */
function table({ stacks }: ChainPreview, room: number): string[] {
  const head = ["| stack | create | update | replace | delete | unchanged | |", "|---|--:|--:|--:|--:|--:|---|"];
  const row = ({ layer, steps, ending, changes }: StackPlan): string => {
    const counts = countsOf(steps);
    const cells = PLANNED_OPERATIONS.map((one) => (counts[one] === 0 ? "" : String(counts[one])));
    const end = {
      done: steps.length === 0 ? "no changes" : "",
      failed: "**failed**",
      skipped: "not previewed: a stack that it reads failed",
    };
    return `| ${code(layer, 80)} | ${cells.join(" | ")} | ${changes.same ?? 0} | ${end[ending]} |`;
  };
  const rows = fitting(
    stacks.map(row),
    room - size(head.join("\n")),
    (left) => `| and ${count(left, "more stack")} | | | | | | not shown here |`,
  );
  return [...head, ...rows];
}

const SIGNS: Readonly<Record<PlannedOperation, string>> = {
  create: "create",
  update: "update",
  replace: "**replace**",
  delete: "**delete**",
};

/** Steps as reviewers want to see them: what makes a machine go first, then what makes anything go, then the rest. */
function byWeight(steps: readonly PlannedStep[]): PlannedStep[] {
  const weight = (step: PlannedStep): number => {
    const goes = step.operation === "replace" || step.operation === "delete";
    return (goes ? 0 : 2) + (isMachine(step) ? 0 : 1) + (step.custom ? 0 : 4);
  };
  return [...steps].sort((one, other) => weight(one) - weight(other));
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text === SECRET || text.length <= 80) return code(text);
  const lines = text.split("\n").length;
  return lines > 3 ? `a text of ${lines} lines` : code(text, 60);
}

function propertiesOf({ operation, properties }: PlannedStep, most: number): string {
  if (properties.length === 0) return "";
  const first = [...properties].sort((one, other) => Number(other.replaces) - Number(one.replaces));
  const told = first.slice(0, most).map(({ path, before, after, replaces }) => {
    const because = replaces && operation === "replace" ? "because of " : "";
    // Of some properties a provider tells no more than that they differ.
    const values = before === undefined && after === undefined ? "" : ` (${shown(before)} → ${shown(after)})`;
    return `${because}${code(path, 80)}${values}`;
  });
  const rest = properties.length - told.length;
  return `: ${[...told, ...(rest > 0 ? [count(rest, "more property", "more properties")] : [])].join("; ")}`;
}

function stepLine(step: PlannedStep, most = 4): string {
  const { operation, name, type } = step;
  return `- ${SIGNS[operation]} ${isMachine(step) ? "the machine " : ""}${code(name)}, ${code(type)}${propertiesOf(step, most)}`;
}

/** What is replaced or deleted, machines first; scripts, which run again where what they ran on is another, are only counted. */
function losses({ stacks }: ChainPreview, room: number): string[] {
  const going = stacks.flatMap(({ layer, steps }) =>
    steps
      .filter(({ custom, operation }) => custom && (operation === "replace" || operation === "delete"))
      .map((step) => ({ layer, step })),
  );
  if (going.length === 0) return [];
  const things = going.filter(({ step }) => !step.type.startsWith("command:"));
  const lines = [...things.filter(({ step }) => isMachine(step)), ...things.filter(({ step }) => !isMachine(step))].map(
    ({ layer, step }) =>
      `${stepLine({ ...step, properties: step.properties.filter(({ replaces }) => replaces) }, 2)} (in ${code(layer, 80)})`,
  );
  const scripts = going.length - things.length;
  const ran = scripts > 0 ? [`- ${count(scripts, "script")} replaced or deleted: run again, or undone`] : [];
  // Beyond 25 nobody reads on, and all are in the details.
  const shown = fitting(lines, room - 200, (left) => `- and ${left} more`, 25);
  return ["#### Replaced or deleted", "", ...shown, ...ran];
}

/** A chain of a preview, and how its path changes. */
interface Chain {
  /** Its layer, where there are several. */
  readonly name?: string;
  readonly preview: ChainPreview;
  readonly difference: PathDifference;
}

function effects(chains: readonly Chain[], room: number): string[] {
  const all = chains.map(({ name, preview, difference }) => ({ name, effects: effectsOf(preview, difference) }));
  const ofAll = (text: string): boolean => all.every((one) => one.effects.some((effect) => effect.text === text));
  const lines = all.flatMap(({ name, effects: told }) =>
    told.map(({ interrupts, text }) => {
      const whose = name === undefined || ofAll(text) ? "" : `${code(name, 80)}: `;
      return `- ${interrupts ? "⚠️ " : ""}${whose}${text}`;
    }),
  );
  return [
    "#### What requests would notice",
    "",
    ...fitting([...new Set(lines)], room - 100, (left) => `- and ${left} more`),
  ];
}

/** A path as Mermaid, with as many functions and servers as there is room for. */
function drawing(path: ChainPreview["pathAfter"], difference: PathDifference, room: number): string[] {
  if (path === undefined) return [];
  for (const most of [24, 12, 6, 3]) {
    const drawn = ["```mermaid", pathMermaid(path, { marks: difference, most }), "```"];
    if (size(drawn.join("\n")) <= room) return drawn;
  }
  return ["It does not fit in here."];
}

function paths({ name, preview: { stacks, pathBefore, pathAfter }, difference }: Chain, room: number): string[] {
  const of = name === undefined ? "" : ` of ${code(name, 80)}`;
  const { hops, servers, reordered } = difference;
  const fates = [...hops, ...servers];
  if (pathBefore === undefined && pathAfter === undefined) return [];
  if (pathBefore !== undefined && pathAfter !== undefined && !reordered && fates.every(({ mark }) => mark === "same")) {
    return [`#### The path${of}, which stays as it is`, "", ...drawing(pathAfter, difference, room)];
  }
  return [
    `#### The path${of} before`,
    "",
    ...(pathBefore === undefined
      ? ["There is none: the service is not up."]
      : drawing(pathBefore, difference, room / 2)),
    "",
    `#### The path${of} after`,
    "",
    ...(pathAfter === undefined
      ? [
          isFinished({ stacks })
            ? "There is none: the service goes."
            : "It is not known: not every preview came to its end.",
        ]
      : drawing(pathAfter, difference, room / 2)),
  ];
}

function findings({ findings: all, stacks }: ChainPreview, room: number): string[] {
  const lines = [
    ...stacks.flatMap(({ layer, ending, errors }) =>
      (ending === "failed" ? errors : []).map((error) => `- **error** in ${code(layer, 80)}: ${prose(error)}`),
    ),
    ...(["error", "warning"] as const).flatMap((severity) =>
      all
        .filter((one) => one.severity === severity)
        .map(
          ({ check, subject, message }) => `- **${severity}** ${code(check, 80)}, ${code(subject)}: ${prose(message)}`,
        ),
    ),
  ];
  if (lines.length === 0) return [];
  return ["#### Findings", "", ...fitting(lines, room - 100, (left) => `- and ${left} more`)];
}

/** What there is to say of one stack. */
interface Details {
  readonly stack: StackPlan;
  readonly lines: readonly string[];
  /** How much room all of it takes. */
  readonly want: number;
}

const frameOf = ({ layer, steps, ending }: StackPlan): string => {
  const counts = inWords(countsOf(steps));
  const said = ending === "failed" ? `failed; ${counts} until then` : counts;
  return `<details><summary>${code(layer, 80)}: ${said}</summary>\n\n\n</details>`;
};

function detailsOf(stack: StackPlan): Details {
  const { steps, warnings, errors } = stack;
  const lines = [
    ...errors.map((error) => `- **error**: ${prose(error)}`),
    ...warnings.map((warning) => `- warning: ${prose(warning, 300)}`),
    ...byWeight(steps).map((step) => stepLine(step)),
  ];
  return { stack, lines, want: lines.reduce((sum, line) => sum + size(line) + 1, size(frameOf(stack)) + 1) };
}

/** The details of a stack, folded, within their room. */
function folded({ stack, lines }: Details, room: number): string {
  const frame = frameOf(stack);
  const shown = fitting(
    lines,
    room - size(frame) - 1,
    (left) => `- and ${count(left, "more line")}, cut here to stay under the code host's limit`,
  );
  return frame.replace("\n\n\n", () => `\n\n${shown.join("\n")}\n\n`);
}

/** No stack's details are cut to less. */
const LEAST = 1500;

/** The details of all stacks: each gets an equal share of the room, and what one does not need goes to the others. */
function allDetails(stacks: readonly StackPlan[], room: number): string[] {
  const all = stacks.map(detailsOf).filter(({ lines }) => lines.length > 0);
  let left = room - 200;
  // Where there are more stacks than shares, those that failed and those with the most to say are heard.
  const heard = [...all]
    .sort(
      (one, other) =>
        Number(other.stack.ending === "failed") - Number(one.stack.ending === "failed") || other.want - one.want,
    )
    .slice(0, Math.max(0, Math.floor(left / LEAST)));
  const shares = new Map<Details, number>();
  for (const [at, one] of [...heard].sort((one, other) => one.want - other.want).entries()) {
    const share = Math.min(one.want, Math.floor(left / (heard.length - at)));
    shares.set(one, share);
    left -= share;
  }
  const silent = all.length - heard.length;
  return [
    ...all.flatMap((one) => {
      const share = shares.get(one);
      return share === undefined ? [] : [folded(one, share)];
    }),
    ...(silent > 0
      ? [`The details of ${count(silent, "more stack")} are left out here, to stay under the code host's limit.`]
      : []),
  ];
}

/** A preview without what the engine itself does not count: the providers that it makes by default. */
function asTold(preview: ChainPreview): ChainPreview {
  const counts = ({ type, name }: PlannedStep): boolean =>
    !(type.startsWith("pulumi:providers:") && /^default(?:_|$)/.test(name));
  return { ...preview, stacks: preview.stacks.map((stack) => ({ ...stack, steps: stack.steps.filter(counts) })) };
}

/**
 * A preview of all stacks as a comment on a pull request (Markdown of GitHub and GitLab). The same preview makes the same text; it never takes
 * more than its room, and says what is left out.
 */
export function render(
  preview: ChainPreview,
  { about = {}, secrets = [], room = COMMENT_SIZE }: RenderOptions = {},
): string {
  const clean = asTold(withoutSecrets(preview, secrets));
  const chains = chainsIn(clean).map((one) => ({ ...one, difference: differenceOf(one.preview) }));
  const part = (share: number): number => Math.floor(room * share);
  const parts: readonly (readonly string[])[] = [
    [markerOf(clean.stack), title(clean)],
    aboutLine(withoutSecrets(about, secrets)),
    table(clean, part(0.15)),
    effects(chains, part(0.15)),
    losses(clean, part(0.1)),
    findings(clean, part(0.15)),
    ...chains.map((one) => paths(one, part(0.2 / chains.length))),
  ];
  const upper = parts.filter((one) => one.length > 0).map((one) => one.join("\n"));
  const rest = room - size(upper.join("\n\n")) - 2;
  const lower = allDetails(clean.stacks, rest).join("\n");
  return `${[...upper, ...(lower === "" ? [] : [lower])].join("\n\n")}\n`;
}

/** The comment where a preview ended before it had a result, so that nobody takes an older one for this commit's. */
export function renderFailure(stack: string, { about = {}, secrets = [] }: RenderOptions = {}): string {
  const name = withoutSecrets(stack, secrets);
  const lines = [markerOf(name), `### Preview of ${code(name, 100)}: it ended without a result`, ""];
  return `${[...lines, ...aboutLine(withoutSecrets(about, secrets)), "What went wrong is in the run's log."].join("\n")}\n`;
}
