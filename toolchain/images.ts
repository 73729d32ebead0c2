import { join } from "node:path";
import { attempt } from "./command";
import { checkout } from "./environment";
import { elapsed } from "./progress";

/** An image that could not be made; `message` says which, `output` is what its script printed last. */
export class ImageError extends Error {
  override readonly name = "ImageError";
  constructor(
    message: string,
    readonly output: string,
  ) {
    super(message);
  }
}

const IMAGES = ["base", "client", "machine"] as const;

export interface ImagesOptions {
  /** Folder of the binaries that the machine image takes in. */
  readonly machine: string;
  /** Which of them are needed, by their folder under images/. @default all */
  readonly images?: readonly string[];
  readonly report?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Makes sure of the images that functions are built on and lab machines start from. Each script leaves an image alone that is up to date. */
export async function ensureImages(options: ImagesOptions): Promise<void> {
  const told = new Set<string>();
  // Each of the others makes sure of the base, too.
  const line = (text: string): void => {
    if (!text.endsWith(" is here") || !told.has(text)) options.report?.(text);
    told.add(text);
  };
  for (const name of IMAGES.filter((one) => options.images?.includes(one) ?? true)) {
    const args = name === "machine" ? [options.machine] : [];
    const began = Date.now();
    const script = join(checkout, "images", name, "build.sh");
    const result = await attempt("bash", [script, ...args], { signal: options.signal, line });
    if (result.code !== 0) {
      const last = result.stderr.trimEnd().split("\n");
      throw new ImageError(
        `The image '${name}' could not be made (images/${name}/build.sh, exit code ${result.code}): ${last.at(-1) ?? ""}`,
        last.slice(-30, -1).join("\n"),
      );
    }
    if (Date.now() - began > 3000) options.report?.(`${name}: ready, ${elapsed(Date.now() - began)}`);
  }
}
