import * as docker from "@pulumi/docker";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  Cidr,
  functionsOf,
  Gateway,
  KubernetesCluster,
  type Leg,
  lab,
  Machine,
  type MachineLike,
  Network,
  type NetworkFunction,
  type NetworkIdentity,
  NginxLoadBalancer,
  type PacketHandling,
  type PathRoute,
  Problems,
  planPath,
  publishChain,
  QuaggaRouter,
  type ServerGroup,
  ServiceChain,
  Site,
  SwarmCluster,
  serviceContract,
  WebServers,
} from "../../components";
import { type Made, one, record, refusalOf, registered, settled, value } from "./mocks";
import { Model } from "./walk";

let made: Made[];
beforeEach(() => {
  made = record();
});
// What a test has begun is heard of by its own mocks.
afterEach(settled);

const network = (name: string, third: number): NetworkIdentity => ({
  id: `edge/${name}`,
  name,
  cidr: `10.7.${third}.0/24`,
});
const leg = ({ id, cidr }: NetworkIdentity, host: number): Leg => ({
  network: id,
  cidr,
  address: Cidr.parse(cidr).host(host).toString(),
  interface: "eth0",
});
const machine = (name: string, ...legs: Leg[]): MachineLike => ({
  id: `edge/${name}`,
  name,
  legs,
  identity: name,
  ssh: { host: legs[0]?.address ?? "", port: 22, user: "root", privateKey: "PRIVATE", hostKey: "ssh-ed25519 AAAA" },
});
const on = (carrier: MachineLike, handling: PacketHandling, more: Partial<NetworkFunction> = {}): NetworkFunction => ({
  name: carrier.name,
  handling,
  instances: [{ machine: carrier, legs: carrier.legs }],
  ...more,
});
const [clients, transit, middle, far] = [
  network("clients", 0),
  network("transit", 1),
  network("middle", 2),
  network("far", 3),
];
const client = machine("client", leg(clients, 100));
const web: ServerGroup = {
  name: "web",
  network: far,
  machines: [machine("web-1", leg(far, 11)), machine("web-2", leg(far, 12))],
};
const proxy = on(machine("proxy", leg(clients, 20), leg(transit, 20)), "proxy");
const router = on(machine("router", leg(transit, 10), leg(far, 10)), "route");
const told = (routes: readonly PathRoute[]) =>
  routes.map((route) => `${route.machine.name}: ${route.destination} via ${route.nextHop}`);

function plan(args: Parameters<typeof planPath>[0]) {
  const problems = new Problems("chain");
  const path = planPath(args, problems);
  problems.throwIfAny();
  return path;
}

