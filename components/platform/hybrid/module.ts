import { z } from "zod";
import { InvalidInput } from "../../problem/problem";
import { schemaOf } from "../../setting/form";
import { structure } from "../../setting/setting";
import type { PlatformModule, PublishedPlatform } from "../module";
import type { Platform } from "../platform";
import { hybrid } from "./hybrid";

/** The kind that carries every network that settings don't name. */
const OTHERWISE = "lab";

/** The networks of the stacks, by role. */
const ROLES = ["transit", "servers", "clients"] as const;
const FORM = {
  error: `it must be an object such as {"servers": "openstack"}: networks are ${ROLES.join(", ")}`,
};
const networks = z.partialRecord(z.enum(ROLES), z.string(FORM), FORM);
const published = z.object({ kind: z.string(), facts: z.unknown() });
const facts = z.object({ otherwise: published, networks: z.record(z.string(), published) });

const settings = {
  networks: structure(
    `The platform of each network that is not on the ${OTHERWISE}, by the network's role: transit, servers or clients.`,
    networks,
    schemaOf(networks),
  ),
};

/** Everything that is special about a site on several platforms. */
export const hybridPlatform: PlatformModule<typeof settings> = {
  kind: "hybrid",
  composite: true,
  settings,
  needs: { images: [], plugins: [], ranges: false },
  kindOf: (role, { networks: named = {} }) => (named as Readonly<Record<string, string>>)[role] ?? OTHERWISE,
  fromSettings: async ({ networks: named = {}, ...rest }, platforms) => {
    if (Object.keys(named).length === 0)
      throw new InvalidInput("Configuration", ['platform is "hybrid": set networks, such as {"servers": "hosts"}']);
    const composite = Object.values(named).find((kind) => platforms.module(kind).composite);
    if (composite !== undefined)
      throw new InvalidInput("hybrid", [
        `networks names the platform ${composite}, which is made of others itself: name those`,
      ]);
    return assemble(
      named,
      OTHERWISE,
      onceEach((kind) => platforms.fromSettings(kind, rest)),
    );
  },
  fromFacts: async (given, platforms) => {
    const parsed = facts.safeParse(given);
    if (!parsed.success)
      throw new InvalidInput("hybrid", [
        `what is published of it has another form (${parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")}): bring the site up with this release`,
      ]);
    const { otherwise, networks: each } = parsed.data;
    const text = (one: PublishedPlatform) => JSON.stringify(one);
    return assemble(
      Object.fromEntries(Object.entries(each).map(([role, one]) => [role, text(one)])),
      text(otherwise),
      onceEach((one) => platforms.fromFacts(JSON.parse(one) as PublishedPlatform)),
    );
  },
};

/** Makes each platform once, since a machine may have legs in all the networks of one. */
function onceEach(make: (key: string) => Promise<Platform>): (key: string) => Promise<Platform> {
  const made = new Map<string, Promise<Platform>>();
  return (key) => {
    const platform = made.get(key) ?? make(key);
    made.set(key, platform);
    return platform;
  };
}

async function assemble(
  roles: Readonly<Record<string, string>>,
  otherwise: string,
  platformOf: (key: string) => Promise<Platform>,
): Promise<Platform> {
  const each: Record<string, Platform> = {};
  for (const [role, key] of Object.entries(roles)) each[role] = await platformOf(key);
  return hybrid({ networks: each, otherwise: await platformOf(otherwise) });
}
