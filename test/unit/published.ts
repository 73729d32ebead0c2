import type { PlannedPath } from "../../cli/plan";
import type { Machine } from "../../cli/proof/expected";

/** Published paths, for what reads them. */

/** A machine with a leg, eth0 on, for each `NETWORK ADDRESS`; all ranges are /24. */
export function machine(name: string, ...legs: string[]): Machine {
  return {
    ...{ id: `dev/${name}`, name, identity: "1" },
    legs: legs.map((leg, at) => {
      const [network = "", address = ""] = leg.split(" ");
      return { network, cidr: address.replace(/\d+$/, "0/24"), address, interface: `eth${at}` };
    }),
    ssh: { host: name, port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" },
  };
}

/** A function on machines that packets pass from the first of their legs named here to the second. */
export function hop(
  name: string,
  handling: PlannedPath["hops"][number]["handling"],
  machines: readonly Machine[],
  [ingress = 0, egress = 1]: readonly number[] = [],
): PlannedPath["hops"][number] {
  const at = (leg: number) => {
    const { network = "", address } = machines[0]?.legs[leg] ?? {};
    return { network, ...(address ? { address } : {}) };
  };
  const instances = machines.map((one) => ({ machine: one, legs: one.legs }));
  return { name, handling, stateful: handling !== "route", instances, in: at(ingress), out: at(egress) };
}

/** The chain of the first page: a client, a balancer, a router, two servers. */
export function reference(): PlannedPath {
  const swarm = machine("swarm-1", "clients 10.100.100.20", "transit 10.100.101.20");
  const kubernetes = machine("kubernetes-1", "transit 10.100.101.10", "servers 10.100.102.10");
  const servers = [11, 12].map((host, at) => {
    const one = machine(`apache-${at + 1}`, `servers 10.100.102.${host}`);
    return { name: one.name, address: one.legs[0]?.address ?? "", machine: one };
  });
  const backends = servers.map(({ address }) => address);
  return {
    url: "http://10.100.100.20",
    from: "clients",
    clients: [machine("client", "clients 10.100.100.30")],
    hops: [{ ...hop("nginx", "proxy", [swarm]), port: 80, backends }, hop("quagga", "route", [kubernetes])],
    servers,
    routes: [
      { machine: "dev/swarm-1", destination: "10.100.102.0/24", nextHop: "10.100.101.10" },
      ...servers.map(({ machine: { id } }) => ({
        ...{ machine: id, destination: "10.100.101.20/32", nextHop: "10.100.102.10" },
      })),
    ],
  };
}

/** A client, a router, a server: those whose machines' words are in golden/seen.json. */
export function recorded(): PlannedPath {
  const router = machine("r", "n1 10.77.1.2", "n2 10.77.2.2");
  return {
    url: "http://10.77.2.1",
    from: "n1",
    clients: [machine("a", "n1 10.77.1.1")],
    hops: [hop("quagga", "route", [router])],
    servers: [{ name: "b", address: "10.77.2.1", machine: machine("b", "n2 10.77.2.1") }],
    routes: [
      { machine: "dev/a", destination: "10.77.2.0/24", nextHop: "10.77.1.2" },
      { machine: "dev/b", destination: "10.77.1.0/24", nextHop: "10.77.2.2" },
    ],
  };
}
