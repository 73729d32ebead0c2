import { nearest } from "../../components/problem/nearest";
import { layers } from "../layers";
import { flag, type Option, UsageError, verb } from "../verb";

const ONLY: Option<readonly string[] | undefined> = {
  value: "STACKS",
  meaning: "of the chain's stacks only these, such as service,swarm",
  words: "layers",
  read: (given, name) => {
    if (typeof given !== "string") return undefined;
    const known = layers.map((layer) => layer.name);
    const named = given.split(",");
    const unknown = named.find((one) => !known.includes(one));
    if (unknown === undefined) return named;
    const near = nearest(unknown, known);
    throw new UsageError(
      `--${name} names '${unknown}'; ${near ? `did you mean '${near}'? The` : "the"} chain's stacks are ${known.join(", ")}.`,
    );
  },
};

export const down = verb({
  name: "down",
  summary: "take everything down",
  options: { only: ONLY, force: flag("even what others read, forgetting what no longer answers") },
  examples: [
    ["down", "leaves no container, network, volume or key"],
    ["down --only service", "the functions and the chain; clusters and servers stay"],
    ["down --stack openstack --force", "even though the cloud is gone"],
  ],
  changes: true,
  needsHost: true,
  // What is down already may be taken down again.
  takesAnyStack: true,
  run: async ({ context, alone }, { only, force }) => {
    const { down: takeDown } = await import("../chain.js");
    const { requireKnown } = await import("../known.js");
    await requireKnown(context).catch((error: unknown) => {
      if (!(error instanceof UsageError)) throw error;
      context.progress.line(error.message);
    });
    await alone(() => takeDown(context, force, only));
    return 0;
  },
});
