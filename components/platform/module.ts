import type * as pulumi from "@pulumi/pulumi";
import { InvalidInput } from "../problem/problem";
import type { Setting } from "../setting/setting";
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
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Finds and takes away what a killed engine had begun, or a cloud did without saying so, since the next creation would meet it. */
export interface PlatformRecovery {
  /** Whether a creation may have left something behind. */
  concerns(creation: UnfinishedCreation): boolean;
  /** Whether an error of a creation leaves open if it was done. */
  leavesOpen(error: string): boolean;
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
}

/** The values of a kind's own settings; a secret one is an output. */
export type PlatformSettings = Readonly<Record<string, unknown>>;

/** A kind of platform: everything that is special about it. */
export interface PlatformModule {
  /** What settings and contracts call it. @example "lab" */
  readonly kind: string;
  /** The settings that only this kind has, by name. */
  readonly settings: Readonly<Record<string, Setting>>;
  readonly needs: PlatformNeeds;
  /** Whether it is made of other platforms: then it can't be part of another one. @default false */
  readonly composite?: boolean;
  /**
   * The platform that a site's settings ask for.
   * @throws InvalidInput with everything that is wrong with them, also in comparison with what is there
   */
  fromSettings(settings: PlatformSettings, platforms: PlatformRegistry): Promise<Platform>;
  /** The platform that a contract tells of (Platform.facts), for another program to make machines there. */
  fromFacts(facts: unknown, platforms: PlatformRegistry): Promise<Platform>;
  /** The kind that carries the network of this role. @default this one */
  kindOf?(role: string, settings: PlatformSettings): string;
  /** @param settings the site's, @param site its name. @default nothing is ever left behind */
  recovery?(settings: PlatformSettings, site: string): PlatformRecovery;
}

/** The kinds of platforms that there are. */
export class PlatformRegistry {
  private readonly modules = new Map<string, PlatformModule>();

  constructor(modules: readonly PlatformModule[]) {
    for (const module of modules) this.register(module);
  }

  /** Adds a kind. @throws InvalidInput when there is one of that name */
  register(module: PlatformModule): void {
    if (this.modules.has(module.kind))
      throw new InvalidInput(`Platform "${module.kind}"`, ["there is one of that name already: take another name"]);
    this.modules.set(module.kind, module);
  }

  get kinds(): readonly string[] {
    return [...this.modules.keys()];
  }

  /** @throws InvalidInput naming the kinds that there are */
  module(kind: string): PlatformModule {
    const module = this.modules.get(kind);
    if (module) return module;
    throw new InvalidInput(`Platform "${kind}"`, [
      `there is no such kind of platform (there are: ${this.kinds.join(", ")}): name one of those, or register it (platforms.register)`,
    ]);
  }

  /** The settings of all kinds, by name. */
  get settings(): Readonly<Record<string, Setting>> {
    return Object.assign({}, ...[...this.modules.values()].map((module) => module.settings));
  }

  /**
   * The platform that a site's settings ask for.
   * @throws InvalidInput when there is no such kind, or settings of a kind that is made of others are left unread
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

  /** The platform that a contract tells of. */
  fromFacts({ kind, facts }: PublishedPlatform): Promise<Platform> {
    return this.module(kind).fromFacts(facts, this);
  }
}

/** A platform as a contract tells of it. */
export interface PublishedPlatform {
  readonly kind: string;
  readonly facts?: unknown;
}

/** What a contract tells of a platform. */
export function publishedPlatform({ kind, facts }: Platform): {
  readonly kind: string;
  readonly facts: pulumi.Input<unknown>;
} {
  return { kind, facts };
}
