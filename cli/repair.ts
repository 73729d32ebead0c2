import type { Stack } from "@pulumi/pulumi/automation";
import type { Addition } from "../components/platform/module";
import { outdated, type Probed } from "./probes";
import type { Progress } from "./progress";

/** What `up` does about scripts whose work was changed by hand: they run again, and nothing else does. */
export async function runAgainWhereChanged(
  layer: string,
  stack: Stack,
  probed: Promise<Probed> | undefined,
  progress: Progress,
): Promise<void> {
  const { changed = [] } = (await probed) ?? {};
  if (changed.length === 0) return;
  for (const sentence of new Set(changed.flatMap(({ sentences }) => sentences)))
    progress.line(`${layer}: changed by hand: ${sentence}`);
  await stack.importStack(outdated(await stack.exportStack(), new Set(changed.map(({ urn }) => urn))));
}

/** What `up` does about what was added by hand to what a stack made: it is taken away. */
export async function removeAdditions(
  layer: string,
  additions: Promise<readonly Addition[]> | undefined,
  progress: Progress,
): Promise<void> {
  for (const addition of (await additions) ?? []) {
    progress.line(`${layer}: added by hand, and taken away: ${addition.sentence}`);
    await addition.remove();
  }
}
