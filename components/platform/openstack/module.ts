import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { schemaOf } from "../../setting/form";
import { secret, structure, text } from "../../setting/setting";
import type { PlatformModule } from "../module";
import { readCatalog } from "./catalog";
import { credentials } from "./clouds";
import { type OpenStackArgs, openStack } from "./openstack";
import { OpenStackRecovery } from "./recovery";
import { type OpenStackSettings, openStackSettings, parseSettings } from "./settings";

/** Everything that is special about OpenStack clouds. */
export const openStackPlatform: PlatformModule = {
  kind: "openstack",
  settings: {
    openstack: {
      // Its platform says everything that is wrong with it at once.
      ...structure(
        "Where on a cloud machines are made, and how.",
        z.record(z.string(), z.unknown(), { error: "it must be an object" }),
      ),
      schema: schemaOf(openStackSettings),
    },
    imageFile: text("A disk image of images/disk, to be uploaded and used in place of an image that the cloud has."),
    jumpKey: secret(
      "OpenSSH private key that the jump host lets in already; it is used once, to let the site's own key in there.",
    ),
  },
  needs: { images: ["base"], plugins: ["openstack"], ranges: false },
  fromSettings: (settings) => {
    const imageFile = settings.imageFile as string | undefined;
    const given = {
      ...(settings.openstack as object | undefined),
      ...(imageFile === undefined ? {} : { image: imageFile }),
    };
    const jumpKey = settings.jumpKey as pulumi.Input<string> | undefined;
    return openStackFromCloud({ ...parseSettings(given), imageFile, jumpKey });
  },
  fromFacts: (facts) => openStackFromCloud(parseSettings(facts)),
  recovery: (settings) => new OpenStackRecovery((settings.openstack ?? {}) as OpenStackSettings),
};

/**
 * The OpenStack platform, compared with what the cloud has: the one that its settings name, by the credentials in clouds.yaml or in OS_* variables.
 * @throws InvalidInput with everything that is wrong with the settings, that the cloud does not have, or that it does not answer
 */
export async function openStackFromCloud(args: OpenStackArgs) {
  return openStack({ ...args, catalog: await readCatalog(credentials(args.cloud, args.region)) });
}
