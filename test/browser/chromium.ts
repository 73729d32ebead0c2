import { type Browser, chromium } from "playwright-core";
import { installed } from "../../toolchain/command";
import { installPackages } from "../../toolchain/host";

/** Starts Debian's Chromium, without a window; it is installed where it is missing. */
export async function startChromium(): Promise<Browser> {
  const report = (line: string): void => void process.stderr.write(`${line}\n`);
  if (!(await installed("chromium"))) await installPackages(["chromium", "fonts-dejavu-core"], "chromium", { report });
  // Its sandbox needs user namespaces, which machines of CI often lack; what it loads are files that we wrote.
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
}
