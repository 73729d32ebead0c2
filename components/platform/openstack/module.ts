import { z } from "zod";
import { schemaOf } from "../../setting/form";
import { secret, structure, text } from "../../setting/setting";
import type { PlatformModule } from "../module";
import { readCatalog } from "./catalog";
import { credentials } from "./clouds";
import { type OpenStackArgs, openStack } from "./openstack";
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
  fromSettings: ({ openstack, imageFile, jumpKey }) => {
    const given = { ...openstack, ...(imageFile === undefined ? {} : { image: imageFile }) };
    return openStackFromCloud({ ...parseSettings(given), imageFile, jumpKey });
  },
  fromFacts: (facts) => openStackFromCloud(parseSettings(facts)),
  recovery: ({ openstack }) => new OpenStackRecovery(openstack ?? {}),
};

/**
 * The OpenStack platform, compared with what the cloud has: the one that its settings name, by the credentials in clouds.yaml or in OS_* variables.
 * @throws InvalidInput with everything that is wrong with the settings, that the cloud does not have, or that it does not answer
 * @example
 * const needs = { flavor: "m1.medium", image: "machine", operators: ["198.51.100.0/24"] };
 * const platform = await vnf.openStackFromCloud({ access: "floating", externalNetwork: "public", ...needs });
 */
export async function openStackFromCloud(args: OpenStackArgs) {
  return openStack({ ...args, catalog: await readCatalog(credentials(args.cloud, args.region)) });
}
