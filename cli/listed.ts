/** `a`, `a and b`, `a, b and c`; of more than `most`, how many others there are. */
export function listed(all: readonly string[], most = 6): string {
  const shown = all.length > most ? [...all.slice(0, most - 1), `${all.length - most + 1} more`] : all;
  return shown.length < 2 ? shown.join() : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
