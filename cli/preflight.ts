import { readFileSync } from "node:fs";
import { Address } from "../components/network/address";
import { Cidr } from "../components/network/cidr";
import { run } from "../toolchain/command";

/** What this machine already uses and the chain is to have; `message` is a sentence for each. */
export class PreflightError extends Error {
  override readonly name = "PreflightError";
}

/** A range that the chain is to have. */
export interface PlannedRange {
  readonly what: string;
  readonly cidr: string;
  /** How to choose another one. */
  readonly setting: string;
}

/** A range that is in use. */
export interface UsedRange {
  readonly cidr: string;
  readonly by: string;
  readonly remedy: string;
}

/** A range; undefined for what is none, which the programs themselves refuse. */
function parsed(cidr: string): Cidr | undefined {
  try {
    return Cidr.parse(cidr);
  } catch {
    return undefined;
  }
}

/** A sentence for each range that somebody else has. */
export function conflicts(planned: readonly PlannedRange[], used: readonly UsedRange[]): readonly string[] {
  return planned.flatMap((one) => {
    const ours = parsed(one.cidr);
    if (ours === undefined) return [];
    return used.flatMap((other) => {
      const theirs = parsed(other.cidr);
      if (theirs === undefined || !theirs.overlaps(ours)) return [];
      return [
        `The ${one.what} network ${one.cidr} overlaps ${other.cidr} of ${other.by}: ${other.remedy}, or choose another range (${one.setting}).`,
      ];
    });
  });
}

interface DockerNetwork {
  readonly Id: string;
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Options: Readonly<Record<string, string>> | null;
  readonly IPAM: { readonly Config: readonly { readonly Subnet?: string }[] | null };
}

/** The ranges of Docker networks that are not of this site. */
export function usedByDocker(networks: readonly DockerNetwork[], site: string): readonly UsedRange[] {
  return networks
    .filter((network) => network.Labels?.["hybrid-vnf.site"] !== site)
    .flatMap((network) =>
      (network.IPAM.Config ?? []).flatMap(({ Subnet }) =>
        Subnet === undefined
          ? []
          : [
              {
                cidr: Subnet,
                by: `the Docker network '${network.Name}'`,
                remedy: `remove that network (docker network rm ${network.Name})`,
              },
            ],
      ),
    );
}

/** The interfaces of Docker networks, whose routes are no more than the networks themselves. */
export function bridges(networks: readonly DockerNetwork[]): readonly string[] {
  return networks.map(
    (network) => network.Options?.["com.docker.network.bridge.name"] ?? `br-${network.Id.slice(0, 12)}`,
  );
}

/** The ranges of this machine's own routes, from the text of /proc/net/route. */
export function usedByRoutes(table: string, without: readonly string[]): readonly UsedRange[] {
  const number = (hex: string): number => Number.parseInt(hex.match(/../g)?.reverse().join("") ?? "0", 16);
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const [device, destination, , , , , , mask] = fields;
      if (device === undefined || destination === undefined || mask === undefined || without.includes(device))
        return [];
      const bits = number(mask).toString(2).replaceAll("0", "").length;
      if (bits === 0) return [];
      const address = number(destination);
      const cidr = `${Address.of(address)}/${bits}`;
      return [
        {
          cidr,
          by: `this machine's route through ${device}`,
          remedy: `take that route away (ip route del ${cidr} dev ${device})`,
        },
      ];
    });
}

/** Refuses to begin when this machine uses the chain's ranges for something else. */
export async function preflight(planned: readonly PlannedRange[], site: string, signal?: AbortSignal): Promise<void> {
  const ids = (await run("docker", ["network", "ls", "--quiet", "--no-trunc"], { signal }))
    .split("\n")
    .filter((id) => id !== "");
  const networks =
    ids.length === 0
      ? []
      : (JSON.parse(await run("docker", ["network", "inspect", ...ids], { signal })) as DockerNetwork[]);
  const routes = usedByRoutes(readFileSync("/proc/net/route", "utf8"), bridges(networks));
  const found = conflicts(planned, [...usedByDocker(networks, site), ...routes]);
  if (found.length > 0) throw new PreflightError(found.join("\n"));
}
