import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Client, MachineScript, openStack, Route, Site, WebServers } from "../../../components";
import { factsOfMachine } from "../../../components/contracts/machine";

/**
 * Two Apache servers on a network, a client on another, and a router between them: a machine like the others, with a leg in each, whose
 * kernel forwards. It has the role of a node that carries a router function, for the cloud must let out of it what others sent.
 */
const config = new pulumi.Config();
const site = new Site("guests", {
  platform: openStack({
    access: "floating",
    externalNetwork: "public",
    operators: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
    flavor: "m1.tiny",
    image: "machine",
    bootTimeout: config.getNumber("bootTimeout"),
  }),
  transit: "10.100.101.0/24",
});
const web = new WebServers("apache", { site, cidr: "10.100.102.0/24", replicas: 2 });
const client = new Client("client", { site, network: site.transit });

const [near, far] = ["10.100.101.10", "10.100.102.10"];
const router = site.platform.machine(
  "router",
  {
    site: site.name,
    role: "kubernetes",
    legs: [
      { network: site.transit, address: near },
      { network: web.network, address: far },
    ],
    key: site.key,
  },
  { parent: site },
);
new MachineScript("router-forward", { machine: router, file: path.join(__dirname, "forward.sh") }, { parent: site });

new Route("there", { machine: client.machine, destination: web.network.cidr, nextHop: near });
for (const machine of web.machines) {
  new Route(`back-${machine.name}`, { machine, destination: site.transit.cidr, nextHop: far });
}

/** How each machine is reached, and by which interfaces it is in its networks. */
export const machines = pulumi.all([...web.machines, router, client.machine].map(factsOfMachine));
export const privateKey = pulumi.secret(site.key.privateKey);
