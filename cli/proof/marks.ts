import type { Connection, Host, Step, Way } from "./expected";

/** A connection of the proof, with the own ports that mark it. */
export interface Marked {
  readonly connection: Connection;
  readonly first: number;
  readonly last: number;
}

/** Ports that no system takes by itself (ip-sysctl: ip_local_port_range ends at 60999 by default). */
const FIRST = 61_000;
const LAST = 63_999;
/** Ports behind the marks that pages are asked for from: a system keeps such a port a minute after its use, and opens no connection from it. */
export const PAGES = "64000-65535";
/** How often each connection is tried. */
const TRIES = 2;

/**
 * Gives each connection whose port is known ports of its own, beginning anywhere; none to those for which there are no more, nor to those that a
 * virtual machine in a pod would open: nobody asks it to.
 */
export function mark(connections: readonly Connection[], random = Math.random()): readonly Marked[] {
  const known = connections.filter(({ from, port }) => port !== undefined && !from.machine?.guest);
  const room = LAST - FIRST + 1;
  const tries = known.length * TRIES <= room ? TRIES : 1;
  const most = Math.min(known.length, room);
  const start = FIRST + Math.floor(random * (room - most * tries));
  return known.slice(0, most).map((connection, at) => {
    const first = start + at * tries;
    return { connection, first, last: first + tries - 1 };
  });
}

/** The ports of all of them, and of requests to single servers: those that machines know the proof's own packets by, FIRST-LAST. */
export function marksOf(all: readonly Marked[]): string {
  return `${all[0]?.first ?? FIRST}-${PAGES.split("-")[1]}`;
}

/** A leg that marked packets should pass. */
export interface Crossing {
  readonly host: Host;
  readonly interface: string;
  readonly direction: "in" | "out";
  readonly kind: "request" | "answer";
  readonly step: Step;
}

/** The legs that the packets of a connection should pass, in their order, as far as they are those of our machines. */
export function crossingsOf({ request, answer }: Pick<Connection, "request" | "answer">): readonly Crossing[] {
  const along = ({ steps }: Way, kind: Crossing["kind"]): Crossing[] =>
    steps.flatMap((step) =>
      (["in", "out"] as const).flatMap((direction) => {
        const name = step[direction]?.interface;
        return step.host.machine && name ? [{ host: step.host, interface: name, direction, kind, step }] : [];
      }),
    );
  return [...along(request, "request"), ...along(answer, "answer")];
}

/** What the kernel of a host is asked about a step, as `ip route get` takes it. */
export function questionOf({ in: entry, out, before, after }: Step, kind: Crossing["kind"]): string {
  // Whoever opens a connection leaves its own address to the kernel; whoever answers has it from the request.
  if (!entry) return kind === "request" ? after.destination : `${after.destination} from ${after.source}`;
  // Where a packet ends, it is asked whether it is taken in.
  const destination = out ? after.destination : before.destination;
  return `${destination} from ${before.source} iif ${entry.interface}`;
}
