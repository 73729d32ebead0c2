import type { Topology } from "../topology";
import { type Box, contentsOf } from "./contents";

/** Text within a label in quotation marks (https://mermaid.js.org/syntax/flowchart.html, "Entity codes to escape characters"). */
const label = (words: readonly string[]): string =>
  `"${words.map((one) => one.replace(/[^\p{L}\p{N} .,:/()+-]/gu, (char) => `#${char.codePointAt(0)};`)).join("<br/>")}"`;

const CLASSES = {
  network: "fill:#ddf4ff,stroke:#2a7ab8,color:#1f2328",
  machine: "fill:#ffffff,stroke:#848d97,color:#1f2328",
  outside: "fill:#f6f8fa,stroke:#848d97,color:#1f2328,stroke-dasharray:5 4",
  added: "stroke:#1a7f37,stroke-width:3px",
  removed: "stroke:#c21e2b,stroke-width:3px,stroke-dasharray:5 4",
  replaced: "stroke:#8250df,stroke-width:3px",
  changed: "stroke:#8f5c00,stroke-width:3px",
} as const;

/** A flowchart in Mermaid's language of a topology: what code hosts draw by themselves. */
export function mermaidOf(topology: Topology): string {
  const { boxes, lines } = contentsOf(topology);
  const ids = new Map(boxes.map(({ id }, at) => [id, `box${at}`]));
  const idOf = (id: string): string => ids.get(id) ?? "";
  const node = (box: Box): string => {
    const { id, kind, title, lines: text, chips, change } = box;
    const functions = chips.map((chip) =>
      [
        ...chip.places.map((place) => `${place}.`),
        chip.name,
        `(${chip.detail})`,
        ...(chip.change ? [chip.change] : []),
      ].join(" "),
    );
    const words = label([title, ...text, ...functions, ...(change ? [change] : [])]);
    const shape = kind === "network" ? `([${words}])` : `[${words}]`;
    return `${idOf(id)}${shape}:::${kind}`;
  };
  const parts = boxes
    .filter((box) => box.kind !== "cluster")
    .filter((box) => box.cluster === undefined || !ids.has(`cluster ${box.cluster.id}`))
    .map((box) => `  ${node(box)}`);
  for (const { id, title, lines: text, change, cluster } of boxes.filter(({ kind }) => kind === "cluster")) {
    const held = boxes.filter((box) => box.kind !== "cluster" && box.cluster?.id === cluster?.id);
    const words = label([title, ...text, ...(change ? [change] : [])]);
    parts.push(`  subgraph ${idOf(id)}[${words}]`, ...held.map((box) => `    ${node(box)}`), "  end");
  }
  for (const { box, network, into, outOf, before } of lines) {
    const [first, second] = before ? [network, box] : [box, network];
    const [forward, backward] = before ? [into, outOf] : [outOf, into];
    const arrow = forward && backward ? "<==>" : forward ? "==>" : backward ? "<==" : "---";
    // Mermaid has no arrow to the left.
    parts.push(arrow === "<==" ? `  ${idOf(second)} ==> ${idOf(first)}` : `  ${idOf(first)} ${arrow} ${idOf(second)}`);
  }
  const marked = boxes.flatMap(({ id, change }) => (change === undefined ? [] : [`  class ${idOf(id)} ${change}`]));
  const classes = Object.entries(CLASSES).map(([name, style]) => `  classDef ${name} ${style}`);
  return ["flowchart LR", ...parts, ...marked, ...classes, ""].join("\n");
}
