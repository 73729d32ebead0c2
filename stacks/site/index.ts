import { publishSite, Site } from "../../components";
import { platformOf, settings } from "../settings";

export = async () => {
  const { siteName, transitCidr, ...site } = settings("site");
  return publishSite(new Site("site", { siteName, transitCidr, platform: await platformOf(site) }).transit);
};
