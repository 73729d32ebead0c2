import { writeFileSync } from "node:fs";
import { ENDINGS, FORMATS, type Format } from "../draw/format";
import { THEMES, type Theme } from "../draw/theme";
import { endingOf, outFile, requireFile } from "../files";
import { commandLine } from "../line";
import type { Topology } from "../topology";
import { type Bare, flag, oneOf, text, verb } from "../verb";

export const graph = verb({
  name: "graph",
  summary: "draw networks, machines, clusters, functions and the path",
  options: {
    format: {
      ...oneOf("FORMAT", "of the picture; left out, what FILE ends in says it, else it is svg", FORMATS, undefined),
      notWith: "json",
    },
    theme: { ...oneOf("THEME", "its colours; auto follows whoever looks at an SVG", THEMES, "auto"), notWith: "json" },
    out: { ...outFile("where it goes (chain.svg, chain.png, chain.mmd)"), notWith: "json" },
    preview: text("FILE", `draw what a preview plans (${commandLine("preview --json")})`),
    json: flag("print what would be drawn as JSON"),
  },
  examples: [
    ["graph", "chain.svg: what is up"],
    ["graph --theme dark --out chain.png", "as pixels"],
    ["graph --preview preview.json", "with everything marked that 'up' would add, change or take away"],
  ],
  needsHost: false,
  runAlone: (base, { preview, ...given }) =>
    preview === undefined
      ? undefined
      : draw(base, given, async () => (await import("../draw/planned.js")).topologyPlanned(preview)),
  run: ({ context, print }, given) =>
    draw({ progress: context.progress, print }, given, async () => {
      const { published } = await import("../overview.js");
      const { topologyOf } = await import("../topology.js");
      return topologyOf((await published(context)).contracts);
    }),
});

interface Drawing {
  readonly format: Format | undefined;
  readonly theme: Theme;
  readonly out: string | undefined;
  readonly json: boolean;
}

/** Draws a topology into a file, or prints it; where it goes is looked at before anybody is asked for it. */
async function draw(
  { progress, print }: Bare,
  { format: asked, theme, out, json }: Drawing,
  found: () => Promise<Topology>,
): Promise<number> {
  const format = asked ?? FORMATS.find((one) => ENDINGS[one].includes(endingOf(out ?? ""))) ?? "svg";
  const endings = (asked === undefined ? FORMATS : [asked]).flatMap((one) => ENDINGS[one]);
  const file = requireFile(out ?? `chain${ENDINGS[format][0]}`, endings);
  const topology = await found();
  if (json) {
    print(JSON.stringify(topology, null, 2));
    return 0;
  }
  for (const note of topology.notes) progress.line(note);
  const { networks, machines, functions } = topology;
  const { ChainError } = await import("../chain.js");
  if (networks.length + machines.length + functions.length === 0)
    throw new ChainError(`There is nothing to draw, so ${file} is not written.`);
  const { pictureOf } = await import("../draw/picture.js");
  writeFileSync(file, await pictureOf(topology, format, theme));
  progress.line(`${file}: ${networks.length} networks, ${machines.length} machines, ${functions.length} functions`);
  return 0;
}
