import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Measurements } from "./figures";
import { report, root, seconds } from "./measure";

/** The toolchain into an empty cache, with its own lines. */
export function measureCold(found: Measurements): void {
  const cache = mkdtempSync(join(tmpdir(), "hybrid-vnf-bench-"));
  try {
    const took = seconds(() => {
      const output = execFileSync("npm", ["run", "-s", "toolchain"], {
        cwd: root,
        encoding: "utf8",
        env: { ...process.env, HYBRID_VNF_CACHE: cache },
        stdio: ["ignore", "pipe", "inherit"],
      });
      for (const line of output.split("\n").filter((one) => /: (built|official release), /.test(one))) report(line);
    });
    found.add("cold", took / 60);
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}
