import { type Change, pathTexts, type Topology } from "../topology";
import { BADGE, CHIP, LINE, PAD, TEXT, TITLE } from "./contents";
import { type Layout, layoutOf, type PlacedBox, type PlacedLine } from "./layout";
import { escaped, widthOf } from "./text";
import { coloured, type Theme } from "./theme";

const text = (x: number, y: number, size: number, colour: string, words: string, more = ""): string =>
  `<text x="${x}" y="${y}" font-size="${size}" class="fill-${colour}"${more}>${escaped(words)}</text>`;
const BOLD = ' font-weight="bold"';
const MIDDLE = ' text-anchor="middle"';

/** What is done with it, in a badge that ends at `right`. */
function mark(change: Change, right: number, top: number): string {
  const width = widthOf(change, TEXT) + 10;
  return (
    `<rect x="${right - width}" y="${top}" width="${width}" height="${TEXT + 6}" rx="4" class="fill-${change}"/>` +
    text(right - width / 2, top + TEXT + 1, TEXT, "onColour", change, MIDDLE)
  );
}

const COLOURS = {
  machine: { fill: "machine", stroke: "line" },
  outside: { fill: "outside", stroke: "line" },
  network: { fill: "network", stroke: "networkLine" },
  cluster: { fill: "machine", stroke: "line" },
} as const;

function box({ kind, title, lines, chips, change, silent = false, cluster, x, y, width, height }: PlacedBox): string {
  const colours = COLOURS[kind];
  const fill = kind === "cluster" && cluster ? cluster.kind : colours.fill;
  const stroke = change ?? (silent ? "silent" : cluster ? `${cluster.kind}Line` : colours.stroke);
  const dashes = change === "removed" || kind === "outside" ? ' stroke-dasharray="5 4"' : "";
  const weight = change === undefined && !silent ? 1.2 : 2.2;
  const round = kind === "network" ? Math.min(20, height / 2) : 7;
  const spoken = [
    title,
    ...lines,
    ...chips.map(({ name, detail }) => `${name} (${detail})`),
    ...(change ? [change] : []),
  ];
  const middle = kind === "network";
  const at = middle ? width / 2 : PAD;
  const anchor = middle ? MIDDLE : "";
  const parts = [
    `<title>${escaped(spoken.join(", "))}</title>`,
    `<rect width="${width}" height="${height}" rx="${round}" class="fill-${fill} stroke-${stroke}" stroke-width="${weight}"${dashes}/>`,
    // A title in the middle would lie under the badge.
    text(change ? PAD : at, PAD + TITLE - 1, TITLE, "text", title, BOLD + (change ? "" : anchor)),
    ...lines.map((line, row) => text(at, PAD + TITLE - 1 + LINE * (row + 1), TEXT, "quiet", line, anchor)),
    ...(change === undefined ? [] : [mark(change, width - 6, 5)]),
  ];
  for (const { name, detail, places, change: done, ...chip } of chips) {
    const edge = done ?? (places.length > 0 ? "path" : "line");
    const [middleOf, from] = [chip.y + CHIP / 2, chip.x + 7 + places.length * BADGE];
    parts.push(
      `<rect x="${chip.x}" y="${chip.y}" width="${chip.width}" height="${CHIP}" rx="5" class="fill-chip stroke-${edge}"/>`,
      ...places.flatMap((place, nth) => {
        const centre = chip.x + 13 + nth * BADGE;
        return [
          `<circle cx="${centre}" cy="${middleOf}" r="8.5" class="fill-path"/>`,
          text(centre, middleOf + 3.5, place > 99 ? 8.5 : 10.5, "onColour", String(place), BOLD + MIDDLE),
        ];
      }),
      `<text x="${from}" y="${middleOf + 4}" font-size="${TEXT}" class="fill-text">${escaped(name)}<tspan dx="7" class="fill-quiet">${escaped(detail)}</tspan>${done ? `<tspan dx="7" class="fill-${done}">${done}</tspan>` : ""}</text>`,
    );
  }
  return `<g transform="translate(${x} ${y})">${parts.join("")}</g>`;
}

type Points = PlacedLine["points"];

/** A way along points, its corners rounded. */
function way(points: Points): string {
  return points
    .map((point, at) => {
      const [before, after] = [points[at - 1], points[at + 1]];
      if (before === undefined) return `M${point.x} ${point.y}`;
      if (after === undefined) return `L${point.x} ${point.y}`;
      const towards = (other: { x: number; y: number }) => {
        const length = Math.hypot(other.x - point.x, other.y - point.y) || 1;
        const share = Math.min(6, length / 2) / length;
        return `${(point.x + (other.x - point.x) * share).toFixed(1)} ${(point.y + (other.y - point.y) * share).toFixed(1)}`;
      };
      return `L${towards(before)}Q${point.x} ${point.y} ${towards(after)}`;
    })
    .join("");
}

/** The head of an arrow at the end of a way. */
function head(points: Points): string {
  const [before, tip] = points.slice(-2);
  if (before === undefined || tip === undefined) return "";
  const length = Math.hypot(tip.x - before.x, tip.y - before.y) || 1;
  const [dx, dy] = [(tip.x - before.x) / length, (tip.y - before.y) / length];
  const corner = (side: number) =>
    `${(tip.x - dx * 9 - dy * 5 * side).toFixed(1)} ${(tip.y - dy * 9 + dx * 5 * side).toFixed(1)}`;
  return `<path d="M${tip.x} ${tip.y}L${corner(1)}L${corner(-1)}Z" class="fill-path"/>`;
}

