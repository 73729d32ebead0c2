import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { networkId } from "../network/network";
import { AddressPlan } from "../network/plan";
import { type PublishedPlatform, publishedPlatform } from "../platform/module";
import type { Platform } from "../platform/platform";
import { A_PLATFORM, A_SITE_NETWORK, requireProperties } from "../problem/arguments";
import { InvalidInput } from "../problem/problem";
import type { SiteNetwork } from "../site/network";
import type { SiteLike } from "../site/site-like";
import { Contract, type Published, type Read, requireRead } from "./contract";
import { factsOfNetwork, type NetworkFacts, networkFacts, textOrLater } from "./machine";

/** What a program needs for making networks and machines in a site that another stack made. */
export interface SiteFacts {
  /** Part of the name on the platform of everything in it. */
  readonly siteName: string;
  /** Where it is, with all that a program needs to make machines there. */
  readonly platform: PublishedPlatform;
  /** The network that clusters and network functions reach each other over. */
  readonly transit: NetworkFacts;
  /** The half of the site's key that every machine lets in, in OpenSSH's format. */
  readonly publicKey: pulumi.Input<string>;
}

/** What opens everything in the site. */
export interface SiteSecrets {
  /** The key that opens the site's machines. */
  readonly privateKey: string;
}

const text = z.string().min(1);
const facts = z.object({
  siteName: text,
  platform: z.object({ kind: text, facts: z.unknown() }),
  transit: networkFacts,
  publicKey: textOrLater,
});
const secrets = z.object({ privateKey: text });

/**
 * What the site stack publishes: platform, transit network and key.
 * @example
 * const read = await vnf.siteContract.read("organization/hybrid-vnf-site/dev");
 * const transit = vnf.transitOf(read, await vnf.platforms.fromFacts(read.facts.platform));
 */
export const siteContract = new Contract<SiteFacts, SiteSecrets>("site", 3, facts, secrets);

/**
 * What a program exports for `siteContract` to read: with it, another one makes machines in the same site.
 * @example
 * return vnf.publishSite(site.transit);
 */
export function publishSite(transit: SiteNetwork): Published {
  requireProperties("publishSite", { transit }, { transit: A_SITE_NETWORK });
  const { site, name, cidr } = transit;
  if (transit.id !== networkId(site.name, "transit"))
    throw new InvalidInput("publishSite", [
      `transit is the network "${name}" ${cidr}: it must be the site's own transit network, such as site.transit, for whoever reads the contract takes it for that`,
    ]);
  return siteContract.publish(
    {
      siteName: site.name,
      platform: publishedPlatform(site.platform),
      transit: factsOfNetwork(transit),
      publicKey: site.key.publicKey,
    },
    { privateKey: site.key.privateKey },
  );
}

/**
 * The transit network of a site that another stack made. What that stack gave away of the site's addresses is not known here.
 * @param platform makes machines there: the one that the contract tells of
 * @example
 * const read = await vnf.siteContract.read("organization/hybrid-vnf-site/dev");
 * const transit = vnf.transitOf(read, await vnf.platforms.fromFacts(read.facts.platform));
 * const ours = new vnf.Network("monitoring", { site: transit.site, cidr: "10.110.103.0/24" });
 */
export function transitOf(read: Read<SiteFacts, SiteSecrets>, platform: Platform): SiteNetwork {
  requireRead("transitOf", "site", read, "siteName", "transit");
  requireProperties("transitOf", { platform }, { platform: A_PLATFORM });
  const { facts, secrets } = read;
  const site: SiteLike = {
    name: facts.siteName,
    platform,
    key: { publicKey: facts.publicKey, privateKey: secrets.privateKey },
    plan: new AddressPlan(),
  };
  site.plan.addNetwork(facts.transit);
  return { ...facts.transit, site };
}
