import { readFileSync, statSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { CALLED } from "./line";
import { type Option, UsageError } from "./verb";

/** An option that takes the name of a file to be written. */
export function outFile(meaning: string): Option<string | undefined> {
  const read = (given: string | boolean | undefined, name: string): string | undefined => {
    if (given === "" || given === "-") throw new UsageError(`--${name} is '${given}'; it takes the name of a file.`);
    return typeof given === "string" ? given : undefined;
  };
  return { value: "FILE", meaning, read };
}

/** Where a file of this name is: npm runs a checkout's script in its folder, and tells where it was called. */
export const fileOf = (name: string): string =>
  resolve((CALLED === "npm run" ? process.env.INIT_CWD : undefined) ?? process.cwd(), name);

/** What the name of a file ends in. */
export const endingOf = (name: string): string => extname(name).toLowerCase();

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "this user may not",
};

/** Why a file can't be read, in words. */
export function unreadable(error: unknown): string {
  return REASONS[(error as NodeJS.ErrnoException).code ?? ""] ?? (error as Error).message;
}

/** What is in a file that an option names. @throws UsageError where it can't be read */
export function contentOf(option: string, name: string): string {
  try {
    return readFileSync(fileOf(name), "utf8");
  } catch (error) {
    throw new UsageError(`--${option} is '${name}', which can't be read: ${unreadable(error)}.`);
  }
}

/**
 * Where a file is to be written, looked at before there is anything to write.
 * @param endings what its name may end in, if in anything; anything where none are given
 * @param option that names it
 * @throws UsageError for a name that ends in something else, and for a place where no file can be
 */
export function requireFile(name: string, endings?: readonly string[], option = "out"): string {
  const ending = endingOf(name);
  if (ending !== "" && endings?.includes(ending) === false)
    throw new UsageError(
      `--${option} is '${name}'; what is written goes to a file that ends in ${endings.join(" or ")}.`,
    );
  const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const file = fileOf(name);
  if (isFolder(file)) throw new UsageError(`--${option} is '${name}', which is a folder: name a file in it.`);
  if (!isFolder(dirname(file)))
    throw new UsageError(
      `--${option} is '${name}', and there is no folder ${dirname(file)}: make it first, or name another.`,
    );
  return file;
}
