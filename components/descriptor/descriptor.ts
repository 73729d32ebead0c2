import { readFileSync } from "node:fs";
import * as path from "node:path";
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from "yaml";
import type { Problems } from "../problem/problem";

/** Keys and indexes that lead to a place in plain data. */
export type Steps = readonly (string | number)[];

/** One document that a descriptor holds, and where each part of it stands. */
export interface Descriptor {
  /** Plain data; what a program gave may hold outputs. */
  readonly value: unknown;
  /** The file and line at which what is there begins, or the part of the argument that it is; of the nearest part that is there. */
  readonly place: (...steps: Steps) => string;
}

/** How texts without quotes are read. `kubernetes`: YAML 1.1, as Kubernetes' own reader does. `compose`: YAML 1.2, and numbers from 0 as octal. */
export type Dialect = "kubernetes" | "compose";

/** Go's readers take `0644` for octal in either version of YAML. */
const OCTAL = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  test: /^0[0-7]+$/,
  resolve: (text: string) => Number.parseInt(text, 8),
} as const;

/** A file's name as an operator sees it: from the folder that the command runs in, where it is below that. */
function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith("..") ? file : relative;
}

/** The node that these steps lead to, by its key where it has one; the last one on the way where they lead nowhere. */
function nodeAt(document: Document, steps: Steps): unknown {
  let node: unknown = document.contents;
  let found = node;
  for (const step of steps) {
    const within = isAlias(node) ? node.resolve(document) : node;
    if (isMap(within)) {
      const pair = within.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step));
      if (!pair) break;
      found = pair.key;
      node = pair.value;
    } else if (isSeq(within) && within.items[Number(step)] !== undefined) {
      node = within.items[Number(step)];
      found = node;
    } else break;
  }
  return found;
}

/**
 * The documents of a YAML file, those that are empty left out. What keeps it from being read goes to `problems`, with its line.
 * @param argument what messages call the argument that names the file
 */
export function readDescriptors(
  problems: Problems,
  argument: string,
  file: string,
  dialect: Dialect,
): readonly Descriptor[] {
  if (
    !problems.require(
      path.isAbsolute(file),
      `${argument} is "${file}": it must be the absolute path of a file, such as \`\${__dirname}/web.yaml\``,
    )
  )
    return [];
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      { ENOENT: "is not there", EISDIR: "is a folder", EACCES: "may not be read" }[code ?? ""] ?? String(code);
    problems.require(false, `${argument} names ${shown(file) || file}, which ${why}: name a YAML file`);
    return [];
  }
  if (
    !problems.require(
      !text.includes("\0"),
      `${argument} names ${shown(file)}, which is no text (it has bytes of zero): name a YAML file`,
    )
  )
    return [];
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    ...(dialect === "kubernetes"
      ? {
          version: "1.1",
          // Neither times nor numbers to the base of 60, which Kubernetes' reader does not know.
          customTags: (tags) =>
            tags.filter((tag) =>
              typeof tag === "string"
                ? !/time/i.test(tag)
                : tag.tag !== "tag:yaml.org,2002:timestamp" && !("format" in tag && tag.format === "TIME"),
            ),
        }
      : { version: "1.2", customTags: (tags) => [OCTAL, ...tags, "merge"] }),
  });
  const lineAt = (offset: number) => `${shown(file)}:${lines.linePos(offset).line}`;
  if ("empty" in documents) return [];
  return documents.flatMap((document): Descriptor[] => {
    const wrong = [...document.errors, ...document.warnings];
    for (const { pos, message } of wrong)
      problems.require(false, `${lineAt(pos[0])} is no YAML: ${message.split("\n")[0]}`);
    if (wrong.length > 0 || document.contents === null) return [];
    const place = (...steps: Steps): string => {
      const node = nodeAt(document, steps) as { range?: readonly number[] | null } | undefined;
      return lineAt(node?.range?.[0] ?? 0);
    };
    try {
      const value: unknown = document.toJS();
      return value === null ? [] : [{ value, place }];
    } catch (error) {
      problems.require(false, `${place()} can't be read: ${(error as Error).message}`);
      return [];
    }
  });
}

/** Data that a program gives in place of a file. */
export function givenDescriptor(argument: string, value: unknown): Descriptor {
  return {
    value,
    place: (...steps) =>
      steps.reduce<string>((place, step) => `${place}${typeof step === "number" ? `[${step}]` : `.${step}`}`, argument),
  };
}
