import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { claim } from "../function/claims";
import { type Leg, legIn } from "../machine/leg";
import type { MachineLike } from "../machine/machine";
import type { NetworkIdentity } from "../network/network";
import type { Problems } from "../problem/problem";
import { scriptOn } from "../script/script";

/** A network function that is a table of nftables on a machine. */
export interface TableArgs {
  /** The machine that forwards. */
  readonly machine: MachineLike;
  /** What it is called in chains; its table is named by it. */
  readonly functionName: string;
  /** The legs that packets come in by. */
  readonly legs: readonly Leg[];
}

/** What a machine's function is called, and its table: family, and name. */
export const tableOf = (functionName: string): string => `inet hybrid-vnf-${functionName}`;

/**
 * Checks what holds for every function that is a table: its name, and that the machine is its own. What is wrong goes to `problems`.
 * @param kind what messages call the function
 */
export function checkCarrier(
  kind: string,
  component: string,
  { machine, functionName }: Omit<TableArgs, "legs">,
  problems: Problems,
): void {
  problems.require(
    !problems.requireName("functionName", functionName) || /^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/.test(functionName),
    `its name "${functionName}" can't be used: take a lower-case letter, then at most 31 lower-case letters, digits and dashes (functionName)`,
  );
  const [inner] = machine.innerRanges ?? [];
  problems.require(
    inner === undefined,
    `${machine.name} carries ${inner?.name}, whose packets a ${kind} there would keep from their way: give it a machine of its own`,
  );
  const other = claim(machine, "what it forwards", component);
  problems.require(
    other === undefined,
    `${machine.name} forwards for "${other}" already: give the ${kind} a machine of its own`,
  );
}

/** The leg of a machine in each of these networks; where there is none, that goes to `problems`. */
export function legsIn(machine: MachineLike, networks: readonly NetworkIdentity[], problems: Problems): Leg[] {
  return networks.flatMap((network) => problems.gather(() => legIn(machine, network)) ?? []);
}

/**
 * Puts a function's table on its machine, and has the machine forward what comes in by its legs while the table is there.
 * @param rules what is in it, of its legs' interfaces by network
 */
export function putTable(
  name: string,
  { machine, functionName, legs }: TableArgs,
  rules: (interfaceIn: (network: string) => string) => string,
  opts: pulumi.CustomResourceOptions,
): pulumi.CustomResource {
  const interfaces = pulumi.all(legs.map((leg) => leg.interface));
  const names = interfaces.apply((all) => all.join(" "));
  const table = tableOf(functionName);
  return scriptOn(
    name,
    {
      machine,
      file: path.join(__dirname, "table.sh"),
      input: {
        TABLE: table,
        LEGS: names,
        RULES: interfaces.apply((all) => {
          const by = new Map(legs.map(({ network }, at) => [network, all[at] ?? ""]));
          return rules((network) => by.get(network) ?? "");
        }),
      },
      replaceOnChanges: [table, names],
    },
    opts,
  );
}

/** One word, or a set of them, as nft reads it. */
export const anyOf = (words: readonly (string | number)[]): string =>
  words.length === 1 ? String(words[0]) : `{ ${words.join(", ")} }`;
/** Interfaces, as nft reads them. */
export const interfacesOf = (names: readonly string[]): string => anyOf(names.map((name) => `"${name}"`));

/** What is in a table: its counters, and its chains, each of lines. */
export function tableText(counters: readonly string[], chains: Readonly<Record<string, readonly string[]>>): string {
  return [
    ...counters.map((one) => `\tcounter ${one} { }`),
    ...Object.entries(chains).flatMap(([name, lines]) => [
      `\tchain ${name} {`,
      ...lines.map((line) => `\t\t${line}`),
      "\t}",
    ]),
  ].join("\n");
}
