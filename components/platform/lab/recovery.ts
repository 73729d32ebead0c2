import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { PlatformRecovery, UnfinishedCreation } from "../module";

const run = promisify(execFile);

/** What a site has on a Docker engine, in the order in which it can be removed. */
const KINDS = [
  { noun: "container", list: ["ps", "--all"], format: "{{.Names}}", remove: ["rm", "--force", "--volumes"] },
  { noun: "network", list: ["network", "ls"], format: "{{.Name}}", remove: ["network", "rm"] },
  { noun: "volume", list: ["volume", "ls"], format: "{{.Name}}", remove: ["volume", "rm"] },
] as const;
type Noun = (typeof KINDS)[number]["noun"];

/** Things that are made under a name, which their twin would meet. Everything else can be made again. */
const NAMED: Readonly<Record<string, Noun | "service">> = {
  "docker:index/container:Container": "container",
  "docker:index/network:Network": "network",
  "docker:index/service:Service": "service",
};

/** The error of a command, in its own words. */
const said = (error: unknown): string => String((error as { stderr?: string }).stderr ?? error).trim();

/** What an interrupted engine had begun in the lab: containers and networks of this machine's Docker engine, services of its Swarms. */
export class LabRecovery implements PlatformRecovery {
  constructor(private readonly site: string) {}

  concerns({ type, inputs }: UnfinishedCreation): boolean {
    return type in NAMED && typeof inputs.name === "string";
  }

  /** Docker always says what it did. */
  isUnanswered(): boolean {
    return false;
  }

  async remove({ type, inputs }: UnfinishedCreation): Promise<readonly string[]> {
    const noun = NAMED[type];
    const name = String(inputs.name);
    if (noun === undefined) return [];
    const removed = noun === "service" ? await this.removeService(name) : await this.removeOwn(noun, name);
    return removed ? [`${noun} ${name}`] : [];
  }

  /** Removes a container or network, if it is there and bears a site's mark. */
  private async removeOwn(noun: Noun, name: string): Promise<boolean> {
    const format = noun === "container" ? "{{json .Config.Labels}}" : "{{json .Labels}}";
    let labels: Readonly<Record<string, string>> | null;
    try {
      labels = JSON.parse((await run("docker", [noun, "inspect", "--format", format, name])).stdout);
    } catch {
      return false; // It is not there.
    }
    if (!isOurs(name, labels)) return false;
    const kind = KINDS.find((one) => one.noun === noun);
    try {
      await run("docker", [...(kind?.remove ?? []), name]);
    } catch (error) {
      throw new Error(`The unfinished ${noun} '${name}' could not be removed: ${said(error)}`);
    }
    return true;
  }

  /** Removes a Swarm service through a manager of the site. */
  private async removeService(name: string): Promise<boolean> {
    const filters = [`label=hybrid-vnf.site=${this.site}`, "label=hybrid-vnf.role=swarm"];
    const { stdout } = await run("docker", [
      "ps",
      ...filters.flatMap((filter) => ["--filter", filter]),
      ...["--format", "{{.Names}}"],
    ]);
    for (const node of lines(stdout)) {
      try {
        await run("docker", ["exec", node, "docker", "service", "rm", name]);
        return true;
      } catch {
        // A worker answers with an error; a manager knows every service.
      }
    }
    return false;
  }

  private async named(kind: (typeof KINDS)[number]): Promise<string[]> {
    const filter = `label=hybrid-vnf.site=${this.site}`;
    return lines((await run("docker", [...kind.list, "--filter", filter, "--format", kind.format])).stdout);
  }

  async leftovers(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const kind of KINDS) found.push(...(await this.named(kind)).map((name) => `${kind.noun} ${name}`));
    return found;
  }

  async removeLeftovers(): Promise<readonly string[]> {
    const removed: string[] = [];
    for (const kind of KINDS) {
      const names = await this.named(kind);
      if (names.length > 0) await run("docker", [...kind.remove, ...names]);
      removed.push(...names.map((name) => `${kind.noun} ${name}`));
    }
    return removed;
  }
}

/** Whether a container or network was made by this library, by its name and labels. */
export function isOurs(name: string, labels: Readonly<Record<string, string>> | null): boolean {
  return name.startsWith("hybrid-vnf-") && labels?.["hybrid-vnf.site"] !== undefined;
}

function lines(output: string): string[] {
  return output.split("\n").filter((line) => line !== "");
}
