import { writeFileSync } from "node:fs";
import { SPACE_SCHEMA_FILE, spaceSchema } from "../cli/space";

writeFileSync(SPACE_SCHEMA_FILE, `${JSON.stringify(spaceSchema(), null, 2)}\n`);
