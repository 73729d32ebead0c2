import { publishSite, Site } from "../../components";
import { platformOf, settings } from "../settings";

const { site: name, platform, transit } = settings("site", "platform", "transit");

const site = new Site("site", {
  name: name ?? "dev",
  platform: platformOf(platform),
  transit: transit ?? "10.100.101.0/24",
});

export const { contract, secrets } = publishSite(site);
