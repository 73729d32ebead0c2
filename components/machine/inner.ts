import { Cidr } from "../network/cidr";
import type { Problems } from "../problem/problem";
import type { MachineLike } from "./machine";

/**
 * Notes a range around a machine that has addresses of what the machine has within itself, where its packets would end.
 * @param isRoute whether it is a route's destination: one that is wider leaves the ranges within it as they are, for the longest prefix wins (RFC 1812, 5.2.4.3)
 */
export function requireOutside(
  problems: Problems,
  what: string,
  range: Cidr,
  { name, innerRanges = [] }: Pick<MachineLike, "name" | "innerRanges">,
  isRoute = false,
): void {
  for (const inner of innerRanges.map((one) => ({ ...one, range: Cidr.parse(one.cidr) })))
    problems.require(
      !range.overlaps(inner.range) || (isRoute && range.prefix < inner.range.prefix),
      `${what} overlaps the range of ${inner.name} (${inner.cidr}), which ${name} has within itself: give one of the two another range`,
    );
}
