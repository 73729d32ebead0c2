import { hostsPlatform } from "./platform/hosts/module";
import { hybridPlatform } from "./platform/hybrid/module";
import { labPlatform } from "./platform/lab/module";
import { PlatformRegistry } from "./platform/module";
import { openStackPlatform } from "./platform/openstack/module";

/**
 * The kinds of platforms of this library, and of whoever registers more.
 * @example
 * vnf.platforms.register(inventoryPlatform); // a PlatformModule of your own
 * const platform = await vnf.platforms.fromSettings("inventory", {});
 */
export const platforms = new PlatformRegistry([labPlatform, openStackPlatform, hostsPlatform, hybridPlatform]);
