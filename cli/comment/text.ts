/** Text that others chose, such as names and messages, as it may stand in a comment: it cannot leave its place, call anybody or become a link. */

/** Control characters, and those that turn the direction of text or are not seen: shown by their number. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const numberOf = (character: string): string => (character.codePointAt(0) ?? 0).toString(16).padStart(4, "0");

/** Text on one line, every character of which is seen. */
function visible(text: string): string {
  return text
    .replace(/[\r\n\t]+/g, " ")
    .replace(UNSEEN, (one) => `\\u${numberOf(one)}`)
    .trim();
}

/** Text of at most so many characters; what is cut away is marked. */
export function short(text: string, most: number): string {
  const characters = [...text.slice(0, 2 * most + 2)];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}

/** Characters as numeric references, which neither Markdown nor HTML takes for anything but themselves. */
function referenced(text: string, pattern: RegExp): string {
  return text.replace(pattern, (one) => `&#${one.codePointAt(0)};`);
}

/** Longest name that is shown whole. */
const NAME = 120;

/** A name or value, in `<code>`: code hosts look for no mentions, references or emoji there. */
export function code(text: string, most: number = NAME): string {
  const shown = short(visible(text), most) || " ";
  // "://" and "www." begin links by themselves, wherever they stand.
  return `<code>${referenced(shown, /[^\p{L}\p{N}\p{M} .,:;/()=+…-]|:(?=\/\/)|(?<=www)\./giu)}</code>`;
}

/** A sentence of somebody else's, such as an error, as plain text on one line. */
export function prose(text: string, most = 1000): string {
  const shown = referenced(short(visible(text), most), /[^\p{L}\p{N}\p{M} .,:;/()=+…'-]|:(?=\/\/)|(?<=www)\./giu);
  // Mentions and references are looked for in the finished page: a space of no width keeps each sign from its word.
  return shown.replace(/&#(33|35|36|37|38|64|126);(?=[\p{L}\p{N}&])/gu, "&#$1;&#8203;");
}

/** Text within a quoted label of Mermaid, which has numeric references of its own form. */
export function label(text: string, most = 60): string {
  const shown = short(visible(text), most);
  return shown.replace(/[^\p{L}\p{N}\p{M} .,/()…→-]/gu, (one) => `#${one.codePointAt(0)};`);
}

/** How much room a text takes, in bytes of UTF-8, of which it never has fewer than characters. */
export function size(text: string): number {
  return Buffer.byteLength(text);
}

/** `1 server`, `2 servers`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString("en-GB")} ${number === 1 ? noun : plural}`;
}

/** As many of the lines as there is room for, and at most so many; where some are left out, a line that says how many. */
export function fitting(
  lines: readonly string[],
  room: number,
  rest: (left: number) => string,
  most = lines.length,
): string[] {
  const sizes = lines.map((line) => size(line) + 1);
  const total = sizes.reduce((sum, one) => sum + one, 0);
  if (total <= room && lines.length <= most) return [...lines];
  let [shown, left] = [0, room - size(rest(lines.length)) - 1];
  for (; shown < most; shown++) {
    left -= sizes[shown] ?? 0;
    if (left < 0) break;
  }
  return [...lines.slice(0, shown), rest(lines.length - shown)];
}
