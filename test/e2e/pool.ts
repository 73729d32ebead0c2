import { expect } from "vitest";
import { layers } from "../../cli/layers";
import type { OwnCheckout } from "./checkout";
import type { Ended } from "./operator";
import { tracesOf } from "./traces";

/** What a command printed, once it has ended well. */
export function good({ status, output }: Ended): string {
  expect(status, output).toBe(0);
  return output;
}

/** Machines that a program of its own makes, and hands over to a chain as plain hosts: addresses, host keys and a key that lets root in. */
export class Pool {
  private readonly folder: string;
  private before: Record<string, Record<string, string>> = {};

  /** The program is test/STACK, and the chain's stacks have the same name; `machines` are its containers that are given back as they were. */
  constructor(
    private readonly lab: OwnCheckout,
    private readonly stack: string,
    private readonly machines: readonly string[],
  ) {
    this.folder = `test/${stack}`;
  }

  /** Makes the machines and the chain's empty stacks, and tells the site of the hosts. */
  async begin(): Promise<void> {
    const { folder, stack } = this;
    const { inShell, pulumi } = this.lab;
    await this.lab.begin();
    good(pulumi(folder, "stack", "init", stack));
    good(pulumi(folder, "up", "--stack", stack, "--yes", "--skip-preview"));
    this.before = this.traces();
    for (const { name } of layers) good(pulumi(`stacks/${name}`, "stack", "init", stack));
    this.set("site", "hosts", good(pulumi(folder, "stack", "output", "hosts", "--stack", stack, "--json")).trim());
    const key = `pulumi stack output privateKey --show-secrets --stack ${stack} -C ${folder} | pulumi config set --secret hostsKey --stack ${stack} -C stacks/site`;
    good(inShell("bash", ["-c", key]));
  }

  set(layer: string, ...args: string[]): void {
    good(this.lab.pulumi(`stacks/${layer}`, "config", "set", "--stack", this.stack, ...args));
  }

  /** Proves that another update of any stack would change nothing. */
  async settled(): Promise<void> {
    const folders = layers.map(({ name }) => `stacks/${name}`);
    const previews = await this.lab.pulumiInEach(
      folders,
      "preview",
      "--stack",
      this.stack,
      "--refresh",
      "--expect-no-changes",
    );
    previews.forEach(good);
  }

  /** Proves that the machines are as they were when they were handed over. */
  restored(): void {
    const now = this.traces();
    for (const machine of this.machines) expect(now[machine], machine).toEqual(this.before[machine]);
  }

  /** Takes the chain and the machines away, however far they got. */
  async end(): Promise<void> {
    const { folder, stack } = this;
    const { command, pulumi } = this.lab;
    await command("down", ["--stack", stack, "--force"]);
    pulumi(folder, "destroy", "--stack", stack, "--yes", "--skip-preview");
    pulumi(folder, "stack", "rm", stack, "--yes", "--force");
    await this.lab.end();
  }

  private traces(): Record<string, Record<string, string>> {
    return Object.fromEntries(this.machines.map((machine) => [machine, tracesOf(machine)]));
  }
}
