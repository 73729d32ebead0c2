import { readFileSync } from "node:fs";
import { join } from "node:path";
import { criticalPath, type Step } from "../critical-path";
import { nameOf } from "../diagnostics";
import { kindOf } from "../draw/contents";
import { described, drawn } from "../draw/svg";
import { escaped } from "../draw/text";
import { seconds, timelineOf } from "../draw/timeline";
import type { Health } from "../health";
import { driftTexts, healthText, type Overview, placesOf, stackText } from "../overview";
import { verb } from "../progress";
import type { TopologyLeg } from "../topology";

/** What the last `up` did, step by step. */
export interface LastUp {
  readonly ended: Date;
  readonly steps: readonly Step[];
}

/** A cell: text, or text with how what it tells of is. */
type Cell = string | number | { readonly health: Health | undefined };

function cell(content: Cell): string {
  if (typeof content === "number") return `<td class="number">${content}</td>`;
  if (typeof content === "string") return `<td>${escaped(content)}</td>`;
  return `<td class="${content.health?.state ?? ""}">${escaped(healthText(content.health))}</td>`;
}

/** A table whose rows are headed by their first cells; a sentence where there are none. */
function table(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly [string, ...Cell[]])[],
  none: string,
): string {
  if (rows.length === 0) return `<p>${escaped(none)}</p>`;
  const head = columns.map((column) => `<th scope="col">${escaped(column)}</th>`).join("");
  const body = rows.map(
    ([first, ...rest]) => `<tr><th scope="row">${escaped(first)}</th>${rest.map(cell).join("")}</tr>`,
  );
  return `<div class="scroll" role="region" aria-label="${escaped(caption)}" tabindex="0"><table><caption>${escaped(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body.join("\n")}</tbody></table></div>`;
}

/** A picture that fits into the page, or is moved about in full size. */
function picture(id: string, label: string, svg: string): string {
  const width = / width="([\d.]+)"/.exec(svg)?.[1] ?? "0";
  return `<input class="large" type="checkbox" id="${id}-large"><label for="${id}-large"> Full size</label>
<div class="scroll" role="region" aria-label="${escaped(label)}" tabindex="0" style="--natural:${width}px">${svg}</div>`;
}

const list = (lines: readonly string[]): string =>
  `<ul>${lines.map((line) => `<li>${escaped(line)}</li>`).join("")}</ul>`;

function section(id: string, heading: string, ...content: readonly string[]): string {
  return `<section aria-labelledby="${id}"><h2 id="${id}" tabindex="-1">${escaped(heading)}</h2>\n${content.join("\n")}</section>`;
}

const time = (moment: Date): string =>
  `<time datetime="${moment.toISOString()}">${moment.toISOString().replace("T", " ").replace(/\..*/, " UTC")}</time>`;

function timeline(last: LastUp | undefined): string {
  if (last === undefined || last.steps.length === 0)
    return "<p>No times of an up are kept here: the next <code>npm run up</code> keeps them.</p>";
  const path = criticalPath(last.steps);
  const start = Math.min(...last.steps.map(({ began }) => began));
  const rows = (steps: readonly Step[]) =>
    steps.map(
      ({ layer, urn, op, began, ended }) =>
        [
          nameOf(urn),
          layer,
          verb(op) ?? (op === "same" ? "as it was" : op),
          seconds(began - start),
          seconds(ended - began),
        ] as const,
    );
  const columns = ["Resource", "Stack", "What was done", "Began after", "Took"];
  const inOrder = [...last.steps].sort((one, other) => one.began - other.began);
  return [
    `<p>The last up ended ${time(last.ended)}. Each step of the critical path waited for the one before.</p>`,
    picture("timeline", "Picture of the timeline", timelineOf(last.steps, path)),
    table("Steps of the critical path", columns, rows(path), "No step is on it."),
    `<details><summary>All ${inOrder.length} steps</summary>${table("All steps, in the order in which they began", columns, rows(inOrder), "There are none.")}</details>`,
  ].join("\n");
}

