import { z } from "zod";
import { InvalidInput } from "../../problem/problem";
import { schemaOf } from "../../setting/form";
import { secret, structure, text } from "../../setting/setting";
import type { PlatformModule } from "../module";
import type { Platform } from "../platform";
import { readCatalog } from "./catalog";
import { credentials } from "./clouds";
import { OpenStack, type OpenStackArgs, settingsOf } from "./openstack";
import { OpenStackRecovery } from "./recovery";
import { openStackSettings, parseSettings } from "./settings";

const settings = {
  openstack: {
    // Its platform says everything that is wrong with it at once.
    ...structure(
      "Where on a cloud machines are made, and how.",
      z.record(z.string(), z.unknown(), { error: "it must be an object" }),
    ),
    // With imageFile there is no image to be named.
    schema: schemaOf(openStackSettings.partial({ image: true }).meta(openStackSettings.meta() ?? {})),
  },
  imageFile: text("A disk image of images/disk, to be uploaded and used in place of an image that the cloud has."),
  jumpKey: secret(
    "OpenSSH private key that the jump host lets in already; it is used once, to let the site's own key in there.",
  ),
};

/** Everything that is special about OpenStack clouds. */
export const openStackPlatform: PlatformModule<typeof settings> = {
  kind: "openstack",
  settings,
  needs: { images: ["base"], plugins: ["openstack"], ranges: false },
  fromSettings: async ({ openstack, imageFile, jumpKey }) => {
    const given = { ...openstack, ...(imageFile === undefined ? {} : { image: imageFile }) };
    return openStack({ ...parseSettings(given), imageFile, jumpKey });
  },
  fromFacts: async (facts) => openStack(parseSettings(facts)),
  recovery: ({ openstack }) => new OpenStackRecovery(openstack ?? {}),
  keepsMachines: ({ openstack }) => openstack?.replaceable !== true,
};

/**
 * The OpenStack platform, its settings compared with what the cloud has: the one that `cloud` or OS_CLOUD names in clouds.yaml, or that the OS_*
 * variables tell of. A cloud that does not answer, or refuses the credentials, is refused in a sentence, within a minute.
 * @throws InvalidInput with everything that is wrong with the settings; rejects with what the cloud does not have, or that it does not answer
 * @example
 * const needs = { flavor: "m1.medium", image: "machine", operators: ["198.51.100.0/24"] };
 * const platform = await vnf.openStack({ access: "floating", externalNetwork: "public", ...needs });
 */
export function openStack(args: OpenStackArgs): Promise<Platform> {
  const { cloud, region } = settingsOf(args);
  const { provider, catalog } = args;
  if (provider && !catalog && cloud === undefined)
    throw new InvalidInput("OpenStack", [
      "a provider is given, and nothing tells what its cloud has: name its entry in clouds.yaml (cloud), or give its catalog (readCatalog)",
    ]);
  const asked = catalog ? Promise.resolve(catalog) : readCatalog(credentials(cloud, region));
  return asked.then((has) => new OpenStack({ ...args, catalog: has }));
}
