/**
 * Does `work` for each one, two at a time, in their order. The second lane begins once `ahead` is done, which makes ready what later ones need.
 * Both come to their end before an error of either is thrown.
 */
export async function inTwoLanes<T>(
  all: readonly T[],
  work: (one: T) => Promise<void>,
  ahead: () => Promise<void>,
): Promise<void> {
  const queue = [...all];
  const lane = async (): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) await work(one);
  };
  const ended = await Promise.allSettled([lane(), ahead().then(lane)]);
  for (const one of ended) if (one.status === "rejected") throw one.reason;
}
