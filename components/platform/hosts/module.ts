import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { schemaOf } from "../../setting/form";
import { secret, structure } from "../../setting/setting";
import type { PlatformModule } from "../module";
import { hosts } from "./hosts";
import { hostsSettings, parseHosts } from "./settings";

/** Everything that is special about hosts that are there already. */
export const hostsPlatform: PlatformModule = {
  kind: "hosts",
  settings: {
    hosts: {
      // Its platform says everything that is wrong with it at once.
      ...structure("The hosts of a pool, by the name of the machine that each is to be.", z.unknown()),
      schema: schemaOf(hostsSettings),
    },
    hostsKey: secret(
      "OpenSSH private key that lets root in on each host; it is used once, to let the site's own key in.",
    ),
  },
  needs: { images: ["base", "machine"], plugins: [], ranges: false },
  fromSettings: async (settings) =>
    hosts({
      hosts: parseHosts(settings.hosts ?? {}),
      privateKey: settings.hostsKey as pulumi.Input<string> | undefined,
    }),
  fromFacts: async (facts) => hosts({ hosts: parseHosts(facts) }),
};
