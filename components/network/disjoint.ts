import { Problems } from "../problem/problem";
import { Cidr } from "./cidr";

/** @throws InvalidInput when a range is malformed or two of them overlap, all such at once. */
export function requireDisjoint(subject: string, networks: readonly { name: string; cidr: string }[]): void {
  const problems = new Problems(subject);
  const parsed = networks.flatMap((network) => {
    const cidr = problems.gather(() => Cidr.parseUsable(network.cidr));
    return cidr ? [{ name: network.name, cidr }] : [];
  });
  parsed.forEach((one, at) => {
    for (const other of parsed.slice(at + 1)) {
      problems.require(
        !one.cidr.overlaps(other.cidr),
        `network "${one.name}" ${one.cidr} overlaps network "${other.name}" ${other.cidr}: give one of them a range of its own`,
      );
    }
  });
  problems.throwIfAny();
}
