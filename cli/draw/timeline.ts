import type { Step } from "../critical-path";
import { nameOf } from "../diagnostics";
import type { PictureOptions } from "./svg";
import { escaped, widthOf } from "./text";
import { coloured } from "./theme";

const [ROW, SIZE, EDGE] = [20, 12, 16];
/** How wide all the time is. */
const WIDE = 640;
const COLOURS: Readonly<Record<string, string>> = {
  site: "networkLine",
  kubernetes: "kubernetesLine",
  swarm: "swarmLine",
  service: "changed",
};
const colourOf = (layer: string): string => COLOURS[layer] ?? "quiet";

/** A time as people read it. */
export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** How far apart the marks of a scale are, in milliseconds: 20 at most. */
function between(length: number): number {
  const steps = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600].map((one) => one * 1000);
  return steps.find((one) => length / one <= 12) ?? length / 10;
}

/** A picture (SVG) of the steps as bars over time, with an edge around those of the critical path, and lines for what they waited for. */
export function timelineOf(
  steps: readonly Step[],
  path: readonly Step[],
  { theme = "auto", id = "timeline" }: PictureOptions = {},
): string {
  const start = Math.min(...steps.map(({ began }) => began), Number.MAX_SAFE_INTEGER);
  const end = Math.max(...steps.map(({ ended }) => ended), start + 1);
  const rows = [...steps].sort((one, other) => one.began - other.began || one.ended - other.ended);
  const left = EDGE + Math.max(0, ...rows.map(({ urn }) => widthOf(nameOf(urn), SIZE))) + 10;
  const x = (time: number): number => Math.round(left + ((time - start) / (end - start)) * WIDE);
  const layers = [...new Set(rows.map(({ layer }) => layer))];
  const top = 58;
  const y = new Map(rows.map(({ urn }, at) => [urn, top + at * ROW]));
  const bottom = top + rows.length * ROW;
  const critical = new Set(path.map(({ urn }) => urn));
  const text = (at: number, line: number, colour: string, words: string, more = ""): string =>
    `<text x="${at}" y="${line}" class="fill-${colour}"${more}>${escaped(words)}</text>`;
  const gap = between(end - start);
  const marks = Array.from({ length: Math.floor((end - start) / gap) + 1 }, (_, at) => at * gap).map(
    (time) =>
      `<path d="M${x(start + time)} ${top - 6}V${bottom}" class="stroke-chip"/>${text(x(start + time), top - 10, "quiet", `${time / 1000} s`, ' text-anchor="middle"')}`,
  );
  const bars = rows.map(({ layer, urn, began, ended, after }) => {
    const line = y.get(urn) ?? 0;
    const edge = critical.has(urn) ? ' stroke-width="2"' : "";
    const from = after && y.get(after.urn);
    const wait =
      after && from !== undefined
        ? `<path d="M${x(after.ended)} ${from + 7}V${line + 7}H${x(began)}" fill="none" class="stroke-${critical.has(urn) ? "path" : "line"}"/>`
        : "";
    return (
      `${wait}${text(EDGE, line + 11, "text", nameOf(urn))}` +
      `<rect x="${x(began)}" y="${line}" width="${Math.max(1, x(ended) - x(began))}" height="14" rx="2" class="fill-${colourOf(layer)}${edge === "" ? "" : " stroke-path"}"${edge}>` +
      `<title>${escaped(`${layer}: ${nameOf(urn)}, ${seconds(began - start)} to ${seconds(ended - start)}`)}</title></rect>`
    );
  });
  let at = EDGE;
  const names = [...layers, ...(path.length > 0 ? ["critical path"] : [])];
  const keys = names.map((name) => {
    const colour = layers.includes(name) ? `fill-${colourOf(name)}` : "fill-page stroke-path";
    const key = `<rect x="${at + 1}" y="${EDGE - 5}" width="12" height="12" rx="2" class="${colour}"${layers.includes(name) ? "" : ' stroke-width="2"'}/>${text(at + 19, EDGE + 5, "quiet", name)}`;
    at += 19 + widthOf(name, SIZE) + 16;
    return key;
  });
  const width = Math.max(left + WIDE + 40, at);
  const height = bottom + EDGE;
  const words = `${rows.length} steps in ${seconds(end - start)}; ${path.length} of them on the critical path.`;
  return coloured(
    [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="${SIZE}" role="img" aria-labelledby="${id}-title ${id}-desc">`,
      `<title id="${id}-title">The steps of the last up, over time</title>`,
      `<desc id="${id}-desc">${words}</desc>`,
      `<rect width="${width}" height="${height}" class="fill-page"/>`,
      ...keys,
      ...marks,
      ...bars,
      "</svg>",
      "",
    ].join("\n"),
    theme,
  );
}
