import * as modules from "node:module";
import { cacheRoot, compiledFolder } from "../toolchain/cache";

/** Imported before all else, so that this process takes from there what another one has compiled; Node 20 has no such cache. */
const { enableCompileCache } = modules as { enableCompileCache?: (folder: string) => unknown };
enableCompileCache?.(compiledFolder(cacheRoot()));
