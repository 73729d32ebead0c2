import { readFileSync } from "node:fs";
import { run } from "../toolchain/command";

/** What this machine already uses that the chain asks for; `message` is a sentence for each. */
export class PreflightError extends Error {
  override readonly name = "PreflightError";
}

/** A range that the chain asks for. */
export interface Wanted {
  readonly what: string;
  readonly cidr: string;
  /** How to choose another one. */
  readonly setting: string;
}

/** A range that is in use. */
export interface Taken {
  readonly cidr: string;
  readonly by: string;
  readonly remedy: string;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/** First and last address of an IPv4 range; undefined for anything else, which the programs themselves refuse. */
export function range(cidr: string): Range | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((octet) => octet > 255) || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}

/** A sentence for each range that somebody else has. */
export function conflicts(wanted: readonly Wanted[], taken: readonly Taken[]): readonly string[] {
  return wanted.flatMap((want) => {
    const ours = range(want.cidr);
    if (ours === undefined) return [];
    return taken.flatMap((one) => {
      const theirs = range(one.cidr);
      if (theirs === undefined || theirs.first > ours.last || theirs.last < ours.first) return [];
      return [
        `The ${want.what} network ${want.cidr} overlaps ${one.cidr} of ${one.by}: ${one.remedy}, or choose another range (${want.setting}).`,
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
export function takenByDocker(networks: readonly DockerNetwork[], site: string): readonly Taken[] {
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
export function takenByRoutes(table: string, without: readonly string[]): readonly Taken[] {
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
      const cidr = `${[24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".")}/${bits}`;
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
export async function preflight(wanted: readonly Wanted[], site: string, signal?: AbortSignal): Promise<void> {
  const ids = (await run("docker", ["network", "ls", "--quiet", "--no-trunc"], { signal }))
    .split("\n")
    .filter((id) => id !== "");
  const networks =
    ids.length === 0
      ? []
      : (JSON.parse(await run("docker", ["network", "inspect", ...ids], { signal })) as DockerNetwork[]);
  const routes = takenByRoutes(readFileSync("/proc/net/route", "utf8"), bridges(networks));
  const found = conflicts(wanted, [...takenByDocker(networks, site), ...routes]);
  if (found.length > 0) throw new PreflightError(found.join("\n"));
}
