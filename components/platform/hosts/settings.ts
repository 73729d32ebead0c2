import { z } from "zod";
import { parseUsableAddress } from "../../network/cidr";
import { Problems } from "../../problem/problem";
import { hostKey } from "../../ssh/host-key";

/** A host that is there already. */
export interface HostSettings {
  /** Where SSH reaches it: an address or a name. @default its first address */
  readonly host?: string;
  /** TCP port of its SSH server. @default 22 */
  readonly port?: number;
  /** Its public host key: what `ssh-keyscan -t ed25519 HOST` prints after the host's name, checked in another way. */
  readonly hostKey: string;
  /** Its IPv4 addresses: one in each network that it is to have a leg in. */
  readonly addresses: readonly string[];
}

/** The hosts of a pool, by the name of the machine that each is to be: "apache-1", "kubernetes-1", "swarm-1", "client". */
export type HostsSettings = Readonly<Record<string, HostSettings>>;

const port = "it must be from 1 to 65535";
const host = z
  .strictObject({
    host: z
      .string()
      .min(1, "it must not be empty")
      .refine((text) => /^(?!-)[\w.:%-]*$/.test(text), "it must be an address or a host's name")
      .optional(),
    port: z.int("it must be a whole number").min(1, port).max(65535, port).optional(),
    hostKey,
    addresses: z
      .array(z.string(), { error: "it must be a list of IPv4 addresses" })
      .min(1, "it must hold at least one address"),
  })
  .meta({ title: "HostSettings" });

/** @internal */
export const hostsSettings = z.record(
  z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'it must name a machine, such as "kubernetes-1"'),
  host,
  {
    error:
      'it must be an object of hosts by machine, such as {"apache-1": {"hostKey": "ssh-ed25519 AAAA…", "addresses": ["10.100.102.11"]}}',
  },
);

/**
 * A pool from outside, such as a file, checked: its form, and that no address is on two hosts.
 * @throws InvalidInput with everything that is wrong with the pool
 * @example
 * const pool = vnf.parseHosts(new pulumi.Config().requireObject("hosts"));
 * const platform = vnf.hosts({ hosts: pool });
 */
export function parseHosts(given: unknown): HostsSettings {
  const problems = new Problems("hosts");
  const parsed = hostsSettings.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) {
    const key = issue.code === "invalid_key" ? issue.issues[0]?.message : undefined;
    problems.require(false, `${["hosts", ...issue.path].join(".")}: ${key ?? issue.message}`);
  }
  const owners = new Map<string, string>();
  const reached = new Map<string, string>();
  for (const [name, { addresses, host = addresses[0], port = 22 }] of Object.entries(parsed.data ?? {})) {
    const twin = host === addresses[0] && owners.has(host ?? "") ? undefined : reached.get(`${host}:${port}`);
    problems.require(
      twin === undefined,
      `SSH reaches ${name} and ${twin} both at ${host}:${port}: a host is one machine of one cluster`,
    );
    reached.set(`${host}:${port}`, name);
    for (const text of addresses) {
      if (problems.gather(() => parseUsableAddress(text)) === undefined) continue;
      const owner = owners.get(text);
      problems.require(
        owner === undefined,
        owner === name
          ? `${name} has ${text} twice: name each of its addresses once`
          : `${name} and ${owner} both have ${text}: an address belongs to one host`,
      );
      owners.set(text, name);
    }
  }
  problems.require(!parsed.success || Object.keys(parsed.data).length > 0, "there is no host in it: name at least one");
  problems.throwIfAny();
  return parsed.data ?? {};
}
