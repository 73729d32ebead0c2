import { readFileSync } from "node:fs";
import * as path from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import type { Descriptor, Steps } from "../descriptor/descriptor";
import { describe } from "../problem/describe";
import { nearest } from "../problem/nearest";
import { isLater, type Problems } from "../problem/problem";
import { PUBLISH_MODES, type PublishMode } from "../swarm/ports";

type Data = Record<string, unknown>;
type Text = pulumi.Input<string>;

/** What a compose file says of one service, in Docker's own terms; checked. */
export interface ComposeService {
  readonly name: string;
  readonly image: Text;
  readonly commands?: readonly Text[];
  readonly args?: readonly Text[];
  readonly env: Record<string, Text>;
  readonly ports: readonly ComposePort[];
  readonly networks: readonly string[];
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  readonly mounts: readonly ComposeMount[];
  readonly secrets: readonly ComposeFileUse[];
  readonly configs: readonly ComposeFileUse[];
  readonly healthcheck?: Record<string, unknown>;
  readonly labels: Readonly<Record<string, Text>>;
  readonly containerLabels: Readonly<Record<string, Text>>;
  /** What goes into the container's specification as it is, by Docker's names. */
  readonly container: Record<string, unknown>;
  readonly isGlobal: boolean;
  readonly replicas: pulumi.Input<number>;
  readonly endpointMode?: string;
  readonly resources: Record<"limits" | "reservation", { memoryBytes?: number; nanoCpus?: number }>;
  readonly placement?: Record<string, unknown>;
  readonly restartPolicy?: Record<string, unknown>;
  readonly updateConfig?: Record<string, unknown>;
}

export interface ComposePort {
  readonly targetPort: number;
  readonly publishedPort: number;
  readonly protocol: string;
  readonly publishMode: PublishMode;
  /** Where it is written. */
  readonly steps: Steps;
}

export interface ComposeMount {
  readonly type: string;
  readonly source?: string;
  readonly target: string;
  readonly readOnly?: boolean;
  readonly tmpfsOptions?: { sizeBytes?: number; mode?: number };
}

/** A secret or a configuration that a service's containers have as a file. */
export interface ComposeFileUse {
  readonly source: string;
  readonly fileName: string;
  readonly fileUid?: string;
  readonly fileGid?: string;
  readonly fileMode?: number;
}

export interface ComposeNetwork {
  readonly name: string;
  /** Its name in the Swarm, where it is there already. */
  readonly external?: string;
  readonly attachable?: boolean;
  readonly internal?: boolean;
  readonly options?: Record<string, string>;
  readonly subnets: readonly string[];
}

/** The content of a secret or a configuration. */
export type ComposeContent = Readonly<Record<string, pulumi.Input<string>>>;

/** What a compose file describes. */
export interface Compose {
  readonly services: readonly ComposeService[];
  readonly networks: readonly ComposeNetwork[];
  readonly secrets: ComposeContent;
  readonly configs: ComposeContent;
}

