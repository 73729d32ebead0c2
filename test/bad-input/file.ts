import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";

let folder: string | undefined;

/** A file for one program to read, by its absolute path; it is there until the tests end. */
export function file(text: string, name = "web.yaml"): string {
  if (folder === undefined) {
    const made = mkdtempSync(path.join(tmpdir(), "hybrid-vnf-input-"));
    process.on("exit", () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  const own = path.join(mkdtempSync(path.join(folder, "row-")), name);
  writeFileSync(own, text);
  return own;
}