/** A page (HTML) that tells everything of the stacks, and needs nothing beside itself. */
export async function pageOf(overview: Overview, last?: LastUp): Promise<string> {
  const { stack, asked, stacks, topology, health, drift } = overview;
  const { networks, machines, clusters, functions, chains, notes } = topology;
  const networkNames = new Map(networks.map(({ id, name }) => [id, name]));
  const machineNames = new Map(machines.map(({ id, name }) => [id, name]));
  const legText = ({ network, address = "address not said" }: TopologyLeg) =>
    `${networkNames.get(network) ?? network} ${address}`;
  const legsText = (legs: readonly TopologyLeg[]) => legs.map(legText).join(", ");
  const marked = machines.map((one) => ({ ...one, silent: health?.machines[one.id]?.state === "silent" }));
  const byId = new Map(functions.map((one) => [one.id, one]));
  const hops = chains.flatMap((chain) => [
    ...chain.clients.map((id): [string, ...Cell[]] => [
      machineNames.get(id) ?? id,
      "client",
      "",
      legsText(machines.find((one) => one.id === id)?.legs.filter(({ network }) => network === chain.from) ?? []),
      machineNames.get(id) ?? id,
    ]),
    ...chain.hops.map((hop, at): [string, ...Cell[]] => [
      `${at + 1}. ${hop.function}`,
      byId.get(hop.function)?.handling ?? "",
      legText(hop.in),
      legText(hop.out),
      placesOf(topology, byId.get(hop.function)?.instances ?? []),
    ]),
    ...chain.servers.map(({ name, address, machine }): [string, ...Cell[]] => [
      name,
      "server",
      legText({ network: chain.hops.at(-1)?.out.network ?? chain.from, address }),
      "",
      machine === undefined ? "not ours" : (machineNames.get(machine) ?? machine),
    ]),
  ]);
  const title = `${topology.site === undefined ? "No site is up" : `Site ${topology.site}`}, stacks ${stack}`;
  const sections: readonly (readonly [id: string, heading: string, content: string])[] = [
    [
      "drawing",
      "Drawing",
      networks.length === 0
        ? "<p>No stack that is up publishes anything that could be drawn.</p>"
        : `<p>${escaped(described(topology))}</p>\n${picture("chain", "Drawing of the chain", await drawn({ ...topology, machines: marked }))}`,
    ],
    [
      "path",
      "Path of a request",
      table(
        "Hops, in the order of a request",
        ["Hop", "Handling", "Comes in at", "Goes out at", "Runs on"],
        hops,
        "No stack that is up publishes a path (publishChain).",
      ),
    ],
    [
      "stacks",
      "Stacks",
      table(
        "Stacks, in the order in which they come up",
        ["Stack", "State"],
        stacks.map((one) => [one.layer, stackText(one)] as const),
        "There are none.",
      ),
    ],
    [
      "functions",
      "Functions",
      table(
        "Network functions",
        ["Function", "Health", "Handling", "Keeps state", "Runs on", "Addresses"],
        functions.map((one) => [
          one.name,
          { health: health?.functions[one.id] },
          one.handling === "proxy" ? `proxy, port ${one.port ?? 80}` : one.handling,
          one.stateful ? "yes" : "no",
          placesOf(topology, one.instances),
          one.instances.map(({ legs }) => legsText(legs)).join("; "),
        ]),
        "No function is up.",
      ),
    ],
    [
      "machines",
      "Machines",
      table(
        "Table of machines",
        ["Machine", "Health", "Role", "Cluster", "Addresses"],
        machines.map((one) => [
          one.name,
          { health: health?.machines[one.id] },
          one.role,
          clusters.find(({ id }) => id === one.cluster)?.name ?? "",
          legsText(one.legs),
        ]),
        "No machine is up.",
      ),
    ],
    [
      "clusters",
      "Clusters",
      table(
        "Table of clusters",
        ["Cluster", "Health", "Kind", "Endpoint", "Nodes"],
        clusters.map((one) => [
          one.name,
          { health: health?.clusters[one.id] },
          kindOf(one.kind),
          one.endpoint,
          one.nodes.map((id) => machineNames.get(id) ?? id).join(", "),
        ]),
        "No cluster is up.",
      ),
    ],
    [
      "networks",
      "Networks",
      table(
        "Table of networks",
        ["Network", "Range"],
        networks.map(({ id, cidr }) => [id, cidr] as const),
        "No network is up.",
      ),
    ],
    ["drift", "Drift", list(driftTexts(drift))],
    ["timeline", "Timeline of the last up", timeline(last)],
  ];
  const style = readFileSync(join(__dirname, "page.css"), "utf8");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#drawing">Skip to the drawing</a>
<header>
<h1>${escaped(title)}</h1>
<p class="quiet">Asked ${time(new Date(asked))}</p>
${notes.map((note) => `<p>${escaped(note)}</p>`).join("\n")}
<nav aria-label="Sections"><ul>${sections.map(([id, heading]) => `<li><a href="#${id}">${escaped(heading)}</a></li>`).join("")}</ul></nav>
</header>
<main>
${sections.map(([id, heading, content]) => section(id, heading, content)).join("\n")}
</main>
</body>
</html>
`;
}
