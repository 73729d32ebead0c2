import type { Contracts } from "../cli/topology";
import type { MachineFacts } from "../components/contracts/machine";
import type { Hop } from "../components/contracts/service";

/** What stacks publish, for drawings and tables: nothing of it is up. */

const network = (name: string, cidr: string, site = "dev") => ({ id: `${site}/${name}`, name, cidr });
type Network = ReturnType<typeof network>;

function machine(name: string, ...legs: readonly (readonly [Network, number])[]): MachineFacts {
  return {
    id: `dev/${name}`,
    name,
    identity: `${name} as it is`,
    legs: legs.map(([{ id, cidr }, host], at) => ({
      network: id,
      cidr,
      address: cidr.replace(/\d+\/\d+$/, String(host)),
      interface: `eth${at}`,
    })),
    ssh: { host: "127.0.0.1", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" },
  };
}

/** A function with an instance on each of these machines. */
function hop(
  name: string,
  handling: Hop["handling"],
  carriers: readonly MachineFacts[],
  ways: readonly [Network, Network],
): Hop {
  const [into, outOf] = ways.map(({ id }) => ({
    network: id,
    address: carriers[0]?.legs.find((leg) => leg.network === id)?.address ?? "",
  })) as [Hop["in"], Hop["out"]];
  return {
    name,
    handling,
    stateful: handling !== "route",
    ...(handling === "proxy" ? { port: 80, backends: [] } : {}),
    instances: carriers.map((one) => ({ machine: one, legs: one.legs })),
    in: into,
    out: outOf,
  };
}

/** What the four stacks of the reference chain publish. */
export function referenceContracts(serverCount = 2) {
  const clients = network("clients", "10.100.100.0/24");
  const transit = network("transit", "10.100.101.0/24");
  const servers = network("servers", "10.100.102.0/24");
  const client = machine("client", [clients, 100]);
  const kubernetes = machine("kubernetes-1", [transit, 10], [servers, 10]);
  const swarm = machine("swarm-1", [transit, 20], [clients, 20]);
  const apaches = Array.from({ length: serverCount }, (_, at) => machine(`apache-${at + 1}`, [servers, 11 + at]));
  const addresses = apaches.map((one) => one.legs[0]?.address ?? "");
  return {
    site: {
      layer: "site",
      version: 3,
      siteName: "dev",
      platform: { kind: "lab", facts: {} },
      transit: { ...transit, ref: "hybrid-vnf-dev-transit" },
      publicKey: "ssh-ed25519 AAAA",
    },
    kubernetes: {
      layer: "kubernetes",
      version: 3,
      apacheInfo: { cidr: servers.cidr, addresses },
      servers: { name: "apache", network: servers, machines: apaches },
      cluster: {
        name: "kubernetes",
        networks: [transit, servers],
        endpoint: "https://10.100.101.10:6443",
        nodes: [kubernetes],
      },
    },
    swarm: {
      layer: "swarm",
      version: 2,
      clients,
      client,
      cluster: { name: "swarm", networks: [transit, clients], endpoint: "tcp://10.100.101.20:2376", nodes: [swarm] },
    },
    service: {
      layer: "service",
      version: 2,
      url: "http://10.100.100.20",
      from: clients.id,
      clients: [client],
      hops: [
        hop("nginx", "proxy", [swarm], [clients, transit]),
        hop("quagga", "route", [kubernetes], [transit, servers]),
      ],
      servers: apaches.map(({ name }, at) => ({ name, address: addresses[at] ?? "" })),
    },
  } satisfies Contracts;
}

/**
 * What stacks with so many functions in one chain publish.
 * @param shape `row`: each on a machine of its own, between networks of their own. `house`: all on eight nodes, between two networks
 */
export function manyContracts(count: number, shape: "row" | "house" = "row"): Contracts {
  const range = (at: number): string => `10.${100 + Math.floor(at / 256)}.${at % 256}.0/24`;
  const clients = network("clients", range(0));
  const servers = network("servers", range(1));
  const links = Array.from({ length: shape === "row" ? count - 1 : 2 }, (_, at) =>
    network(`link-${at + 1}`, range(at + 2)),
  );
  const linkBefore = (at: number): Network =>
    at === 0 ? clients : at === count ? servers : (links[shape === "row" ? at - 1 : at % 2] as Network);
  const kinds = ["swarm", "kubernetes", "vm", "vm"] as const;
  const nodes: Record<"kubernetes" | "swarm", MachineFacts[]> = { kubernetes: [], swarm: [] };
  const handlings = ["proxy", "route", "translate", "route"] as const;
  const names = ["nginx", "quagga", "nat", "firewall"] as const;
  const transit = links[0] as Network;
  if (shape === "house") {
    const all = [clients, servers, ...links];
    for (const kind of ["kubernetes", "swarm"] as const)
      for (let at = 1; at <= 4; at++)
        nodes[kind].push(
          machine(`${kind}-${at}`, ...all.map((one) => [one, (kind === "swarm" ? 20 : 10) + at] as const)),
        );
  }
  const hops = Array.from({ length: count }, (_, at) => {
    const ways = [linkBefore(at), linkBefore(at + 1)] as const;
    const kind = shape === "house" ? kinds[at % 2] : kinds[at % 4];
    const own = (name: string) => machine(name, [ways[0], 10], [ways[1], 20]);
    const carrier = (): MachineFacts => {
      if (kind !== "kubernetes" && kind !== "swarm") return own(`vm-${at + 1}`);
      if (shape === "house") return nodes[kind][Math.floor(at / 2) % 4] as MachineFacts;
      const node = own(`${kind}-${nodes[kind].length + 1}`);
      nodes[kind].push(node);
      return node;
    };
    return hop(`${names[at % 4]}-${at + 1}`, handlings[at % 4] ?? "route", [carrier()], [...ways]);
  });
  const client = machine("client", [clients, 100]);
  const apaches = [1, 2, 3].map((at) => machine(`apache-${at}`, [servers, 100 + at]));
  const cluster = (kind: "kubernetes" | "swarm") => ({
    name: kind,
    networks: [transit],
    endpoint: kind === "swarm" ? "tcp://10.100.2.10:2376" : "https://10.100.2.10:6443",
    nodes: nodes[kind],
  });
  return {
    site: { siteName: "dev", transit },
    kubernetes: { servers: { name: "apache", network: servers, machines: apaches }, cluster: cluster("kubernetes") },
    swarm: { clients, client, cluster: cluster("swarm") },
    service: {
      url: "http://10.100.0.10",
      from: clients.id,
      clients: [client],
      hops,
      servers: apaches.map(({ name, legs }) => ({ name, address: legs[0]?.address ?? "" })),
    },
  };
}
