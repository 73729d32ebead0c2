/** What a drawing can be written as. */
export const FORMATS = ["svg", "png", "mermaid"] as const;
export type Format = (typeof FORMATS)[number];

/** What the name of a file ends in, first the usual ending. */
export const ENDINGS: Readonly<Record<Format, readonly [string, ...string[]]>> = {
  svg: [".svg"],
  png: [".png"],
  mermaid: [".mmd", ".mermaid"],
};
