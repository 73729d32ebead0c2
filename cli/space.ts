import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, normalize, resolve } from "node:path";
import { load, YAMLException } from "js-yaml";
import { z } from "zod";
import { schemaOf } from "../components/setting/form";
import { SPACE_FILE } from "../toolchain/environment";

/** One stack of a space, and the stacks whose contracts it reads. */
export interface Layer {
  /** The last part of its folder, or the whole where two stacks share it. */
  readonly name: string;
  readonly upstream: readonly string[];
}

/** Where a layer's program is. */
export interface Project {
  /** Name of its Pulumi project. */
  readonly project: string;
  readonly folder: string;
  /** What is loaded to run it: its folder, or the entry that its Pulumi.yaml names. */
  readonly main: string;
}

/** The stacks that one command works on. */
export interface Space {
  readonly name: string;
  /** Upstream first. */
  readonly layers: readonly Layer[];
  /** By the layer's name. */
  readonly projects: ReadonlyMap<string, Project>;
}

/** A list of stacks that can't be used. */
export class InvalidSpace extends Error {
  override readonly name = "InvalidSpace";
  constructor(
    file: string,
    /** A sentence each. */
    readonly problems: readonly string[],
  ) {
    super(`${file}: ${problems.length === 1 ? problems[0] : problems.map((one) => `\n  - ${one}`).join("")}`);
  }
}

/** Gathers what is wrong with such a list; the library's `Problems` does the same, and is there only once the SDK is loaded. */
class Problems {
  private readonly found = new Set<string>();
  constructor(private readonly file: string) {}

  require(holds: boolean, sentence: string): void {
    if (!holds) this.found.add(sentence);
  }

  gather<T>(parse: () => T): T | undefined {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.found.add(error.message);
      return undefined;
    }
  }

  throwIfAny(): void {
    if (this.found.size > 0) throw new InvalidSpace(this.file, [...this.found]);
  }
}

const text = (what: string) => z.string(`it must be ${what}`).min(1, `it must be ${what}`);

/** An object of these keys and no other. */
const only = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(shape, {
    error: ({ code, keys }) =>
      code === "unrecognized_keys"
        ? `it has ${String(keys)}: its keys are ${Object.keys(shape).join(", ")}`
        : "it must be an object",
  });

const entry = only({
  path: text("the folder of a Pulumi project, relative to this file").meta({
    description: "Folder of a Pulumi project, relative to this file.",
  }),
  stack: z
    .literal("${STACK}", "it must be ${STACK}, or be left out: all stacks have one name, which --stack says")
    .optional()
    .meta({ description: "Name of the stack: ${STACK}, which is what --stack says. It may be left out." }),
  dependsOn: z
    .array(text("the path of a stack that is listed before"), "it must be a list of paths")
    .optional()
    .meta({ description: "Paths of the stacks whose contracts it reads: they come up before it, and go after it." }),
});

const form = only({
  name: text("the name of these stacks, taken together").meta({ description: "Name of these stacks, taken together." }),
  description: text("a text").optional().meta({ description: "What they are for." }),
  stacks: z
    .array(entry, "it must be a list of stacks, each with its path")
    .min(1, "it must list one stack at least")
    .meta({ description: "The stacks, in the order in which they come up." }),
}).meta({ title: "Stacks that go up, down and through a preview together (Pulumispace.yaml)" });

/** Where the file's JSON Schema is. */
export const SPACE_SCHEMA_FILE = join(__dirname, "Pulumispace.schema.json");

/** The JSON Schema of the file, for editors. */
export function spaceSchema(): object {
  return { $schema: "https://json-schema.org/draft/2020-12/schema", ...schemaOf(form) };
}

const pulumiYaml = z.object({
  name: z.string().min(1),
  runtime: z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]),
  main: z.string().optional(),
});

/** A file's YAML. @throws RangeError in one sentence for what is none */
function yaml(file: string): unknown {
  try {
    return load(readFileSync(file, "utf8"));
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new RangeError(`${basename(file)} is no YAML: ${error.message.split("\n")[0]}`);
  }
}

/** Reads the project of a stack. @throws RangeError in one sentence for a folder without one that can be run */
function project(folder: string, path: string): Project {
  const file = join(folder, "Pulumi.yaml");
  if (!existsSync(file)) throw new RangeError(`${path} has no Pulumi.yaml: name the folder of a Pulumi project`);
  const read = pulumiYaml.safeParse(yaml(file));
  if (!read.success) throw new RangeError(`${path}/Pulumi.yaml lacks its name or its runtime: give it both`);
  const { name, runtime, main = "." } = read.data;
  if (runtime !== "nodejs")
    throw new RangeError(`${path}/Pulumi.yaml has the runtime '${runtime}', and the command runs programs of nodejs`);
  return { project: name, folder, main: join(folder, main) };
}

/** Reads the file that lists a program's stacks. @throws InvalidSpace with everything that is wrong with it */
export function readSpace(file: string): Space {
  const problems = new Problems(file);
  const read = problems.gather(() => form.safeParse(yaml(file)));
  for (const { path, message } of read?.error?.issues ?? [])
    problems.require(false, path.length === 0 ? message : `${z.core.toDotPath(path)}: ${message}`);
  problems.throwIfAny();
  const { name = "", stacks = [] } = read?.data ?? {};
  const paths = stacks.map(({ path }) => normalize(`${path}/.`));
  const lastOf = (path: string): string => basename(join(dirname(resolve(file)), path));
  const same = (one: string): boolean => paths.filter((path) => lastOf(path) === lastOf(one)).length > 1;
  const nameOf = (path: string): string => (same(path) ? path : lastOf(path));
  const projects = new Map<string, Project>();
  const layers = stacks.map(({ path, dependsOn = [] }, index): Layer => {
    const own = paths[index] ?? path;
    problems.require(!isAbsolute(path), `${path} is absolute: say where it is from this file`);
    problems.require(paths.indexOf(own) === index, `${path} is listed twice: list each stack once`);
    const found = problems.gather(() => project(join(dirname(file), own), path));
    if (found !== undefined) projects.set(nameOf(own), found);
    const upstream = dependsOn.map((one) => normalize(`${one}/.`));
    for (const [at, one] of upstream.entries())
      problems.require(
        paths.slice(0, index).includes(one),
        `${path} depends on ${dependsOn[at]}, which is not listed before it: list what comes up first before what reads it`,
      );
    return { name: nameOf(own), upstream: upstream.map(nameOf) };
  });
  const names = [...projects.values()].map((one) => one.project);
  const twice = names.find((one, index) => names.indexOf(one) !== index);
  problems.require(twice === undefined, `two of the projects are named '${twice}': a state holds one of a name`);
  problems.throwIfAny();
  return { name, layers, projects };
}

/** What is said where no file lists any stacks. */
export function noSpace(folder: string): string {
  return `There is no ${SPACE_FILE} in ${folder} or above it: write one that lists your stacks, upstream first, each with its path and what it dependsOn.`;
}
