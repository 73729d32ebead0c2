import type * as pulumi from "@pulumi/pulumi";
import { A_FUNCTION, A_TEXT, objectWith, requireProperties } from "../problem/arguments";
import { InvalidInput, Problems } from "../problem/problem";
import type { Settings, SettingTable } from "../setting/setting";
import type { Platform } from "./platform";

/** What a kind of platform needs of the machine that Pulumi runs on. */
export interface PlatformNeeds {
  /** Images of images/ on its Docker engine: "base" under functions' images, "client" and "machine" for machines. */
  readonly images: readonly string[];
  /** Provider plugins beside those that every stack uses. @example ["openstack"] */
  readonly plugins: readonly string[];
  /** Whether the platform's networks are networks of that machine, so that their ranges must be free on it. */
  readonly ranges: boolean;
}

/** A resource whose creation was begun, and of which the state does not know how it ended. */
export interface UnfinishedCreation {
  /** Its type, such as "openstack:networking/port:Port". */
  readonly type: string;
  /** By the provider's own names of them: what it is called on the platform is among them. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Finds and takes away what a killed engine had begun, or a cloud did without saying so, since the next creation would meet it. */
export interface PlatformRecovery {
  /** Whether a creation may have left something behind. */
  concerns(creation: UnfinishedCreation): boolean;
  /** Whether an error says that no answer to a creation came, so that it may have been done all the same. */
  isUnanswered(error: string): boolean;
  /**
   * Takes away what is left of a creation.
   * @param known IDs of all that the state knows, which stays
   * @returns what was removed, such as "port web-1"
   */
  remove(creation: UnfinishedCreation, known: ReadonlySet<string>): Promise<readonly string[]>;
  /** What bears the site's mark, in words, beyond what is found by creations. @default nothing is looked for */
  leftovers?(): Promise<readonly string[]>;
  /** Takes that away. What it removed, in words. */
  removeLeftovers?(): Promise<readonly string[]>;
  /**
   * What was added by hand to something that a stack made, of which a refresh knows nothing, since no resource is it.
   * @param made all that the stack's state holds
   * @default nothing is looked for
   */
  additions?(made: readonly MadeResource[]): Promise<readonly Addition[]>;
}

/** A resource that a stack made. */
export interface MadeResource {
  /** The engine's name of it. */
  readonly urn: string;
  /** Its type, such as "openstack:networking/secGroup:SecGroup". */
  readonly type: string;
  /** What the platform knows it by. */
  readonly id?: string;
  /** By the provider's own names of them. */
  readonly inputs?: Readonly<Record<string, unknown>>;
}

/** Something that was added by hand to what a stack made. */
export interface Addition {
  /** The resource that it was added to. */
  readonly urn: string;
  /** A sentence: what it was added to, what is there now, and what was. */
  readonly sentence: string;
  /** Takes it away. */
  remove(): Promise<void>;
}

/** The values of a site's settings, of all kinds; a secret one is an output. */
export type PlatformSettings = Readonly<Record<string, unknown>>;

/** The values of a kind's own settings, besides the site's others. */
type OwnSettings<S extends SettingTable> = PlatformSettings & Partial<Settings<S>>;

/**
 * A kind of platform: everything that is special about it.
 * @typeParam S the table of its own settings
 */
export interface PlatformModule<S extends SettingTable = SettingTable> {
  /** What settings and contracts call it. @example "lab" */
  readonly kind: string;
  /** The settings that only this kind has, by name. */
  readonly settings: S;
  /** What must be on the operator's machine before the engine is started. */
  readonly needs: PlatformNeeds;
  /** Whether it is made of other platforms: then it can't be part of another one. @default false */
  readonly composite?: boolean;
  /**
   * The platform that a site's settings ask for.
   * @throws InvalidInput with everything that is wrong with them, also in comparison with what is there
   */
  fromSettings(settings: OwnSettings<S>, platforms: PlatformRegistry): Promise<Platform>;
  /**
   * The platform that a contract tells of (Platform.facts), for another program to make machines there.
   * @throws InvalidInput when the facts have another form
   */
  fromFacts(facts: unknown, platforms: PlatformRegistry): Promise<Platform>;
  /** The kind that carries the network of this role. @default this one */
  kindOf?(role: string, settings: OwnSettings<S>): string;
  /**
   * What finds and takes away what a killed engine had begun on it.
   * @param settings the site's
   * @param site its name
   * @default nothing is ever left behind
   */
  recovery?(settings: OwnSettings<S>, site: string): PlatformRecovery;
  /** Whether its machines may not be made anew, so that the command looks for that in a preview before it changes anything. @default they may */
  keepsMachines?(settings: OwnSettings<S>): boolean;
}

/**
 * The kinds of platforms that settings and contracts may name. `platforms` is the one that holds this library's.
 * @example
 * const onlyLab = new vnf.PlatformRegistry([vnf.platforms.module("lab")]);
 */
export class PlatformRegistry {
  private readonly modules = new Map<string, PlatformModule>();

