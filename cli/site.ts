import type { ConfigMap } from "@pulumi/pulumi/automation";
import type { PlatformNeeds, PlatformRecovery } from "../components/platform/module";
import { platforms } from "../components/platforms";
import { type Layer, SETTINGS } from "../stacks/settings";
import type { Context } from "./context";
import { ownStacks, projectOf } from "./layers";
import type { PlannedRange } from "./preflight";

/** The settings files of the stacks, by layer. */
export type Configs = ReadonlyMap<string, ConfigMap>;

/** What the stacks' settings say of a site, as far as the command needs to know it before the programs run. */
export interface ConfiguredSite {
  readonly name: string;
  readonly needs: PlatformNeeds;
  readonly recoveries: readonly PlatformRecovery[];
  /** Whether some of its machines may not be made anew. */
  readonly keepsMachines: boolean;
  /** The ranges that must be free on this machine: those of networks that are its own. */
  readonly ranges: readonly PlannedRange[];
}

/** The networks of the stacks: their role, and the setting that says their range. */
const NETWORKS = [
  { role: "transit", layer: "site", key: "transitCidr" },
  { role: "servers", layer: "kubernetes", key: "serversCidr" },
  { role: "clients", layer: "swarm", key: "clientsCidr" },
] as const;

/** A setting's text: what is set, else its default. */
function textOf(configs: Configs, layer: Layer, key: string): string | undefined {
  const table: Readonly<Record<string, { readonly default?: string }>> = SETTINGS[layer];
  return configs.get(layer)?.[`${projectOf(layer)}:${key}`]?.value ?? table[key]?.default;
}

/** The platform's own settings; what programs refuse is left out, since they say it better. */
function platformSettings(configs: Configs): Readonly<Record<string, unknown>> {
  const read = Object.entries(platforms.settings).flatMap(([key, setting]) => {
    const text = textOf(configs, "site", key);
    if (text === undefined || setting.secret) return [];
    try {
      return [[key, setting.read(text)]];
    } catch (error) {
      if (error instanceof RangeError) return [];
      throw error;
    }
  });
  return Object.fromEntries(read);
}

/** Of other programs' stacks nothing is known before they run. */
const UNKNOWN_SITE: ConfiguredSite = {
  name: "",
  needs: { images: [], plugins: [], ranges: false },
  recoveries: [],
  ranges: [],
  keepsMachines: false,
};

/** What the settings of the stacks say of their site; nothing where the stacks are not this repository's. @throws InvalidInput for a kind of platform that there is not */
export function configuredSite(configs: Configs): ConfiguredSite {
  if (!ownStacks) return UNKNOWN_SITE;
  const settings = platformSettings(configs);
  const name = textOf(configs, "site", "siteName") ?? "";
  const module = platforms.module(textOf(configs, "site", "platform") ?? "");
  const carriers = NETWORKS.map(({ role, layer, key }) => ({
    carrier: platforms.module(module.kindOf?.(role, settings) ?? module.kind),
    range: {
      what: role,
      cidr: textOf(configs, layer, key) ?? "",
      setting: `pulumi config set ${key} … in stacks/${layer}`,
    },
  }));
  const modules = [...new Set(carriers.map(({ carrier }) => carrier))];
  return {
    name,
    needs: {
      images: [...new Set(modules.flatMap(({ needs }) => needs.images))],
      plugins: [...new Set(modules.flatMap(({ needs }) => needs.plugins))],
      ranges: modules.some(({ needs }) => needs.ranges),
    },
    recoveries: modules.flatMap((one) => one.recovery?.(settings, name) ?? []),
    keepsMachines: modules.some((one) => one.keepsMachines?.(settings)),
    ranges: carriers.filter(({ carrier }) => carrier.needs.ranges).map(({ range }) => range),
  };
}

/** What the settings of the stacks of a name say of their site, where only the site's own matter. */
export async function siteHere({ engine, stack }: Pick<Context, "engine" | "stack">): Promise<ConfiguredSite> {
  return configuredSite(new Map([["site", (ownStacks ? await engine.settings("site", stack) : undefined) ?? {}]]));
}
