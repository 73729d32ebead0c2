import { readFileSync } from "node:fs";
import { ChainError } from "../chain";
import { readPreview } from "../comment/read";
import { fileOf, unreadable } from "../files";
import type { ChainPreview } from "../plan";
import { changed, type Topology } from "../topology";

/** What a file holds of a preview. @throws ChainError in one sentence for a file that holds none */
function previewIn(file: string): ChainPreview {
  try {
    return readPreview(readFileSync(file, "utf8"));
  } catch (error) {
    throw new ChainError(`${file} can't be read as a preview: ${unreadable(error)}`);
  }
}

/** What a preview of all stacks plans. @throws ChainError in one sentence for a file that is none */
export function topologyPlanned(name: string): Topology {
  const file = fileOf(name);
  const { stacks } = previewIn(file);
  if (stacks.length === 0)
    throw new ChainError(`${file} previews no stack: write one with \`npm run -s preview -- --json >${name}\`.`);
  const contracts = (when: "before" | "after") =>
    Object.fromEntries(
      stacks.map((one) => {
        const planned = one.ending === "done" ? (one.after ?? null) : one.before;
        return [one.layer, when === "after" ? planned : one.before];
      }),
    );
  const topology = changed(contracts("before"), contracts("after"));
  const unknown = stacks
    .filter(({ ending }) => ending !== "done")
    .map(({ layer }) => `The preview of the ${layer} stack did not come to its end: what it has is drawn as it is.`);
  return { ...topology, notes: [...topology.notes, ...unknown] };
}
