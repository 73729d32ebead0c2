import { join } from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as vnf from "../../components";

/** Programs of any size. They are previewed, and never brought up. */

/** The `at`-th /24 of 10.0.0.0/8. */
const range = (at: number): string => `10.${Math.floor(at / 256)}.${at % 256}.0/24`;

const network = (at: number): vnf.NetworkIdentity => ({
  id: vnf.networkId("scale", `n${at}`),
  name: `n${at}`,
  cidr: range(at),
});

/** A machine as a contract tells of one: nothing is made for it. */
function machine(name: string, host: number, networks: readonly vnf.NetworkIdentity[]): vnf.MachineLike {
  const legs = networks.map(({ id, cidr }, at) => ({
    network: id,
    cidr,
    address: vnf.Cidr.parse(cidr).host(host).toString(),
    interface: `eth${at}`,
  }));
  const [first] = legs;
  const ssh = { host: first?.address ?? "", port: 22, user: "root", privateKey: "none", hostKey: "ssh-ed25519 AAAA" };
  return { id: vnf.machineId("scale", name), name, legs, ssh, identity: name };
}

/** A function of the program's own, on a machine that is there: a script sets it up. */
function forwarder(at: number): vnf.NetworkFunction {
  const name = `hop-${at}`;
  const own = machine(name, at % 2 === 0 ? 10 : 20, [network(at), network(at + 1)]);
  const setup = new vnf.MachineScript(name, { machine: own, file: join(__dirname, "forward.sh") });
  return { name, handling: "route", instances: [{ machine: own, legs: own.legs }], ready: setup.id };
}

/** One chain that leads through so many functions, one after the other. */
function chain(count: number): void {
  const [from, last] = [network(0), network(count)];
  new vnf.ServiceChain("long", {
    from,
    functions: Array.from({ length: count }, (_, at) => forwarder(at)),
    to: { name: "servers", network: last, machines: [machine("server", 30, [last])] },
  });
}

function site(cidr: string): vnf.Site {
  return new vnf.Site("scale", { platform: vnf.lab(), transitCidr: cidr });
}

/** Routers and balancers of the library, half and half, on one cluster and one Swarm; each two are a chain. */
function functions(count: number): void {
  const here = site(range(0));
  const clients = new vnf.Network("clients", { site: here, cidr: range(1) });
  const servers = new vnf.Network("servers", { site: here, cidr: range(2) });
  const apache = new vnf.WebServers("apache", { network: servers });
  const k8s = new vnf.KubernetesCluster("k8s", { networks: [here.transit, servers] });
  const swarm = new vnf.SwarmCluster("swarm", { networks: [here.transit, clients] });
  for (let at = 0; at < count / 2; at++) {
    const router = new vnf.QuaggaRouter(`quagga-${at}`, { cluster: k8s });
    const balancer = new vnf.NginxLoadBalancer(`nginx-${at}`, {
      cluster: swarm,
      backends: apache.addresses,
      port: 10_000 + at,
    });
    new vnf.ServiceChain(`web-${at}`, { from: clients, functions: [balancer, router], to: apache });
  }
}

/** A site with so many machines in one network. */
function machines(count: number): void {
  const here = site("10.0.0.0/16");
  new vnf.WebServers("apache", {
    network: new vnf.Network("servers", { site: here, cidr: "10.1.0.0/16" }),
    serverCount: count,
  });
}

/** One chain whose servers need a route each, back to its clients through its function. */
function routes(count: number): void {
  const clients = network(0);
  const servers = network(1);
  new vnf.ServiceChain("wide", {
    from: clients,
    functions: [forwarder(0)],
    to: {
      name: "servers",
      network: servers,
      machines: Array.from({ length: count }, (_, at) => machine(`server-${at}`, at + 30, [servers])),
    },
  });
}

/** As many components and commands as `chain` has, with none of our code and inputs of a word. */
function bare(count: number): void {
  for (let at = 0; at < count; at++) {
    new command.local.Command(`setup-${at}`, { create: "true" });
    for (const way of ["there", "back"]) {
      const parent = new pulumi.ComponentResource("bench:scale:Route", `${way}-${at}`);
      new command.local.Command(`${way}-${at}-route`, { create: "true" }, { parent });
    }
  }
}

export const shapes = { bare, chain, functions, machines, routes } satisfies Record<string, (count: number) => void>;
export type Shape = keyof typeof shapes;
