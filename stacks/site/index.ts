import { platforms, publishSite, Site } from "../../components";
import { settings } from "../settings";

export = async () => {
  const { siteName, transitCidr, platform, ...site } = settings("site");
  const args = { siteName, transitCidr, platform: await platforms.fromSettings(platform, site) };
  return publishSite(new Site("site", args).transit);
};
