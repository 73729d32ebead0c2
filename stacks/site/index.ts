import { publishSite, Site } from "../../components";
import { platformOf, settings } from "../settings";

export = async () => {
  const {
    site: name,
    transit,
    ...asked
  } = settings("site", "platform", "networks", "openstack", "hosts", "imageFile", "transit");
  const site = new Site("site", {
    name: name ?? "dev",
    platform: await platformOf(asked),
    transit: transit ?? "10.100.101.0/24",
  });
  return publishSite(site);
};