describe("a path", () => {
  test("has routes there by network, and back to those who ask", () => {
    const { routes, hops } = plan({ from: clients, clients: [client], functions: [proxy, router], to: web });
    expect(told(routes)).toEqual([
      "proxy: 10.7.3.0/24 via 10.7.1.10",
      "web-1: 10.7.1.20/32 via 10.7.3.10",
      "web-2: 10.7.1.20/32 via 10.7.3.10",
    ]);
    expect(hops.map((hop) => [hop.in.address, hop.out.address])).toEqual([
      ["10.7.0.20", "10.7.1.20"],
      ["10.7.1.10", "10.7.3.10"],
    ]);
  });

  test("without a proxy leads the clients' network there and back", () => {
    const near = on(machine("near", leg(clients, 1), leg(middle, 1)), "route");
    const next = on(machine("next", leg(middle, 2), leg(far, 2)), "route");
    expect(told(plan({ from: clients, clients: [client], functions: [near, next], to: web }).routes)).toEqual([
      "client: 10.7.3.0/24 via 10.7.0.1",
      "near: 10.7.3.0/24 via 10.7.2.2",
      "web-1: 10.7.0.0/24 via 10.7.3.2",
      "web-2: 10.7.0.0/24 via 10.7.3.2",
      "next: 10.7.0.0/24 via 10.7.2.1",
    ]);
  });

  test("through a translator leads answers to its own address", () => {
    const nat = on(machine("nat", leg(clients, 1), leg(middle, 1)), "translate");
    const next = on(machine("next", leg(middle, 2), leg(far, 2)), "route");
    expect(told(plan({ from: clients, clients: [client], functions: [nat, next], to: web }).routes)).toEqual([
      "client: 10.7.3.0/24 via 10.7.0.1",
      "nat: 10.7.3.0/24 via 10.7.2.2",
      "web-1: 10.7.2.1/32 via 10.7.3.2",
      "web-2: 10.7.2.1/32 via 10.7.3.2",
    ]);
  });

  test("through a gateway of somebody else's has no route on it, and none back where a default route leads back", () => {
    const oneLegged = on(machine("router", leg(transit, 10)), "route");
    const through = (address?: string) =>
      told(
        plan({
          from: clients,
          functions: [
            proxy,
            oneLegged,
            new Gateway("gateway", {
              legs: [
                { network: transit, address: "10.7.1.254" },
                { network: far, address },
              ],
            }),
          ],
          to: web,
        }).routes,
      );
    const there = ["proxy: 10.7.3.0/24 via 10.7.1.10", "router: 10.7.3.0/24 via 10.7.1.254"];
    expect(through()).toEqual(there);
    expect(through("10.7.3.254")).toEqual([
      ...there,
      "web-1: 10.7.1.20/32 via 10.7.3.254",
      "web-2: 10.7.1.20/32 via 10.7.3.254",
    ]);
  });

  test("back over other routers has its routes there", () => {
    const other = on(machine("other", leg(transit, 11), leg(far, 9)), "route");
    expect(
      told(plan({ from: clients, functions: [proxy, router], to: web, returnPath: [other, proxy] }).routes),
    ).toEqual([
      "proxy: 10.7.3.0/24 via 10.7.1.10",
      "web-1: 10.7.1.20/32 via 10.7.3.9",
      "web-2: 10.7.1.20/32 via 10.7.3.9",
    ]);
  });

  test("back over another router hands each of a proxy's machines its own answers", () => {
    const spread: NetworkFunction = {
      ...{ name: "proxy", handling: "proxy" },
      instances: [1, 2].map((number) => {
        const carrier = machine(`proxy-${number}`, leg(clients, 20 + number), leg(middle, 20 + number));
        return { machine: carrier, legs: carrier.legs };
      }),
    };
    const there = on(machine("there", leg(middle, 10), leg(far, 10), leg(clients, 10)), "route");
    const other = on(machine("other", leg(clients, 9), leg(far, 9)), "route");
    const args = { from: clients, functions: [spread, there], to: web, returnPath: [other, spread] };
    const { routes, hops } = plan(args);
    expect(told(routes).filter((route) => route.startsWith("other"))).toEqual([
      "other: 10.7.2.21/32 via 10.7.0.21",
      "other: 10.7.2.22/32 via 10.7.0.22",
    ]);
    new Model([args], routes).walk("spread", args, hops);
  });

  test("leads through the network in which a proxy is asked for, and takes no turn that it can do without", () => {
    const front = on(machine("front", leg(clients, 20), leg(transit, 20), leg(middle, 20)), "proxy");
    const behind = on(machine("behind", leg(transit, 21), leg(middle, 21), leg(far, 21)), "proxy");
    const asked = plan({
      ...{ from: clients, to: web },
      functions: [{ ...front, backends: ["10.7.2.21"] }, behind],
    });
    expect(asked.hops.map(({ in: { address } }) => address)).toEqual(["10.7.0.20", "10.7.2.21"]);
    const wall = on(machine("wall", leg(middle, 30), leg(transit, 30)), "route", { stateful: true });
    const last = on(machine("last", leg(middle, 10), leg(far, 10)), "route");
    const legs = [leg(clients, 40), leg(middle, 40), leg(transit, 40)];
    const turning = plan({ from: clients, to: web, functions: [on(machine("first", ...legs), "proxy"), wall, last] });
    expect(turning.hops.map(({ out }) => out.network)).toEqual([transit.id, middle.id, far.id]);
  });

  test("is the same whether its way back is said or not", () => {
    const near = on(machine("near", leg(clients, 1), leg(middle, 1), leg(transit, 1)), "route");
    const next = on(machine("next", leg(transit, 2), leg(middle, 2), leg(far, 2)), "route");
    const args = { from: clients, clients: [client], functions: [near, next], to: web };
    expect(told(plan({ ...args, returnPath: [next, near] }).routes)).toEqual(told(plan(args).routes));
  });

  const firewall = on(machine("firewall", leg(transit, 30), leg(far, 30)), "route", { stateful: true });
  const refused: [string, Parameters<typeof planPath>[0], string[]][] = [
    [
      "neighbours without a network in common",
      { from: clients, functions: [proxy, on(machine("router", leg(middle, 1), leg(far, 1)), "route")], to: web },
      [
        "nothing leads from proxy (edge/clients, edge/transit) to router (edge/middle, edge/far)",
        "put a gateway between",
      ],
    ],
    [
      "a first function away from the clients",
      { from: clients, functions: [router], to: web },
      ['nothing leads from the clients in "clients" (edge/clients) to router', 'give both a leg in "edge/clients"'],
    ],
    [
      "a last function away from the servers",
      { from: clients, functions: [proxy], to: web },
      ["nothing leads from proxy (edge/clients, edge/transit) to web (edge/far)"],
    ],
    [
      "servers away from clients, and nothing between",
      { from: clients, functions: [], to: web },
      ['nothing leads from the clients in "clients"', '"edge/clients" and "edge/far"'],
    ],
    [
      "a network that only has the same name",
      { from: { ...clients, id: "other/clients" }, functions: [proxy, router], to: web },
      ["(other/clients) to proxy (edge/clients, edge/transit)"],
    ],
    ["no server", { from: clients, functions: [proxy, router], to: { ...web, machines: [] } }, ["web has no machine"]],
    ["a function twice", { from: clients, functions: [proxy, router, router], to: web }, ["stands in it twice"]],
    [
      "two functions of one name",
      { from: clients, functions: [proxy, { ...router, name: proxy.name }], to: web },
      ['two of its functions are called "proxy": give one of them another functionName'],
    ],
    [
      "a function that runs nowhere",
      { from: clients, functions: [{ ...proxy, instances: [] }, router], to: web },
      ["proxy runs nowhere"],
    ],
    [
      "instances with different legs",
      {
        from: clients,
        functions: [{ ...proxy, instances: [...proxy.instances, { legs: [leg(clients, 21)] }] }, router],
        to: web,
      },
      ["proxy runs on machines with legs in different networks"],
    ],
    [
      "a way back that leaves out a proxy",
      { from: clients, functions: [proxy, router], to: web, returnPath: [router] },
      ["returnPath leaves out proxy, which must see both directions"],
    ],
    [
      "a way back in the order of the way there",
      { from: clients, functions: [proxy, firewall], to: web, returnPath: [proxy, firewall] },
      ["returnPath passes proxy, firewall in this order", "firewall, proxy"],
    ],
    [
      "a way back that leads nowhere",
      {
        from: clients,
        functions: [proxy, router],
        to: web,
        returnPath: [on(machine("lost", leg(middle, 5)), "route"), proxy],
      },
      ["nothing leads from web (edge/far) to lost (edge/middle)"],
    ],
    [
      "a function that packets would not pass, since who sends them is beside their end",
      {
        from: clients,
        functions: [on(machine("proxy", leg(clients, 20), leg(transit, 20), leg(far, 20)), "proxy"), router],
        to: web,
      },
      ["proxy has a leg in the network that its packets go to, so they would not pass router"],
    ],
    [
      "a firewall that answers would not pass",
      {
        from: clients,
        functions: [
          proxy,
          on(machine("firewall", leg(transit, 30), leg(middle, 30)), "route", { stateful: true }),
          on(machine("joint", leg(middle, 2), leg(far, 2), leg(transit, 2)), "route"),
        ],
        to: web,
      },
      ["joint answers past firewall, which must see both directions"],
    ],
    [
      "a balancer over somebody else's servers",
      { from: clients, functions: [{ ...proxy, backends: ["10.7.3.11", "10.9.9.9:80"] }, router], to: web },
      ["proxy balances over 10.9.9.9:80, which is no address of web"],
    ],
    [
      "a balancer over the next one's address in a network behind it",
      {
        from: clients,
        functions: [
          { ...proxy, backends: ["10.7.3.21"] },
          on(machine("next", leg(transit, 21), leg(far, 21)), "proxy"),
        ],
        to: web,
      },
      ['proxy balances over 10.7.3.21, which is no address of next in "edge/transit"'],
    ],
    [
      "a balancer over a port that the next one does not answer on",
      {
        from: clients,
        functions: [
          { ...proxy, backends: ["10.7.1.21"] },
          on(machine("next", leg(transit, 21), leg(far, 21)), "proxy", { port: 8080 }),
        ],
        to: web,
      },
      ["proxy balances over 10.7.1.21, and next answers on port 8080: name that port"],
    ],
    [
      "a firewall that answers alone pass",
      { from: clients, functions: [proxy, router], to: web, returnPath: [firewall, proxy] },
      ["returnPath passes firewall, which must see both directions, and requests do not pass it"],
    ],
    [
      "a router whose machine reaches the servers by a leg that it does not forward to",
      {
        from: clients,
        functions: [
          proxy,
          {
            ...{ name: "closed", handling: "route" },
            instances: [
              {
                machine: machine("node", leg(transit, 5), leg(middle, 5), leg(far, 5)),
                legs: [leg(transit, 5), leg(middle, 5)],
              },
            ],
          },
          on(machine("last", leg(middle, 6), leg(far, 6)), "route"),
        ],
        to: web,
      },
      ['node has a leg in "edge/far", where closed has none'],
    ],
    [
      "a gateway with the address of another router on the path",
      {
        from: clients,
        functions: [
          proxy,
          new Gateway("gateway", { legs: [{ network: transit, address: "10.7.1.10" }, { network: far }] }),
        ],
        to: web,
        returnPath: [router, proxy],
      },
      ['router has the address 10.7.1.10 in "edge/transit", which is that of gateway'],
    ],
  ];
  test.each(refused)("is refused: %s", (_, args, says) => {
    const { message } = refusalOf(() => plan(args));
    for (const words of says) expect(message).toContain(words);
  });
});

