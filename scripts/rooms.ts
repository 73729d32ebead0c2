import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { preProcessFile } from "typescript";

/** Folders whose parts may import one another only one way. */
const ROOTS = ["components", "policy", "cli", "toolchain", "stacks"];

/** One file's import of another, by their paths from the checkout's root. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

/** The folder that a file counts as part of; undefined for those beside the folders, such as components/index.ts. */
function roomOf(file: string): string | undefined {
  const [root = "", ...parts] = file.split("/").slice(0, -1);
  if (!ROOTS.includes(root)) return undefined;
  if (root !== "components") return root;
  return parts.length === 0 ? undefined : [root, ...parts.slice(0, parts[0] === "platform" ? 2 : 1)].join("/");
}

/** The files that a file imports, types too: what it knows of, it depends on. One beside the folders passes on what it imports. */
function importsOf(file: string, files: ReadonlyMap<string, string>, seen = new Set<string>()): string[] {
  return preProcessFile(files.get(file) ?? "").importedFiles.flatMap(({ fileName }) => {
    if (!fileName.startsWith(".")) return [];
    const target = path.posix.join(path.posix.dirname(file), fileName);
    const to = [target, `${target}.ts`, `${target}/index.ts`].find((candidate) => files.has(candidate));
    if (to === undefined || seen.has(to)) return [];
    return roomOf(to) === undefined ? importsOf(to, files, seen.add(to)) : [to];
  });
}

/** The shortest way from one folder over others back to it, by the imports that make it one. */
function shortestCircle(
  start: string,
  imports: ReadonlyMap<string, ReadonlyMap<string, Import>>,
): Import[] | undefined {
  let ways: Import[][] = [[]];
  const seen = new Set<string>();
  while (ways.length > 0) {
    const longer: Import[][] = [];
    for (const way of ways) {
      const last = way.at(-1);
      for (const [room, found] of imports.get((last && roomOf(last.to)) ?? start) ?? []) {
        if (room === start) return [...way, found];
        if (seen.has(room)) continue;
        seen.add(room);
        longer.push([...way, found]);
      }
    }
    ways = longer;
  }
  return undefined;
}

/** The circles of imports between folders, each once, out of the text of every file by its path. */
export function circles(files: ReadonlyMap<string, string>): Import[][] {
  const imports = new Map<string, Map<string, Import>>();
  for (const from of [...files.keys()].sort()) {
    const room = roomOf(from);
    if (room === undefined) continue;
    for (const to of importsOf(from, files)) {
      const target = roomOf(to);
      if (target === undefined || target === room) continue;
      const known = imports.get(room) ?? new Map<string, Import>();
      if (!known.has(target)) imports.set(room, known.set(target, { from, to }));
    }
  }
  const found = new Map<string, Import[]>();
  for (const room of imports.keys()) {
    const circle = shortestCircle(room, imports);
    const key = circle
      ?.map(({ from }) => roomOf(from))
      .sort()
      .join(" ");
    if (circle && key !== undefined && !found.has(key)) found.set(key, circle);
  }
  return [...found.values()];
}

/** A circle in words: its folders, and each import of it on a line. */
export function describe(circle: readonly Import[]): string {
  const rooms = [...circle, ...circle.slice(0, 1)].map(({ from }) => roomOf(from));
  return [rooms.join(" → "), ...circle.map(({ from, to }) => `  ${from} imports ${to}`)].join("\n");
}

function main(): void {
  const checkout = path.join(__dirname, "..");
  const files = ROOTS.flatMap((root) =>
    readdirSync(path.join(checkout, root), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => path.posix.join(root, file)),
  );
  const found = circles(new Map(files.map((file) => [file, readFileSync(path.join(checkout, file), "utf8")])));
  for (const circle of found) process.stderr.write(`Folders import one another in a circle: ${describe(circle)}\n`);
  if (found.length > 0) process.exitCode = 1;
}

if (require.main === module) main();
