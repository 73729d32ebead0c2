import * as fs from "node:fs";
import * as path from "node:path";
import { expect } from "vitest";
import { type Ended, pulumi, ROOT } from "./operator";

/** One of the programs in examples/, as somebody would run it who has the package: a stack of its own, on the built library. */
export class Example {
  constructor(
    name: string,
    private readonly stack = "example",
    private readonly folder = `examples/${name}`,
  ) {}

  begin(): void {
    this.good("stack", "init", this.stack);
  }

  /** Runs `pulumi` on the example's stack, to whatever end. */
  run(...args: string[]): Ended {
    return pulumi(this.folder, ...args, "--stack", this.stack);
  }

  /** Runs `pulumi` to a good end. */
  good(...args: string[]): string {
    const { status, output } = args[0] === "stack" ? pulumi(this.folder, ...args) : this.run(...args);
    expect(status, output).toBe(0);
    return output;
  }

  up(): string {
    return this.good("up", "--yes", "--skip-preview");
  }

  down(): string {
    return this.good("destroy", "--yes", "--skip-preview");
  }

  /** Takes the example away, however far it got. */
  end(): void {
    this.run("destroy", "--yes", "--skip-preview");
    pulumi(this.folder, "stack", "rm", this.stack, "--yes", "--force");
    fs.rmSync(path.join(ROOT, this.folder, `Pulumi.${this.stack}.yaml`), { force: true });
  }
}
