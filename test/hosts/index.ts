import * as pulumi from "@pulumi/pulumi";
import { type HostsSettings, lab, type Role, Site } from "../../components";

/**
 * Five hosts on three networks, with nothing on them but Debian, systemd and an SSH server: the client's image is that. They stand for
 * machines that somebody else made and owns.
 */
const bare = "hybrid-vnf/client:latest";
const site = new Site("pool", { platform: lab({ machineImage: bare }), transit: "10.120.101.0/24" });
const servers = site.network("servers", "10.120.102.0/24");
const clients = site.network("clients", "10.120.100.0/24");

// Addresses that nobody would plan: they must come from the pool.
const legs: Record<string, [Role, [typeof servers, string][]]> = {
  "apache-1": ["server", [[servers, "10.120.102.77"]]],
  "apache-2": ["server", [[servers, "10.120.102.33"]]],
  "kubernetes-1": [
    "kubernetes",
    [
      [site.transit, "10.120.101.50"],
      [servers, "10.120.102.50"],
    ],
  ],
  "swarm-1": [
    "swarm",
    [
      [site.transit, "10.120.101.60"],
      [clients, "10.120.100.60"],
    ],
  ],
  client: ["client", [[clients, "10.120.100.99"]]],
};
const machines = Object.entries(legs).map(([name, [role, own]]) =>
  site.platform.machine(
    name,
    { site: site.name, role, legs: own.map(([network, address]) => ({ network, address })), key: site.key },
    { parent: site },
  ),
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
