import { hostsPlatform } from "./platform/hosts/module";
import { hybridPlatform } from "./platform/hybrid/module";
import { labPlatform } from "./platform/lab/module";
import { PlatformRegistry } from "./platform/module";
import { openStackPlatform } from "./platform/openstack/module";

/** The kinds of platforms of this library, and of whoever registers more. */
export const platforms = new PlatformRegistry([labPlatform, openStackPlatform, hostsPlatform, hybridPlatform]);