describe("any chain", () => {
  const handlings = fc.array(fc.constantFrom<PacketHandling>("route", "translate", "proxy"), { maxLength: 5 });
  test("is walked by requests and answers, function by function, with the routes that it plans", () => {
    fc.assert(
      fc.property(
        handlings,
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 5, maxLength: 5 }),
        (chain, servers, spread) => {
          const networks = [0, ...chain.keys()].map((_, at) => network(`n${at}`, at + 10));
          const near = networks[0] ?? clients;
          const last = networks[chain.length] ?? near;
          const asks = machine("asks", leg(near, 200));
          const functions = chain.map((handling, at): NetworkFunction => {
            const carriers = Array.from({ length: handling === "proxy" ? (spread[at] ?? 1) : 1 }, (_, number) =>
              machine(
                `f${at}-${number}`,
                leg(networks[at + 1] ?? last, 20 + number),
                leg(networks[at] ?? near, 10 + number),
              ),
            );
            return {
              name: `f${at}`,
              handling,
              instances: carriers.map((carrier) => ({ machine: carrier, legs: carrier.legs })),
            };
          });
          const group = {
            name: "servers",
            network: last,
            machines: Array.from({ length: servers }, (_, at) => machine(`server-${at}`, leg(last, 100 + at))),
          };
          const path = { from: near, clients: [asks], functions, to: group };
          const { routes, hops } = plan(path);
          new Model([path], routes).walk("any", path, hops);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** A whole chain, on ranges of its own. */
function whole(
  prefix: string,
  second: number,
  site = new Site(prefix, { platform: lab(), transitCidr: `10.${second}.1.0/24` }),
) {
  const asking = new Network(`${prefix}-clients`, { site, cidr: `10.${second}.0.0/24` });
  const servers = new Network(`${prefix}-servers`, { site, cidr: `10.${second}.2.0/24` });
  const apache = new WebServers(`${prefix}-apache`, { network: servers });
  const cluster = new KubernetesCluster(`${prefix}-k8s`, { networks: [site.transit, servers] });
  const swarm = new SwarmCluster(`${prefix}-swarm`, { networks: [site.transit, asking] });
  const quagga = new QuaggaRouter(`${prefix}-quagga`, { cluster });
  const nginx = new NginxLoadBalancer(`${prefix}-nginx`, { cluster: swarm, backends: apache.addresses });
  const chain = new ServiceChain(`${prefix}-web`, { from: asking, functions: [nginx, quagga], to: apache });
  return { site, asking, servers, apache, cluster, swarm, quagga, nginx, chain };
}

describe("two of everything", () => {
  test("two whole chains, on two sites, in one program", async () => {
    const [north, south] = [whole("north", 20), whole("south", 21)];
    expect(await value(north.chain.url)).toBe("http://10.20.0.20");
    expect(await value(south.chain.url)).toBe("http://10.21.0.20");
    await settled();
    expect(registered().length).toBeGreaterThan(100);
    expect(one(made, "south-transit-network").inputs.name).toBe("hybrid-vnf-south-transit");
  });

  test("two servers' networks, clusters of a kind, routers and balancers on one site", async () => {
    const { site, asking } = whole("one", 22);
    const servers = new Network("more", { site, cidr: "10.22.9.0/24" });
    const apache = new WebServers("more-apache", { network: servers });
    const cluster = new KubernetesCluster("more-k8s", { networks: [site.transit, servers], firstHost: 40 });
    const swarm = new SwarmCluster("more-swarm", { networks: [site.transit, asking], firstHost: 50 });
    const chain = new ServiceChain("more-web", {
      from: asking,
      functions: [
        new NginxLoadBalancer("more-nginx", { cluster: swarm, backends: apache.addresses }),
        new QuaggaRouter("more-quagga", { cluster }),
      ],
      to: apache,
    });
    expect(await value(chain.url)).toBe("http://10.22.0.50");
    await settled();
    expect(registered().length).toBeGreaterThan(100);
  });

  test("two chains over one set of servers: answers find their own way back", async () => {
    const { site, asking, servers, apache } = whole("both", 23);
    const cluster = new KubernetesCluster("b-k8s", { networks: [site.transit, servers], firstHost: 40 });
    const swarm = new SwarmCluster("b-swarm", { networks: [site.transit, asking], firstHost: 50 });
    const second = new ServiceChain("b-web", {
      from: asking,
      functions: [
        new NginxLoadBalancer("b-nginx", { cluster: swarm, backends: apache.addresses }),
        new QuaggaRouter("b-quagga", { cluster }),
      ],
      to: apache,
    });
    expect(told(second.routes)).toContain("both-apache-1: 10.23.1.50/32 via 10.23.2.40");
    await value(second.url);
    await settled();
    registered();
  });

  test("a second machine with the address or the name of the first is refused", () => {
    const { site, servers } = whole("twin", 24);
    expect(refusalOf(() => new KubernetesCluster("again", { networks: [site.transit, servers] })).message).toContain(
      'again-1 would have the address 10.24.1.10 in network "transit", which twin-k8s-1 has',
    );
    expect(
      refusalOf(() => new WebServers("other", { network: servers, machineName: "twin-apache", firstHost: 40 })).message,
    ).toContain('the site has a machine "twin-apache-1" already');
    expect(refusalOf(() => new Network("inside", { site, cidr: "10.24.1.128/25" })).message).toContain(
      'network "inside" 10.24.1.128/25 overlaps network "transit" 10.24.1.0/24',
    );
  });
});

describe("a function of one's own", () => {
  /** A firewall as its author would write it: the library knows nothing of it. */
  class Firewall extends pulumi.ComponentResource implements NetworkFunction {
    public readonly handling = "route";
    public readonly stateful = true;
    public readonly instances;
    constructor(
      public readonly name: string,
      carrier: MachineLike,
    ) {
      super("test:Firewall", name);
      this.instances = [{ machine: carrier, legs: carrier.legs }];
    }
  }

  test("stands in a chain, in its contract, and in a chain of another stack", async () => {
    const wall = new Firewall("wall", machine("wall", leg(transit, 30), leg(middle, 30)));
    const last = on(machine("router", leg(middle, 10), leg(far, 10)), "route");
    const chain = new ServiceChain("web", {
      from: clients,
      clients: [client],
      functions: [proxy, wall, last],
      to: web,
    });
    const { contract, secrets } = publishChain(chain);
    const read = serviceContract.parse("o/service/dev", await value(contract), await value(secrets));
    expect(read.facts.hops.map(({ name, handling, stateful }) => [name, handling, stateful])).toEqual([
      ["proxy", "proxy", true],
      ["wall", "route", true],
      ["router", "route", false],
    ]);
    expect(read.facts.routes).toEqual(
      chain.routes.map(({ machine: { id }, destination, nextHop }) => ({ machine: id, destination, nextHop })),
    );
    expect(read.facts.servers[0]?.machine).toMatchObject({ id: web.machines[0]?.id, legs: web.machines[0]?.legs });
    expect(read.facts.returnPath).toBeUndefined();
    const again = plan({ from: clients, functions: functionsOf(read), to: web });
    expect(told(again.routes)).toEqual(told(chain.routes));
    await settled();
    registered();
  });
});

describe("providers", () => {
  test("a cluster has one for all that runs on it, and a caller's own is taken instead", async () => {
    const { cluster } = whole("p", 25);
    const more = new QuaggaRouter("p-more", { cluster });
    const mine = new kubernetes.Provider("mine", { kubeconfig: "mine" });
    const other = new QuaggaRouter("p-other", { cluster }, { provider: mine });
    const another = new QuaggaRouter("p-another", { cluster }, { providers: { kubernetes: mine } });
    await Promise.all([more, other, another].map(({ ready }) => value(ready)));
    await settled();
    const providerOf = (name: string) => one(made, `${name}-deployment`).provider;
    expect(providerOf("p-quagga")).toContain("::p-k8s-provider::");
    expect(providerOf("p-more")).toContain("::p-k8s-provider::");
    expect(providerOf("p-other")).toContain("::mine::");
    expect(providerOf("p-another")).toContain("::mine::");
    expect(one(made, "p-nginx-image-build").provider ?? "").toBe("");
    expect(
      made
        .filter(({ type }) => type === "pulumi:providers:kubernetes")
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["mine", "p-k8s-provider"]);
    expect(made.filter(({ type }) => type === "pulumi:providers:docker").map(({ name }) => name)).toEqual([
      "p-swarm-provider",
    ]);
  });

  test("a caller's is never overridden by the platform's, nor builds images that are the operator's", async () => {
    const engine = new docker.Provider("engine", { host: "tcp://engine:2375" });
    const mine = new docker.Provider("mine", { host: "tcp://mine:2375" });
    const named = { provider: mine };
    const site = new Site("q", { platform: lab({ provider: engine }), transitCidr: "10.27.101.0/24" });
    const network = new Network("q-own", { site, cidr: "10.27.102.0/24" }, named);
    const apache = new WebServers("q-apache", { network, serverCount: 1 }, named);
    const client = new Machine("q-client", { networks: [network], role: "client", host: 60 }, { providers: [mine] });
    const swarm = new SwarmCluster("q-swarm", { networks: [site.transit], firstHost: 50 });
    const balancer = new NginxLoadBalancer("q-nginx", { cluster: swarm, backends: apache.addresses }, named);
    await Promise.all([client.identity, balancer.ready].map((one) => value(one)));
    await settled();
    const providerOf = (name: string) => /::([a-z-]+)::[^:]*$/.exec(one(made, name).provider ?? "")?.[1];
    for (const name of ["q-own-network", "q-apache-1-container", "q-client-container", "q-nginx-service"])
      expect(providerOf(name), name).toBe("mine");
    for (const name of ["q-transit-network", "q-swarm-1-container", "q-swarm-1-store"])
      expect(providerOf(name), name).toBe("engine");
    expect(providerOf("q-nginx-image-build")).toBe("q-nginx-image-engine");
  });
});
