import { ChainError } from "../chain";
import type { Topology } from "../topology";
import type { Format } from "./format";
import type { Theme } from "./theme";

/**
 * The layout library and the renderer are large: what draws nothing waits for neither, and the package asks for neither.
 * @throws ChainError where one of them is not installed
 */
export async function pictureOf(topology: Topology, format: Format, theme: Theme): Promise<string | Buffer> {
  try {
    return await draw(topology, format, theme);
  } catch (error) {
    const [, name] = /Cannot find module '(elkjs|@resvg\/resvg-js)/.exec((error as Error).message) ?? [];
    if (name === undefined) throw error;
    throw new ChainError(`Drawing needs ${name}: install it beside hybrid-vnf (npm install elkjs @resvg/resvg-js).`);
  }
}

async function draw(topology: Topology, format: Format, theme: Theme): Promise<string | Buffer> {
  if (format === "mermaid") return (await import("./mermaid.js")).mermaidOf(topology);
  const { drawn } = await import("./svg.js");
  if (format === "svg") return drawn(topology, { theme });
  const { pngOf } = await import("./png.js");
  return pngOf(await drawn(topology, { theme: theme === "auto" ? "light" : theme }));
}
