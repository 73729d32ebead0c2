import { z } from "zod";
import { schemaOf } from "../../setting/form";
import { secret, structure } from "../../setting/setting";
import type { PlatformModule } from "../module";
import { hosts } from "./hosts";
import { hostsSettings, parseHosts } from "./settings";

const settings = {
  hosts: {
    // Its platform says everything that is wrong with it at once.
    ...structure("The hosts of a pool, by the name of the machine that each is to be.", z.unknown()),
    schema: schemaOf(hostsSettings),
  },
  hostsKey: secret(
    "OpenSSH private key that lets root in on each host; it is used once, to let the site's own key in.",
  ),
};

/** Everything that is special about hosts that are there already. */
export const hostsPlatform: PlatformModule<typeof settings> = {
  kind: "hosts",
  settings,
  needs: { images: ["base", "machine"], plugins: [], ranges: false },
  fromSettings: async (given) => hosts({ hosts: parseHosts(given.hosts ?? {}), privateKey: given.hostsKey }),
  fromFacts: async (facts) => hosts({ hosts: parseHosts(facts) }),
};
