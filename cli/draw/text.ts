/** Characters that XML 1.0 does not allow (2.2 Characters): most control characters, halves of surrogate pairs, two more. */
const REFUSED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Text as XML and HTML take it: what has a meaning there is escaped, what is not allowed is left out. */
export function escaped(text: string): string {
  return text.replace(REFUSED, "").replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}

/** Widths of DejaVu Sans, which is as wide as any usual sans-serif, in em, by kind of character. */
const WIDTHS: readonly (readonly [RegExp, number])[] = [
  [/[ijlI.,:;'|!]/, 0.35],
  [/[ft\-/r()[\] ]/, 0.41],
  [/[mwMW@%→]/, 1],
  [/[A-Z_~+=<>×÷]/, 0.8],
  [/[a-z0-9·]/, 0.64],
  [/[ -\u24ff]/, 0.8],
];
/** How much wider its bold letters are. */
const BOLD = 1.13;

/** How wide a text is at most in any usual sans-serif font, in the unit of its size. */
export function widthOf(text: string, size: number, bold = false): number {
  let width = 0;
  for (const one of text) width += WIDTHS.find(([kind]) => kind.test(one))?.[1] ?? 1.15;
  return Math.ceil(width * size * (bold ? BOLD : 1));
}
