import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { withoutSalt } from "../../cli/salt";
import { Checkout, ROOT } from "./operator";

/** Copies the checkout under test into a folder, committed or not, with what has been built of it and without what was brought up from it. */
export function copyCheckout(folder: string): void {
  const listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", listed, { cwd: ROOT, encoding: "utf8", maxBuffer: 64 << 20 }).split("\0");
  for (const file of files) {
    const from = path.join(ROOT, file);
    if (file === "" || !fs.lstatSync(from, { throwIfNoEntry: false })?.isFile()) continue;
    const to = path.join(folder, file);
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.copyFileSync(from, to);
  }
  const built = path.join(ROOT, "dist");
  if (fs.existsSync(built)) fs.cpSync(built, path.join(folder, "dist"), { recursive: true });
}

/** Lets a copy find the packages of the checkout under test. */
export function linkPackages(folder: string): void {
  fs.symlinkSync(fs.realpathSync(path.join(ROOT, "node_modules")), path.join(folder, "node_modules"));
}

/** Gives the settings of a copy's stacks "dev" a site name and ranges of their own. */
export function moveSite(folder: string, site: string, octet: number): void {
  for (const folderOf of [".", "stacks/site", "stacks/kubernetes", "stacks/swarm", "stacks/service"]) {
    const file = path.join(folder, folderOf, "Pulumi.dev.yaml");
    const settings = fs.readFileSync(file, "utf8");
    // What is up from the checkout under test has left a salt there.
    const text = withoutSalt(settings) ?? settings;
    fs.writeFileSync(file, text.replaceAll("10.100.", `10.${octet}.`).replace("siteName: dev", `siteName: ${site}`));
  }
}

/** A copy of the checkout under test with a chain of its own, beside whatever else is up. */
export class OwnCheckout extends Checkout {
  constructor(site: string, octet: number) {
    const whose = createHash("sha256").update(ROOT).digest("hex").slice(0, 8);
    super(path.join(os.tmpdir(), `hybrid-vnf-${whose}-${site}`), site, octet);
  }

  /** Makes the copy; what one that was broken off has left is taken down first. */
  readonly begin = async (): Promise<void> => {
    if (fs.existsSync(this.root)) await this.end();
    copyCheckout(this.root);
    linkPackages(this.root);
    moveSite(this.root, this.site, this.octet);
  };

  /** Makes the copy, and brings its chain up. */
  readonly beginUp = async (): Promise<void> => {
    await this.begin();
    const { status, output } = await this.command("up");
    if (status !== 0) throw new Error(output);
  };

  /** Takes the chain down, and the copy away. */
  readonly end = async (): Promise<void> => {
    const { output } = await this.command("down", ["--force"]);
    const left = this.leftovers();
    if (left.length > 0) throw new Error(`${left.join(", ")} of ${this.site} are left: ${output}`);
    fs.rmSync(this.root, { recursive: true });
  };
}
