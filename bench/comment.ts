import { randomBytes } from "node:crypto";
import { readPreview } from "../cli/comment/read";
import { COMMENT_SIZE, render } from "../cli/comment/render";
import { size } from "../cli/comment/text";
import { manyResources } from "../test/unit/previews";
import type { Measurements } from "./figures";
import { seconds } from "./measure";

/** Measures what the comment on a pull request takes, from what the preview printed to the text. */
export function measureComment(found: Measurements, rounds: number): void {
  const printed = JSON.stringify(manyResources(1000), null, 2);
  const secrets = Array.from({ length: 5 }, () => randomBytes(16).toString("hex"));
  for (let round = 0; round < rounds; round++) {
    let comment = "";
    const took = seconds(() => {
      comment = render(readPreview(printed), { secrets });
    });
    if (size(comment) > COMMENT_SIZE) throw new Error(`The comment takes ${size(comment)} bytes.`);
    found.add("comment", took);
  }
}