/** What of compose is not carried, and what to do instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  build: "build the image first (vnf.Image), and give its reference by an override of image",
  container_name: "a Swarm names its containers itself",
  depends_on: "a Swarm starts services in any order; have the one wait for the other",
  devices: "a Swarm hands no devices to its tasks",
  env_file: "write the variables under environment, or give them by env",
  expose: "it has no effect; leave it out",
  extends: "write the service out",
  include: "write one file, or a microservice for each",
  links: "services of one network know each other by their names",
  name: "services are named after the microservice, or by functionName",
  network_mode: "name a network under networks",
  privileged: "a Swarm runs nothing privileged; ask for what is needed under cap_add",
  profiles: "leave out what is not to run",
  restart: "say it under deploy.restart_policy",
  scale: "say it under deploy.replicas",
  cpus: "say it under deploy.resources.limits.cpus",
  mem_limit: "say it under deploy.resources.limits.memory",
};

const isData = (value: unknown): value is Data =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isLater(value);

/** The words of a command line, as a shell takes them apart; undefined where a quote is open. */
export function words(line: string): readonly string[] | undefined {
  const found = [...line.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs)];
  const rest = found.reduceRight(
    (text, { 0: word, index }) => text.slice(0, index) + text.slice(index + word.length),
    line,
  );
  if (/\S/.test(rest)) return undefined;
  return found.map(([word]) =>
    word.replaceAll(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs, (_, escaped, double, single) =>
      String(escaped ?? single ?? double.replaceAll(/\\(["\\$`])/g, "$1")),
    ),
  );
}

/** Bytes of a size as compose writes it (64M, 1.5gb); undefined where it is none. */
export function bytes(size: unknown): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)b?$/i.exec(String(size)) ?? [];
  return number === undefined
    ? undefined
    : Math.round(Number(number) * 1024 ** Math.max(0, "bkmgt".indexOf(unit.toLowerCase() || "b")));
}

const DURATION = /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/;

/** Reads compose data; what is wrong, or not carried, goes to `problems`, by file and line. */
class Reader {
  constructor(
    private readonly problems: Problems,
    private readonly descriptor: Descriptor,
    /** The folder that the file's own files are named from. */
    private readonly folder: string | undefined,
    private readonly publishMode: PublishMode,
    private readonly contents: { readonly secrets: ComposeContent; readonly configs: ComposeContent },
  ) {}

  refuse(steps: Steps, sentence: string): undefined {
    this.problems.require(false, `${this.descriptor.place(...steps)}: ${sentence}`);
    return undefined;
  }

  private name(steps: Steps): string {
    return steps.reduce<string>(
      (name, step) => `${name}${typeof step === "number" ? `[${step}]` : `${name && "."}${step}`}`,
      "",
    );
  }

  private wrong(steps: Steps, value: unknown, what: string): undefined {
    return this.refuse(steps, `${this.name(steps)} is ${describe(value)}: it must be ${what}`);
  }

  /** The fields of an object; those that nothing here knows are refused. */
  fields(steps: Steps, value: unknown, known: readonly string[]): Data {
    if (value === undefined || value === null) return {};
    if (!isData(value)) {
      this.wrong(steps, value, "an object");
      return {};
    }
    for (const key of Object.keys(value)) {
      if (known.includes(key) || key.startsWith("x-")) continue;
      const meant = nearest(key, known);
      const instead = INSTEAD[key] ?? (meant === undefined ? "leave it out" : `did you mean "${meant}"?`);
      this.refuse(
        [...steps, key],
        `"${key}"${steps.length > 0 ? ` of ${this.name(steps)}` : ""} is not carried to the Swarm: ${instead}`,
      );
    }
    return value;
  }

  entries(steps: Steps, value: unknown): [string, unknown][] {
    if (value === undefined || value === null) return [];
    if (isData(value)) return Object.entries(value).filter(([key]) => !key.startsWith("x-"));
    this.wrong(steps, value, "an object");
    return [];
  }

  list(steps: Steps, value: unknown): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.wrong(steps, value, "a list");
    return [];
  }

  text(steps: Steps, value: unknown): Text | undefined {
    if (value === undefined) return undefined;
    if (isLater(value)) return value as pulumi.Output<string>;
    if (typeof value === "string" && value !== "") return value;
    if (typeof value === "number") return String(value);
    return this.wrong(steps, value, "a text");
  }

  plain(steps: Steps, value: unknown): string | undefined {
    const text = this.text(steps, value);
    return text === undefined || typeof text === "string" ? text : this.wrong(steps, text, "a plain text");
  }

  oneOf<T extends string>(steps: Steps, value: unknown, choices: readonly T[]): T | undefined {
    if (value === undefined) return undefined;
    const choice = choices.find((one) => one === value);
    return choice ?? this.wrong(steps, value, choices.map((one) => `"${one}"`).join(" or "));
  }

  whole(steps: Steps, value: unknown, least: number, most: number): number | undefined {
    if (value === undefined) return undefined;
    const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number === "number" && Number.isInteger(number) && number >= least && number <= most) return number;
    return this.wrong(steps, value, `a whole number from ${least} to ${most}`);
  }

  flag(steps: Steps, value: unknown): boolean | undefined {
    return value === undefined || typeof value === "boolean" ? value : this.wrong(steps, value, "true or false");
  }

  duration(steps: Steps, value: unknown): string | undefined {
    if (value === undefined) return undefined;
    return typeof value === "string" && DURATION.test(value)
      ? value
      : this.wrong(steps, value, 'a duration, such as "10s"');
  }

  size(steps: Steps, value: unknown): number | undefined {
    return value === undefined ? undefined : (bytes(value) ?? this.wrong(steps, value, 'a size, such as "64M"'));
  }

  texts(steps: Steps, value: unknown): readonly Text[] {
    return this.list(steps, value).flatMap((one, at) => this.text([...steps, at], one) ?? []);
  }

  /** An entry point or a command: a list, or a line. */
  command(steps: Steps, value: unknown): readonly Text[] | undefined {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "string") return this.texts(steps, value);
    return (
      words(value) ?? this.refuse(steps, `${this.name(steps)} has a quote that is open: close it, or write a list`)
    );
  }

  /** Names with values: an object, or a list of NAME=VALUE. */
  pairs(steps: Steps, value: unknown): Record<string, Text> {
    const pairs = Array.isArray(value)
      ? value.map((one: unknown, at): [Steps, string, unknown] => {
          const [, name = String(one), text] = /^([^=]*)=(.*)$/s.exec(String(one)) ?? [];
          return [[...steps, at], name, text];
        })
      : this.entries(steps, value).map(([name, one]): [Steps, string, unknown] => [[...steps, name], name, one]);
    return Object.fromEntries(
      pairs.flatMap(([at, name, one]) => {
        if (one === undefined || one === null) {
          this.refuse(
            at,
            `${name} has no value, which compose would take from whoever runs it: write it, or give it by env`,
          );
          return [];
        }
        if (typeof one === "string" || isLater(one)) return [[name, one as Text]];
        if (typeof one === "number" || typeof one === "boolean") return [[name, String(one)]];
        this.wrong(at, one, "a text");
        return [];
      }),
    );
  }

  port(steps: Steps, value: unknown): readonly ComposePort[] {
    if (typeof value === "number" || typeof value === "string") {
      const [, published, target, protocol = "tcp"] = /^(?:(\d+):)?(\d+)(?:\/(tcp|udp))?$/.exec(String(value)) ?? [];
      if (target === undefined)
        return (
          this.wrong(steps, value, 'PUBLISHED:TARGET, such as "8080:80" or "5353:53/udp" (without address or range)') ??
          []
        );
      if (published === undefined)
        return (
          this.refuse(
            steps,
            `${this.name(steps)} is ${describe(value)} and publishes a port that the Swarm would choose: write "PUBLISHED:${target}"`,
          ) ?? []
        );
      return this.port(steps, { target: Number(target), published: Number(published), protocol });
    }
    if (!isData(value)) return this.wrong(steps, value, 'PUBLISHED:TARGET, such as "8080:80"') ?? [];
    const { target, published, protocol, mode } = this.fields(steps, value, [
      "target",
      "published",
      "protocol",
      "mode",
    ]);
    if (target === undefined || published === undefined)
      return (
        this.refuse(
          steps,
          `${this.name(steps)} has no ${target === undefined ? "target" : "published"}: name both, the port of the container and the one of the node`,
        ) ?? []
      );
    const targetPort = this.whole([...steps, "target"], target, 1, 65535);
    const publishedPort = this.whole([...steps, "published"], published, 1, 65535);
    if (targetPort === undefined || publishedPort === undefined) return [];
    return [
      {
        targetPort,
        publishedPort,
        protocol: this.oneOf([...steps, "protocol"], protocol, ["tcp", "udp"]) ?? "tcp",
        publishMode: this.oneOf([...steps, "mode"], mode, PUBLISH_MODES) ?? this.publishMode,
        steps,
      },
    ];
  }

  mount(steps: Steps, value: unknown, volumes: ReadonlyMap<string, string>): readonly ComposeMount[] {
    if (typeof value === "string") {
      const [source, target, options, ...rest] = value.split(":");
      if (target === undefined) return this.mount(steps, { type: "volume", target: source }, volumes);
      if (rest.length > 0 || !(options === undefined || ["ro", "rw"].includes(options)))
        return this.wrong(steps, value, "SOURCE:TARGET, with :ro where nothing is to be written there") ?? [];
      const type = /^[./~]/.test(source ?? "") ? "bind" : "volume";
      return this.mount(steps, { type, source, target, ...(options === "ro" ? { read_only: true } : {}) }, volumes);
    }
    const given = this.fields(steps, value, ["type", "source", "target", "read_only", "tmpfs"]);
    const type = this.oneOf([...steps, "type"], given.type, ["volume", "bind", "tmpfs"] as const);
    const target = this.plain([...steps, "target"], given.target);
    const source = this.plain([...steps, "source"], given.source);
    if (type === undefined || target === undefined)
      return given.type === undefined || given.target === undefined
        ? (this.refuse(
            steps,
            `${this.name(steps)} has no ${given.type === undefined ? "type" : "target"}: name both`,
          ) ?? [])
        : [];
    if (!target.startsWith("/"))
      return this.refuse(steps, `${this.name(steps)} is mounted at "${target}": it must be an absolute path`) ?? [];
    if (type === "bind" && !source?.startsWith("/"))
      return (
        this.refuse(
          steps,
          `${this.name(steps)} mounts ${describe(source)} of the node: it must be an absolute path there; a file beside this one goes to the node as one of configs`,
        ) ?? []
      );
    const known = source === undefined ? undefined : volumes.get(source);
    if (type === "volume" && source !== undefined && known === undefined)
      return (
        this.refuse(
          steps,
          `${this.name(steps)} mounts the volume "${source}", which volumes does not have: name it there`,
        ) ?? []
      );
    const tmpfs = this.fields([...steps, "tmpfs"], given.tmpfs, ["size", "mode"]);
    const options = {
      sizeBytes: this.size([...steps, "tmpfs", "size"], tmpfs.size),
      mode: this.whole([...steps, "tmpfs", "mode"], tmpfs.mode, 0, 0o7777),
    };
    const readOnly = this.flag([...steps, "read_only"], given.read_only);
    return [
      {
        type,
        target,
        ...(source === undefined ? {} : { source: known ?? source }),
        ...(readOnly === undefined ? {} : { readOnly }),
        ...(type === "tmpfs" && given.tmpfs !== undefined ? { tmpfsOptions: options } : {}),
      },
    ];
  }

  /** What a service has of the secrets or the configurations. */
  files(kind: "secrets" | "configs", steps: Steps, value: unknown, known: ComposeContent): readonly ComposeFileUse[] {
    return this.list(steps, value).flatMap((one, index): ComposeFileUse[] => {
      const at = [...steps, index];
      const given =
        typeof one === "string" ? { source: one } : this.fields(at, one, ["source", "target", "uid", "gid", "mode"]);
      const source = this.plain([...at, "source"], given.source);
      if (source === undefined) return [];
      if (!Object.hasOwn(known, source)) {
        const meant = nearest(source, Object.keys(known));
        this.refuse(
          at,
          `${this.name(at)} is "${source}", which ${kind} does not have: ${meant === undefined ? "name it there" : `did you mean "${meant}"?`}`,
        );
        return [];
      }
      const [target, uid, gid] = (["target", "uid", "gid"] as const).map((key) =>
        this.plain([...at, key], (given as Data)[key]),
      );
      return [
        {
          source,
          fileName: target ?? (kind === "secrets" ? source : `/${source}`),
          fileUid: uid ?? "0",
          fileGid: gid ?? "0",
          fileMode: this.whole([...at, "mode"], (given as Data).mode, 0, 0o7777) ?? 0o444,
        },
      ];
    });
  }

  /** The content of each secret or configuration: given by the program, beside the file, or in it. */
  private contentsOf(kind: "secrets" | "configs", value: unknown): ComposeContent {
    const given = this.contents[kind];
    const found = this.entries([kind], value).map(([name, one]): [string, Text] => {
      const steps = [kind, name];
      const { file, content, external } = this.fields(steps, one, [
        "file",
        "external",
        "name",
        ...(kind === "configs" ? ["content"] : []),
      ]);
      const own = given[name];
      if (own !== undefined) return [name, own];
      if (external !== undefined || (file === undefined && content === undefined)) {
        this.refuse(
          steps,
          `${this.name(steps)} has no content here: give it by ${kind}, such as ${kind}: { ${name}: … }`,
        );
        return [name, ""];
      }
      if (content !== undefined) return [name, this.text([...steps, "content"], content) ?? ""];
      const named = this.plain([...steps, "file"], file) ?? "";
      if (this.folder === undefined && !path.isAbsolute(named)) {
        this.refuse(
          [...steps, "file"],
          `${this.name(steps)}.file is "${named}": it must be an absolute path, for there is no file that it is beside`,
        );
        return [name, ""];
      }
      try {
        return [name, readFileSync(path.resolve(this.folder ?? "/", named), "utf8")];
      } catch (error) {
        this.refuse(
          [...steps, "file"],
          `${this.name(steps)}.file is "${named}", which can't be read: ${(error as NodeJS.ErrnoException).code}`,
        );
        return [name, ""];
      }
    });
    const known = Object.fromEntries(found);
    for (const name of Object.keys(given))
      this.problems.require(
        name in known,
        `${kind} gives "${name}", which ${this.descriptor.place(kind)} does not name: ${Object.keys(known).length === 0 ? "it names none" : `it names ${Object.keys(known).join(", ")}`}`,
      );
    return known;
  }

  private network([name, value]: [string, unknown]): ComposeNetwork {
    const steps = ["networks", name];
    const { driver, external, ...given } = this.fields(steps, value, [
      "driver",
      "external",
      "name",
      "attachable",
      "internal",
      "driver_opts",
      "ipam",
    ]);
    this.oneOf([...steps, "driver"], driver, ["overlay"]);
    const own = this.plain([...steps, "name"], given.name);
    const isExternal = this.flag([...steps, "external"], external) === true;
    if (own !== undefined && !isExternal)
      this.refuse(
        [...steps, "name"],
        `"name" of ${this.name(steps)} is for a network that is there already (external: true): leave it out`,
      );
    const ipam = this.fields([...steps, "ipam"], given.ipam, ["config"]);
    const subnets = this.list([...steps, "ipam", "config"], ipam.config).flatMap((one, at) => {
      const config = this.fields([...steps, "ipam", "config", at], one, ["subnet"]);
      return this.plain([...steps, "ipam", "config", at, "subnet"], config.subnet) ?? [];
    });
    const options = this.pairs([...steps, "driver_opts"], given.driver_opts) as Record<string, string>;
    return {
      name,
      ...(isExternal ? { external: own ?? name } : {}),
      attachable: this.flag([...steps, "attachable"], given.attachable),
      internal: this.flag([...steps, "internal"], given.internal),
      ...(Object.keys(options).length > 0 ? { options } : {}),
      subnets,
    };
  }

  private networksOf(
    steps: Steps,
    value: unknown,
    known: readonly string[],
  ): Pick<ComposeService, "networks" | "aliases"> {
    const named: [Steps, string, unknown][] = Array.isArray(value)
      ? value.map((one: unknown, at) => [[...steps, at], String(one), undefined])
      : this.entries(steps, value).map(([name, one]) => [[...steps, name], name, one]);
    const aliases: Record<string, readonly string[]> = {};
    for (const [at, name, one] of named) {
      const meant = nearest(name, known);
      if (!known.includes(name))
        this.refuse(
          at,
          `${this.name(steps)} names "${name}", which networks does not have: ${meant === undefined ? "name it there" : `did you mean "${meant}"?`}`,
        );
      const { aliases: others } = this.fields(at, one, ["aliases"]);
      aliases[name] = this.texts([...at, "aliases"], others).filter((text) => typeof text === "string");
    }
    return { networks: named.length > 0 ? named.map(([, name]) => name) : ["default"], aliases };
  }

  private healthcheck(steps: Steps, value: unknown): Record<string, unknown> | undefined {
    if (value === undefined) return undefined;
    const given = this.fields(steps, value, ["test", "interval", "timeout", "retries", "start_period", "disable"]);
    if (this.flag([...steps, "disable"], given.disable) === true) return { tests: ["NONE"] };
    const tests =
      typeof given.test === "string" ? ["CMD-SHELL", given.test] : this.texts([...steps, "test"], given.test);
    if (tests.length === 0)
      return this.refuse(
        steps,
        `${this.name(steps)} has no test: name the command, such as [CMD, curl, -f, http://localhost/]`,
      );
    return {
      tests,
      interval: this.duration([...steps, "interval"], given.interval),
      timeout: this.duration([...steps, "timeout"], given.timeout),
      retries: this.whole([...steps, "retries"], given.retries, 0, 1000),
      startPeriod: this.duration([...steps, "start_period"], given.start_period),
    };
  }

  private resources(steps: Steps, value: unknown): ComposeService["resources"] {
    const given = this.fields(steps, value, ["limits", "reservations"]);
    const side = (key: string) => {
      const at = [...steps, key];
      const { cpus, memory } = this.fields(at, given[key], ["cpus", "memory"]);
      const cores = cpus === undefined ? undefined : Number(cpus);
      if (cores !== undefined && !(cores >= 0.001 && cores <= 1024))
        this.wrong([...at, "cpus"], cpus, "a number of cores from 0.001 to 1024");
      const memoryBytes = this.size([...at, "memory"], memory);
      return {
        ...(memoryBytes === undefined ? {} : { memoryBytes }),
        ...(cores === undefined ? {} : { nanoCpus: Math.round(cores * 1000) * 1_000_000 }),
      };
    };
    return { limits: side("limits"), reservation: side("reservations") };
  }

  private deploy(steps: Steps, value: unknown) {
    const given = this.fields(steps, value, [
      "mode",
      "replicas",
      "endpoint_mode",
      "resources",
      "placement",
      "restart_policy",
      "update_config",
      "labels",
    ]);
    const isGlobal = this.oneOf([...steps, "mode"], given.mode, ["replicated", "global"]) === "global";
    if (isGlobal && given.replicas !== undefined)
      this.refuse(
        [...steps, "replicas"],
        `${this.name(steps)}.replicas is given, and mode is "global", with a task on every node: leave one of the two out`,
      );
    const placement = this.fields([...steps, "placement"], given.placement, ["constraints", "max_replicas_per_node"]);
    const constraints = this.texts([...steps, "placement", "constraints"], placement.constraints);
    if (isGlobal && constraints.length > 0)
      this.refuse(
        [...steps, "placement"],
        `${this.name(steps)} is "global" with constraints, and how many tasks that makes is not known here: use replicas`,
      );
    const at = (key: string, field: string) => [...steps, key, field];
    const restart = this.fields([...steps, "restart_policy"], given.restart_policy, [
      "condition",
      "delay",
      "max_attempts",
      "window",
    ]);
    const update = this.fields([...steps, "update_config"], given.update_config, [
      "parallelism",
      "delay",
      "failure_action",
      "monitor",
      "order",
    ]);
    return {
      isGlobal,
      replicas: isLater(given.replicas)
        ? (given.replicas as pulumi.Output<number>)
        : (this.whole([...steps, "replicas"], given.replicas, 0, 1000) ?? 1),
      endpointMode: this.oneOf([...steps, "endpoint_mode"], given.endpoint_mode, ["vip", "dnsrr"]),
      resources: this.resources([...steps, "resources"], given.resources),
      labels: this.pairs([...steps, "labels"], given.labels),
      ...(given.placement === undefined
        ? {}
        : {
            placement: {
              constraints,
              maxReplicas: this.whole(
                at("placement", "max_replicas_per_node"),
                placement.max_replicas_per_node,
                0,
                1000,
              ),
            },
          }),
      ...(given.restart_policy === undefined
        ? {}
        : {
            restartPolicy: {
              condition: this.oneOf(at("restart_policy", "condition"), restart.condition, [
                "none",
                "on-failure",
                "any",
              ]),
              delay: this.duration(at("restart_policy", "delay"), restart.delay),
              maxAttempts: this.whole(at("restart_policy", "max_attempts"), restart.max_attempts, 0, 1000),
              window: this.duration(at("restart_policy", "window"), restart.window),
            },
          }),
      ...(given.update_config === undefined
        ? {}
        : {
            updateConfig: {
              parallelism: this.whole(at("update_config", "parallelism"), update.parallelism, 0, 1000),
              delay: this.duration(at("update_config", "delay"), update.delay),
              failureAction: this.oneOf(at("update_config", "failure_action"), update.failure_action, [
                "continue",
                "pause",
                "rollback",
              ]),
              monitor: this.duration(at("update_config", "monitor"), update.monitor),
              order: this.oneOf(at("update_config", "order"), update.order, ["stop-first", "start-first"]),
            },
          }),
    };
  }

  private service(
    name: string,
    value: unknown,
    compose: Omit<Compose, "services"> & { volumes: ReadonlyMap<string, string> },
  ): ComposeService {
    const steps: Steps = ["services", name];
    const at = (key: string) => [...steps, key];
    const given = this.fields(steps, value, [
      "image",
      "entrypoint",
      "command",
      "environment",
      "ports",
      "networks",
      "volumes",
      "tmpfs",
      "secrets",
      "configs",
      "deploy",
      "healthcheck",
      "labels",
      "hostname",
      "user",
      "working_dir",
      "stop_signal",
      "stop_grace_period",
      "read_only",
      "init",
      "cap_add",
      "cap_drop",
      "sysctls",
    ]);
    if (!/^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/.test(name))
      this.refuse(steps, `the service "${name}" must be called by lower-case letters, digits and dashes, at most 63`);
    if (given.image === undefined) this.refuse(steps, `${this.name(steps)} has no image: name one`);
    const container: Record<string, unknown> = {
      hostname: this.text(at("hostname"), given.hostname),
      user: this.text(at("user"), given.user),
      dir: this.text(at("working_dir"), given.working_dir),
      stopSignal: this.text(at("stop_signal"), given.stop_signal),
      stopGracePeriod: this.duration(at("stop_grace_period"), given.stop_grace_period),
      readOnly: this.flag(at("read_only"), given.read_only),
      init: this.flag(at("init"), given.init),
      ...(given.cap_add === undefined ? {} : { capAdds: this.texts(at("cap_add"), given.cap_add) }),
      ...(given.cap_drop === undefined ? {} : { capDrops: this.texts(at("cap_drop"), given.cap_drop) }),
      ...(given.sysctls === undefined ? {} : { sysctl: this.pairs(at("sysctls"), given.sysctls) }),
    };
    const tmpfs = (Array.isArray(given.tmpfs) || given.tmpfs === undefined ? given.tmpfs : [given.tmpfs]) as unknown;
    return {
      name,
      image: this.text(at("image"), given.image) ?? "",
      commands: this.command(at("entrypoint"), given.entrypoint),
      args: this.command(at("command"), given.command),
      env: this.pairs(at("environment"), given.environment),
      ports: this.list(at("ports"), given.ports).flatMap((one, index) => this.port([...at("ports"), index], one)),
      ...this.networksOf(at("networks"), given.networks, [
        "default",
        ...compose.networks.map((network) => network.name),
      ]),
      mounts: [
        ...this.list(at("volumes"), given.volumes).flatMap((one, index) =>
          this.mount([...at("volumes"), index], one, compose.volumes),
        ),
        ...this.list(at("tmpfs"), tmpfs).flatMap((one, index) =>
          this.mount([...at("tmpfs"), index], { type: "tmpfs", target: one }, compose.volumes),
        ),
      ],
      secrets: this.files("secrets", at("secrets"), given.secrets, compose.secrets),
      configs: this.files("configs", at("configs"), given.configs, compose.configs),
      healthcheck: this.healthcheck(at("healthcheck"), given.healthcheck),
      containerLabels: this.pairs(at("labels"), given.labels),
      container: Object.fromEntries(Object.entries(container).filter(([, one]) => one !== undefined)),
      ...this.deploy(at("deploy"), given.deploy),
    };
  }

  /**
   * @param volumePrefix begins the names of volumes on the nodes
   */
  compose(value: unknown, volumePrefix: string): Compose {
    // `version` is for information only (Compose specification).
    const given = this.fields([], value, ["services", "networks", "volumes", "secrets", "configs", "version"]);
    const secrets = this.contentsOf("secrets", given.secrets);
    const configs = this.contentsOf("configs", given.configs);
    const networks = this.entries(["networks"], given.networks).map((one) => this.network(one));
    const volumes = new Map(
      this.entries(["volumes"], given.volumes).map(([name, one]): [string, string] => {
        const volume = this.fields(["volumes", name], one, ["external", "name"]);
        const own = this.plain(["volumes", name, "name"], volume.name);
        const isExternal = this.flag(["volumes", name, "external"], volume.external);
        return [name, own ?? (isExternal ? name : `${volumePrefix}-${name}`)];
      }),
    );
    const services = this.entries(["services"], given.services);
    if (services.length === 0) this.refuse(["services"], "it has no services: name at least one");
    return {
      services: services.map(([name, one]) => this.service(name, one, { networks, secrets, configs, volumes })),
      networks,
      secrets,
      configs,
    };
  }
}

