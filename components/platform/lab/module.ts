import type { PlatformModule } from "../module";
import { lab } from "./lab";
import { LabRecovery } from "./recovery";

/** Everything that is special about the lab. */
export const labPlatform: PlatformModule = {
  kind: "lab",
  settings: {},
  needs: { images: ["base", "client", "machine"], plugins: [], ranges: true },
  fromSettings: async () => lab(),
  fromFacts: async () => lab(),
  recovery: (_, site) => new LabRecovery(site),
};