  constructor(modules: readonly PlatformModule[]) {
    for (const module of modules) this.register(module);
  }

  /**
   * Adds a kind, so that settings and contracts may name it.
   * @throws InvalidInput when there is one of that name, or one that has a setting of the same name
   * @example
   * vnf.platforms.register(inventoryPlatform); // a PlatformModule of your own
   */
  register(module: PlatformModule): void {
    requireProperties("platforms.register", module, {
      kind: A_TEXT,
      settings: objectWith("a table of settings, {} where there are none"),
      needs: objectWith("what it needs of this machine", "images", "plugins"),
      fromSettings: A_FUNCTION,
      fromFacts: A_FUNCTION,
    });
    const problems = new Problems(`Platform "${module.kind}"`);
    problems.require(
      !this.modules.has(module.kind),
      `there is one of that name already (there are: ${this.kinds.join(", ")}): take another name`,
    );
    for (const { kind, settings } of this.modules.values())
      for (const key of kind === module.kind ? [] : Object.keys(module.settings))
        problems.require(
          !Object.hasOwn(settings, key),
          `its setting "${key}" is one of the platform ${kind} already: take another name`,
        );
    problems.throwIfAny();
    this.modules.set(module.kind, module);
  }

  /** Names of the kinds, in the order in which they were registered. */
  get kinds(): readonly string[] {
    return [...this.modules.keys()];
  }

  /**
   * The kind of this name.
   * @throws InvalidInput naming the kinds that there are
   * @example
   * const { images } = vnf.platforms.module("lab").needs;
   */
  module(kind: string): PlatformModule {
    const module = this.modules.get(kind);
    if (module) return module;
    throw new InvalidInput(`Platform "${kind}"`, [
      `there is no such kind of platform (there are: ${this.kinds.join(", ")}): name one of those, or register it (platforms.register)`,
    ]);
  }

  /** The settings of all kinds, by name. */
  get settings(): SettingTable {
    return Object.assign({}, ...[...this.modules.values()].map((module) => module.settings));
  }

  /**
   * The platform that a site's settings ask for.
   * @param settings values of the site's settings (`readSettings`), of other kinds too
   * @throws InvalidInput when there is no such kind, or settings of a kind that is made of others are left unread; and with what its kind says
   * @example
   * const hosts = { "apache-1": { addresses: ["10.110.102.11"], hostKey: "ssh-ed25519 AAAA…" } };
   * const platform = await vnf.platforms.fromSettings("hosts", { hosts });
   */
  async fromSettings(kind: string, settings: PlatformSettings): Promise<Platform> {
    const module = this.module(kind);
    for (const other of this.modules.values())
      for (const key of other.composite && other !== module ? Object.keys(other.settings) : [])
        if (settings[key] !== undefined)
          throw new InvalidInput("Configuration", [
            `platform is "${kind}" and ${key} is set: set platform to "${other.kind}", or remove ${key}`,
          ]);
    return module.fromSettings(settings, this);
  }

  /**
   * The platform that a contract tells of, for making machines in the same place.
   * @throws InvalidInput when there is no such kind, or its facts have another form
   * @example
   * const read = await vnf.siteContract.read("organization/hybrid-vnf-site/dev");
   * const platform = await vnf.platforms.fromFacts(read.facts.platform);
   */
  fromFacts({ kind, facts }: PublishedPlatform): Promise<Platform> {
    return this.module(kind).fromFacts(facts, this);
  }
}

/** A platform as a contract tells of it. */
export interface PublishedPlatform {
  /** A name that whoever reads it has registered. */
  readonly kind: string;
  /** What the kind's own `fromFacts` takes (Platform.facts). */
  readonly facts?: unknown;
}

/** What a contract tells of a platform. */
export function publishedPlatform({ kind, facts }: Platform): {
  readonly kind: string;
  readonly facts: pulumi.Input<unknown>;
} {
  return { kind, facts };
}
