import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { AddressPlan } from "../network/plan";
import type { Platform } from "../platform/platform";
import type { SiteNetwork } from "../site/network";
import type { SiteLike } from "../site/site-like";
import { Contract, type Published, type Read } from "./contract";
import { factsOfNetwork, networkFacts } from "./machine";

const facts = z.object({
  siteName: z.string().min(1),
  /** Where it is, with all that a program needs to make machines there. */
  platform: z.object({ kind: z.string().min(1), facts: z.unknown() }),
  transit: networkFacts,
  publicKey: z.string().min(1),
});
const secrets = z.object({ privateKey: z.string().min(1) });
export type SiteFacts = z.infer<typeof facts>;
export type SiteSecrets = z.infer<typeof secrets>;

/** What the site stack publishes. */
export const siteContract = new Contract<SiteFacts, SiteSecrets>("site", 3, facts, secrets);

export function publishSite(transit: SiteNetwork): Published {
  const { site } = transit;
  return siteContract.publish(
    pulumi.output({
      siteName: site.name,
      platform: { kind: site.platform.kind, facts: site.platform.facts },
      transit: factsOfNetwork(transit),
      publicKey: site.key.publicKey,
    }),
    pulumi.output({ privateKey: site.key.privateKey }),
  );
}

/** The transit network of a site that another stack made; `platform` makes machines there. */
export function transitOf({ facts, secrets }: Read<SiteFacts, SiteSecrets>, platform: Platform): SiteNetwork {
  const site: SiteLike = {
    name: facts.siteName,
    platform,
    key: { publicKey: facts.publicKey, privateKey: secrets.apply((all) => all.privateKey) },
    plan: new AddressPlan(),
  };
  site.plan.addNetwork(facts.transit);
  return { ...facts.transit, site };
}
