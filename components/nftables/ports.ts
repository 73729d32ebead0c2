import { describe } from "../problem/describe";
import type { Problems } from "../problem/problem";

/** A TCP or UDP port, or a range of them: 80, or "8000-8010". */
export type Port = number | `${number}-${number}`;

/** The first and the last port of a range. */
export type PortRange = readonly [first: number, last: number];

const EVERY: PortRange = [0, 65535];

const rangeOf = (port: Port): PortRange => {
  const [first, last = first] = String(port).split("-").map(Number);
  return [first ?? 0, last ?? 0];
};

/** Ports as ranges; all there are where none are named. */
export function rangesOf(ports: readonly Port[] | undefined): readonly PortRange[] {
  return ports?.map(rangeOf) ?? [EVERY];
}

/** What is left of ranges when others are taken away. */
export function without(ranges: readonly PortRange[], taken: readonly PortRange[]): readonly PortRange[] {
  return taken.reduce<readonly PortRange[]>(
    (left, [first, last]) =>
      left.flatMap(([from, to]): PortRange[] => {
        if (last < from || to < first) return [[from, to]];
        return [...(from < first ? [[from, first - 1] as const] : []), ...(last < to ? [[last + 1, to] as const] : [])];
      }),
    ranges,
  );
}

/** Whether these are ports, none of them twice; what is not goes to `problems`. Undefined is no problem. */
export function checkPorts(problems: Problems, called: string, ports: readonly Port[] | undefined): boolean {
  if (ports === undefined) return true;
  if (
    !problems.require(
      Array.isArray(ports) && ports.length > 0,
      `${called} are ${Array.isArray(ports) ? "an empty list" : describe(ports)}: give a list, such as [80], or leave it out for all ports`,
    )
  )
    return false;
  const sound = ports.map((port) => {
    const isRange = typeof port === "string" && /^\d{1,5}-\d{1,5}$/.test(port);
    const [first, last] = isRange ? rangeOf(port) : [port, port];
    return problems.require(
      Number.isInteger(first) && Number(first) >= 1 && Number(last) <= 65535 && (!isRange || first < last),
      `${called} name ${describe(port)}: it must be a whole number from 1 to 65535, or a range of them from the lower to the higher, such as "8000-8010"`,
    );
  });
  if (!sound.every(Boolean)) return false;
  const ranges = rangesOf(ports);
  const twice = ranges.findIndex((range, at) => without([range], ranges.slice(0, at)).join() !== [range].join());
  return problems.require(
    twice < 0,
    `${called} name ${describe(ports[twice])}, of which others before it name some too: name each port once`,
  );
}
