import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Platform, platformFacts } from "../platform/platform";
import type { SiteLike } from "../site/site";
import { Contract, type Published, type Read } from "./contract";
import { factsOfNetwork, networkFacts } from "./machine";

const facts = z.object({
  site: z.string().min(1),
  /** Where it is, with all that a program needs to make machines there. */
  platform: platformFacts,
  transit: networkFacts,
  publicKey: z.string().min(1),
});
const secrets = z.object({ privateKey: z.string().min(1) });
export type SiteFacts = z.infer<typeof facts>;
export type SiteSecrets = z.infer<typeof secrets>;

/** What the site stack publishes. */
export const siteContract = new Contract<SiteFacts, SiteSecrets>("site", 2, facts, secrets);

export function publishSite(site: SiteLike): Published {
  return siteContract.publish(
    pulumi.output({
      site: site.name,
      platform: site.platform.facts,
      transit: factsOfNetwork(site.transit),
      publicKey: site.key.publicKey,
    }),
    pulumi.output({ privateKey: site.key.privateKey }),
  );
}

/** The site as another stack sees it. `platform` makes machines there; its kind must be the site's. */
export function siteOf({ facts, secrets }: Read<SiteFacts, SiteSecrets>, platform: Platform): SiteLike {
  return {
    name: facts.site,
    platform,
    transit: facts.transit,
    key: { publicKey: facts.publicKey, privateKey: secrets.apply((all) => all.privateKey) },
  };
}