function line({ points, into, outOf, before }: PlacedLine): string {
  const path = into || outOf;
  const stroke = path ? 'class="stroke-path" stroke-width="2.4"' : 'class="stroke-line" stroke-width="1.2"';
  const drawn = `<path d="${way(points)}" fill="none" ${stroke}/>`;
  const reversed = [...points].reverse();
  // Arrows stand where requests arrive.
  const forward = before ? into : outOf;
  const backward = before ? outOf : into;
  return drawn + (forward ? head(points) : "") + (backward ? head(reversed) : "");
}

/** What a picture shows, in words: for those who hear it. */
export function described(topology: Topology): string {
  const { networks, machines, clusters, functions, chains } = topology;
  const counts = [
    [networks.length, "network"],
    [machines.length, "machine"],
    [clusters.length, "cluster"],
    [functions.length, "function"],
  ].map(([count, noun]) => `${count} ${noun}${count === 1 ? "" : "s"}`);
  const paths = chains.map(({ url, hops }, at) => {
    const over = hops.length === 1 ? "1 function" : `${hops.length} functions`;
    return ` Requests to ${url} pass ${over}: ${pathTexts(topology)[at]}.`;
  });
  return `${counts.join(", ")}.${paths.join("")}`;
}

/** What the drawing is of, above it. */
export function titleOf({ site, chains }: Topology): string {
  return [site === undefined ? "No site is up" : `Site ${site}`, ...chains.map(({ url }) => url)].join(" · ");
}

const [HEAD, FOOT] = [34, 34];

/** What the lines and marks of a drawing mean. */
function legend(topology: Topology, top: number): { svg: string; width: number } {
  let x = 16;
  const parts: string[] = [];
  const entry = (symbol: (x: number) => string, wide: number, words: string): void => {
    parts.push(symbol(x), text(x + wide + 6, top + 4, TEXT, "quiet", words));
    x += wide + 6 + widthOf(words, TEXT) + 14;
  };
  if (topology.chains.length > 0) {
    const symbol = (at: number): PlacedLine => ({
      points: [
        { x: at, y: top },
        { x: at + 26, y: top },
      ],
      into: true,
      outOf: false,
      before: true,
      box: "",
      network: "",
    });
    entry((at) => line(symbol(at)), 26, "the way of a request");
    entry((at) => line({ ...symbol(at), into: false }), 26, "a leg beside it");
  }
  for (const change of ["added", "replaced", "changed", "removed"] as const) {
    const all = [topology.networks, topology.machines, topology.clusters, topology.functions].flat();
    const count = all.filter((one) => one.change === change).length;
    if (count > 0)
      entry(
        (at) => `<rect x="${at}" y="${top - 6}" width="12" height="12" rx="3" class="fill-${change}"/>`,
        12,
        `${count} ${change}`,
      );
  }
  return { svg: parts.join(""), width: x };
}

/** How a picture is to be. */
export interface PictureOptions {
  /** @default "auto" */
  readonly theme?: Theme;
  /** Begins the identities of its parts, so that two of them fit into one page. @default "chain" */
  readonly id?: string;
}

/** A picture (SVG) of a topology. */
export async function drawn(topology: Topology, options: PictureOptions = {}): Promise<string> {
  return svgOf(topology, await layoutOf(topology), options);
}

/** A picture (SVG) of a topology whose parts have their places. */
export function svgOf(
  topology: Topology,
  layout: Layout,
  { theme = "auto", id = "chain" }: PictureOptions = {},
): string {
  const title = titleOf(topology);
  const signs = legend(topology, HEAD + layout.height + FOOT / 2 - 6);
  const notes = topology.notes.map((note, at) => ({ note, y: HEAD + layout.height + FOOT + 10 + at * LINE }));
  const width = Math.max(
    layout.width,
    signs.width,
    widthOf(title, 15, true) + 32,
    ...topology.notes.map((note) => widthOf(note, TEXT) + 32),
  );
  const height = HEAD + layout.height + FOOT + notes.length * LINE;
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" role="img" aria-labelledby="${id}-title ${id}-desc">`,
    `<title id="${id}-title">${escaped(title)}</title>`,
    `<desc id="${id}-desc">${escaped(described(topology))}</desc>`,
    `<rect width="${width}" height="${height}" class="fill-page"/>`,
    text(16, 25, 15, "text", title, BOLD),
    `<g transform="translate(0 ${HEAD})">`,
    ...layout.boxes.filter(({ kind }) => kind === "cluster").map(box),
    // Those of the path lie over the others.
    ...[...layout.lines]
      .sort((one, other) => Number(one.into || one.outOf) - Number(other.into || other.outOf))
      .map(line),
    ...layout.boxes.filter(({ kind }) => kind !== "cluster").map(box),
    "</g>",
    signs.svg,
    ...notes.map(({ note, y }) => text(16, y, TEXT, "quiet", note)),
    "</svg>",
    "",
  ].join("\n");
  return coloured(svg, theme);
}
