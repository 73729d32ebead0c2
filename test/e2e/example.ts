import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import type { OwnCheckout } from "./checkout";
import type { Checkout, Ended } from "./operator";

interface ExampleArgs {
  /** @default "example" */
  readonly stack?: string;
  /** @default the example's, by its name */
  readonly folder?: string;
  readonly checkout: Checkout;
}

/** One of the programs in examples/, as somebody would run it who has the package: a stack of its own, on the built library. */
export class Example {
  private readonly stack: string;
  private readonly folder: string;
  private readonly checkout: Checkout;

  constructor(name: string, { stack = "example", folder = `examples/${name}`, checkout }: ExampleArgs) {
    this.stack = stack;
    this.folder = folder;
    this.checkout = checkout;
  }

  begin(): void {
    this.good("stack", "init", this.stack);
  }

  /** Runs `pulumi` on the example's stack, to whatever end. */
  run(...args: string[]): Ended {
    return this.checkout.pulumi(this.folder, ...args, "--stack", this.stack);
  }

  /** Runs the command in its folder, where a Pulumispace.yaml lists it, as `npx hybrid-vnf` does: on the stack "dev". */
  command(...args: string[]): Ended {
    const { root, inShell } = this.checkout;
    const program = path.join(root, "node_modules/.bin/tsx");
    return inShell(program, [path.join(root, "cli/main.ts"), ...args], path.join(root, this.folder));
  }

  /** Runs `pulumi` to a good end. */
  good(...args: string[]): string {
    const { status, output } = args[0] === "stack" ? this.checkout.pulumi(this.folder, ...args) : this.run(...args);
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
    this.checkout.pulumi(this.folder, "stack", "rm", this.stack, "--yes", "--force");
    fs.rmSync(path.join(this.checkout.root, this.folder, `Pulumi.${this.stack}.yaml`), { force: true });
  }
}

/** Makes a copy of the checkout and the example's stack in it before the tests of a file or group, and takes both away after them. */
export function aroundTests(lab: OwnCheckout, example: Example): void {
  beforeAll(async () => {
    await lab.begin();
    example.begin();
  });
  afterAll(async () => {
    example.end();
    await lab.end();
  });
}
