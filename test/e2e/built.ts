import { execFileSync } from "node:child_process";
import { ROOT } from "./operator";

/** Builds the package: examples import it by its name, which within this repository is what has been built. */
export default function setup(): void {
  execFileSync("npm", ["run", "-s", "build"], { cwd: ROOT, stdio: "inherit" });
}
