import { CodeHostError } from "./api";
import type { Comment, PullRequest } from "./hosts";

/** What was done with the comment. */
export type Kept = "created" | "edited" | "unchanged";

/** Somebody deletes our comments as fast as we write them: then it is theirs to say. */
const ATTEMPTS = 3;

/** Whether work on a comment was for nothing, since it is not there any more. */
async function gone(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (error instanceof CodeHostError && error.status === 404) return true;
    throw error;
  }
}

/**
 * Sees that there is one comment that begins with the first line of `body`, its marker, and that it says what `body` does. Of several, which runs at the same time may have
 * made, the oldest stays: every run comes to the same one, whichever looks first.
 * @throws CodeHostError
 */
export async function keepComment(pullRequest: PullRequest, body: string): Promise<Kept> {
  const marker = `${body.split("\n", 1)[0]}\n`;
  const ours = async (): Promise<readonly Comment[]> =>
    (await pullRequest.comments()).filter((one) => one.body.startsWith(marker));
  const settle = async ([oldest, ...others]: readonly Comment[]): Promise<boolean> => {
    if (oldest === undefined) return false;
    if (oldest.body !== body && (await gone(pullRequest.edit(oldest.id, body)))) return false;
    for (const { id } of others) await gone(pullRequest.remove(id));
    return true;
  };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = await ours();
    if (found.length > 0) {
      if (await settle(found)) return found.length === 1 && found[0]?.body === body ? "unchanged" : "edited";
      continue;
    }
    const made = await pullRequest.create(body);
    // A list may lag behind what was just written.
    const all = new Map([...(await ours()), made].map((one) => [one.id, one]));
    if (await settle([...all.values()].sort((one, other) => one.id - other.id))) return "created";
  }
  throw new CodeHostError(`The comment was deleted ${ATTEMPTS} times while it was written; it is left alone.`);
}
