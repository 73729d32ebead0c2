import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureCold } from "./cold";
import { measureComment } from "./comment";
import { GROUPS, type Group, line, Measurements } from "./figures";
import { measureFunctions } from "./functions";
import { measureGraph } from "./graph";
import { currentCommit, historyFolder, keep, noteOf } from "./history";
import { measureLab } from "./lab";
import { report, shell } from "./measure";
import { measureOpenStack } from "./openstack";
import { measureProof } from "./proof";
import { measureRouting } from "./routing";
import { measureScale } from "./scale";

const usage = `npm run bench [-- GROUP… --rounds N --requests N --json]
prints each figure with its goal, and ends with 1 when one is missed by more than a tenth; every run is kept in bench/history

  lab           the commands on the lab, against the same chain by a script, and their timeline
  throughput    what passes through the chain
  scale         previews of programs of many sizes
  graph         drawings of many functions
  comment       the comment on a pull request
  proof         verify of a chain through twenty functions
  routing       what a link that goes down costs, by protocol
  functions     routers by their interfaces and privileges; virtual machines
  cold          the toolchain into an empty cache: many minutes
  openstack     Pulumi against Terraform, on a cloud of the bench's own
                (without a group: lab, throughput, scale, graph and comment)

  --rounds N    how often everything on machines is measured; the median counts (3)
  --requests N  how many requests at a time, for 30 s at most (20000)
  --json        the results as JSON`;

/** Thrown for what the caller can mend; `message` says how. */
class BenchError extends Error {}

function refuseBesideALab(): void {
  const there = shell("docker", "ps", "--all", "--filter", "label=hybrid-vnf.site=dev", "--format", "{{.Names}}");
  if (there.trim() !== "") throw new BenchError("A lab is up here: take it down first (npm run down).");
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new BenchError(`--${option} is '${text}'; it takes a whole number from 1.`);
}

function groupOf(text: string): Group {
  const group = GROUPS.find((one) => one === text);
  if (group === undefined) throw new BenchError(`'${text}' is no group of figures; there are ${GROUPS.join(", ")}.`);
  return group;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      requests: { type: "string", default: "20000" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const groups = new Set(positionals.length > 0 ? positionals.map(groupOf) : GROUPS.slice(0, 5));
  const rounds = positive("rounds", values.rounds);
  const requests = positive("requests", values.requests);
  const [commands, throughput] = [groups.has("lab"), groups.has("throughput")];
  const commit = currentCommit();
  const [load = 0] = loadavg();
  const found = new Measurements();
  if (groups.has("cold")) measureCold(found);
  if (commands || throughput || groups.has("scale")) {
    // Brings Docker up where it is not, and gets what previews need.
    shell("bash", "-c", "npm run -s preview || test $? -eq 2");
  }
  if (commands || throughput) {
    refuseBesideALab();
    const picture = join(historyFolder, `up-${new Date().toISOString().replaceAll(/[:.]/g, "-")}.svg`);
    measureLab(found, { rounds, requests, commands, throughput, picture });
    if (commands) report(`the steps of the last up are drawn in ${picture}`);
  }
  if (groups.has("scale")) await measureScale(found);
  if (groups.has("comment")) measureComment(found, rounds);
  if (groups.has("graph")) measureGraph(found, rounds);
  if (groups.has("proof")) measureProof(found, rounds);
  if (groups.has("routing")) await measureRouting(found, rounds);
  if (groups.has("functions")) measureFunctions(found, { rounds, requests });
  if (groups.has("openstack")) await measureOpenStack(found, rounds);
  const results = found.all;
  const run = noteOf(results, { ended: new Date(), commit, load });
  keep(run);
  if (values.json) console.log(JSON.stringify({ ...run, figures: results }, null, 2));
  else for (const result of results) console.log(line(result));
  if (results.some(({ verdict }) => verdict === "missed")) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(
    error instanceof BenchError || (error as { code?: string }).code?.startsWith("ERR_PARSE")
      ? (error as Error).message
      : error,
  );
  process.exitCode = 2;
});
