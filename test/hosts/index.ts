import * as pulumi from "@pulumi/pulumi";
import { type HostsSettings, lab, Machine, Network, type Role, Site, type SiteNetwork } from "../../components";

/**
 * Five hosts on three networks, with nothing on them but Debian, systemd and an SSH server: the client's image is that. They stand for
 * machines that somebody else made and owns.
 */
const bare = "hybrid-vnf/client:latest";
const site = new Site("pool", { platform: lab({ machineImage: bare }), transitCidr: "10.120.101.0/24" });
const servers = new Network("servers", { site, cidr: "10.120.102.0/24" });
const clients = new Network("clients", { site, cidr: "10.120.100.0/24" });

// Addresses that nobody would plan: they must come from the pool.
const pool: Record<string, [Role, SiteNetwork[], number]> = {
  "apache-1": ["server", [servers], 77],
  "apache-2": ["server", [servers], 33],
  "kubernetes-1": ["kubernetes", [site.transit, servers], 50],
  "swarm-1": ["swarm", [site.transit, clients], 60],
  client: ["client", [clients], 99],
};
const machines = Object.entries(pool).map(
  ([name, [role, networks, host]]) => new Machine(name, { networks, role, host }, { parent: site }),
);

/** What the pool's owner tells of it. */
export const hosts: pulumi.Output<HostsSettings> = pulumi
  .all(
    machines.map((machine) =>
      pulumi
        .all([machine.ssh.hostKey, machine.identity])
        .apply(([hostKey]): [string, HostsSettings[string]] => [
          machine.name,
          { hostKey, addresses: machine.legs.map((leg) => leg.address) },
        ]),
    ),
  )
  .apply((all) => Object.fromEntries(all));
export const privateKey = pulumi.secret(site.key.privateKey);
