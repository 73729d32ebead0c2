import * as pulumi from "@pulumi/pulumi";
import { type HostsSettings, lab, Machine, Site } from "../../components";

/**
 * Two hosts and a gateway on a network of their own, with nothing on them but Debian, systemd and an SSH server: the client's image is that.
 * They stand for machines that somebody else made and owns. Forwarding is on, as in every container.
 */
const site = new Site("far", {
  platform: lab({ machineImage: "hybrid-vnf/client:latest" }),
  transitCidr: "10.132.102.0/24",
});
const make = (name: string, host: number) =>
  new Machine(name, { networks: [site.transit], role: "server", host }, { parent: site });
const servers = [make("apache-1", 77), make("apache-2", 33)];
make("gateway", 254);

/** What the hosts' owner tells of them. */
export const hosts: pulumi.Output<HostsSettings> = pulumi
  .all(servers.map(({ ssh, identity }) => pulumi.all([ssh.hostKey, identity]).apply(([hostKey]) => hostKey)))
  .apply((keys) =>
    Object.fromEntries(
      servers.map(({ name, legs }, at) => [
        name,
        { hostKey: keys[at] ?? "", addresses: legs.map((leg) => leg.address) },
      ]),
    ),
  );
export const privateKey = pulumi.secret(site.key.privateKey);
