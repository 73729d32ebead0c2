import { Resvg } from "@resvg/resvg-js";

/** Most pixels of a side: beyond them memory runs out before anybody sees more. */
const MOST = 6000;

/** A picture that can't be made here; `message` says what to do. */
export class PictureError extends Error {
  override readonly name = "PictureError";
}

/** A picture (PNG) of a picture (SVG) whose colours are literal, twice as large where that is not too large. @throws PictureError without fonts */
export function pngOf(svg: string, systemFonts = true): Buffer {
  const font = { loadSystemFonts: systemFonts, defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" };
  // Without a font, text is left out and nothing is said.
  const sample =
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text y="9" font-family="sans-serif">M</text></svg>';
  if (new Resvg(sample, { font }).getBBox() === undefined)
    throw new PictureError(
      "This machine has no fonts, so a PNG would have no text: install some (apt-get install fonts-dejavu-core), or take --format svg.",
    );
  const [width, height] = [/ width="([\d.]+)"/, / height="([\d.]+)"/].map((side) =>
    Number(side.exec(svg)?.[1] ?? 1),
  ) as [number, number];
  const zoom = Math.min(2, MOST / width, MOST / height);
  return new Resvg(svg, { font, fitTo: { mode: "zoom", value: zoom } }).render().asPng();
}
