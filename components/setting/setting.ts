import * as pulumi from "@pulumi/pulumi";
import { nearest } from "../problem/nearest";
import { Problems } from "../problem/problem";
import type { Form } from "./form";

/** One setting of a stack: what it means, its default, and how its text is read. */
export interface Setting<T = unknown> {
  /** What it says, with unit or form. */
  readonly meaning: string;
  /** The value where nothing is set, as a user would write it. @default none */
  readonly default?: string;
  /** Whether it is a secret: it is read into one, and no message shows it. @default false */
  readonly secret?: boolean;
  /** The value that a text stands for. @throws RangeError that says what is allowed */
  read(text: string): T;
  /** JSON Schema of the value, for editors. */
  readonly schema: Readonly<Record<string, unknown>>;
}

/** A setting that always has a value. */
export type SettingWithDefault<T> = Setting<T> & {
  /** As a user would write it. */
  readonly default: string;
};

/** Settings by their keys. */
export type SettingTable = Readonly<Record<string, Setting>>;
/** What a setting is read into. */
type Value<S> = S extends Setting<infer T> ? T : never;

/** The values of a table of settings; one without a default is undefined where nothing is set. */
export type Settings<S extends SettingTable> = {
  [K in keyof S as S[K] extends { readonly default: string } ? K : never]: Value<S[K]>;
} & {
  [K in keyof S as S[K] extends { readonly default: string } ? never : K]?: Value<S[K]>;
};

/**
 * A text that is not empty.
 * @param meaning a sentence with the unit or form, for messages and the schema
 * @example
 * const table = { siteName: vnf.text("The site's name.", "dev") };
 */
export function text(meaning: string, fallback: string): SettingWithDefault<string>;
/**
 * A text that is not empty, undefined where nothing is set.
 * @param meaning a sentence with the unit or form, for messages and the schema
 * @example
 * const table = { registry: vnf.text("Registry that images go through, such as registry.example.org/team.") };
 */
export function text(meaning: string): Setting<string>;
export function text(meaning: string, fallback?: string): Setting<string> {
  return {
    meaning,
    default: fallback,
    schema: { type: "string", minLength: 1 },
    read: (given) => {
      if (given === "") throw new RangeError("it must not be empty");
      return given;
    },
  };
}

/**
 * A whole number in plain decimal digits, from `least` to `most`.
 * @param meaning a sentence with the unit, for messages and the schema
 * @example
 * const table = { port: vnf.count("TCP port that it answers on.", 1, 65535, 80) };
 */
export function count(meaning: string, least: number, most: number, fallback: number): SettingWithDefault<number>;
/**
 * A whole number in plain decimal digits, from `least` to `most`; undefined where nothing is set.
 * @param meaning a sentence with the unit, for messages and the schema
 * @example
 * const table = { volumeGiB: vnf.count("GiB of a machine's volume.", 1, 65536) };
 */
export function count(meaning: string, least: number, most: number): Setting<number>;
export function count(meaning: string, least: number, most: number, fallback?: number): Setting<number> {
  const allowed = `it must be a whole number from ${least} to ${most}, in plain digits`;
  return {
    meaning,
    default: fallback === undefined ? undefined : String(fallback),
    schema: {
      anyOf: [
        { type: "integer", minimum: least, maximum: most },
        { type: "string", pattern: "^(0|[1-9][0-9]*)$" },
      ],
    },
    read: (given) => {
      const number = Number(given);
      if (!/^(0|[1-9]\d*)$/.test(given) || number < least || number > most) throw new RangeError(allowed);
      return number;
    },
  };
}

/**
 * One of some words, letter for letter.
 * @param meaning a sentence for messages and the schema
 * @example
 * const table = { publishMode: vnf.choice("How its port is published.", vnf.PUBLISH_MODES, "host") };
 */
export function choice<T extends string>(meaning: string, words: readonly T[], fallback: T): SettingWithDefault<T>;
/**
 * One of some words, letter for letter; undefined where nothing is set.
 * @param meaning a sentence for messages and the schema
 * @example
 * const table = { cni: vnf.choice("How pods get their network.", vnf.CNIS) };
 */
export function choice<T extends string>(meaning: string, words: readonly T[]): Setting<T>;
export function choice<T extends string>(meaning: string, words: readonly T[], fallback?: T): Setting<T> {
  return {
    meaning,
    default: fallback,
    schema: { enum: words },
    read: (given) => {
      const word = words.find((one) => one === given);
      if (word === undefined) throw new RangeError(`it must be one of: ${words.join(", ")}`);
      return word;
    },
  };
}

/**
 * An object or a list, which a settings file writes as YAML.
 * @param form what checks it, such as a schema of zod (`z`)
 * @param schema JSON Schema of the value, for editors; anything unless it is given
 * @example
 * const table = { dns: vnf.structure("Name servers.", z.array(z.string())) };
 */
export function structure<T>(meaning: string, form: Form<T>, schema: Setting["schema"] = {}): Setting<T> {
  return {
    meaning,
    schema,
    read: (given) => {
      const parsed = form.safeParse(json(given));
      if (parsed.success) return parsed.data as T;
      const [issue] = parsed.error?.issues ?? [];
      const where = issue && issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
      throw new RangeError(`${where}${issue?.message ?? "it has another form"}`);
    },
  };
}

/**
 * A secret text, which a settings file holds encrypted (`pulumi config set --secret`).
 * @example
 * const table = { rackKey: vnf.secret("OpenSSH private key that lets root in on each machine of the rack.") };
 */
export function secret(meaning: string): Setting<pulumi.Output<string>> {
  const { read } = text(meaning);
  return {
    meaning,
    secret: true,
    schema: { type: "object", properties: { secure: { type: "string" } }, required: ["secure"] },
    read: (given) => pulumi.secret(read(given)),
  };
}

function json(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

/**
 * Reads a table of settings from their texts.
 * @param project whose settings they are, for messages
 * @param path what is before their keys there, where they are parts of another setting: "kubernetes."
 * @throws InvalidInput with everything that is wrong with them: the value, what is allowed, and the command that mends it
 * @example
 * const table = { port: vnf.count("TCP port that it answers on.", 1, 65535, 80) };
 * const { port } = vnf.readSettings(table, { port: "8080" }, "my-project"); // 8080
 */
export function readSettings<S extends SettingTable>(
  table: S,
  texts: Readonly<Record<string, string>>,
  project: string,
  path = "",
): Settings<S> {
  const problems = new Problems("Configuration");
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(texts)) {
    const near = nearest(key, Object.keys(table));
    problems.require(
      Object.hasOwn(table, key),
      `there is no setting ${project}:${path}${key}${near ? `: did you mean "${near}"?` : ""} (there are: ${Object.keys(table).join(", ")})`,
    );
  }
  for (const [key, setting] of Object.entries(table)) {
    const given = texts[key] ?? setting.default;
    if (given === undefined) continue;
    try {
      values[key] = setting.read(given);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const options = [...(path === "" ? [] : ["--path "]), ...(setting.secret ? ["--secret "] : [])].join("");
      problems.require(
        false,
        `${project}:${path}${key} is ${setting.secret ? "a secret that can't be used" : `"${given}"`}: ${error.message}; set it with \`pulumi config set ${options}${path}${key} …\``,
      );
    }
  }
  problems.throwIfAny();
  return values as Settings<S>;
}
