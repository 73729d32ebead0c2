import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { attempt } from "../../toolchain/command";
import { checkout } from "../../toolchain/environment";
import { environment } from "../e2e/operator";

/** A Pulumi program of the tests on OpenStack, in a folder here, with one stack. */
export class Program {
  /** What its commands have in their environment besides the operator's own. */
  shell: NodeJS.ProcessEnv = {};
  private readonly folder: string;

  constructor(private readonly stack: string) {
    this.folder = join(checkout, "test/openstack", stack);
  }

  /** Runs `pulumi` to its end, whatever that is; what begins with a dash and is no option comes after a `--`. */
  run(...args: string[]) {
    const end = args.includes("--") ? args.indexOf("--") : args.length;
    const options = ["--stack", this.stack, "--non-interactive"];
    return attempt("pulumi", [...args.slice(0, end), ...options, ...args.slice(end)], {
      cwd: this.folder,
      env: { ...environment(), ...this.shell },
    });
  }

  /** Runs `pulumi` to a good end; gives back what it printed. */
  async done(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    expect(code, stdout + stderr).toBe(0);
    return stdout;
  }

  /** An output of the program, in the clear. */
  async output<T>(name: string): Promise<T> {
    return JSON.parse(await this.done("stack", "output", name, "--json", "--show-secrets")) as T;
  }

  /** Takes the stack's state and settings away. */
  async forget(): Promise<void> {
    await this.run("stack", "rm", "--yes", "--force");
    rmSync(join(this.folder, `Pulumi.${this.stack}.yaml`), { force: true });
  }
}
