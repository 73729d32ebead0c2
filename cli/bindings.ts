import type { EngineEvent } from "@pulumi/pulumi/automation";
import { z } from "zod";
import type { PlannedOutputs, Plans } from "../components/contracts/planned";
import { type Finding, type PlannedContract, SECRET, UNKNOWN } from "./plan";
import { at } from "./steps";

/** A stack that is up and reads others. */
export interface Consumer {
  /** How messages name it: its layer, or `PROJECT/STACK` where it is none of the chain's. */
  readonly name: string;
  /** Names of the layers whose contracts it reads. */
  readonly reads: readonly string[];
  /** What it publishes itself; undefined where that is no contract. */
  readonly contract?: PlannedContract;
}

/** What a stack's outputs are and will be, its contract among them, as people may read them. */
export interface OutputsPlan {
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
}

/** The plans that a program is previewed with, and whether it reads a stack past its plan: such a preview sees what is deployed. */
export class ReadPlans implements Plans {
  private readonly plans = new Map<string, number>();
  private readonly references = new Map<string, number>();

  constructor(private readonly all: Plans) {}

  get(stack: string): Promise<PlannedOutputs> | undefined {
    this.plans.set(stack, (this.plans.get(stack) ?? 0) + 1);
    return this.all.get(stack);
  }

  event({ resourcePreEvent }: EngineEvent): void {
    const { type, new: made } = resourcePreEvent?.metadata ?? {};
    const name = at("name", made?.inputs);
    if (type !== "pulumi:pulumi:StackReference" || typeof name !== "string") return;
    const stack = name.split("/").slice(-2).join("/");
    this.references.set(stack, (this.references.get(stack) ?? 0) + 1);
  }

  /** @param stack `PROJECT/STACK` */
  isPast(stack: string): boolean {
    // A contract that is read makes one reference.
    return (this.references.get(stack) ?? 0) > (this.plans.get(stack) ?? 0);
  }
}

const network = z.object({ id: z.string(), cidr: z.string(), ref: z.string().optional() });
type Network = z.infer<typeof network>;

/** Everything inside a value, itself too. */
function* within(value: unknown): Iterable<unknown> {
  yield value;
  if (typeof value === "object" && value !== null) for (const one of Object.values(value)) yield* within(one);
}

/** The networks that a contract tells of, each once; `ref` where it says how to attach to them. */
function networksOf(contract: unknown): ReadonlyMap<string, Network> {
  const found = new Map<string, Network>();
  for (const one of within(contract)) {
    const { data } = network.safeParse(one);
    if (data && (data.ref !== undefined || !found.has(data.id))) found.set(data.id, data);
  }
  return found;
}

/** Names of the machines and functions that a contract shows with a leg in this network. */
function standingOn(id: string, contract: PlannedContract | undefined): readonly string[] {
  const held = z.object({ name: z.string(), legs: z.array(z.object({ network: z.string() })) });
  const names = [...within(contract)].flatMap((one) => {
    const { data } = held.safeParse(one);
    return data?.legs.some((leg) => leg.network === id) ? [data.name] : [];
  });
  return [...new Set(names)];
}

/** Fields that are gone, or are of another type; of a list, those that all its entries had. */
function lostFields(before: unknown, after: unknown, path: string): readonly string[] {
  if (after === UNKNOWN || (after !== undefined && [before, after].includes(SECRET))) return [];
  const kind = (value: unknown): string => (Array.isArray(value) ? "list" : value === null ? "null" : typeof value);
  if (after === undefined) return [`${path} is gone`];
  if (kind(before) !== kind(after)) return [`${path} becomes a ${kind(after)} from a ${kind(before)}`];
  if (Array.isArray(before) && Array.isArray(after)) {
    const [first] = before;
    const lost = after.flatMap((one) => lostFields(first, one, `${path}[]`));
    return first === undefined ? [] : [...new Set(lost)];
  }
  if (kind(before) !== "object") return [];
  const [old, made] = [before as Record<string, unknown>, after as Record<string, unknown>];
  return Object.keys(old).flatMap((key) => lostFields(old[key], made[key], `${path}.${key}`));
}

/** The same of all of a stack's outputs: its contract, the names of its secrets, and what stands beside them. */
function lostOutputs({ before = {}, after = {} }: OutputsPlan): readonly string[] {
  return Object.keys(before).flatMap((name) => lostFields(before[name], after[name], name));
}

/**
 * What a change of a stack would break of those that are up and read it: a field that they may read is gone or of another type, or a network that
 * they stand on changes under them.
 * @param rewritten names of consumers whose own preview, after this change, is sound: they may lose fields, since they no longer read them
 */
export function brokenBindings(
  { layer, before, after }: { readonly layer: string } & OutputsPlan,
  consumers: readonly Consumer[],
  rewritten: ReadonlySet<string> = new Set(),
): readonly Finding[] {
  if (before === undefined || after === undefined) return [];
  const readers = consumers.filter(({ reads }) => reads.includes(layer));
  const made = networksOf(after.contract);
  const changed = [...(after.contract === undefined ? [] : networksOf(before.contract))].flatMap(([id, old]) => {
    const other = made.get(id);
    if (other === undefined) return [{ id, how: `network "${id}" (${old.cidr}) would be gone` }];
    if (other.cidr !== old.cidr) return [{ id, how: `network "${id}" would become ${other.cidr} from ${old.cidr}` }];
    return other.ref === old.ref ? [] : [{ id, how: `network "${id}" (${old.cidr}) would be made anew` }];
  });
  const onNetworks = changed.flatMap(({ id, how }) =>
    readers.flatMap(({ name, contract }) => {
      const standing = standingOn(id, contract);
      if (standing.length === 0) return [];
      const message = `${how}, and ${standing.join(", ")} of ${name} ${standing.length === 1 ? "stands" : "stand"} on it: take ${name} down first, or leave the network as it is`;
      return [{ check: "binding", severity: "error", subject: layer, message } as const];
    }),
  );
  const lost = lostOutputs({ before, after });
  const onFields = readers
    .filter(({ name }) => lost.length > 0 && !rewritten.has(name))
    .map(({ name }) => {
      const message = `${lost.join(", ")}, which ${name} may read: keep it beside what is new until ${name} is up without it, or take ${name} down first`;
      return { check: "binding", severity: "error", subject: layer, message } as const;
    });
  return [...onNetworks, ...onFields];
}
