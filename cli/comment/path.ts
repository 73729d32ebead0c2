import { type PlannedPath, UNKNOWN } from "../plan";
import type { Fate, Mark } from "./difference";
import { count, label } from "./text";

/** What becomes of the functions and servers of a path. @default nothing is marked */
export interface PathMarks {
  readonly hops: readonly Fate[];
  readonly servers: readonly Fate[];
}

export interface PathDrawing {
  readonly marks?: PathMarks;
  /** How many functions are drawn, and servers, of which there are eight at most; those that change come before those that stay. @default 24 */
  readonly most?: number;
}

const STYLES: Readonly<Record<Exclude<Mark, "same">, string>> = {
  added: "fill:#dafbe1,stroke:#1a7f37,color:#1f2328",
  removed: "fill:#ffebe9,stroke:#cf222e,color:#1f2328,stroke-dasharray:4 3",
  changed: "fill:#fff8c5,stroke:#9a6700,color:#1f2328",
};

/** A few words on what becomes of something, for who cannot tell colours apart. */
function wordsOf({ mark, changes, replaced }: Fate): string {
  if (mark === "same") return "";
  if (mark !== "changed") return mark === "added" ? "new" : "goes";
  return [
    ...(replaced.length > 0 ? ["replaced"] : []),
    ...(changes.length > 0 ? [`changed: ${changes.join(", ")}`] : []),
  ].join("; ");
}

interface Node {
  readonly lines: readonly string[];
  readonly mark: Mark;
}

/** The places of those that are drawn: all, or what changes and then the first ones. */
function drawn(marks: readonly Mark[], most: number): ReadonlySet<number> {
  const places = [...marks.keys()];
  const changing = places.filter((at) => marks[at] !== "same");
  return new Set([...changing, ...places.filter((at) => marks[at] === "same")].slice(0, most));
}

const known = (text: string | undefined): string =>
  text === undefined || text === UNKNOWN ? "address known after up" : text;

function hopNode(hop: PlannedPath["hops"][number], fate: Fate | undefined): Node {
  const { name, handling, port, instances, in: ingress, out } = hop;
  const through = [...new Set([known(ingress.address), known(out.address)])].join(" → ");
  const kind = `${handling}${port === undefined ? "" : `, port ${port}`}${instances.length > 1 ? `, ${instances.length} instances` : ""}`;
  return { lines: [name, kind, through, fate ? wordsOf(fate) : ""], mark: fate?.mark ?? "same" };
}

/** The path of a request as a Mermaid flowchart: its clients, hop by hop, its servers. */
export function pathMermaid(path: PlannedPath, { marks, most = 24 }: PathDrawing = {}): string {
  const fates = (all: readonly Fate[] = []): ReadonlyMap<string, Fate> => new Map(all.map((one) => [one.name, one]));
  const [hopFates, serverFates] = [fates(marks?.hops), fates(marks?.servers)];
  const lines = [path.hops.length > 4 ? "flowchart TB" : "flowchart LR"];
  const used = new Set<Mark>();
  let nodes = 0;
  const node = ({ lines: text, mark }: Node): string => {
    const id = `n${nodes++}`;
    used.add(mark);
    const shown = text.filter((line) => line !== "").map((line) => label(line));
    lines.push(`  ${id}["${shown.join("<br/>")}"]${mark === "same" ? "" : `:::${mark}`}`);
    return id;
  };
  const clients = path.clients.map(({ name }) => name);
  let before = node({
    lines: ["clients", ...clients.slice(0, 3), clients.length > 3 ? `and ${clients.length - 3} more` : ""],
    mark: "same",
  });
  let network = path.from;
  const join = (to: string): void => void lines.push(`  ${before} -->|"${label(network)}"| ${to}`);
  const hops = path.hops.map((hop) => hopNode(hop, hopFates.get(hop.name)));
  const shownHops = drawn(
    hops.map(({ mark }) => mark),
    most,
  );
  let leftOut = 0;
  const gap = (): void => {
    if (leftOut === 0) return;
    const id = node({ lines: [`${count(leftOut, "function")} not drawn`], mark: "same" });
    join(id);
    [before, leftOut] = [id, 0];
  };
  for (const [at, hop] of hops.entries()) {
    if (shownHops.has(at)) {
      gap();
      const id = node(hop);
      join(id);
      before = id;
    } else leftOut++;
    network = path.hops[at]?.out.network ?? network;
  }
  gap();
  const servers = path.servers.map(({ name, address }): Node => {
    const fate = serverFates.get(name);
    return { lines: [name, known(address), fate ? wordsOf(fate) : ""], mark: fate?.mark ?? "same" };
  });
  const shownServers = drawn(
    servers.map(({ mark }) => mark),
    Math.min(most, 8),
  );
  for (const [at, server] of servers.entries()) if (shownServers.has(at)) join(node(server));
  if (shownServers.size < servers.length) {
    join(node({ lines: [`${count(servers.length - shownServers.size, "server")} not drawn`], mark: "same" }));
  }
  for (const [mark, style] of Object.entries(STYLES))
    if (used.has(mark as Mark)) lines.push(`  classDef ${mark} ${style}`);
  return lines.join("\n");
}
