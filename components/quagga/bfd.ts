import { describe } from "../problem/describe";
import type { Problems } from "../problem/problem";

/** How soon a neighbour that is silent counts as gone (RFC 5880). */
export interface Bfd {
  /** Milliseconds between two packets, each way. @default 300 */
  intervalMilliseconds?: number;
  /** How many packets in a row may be missing. @default 3 */
  multiplier?: number;
}

/** Notes what is wrong with the BFD of a protocol, or of a neighbour. */
export function checkBfd(problems: Problems, name: string, bfd: boolean | Bfd | undefined): void {
  const known = bfd === undefined || typeof bfd === "boolean" || (typeof bfd === "object" && bfd !== null);
  if (
    !problems.require(
      known,
      `${name} is ${describe(bfd)}: it must be true, false or an object, such as { intervalMilliseconds: 300, multiplier: 3 }`,
    )
  )
    return;
  if (typeof bfd !== "object") return;
  const { intervalMilliseconds = 300, multiplier = 3 } = bfd;
  problems.requireWhole(`${name}.intervalMilliseconds`, intervalMilliseconds, 10, 60000);
  problems.requireWhole(`${name}.multiplier`, multiplier, 2, 255);
}

/** The lines of a profile; none where FRR's own values are meant, which are those of this library. */
export function bfdProfile(profile: string, bfd: boolean | Bfd | undefined): string[] {
  if (typeof bfd !== "object") return [];
  const { intervalMilliseconds = 300, multiplier = 3 } = bfd;
  return [
    "bfd",
    ` profile ${profile}`,
    ...(multiplier === 3 ? [] : [`  detect-multiplier ${multiplier}`]),
    ...(intervalMilliseconds === 300
      ? []
      : [`  transmit-interval ${intervalMilliseconds}`, `  receive-interval ${intervalMilliseconds}`]),
    " exit",
    "exit",
  ];
}
