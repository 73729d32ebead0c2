/**
 * The word of a list that is nearest to another one, by the letters that must change (Levenshtein); undefined when none is near. One that
 * begins with most of the word is near however long it is: "transitCidr" to "transit".
 * @example
 * const meant = vnf.nearest("transitt", ["transit", "servers"]); // "transit"
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((one) => ({ one, changes: changesBetween(word.toLowerCase(), one.toLowerCase()) }))
    .filter(({ one, changes }) => isFew(changes, word, one) || beginsAlike(word, one))
    .sort((a, b) => a.changes - b.changes);
  return best?.one;
}

/** Whether so many letters are few; all letters of a word are not, however short it is. */
function isFew(changes: number, word: string, known: string): boolean {
  return changes <= Math.max(2, known.length / 3) && changes < Math.min(word.length, known.length);
}

function beginsAlike(word: string, known: string): boolean {
  const start = word.slice(0, Math.max(4, Math.ceil(word.length * 0.8)));
  return word.length >= 4 && known.toLowerCase().startsWith(start.toLowerCase());
}

function changesBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...a].entries()) {
    const next = [at + 1];
    for (const [place, other] of [...b].entries())
      next.push(
        Math.min((next[place] ?? 0) + 1, (row[place + 1] ?? 0) + 1, (row[place] ?? 0) + (letter === other ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
