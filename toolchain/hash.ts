import { createHash } from "node:crypto";
import { createReadStream, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";

/** Files that change nothing about what a folder builds. */
const aside = /(^|\/)(node_modules|testdata|\.git)(\/|$)|\.md$|_test\.go$|(^|\/)test(\/|$)/;

/** SHA-256 of texts, hexadecimal. */
export function hashText(...texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text}\0`);
  return hash.digest("hex");
}

/** SHA-256 of a file, hexadecimal. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/**
 * SHA-256 over names, modes and contents of what is in a folder, hexadecimal: the same wherever the folder
 * lies and whenever it was written. Documentation and tests do not count.
 */
export function hashFolder(folder: string, ...more: readonly string[]): string {
  const hash = createHash("sha256");
  const visit = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const full = join(path, entry.name);
      const name = relative(folder, full);
      if (aside.test(name)) continue;
      if (entry.isDirectory()) {
        visit(full);
      } else {
        hash.update(`${name}\0${statSync(full).mode & 0o111 ? "x" : "-"}\0`);
        hash.update(readFileSync(full));
        hash.update("\0");
      }
    }
  };
  visit(folder);
  for (const text of more) hash.update(`${text}\0`);
  return hash.digest("hex");
}