/** Texts with `$$` for `$`; a variable of whoever runs compose is refused. */
function interpolated(problems: Problems, { place }: Descriptor, value: unknown, steps: Steps = []): unknown {
  if (typeof value === "string") {
    const [variable] = value.replaceAll("$$", "").match(/\$(\{[^}]*\}?|\w+)/) ?? [];
    problems.require(
      variable === undefined,
      `${place(...steps)}: ${variable} stands for a variable of whoever runs compose: write the value, give it by an override, or write $$ for a dollar`,
    );
    return value.replaceAll("$$", "$");
  }
  if (Array.isArray(value))
    return value.map((one, at) => interpolated(problems, { place } as Descriptor, one, [...steps, at]));
  if (!isData(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      interpolated(problems, { place } as Descriptor, one, [...steps, key]),
    ]),
  );
}

/** A compose file's data, with what compose itself puts in: `$$` for `$`. What can't be is told by `problems`. */
export const withoutVariables = (problems: Problems, descriptor: Descriptor): unknown =>
  interpolated(problems, descriptor, descriptor.value);

/** What compose data describes; what is wrong, or not carried to a Swarm, goes to `problems`, by file and line. */
export function readCompose(
  problems: Problems,
  descriptor: Descriptor,
  data: unknown,
  {
    folder,
    publishMode,
    volumePrefix,
    ...contents
  }: {
    readonly folder: string | undefined;
    readonly publishMode: PublishMode;
    readonly volumePrefix: string;
    readonly secrets: ComposeContent;
    readonly configs: ComposeContent;
  },
): Compose {
  return new Reader(problems, descriptor, folder, publishMode, contents).compose(data, volumePrefix);
}
