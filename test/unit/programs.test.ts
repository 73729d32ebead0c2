import fc from "fast-check";
import { expect, test } from "vitest";
import {
  InvalidInput,
  KubernetesCluster,
  lab,
  Machine,
  Network,
  NginxLoadBalancer,
  QuaggaRouter,
  ServiceChain,
  Site,
  SwarmCluster,
  WebServers,
} from "../../components";
import { record, registered, settled, value } from "./mocks";

/** What a program can get wrong, each of which makes it unsound by itself. */
const FLAWS = [
  "a network inside another one",
  "a reserved range",
  "two clusters on the same addresses",
  "two machines of one name",
  "no server",
  "an even number of managers",
  "no router in the chain",
  "no balancer in the chain",
  "functions in the wrong order",
  "a function twice",
  "a router of another site",
  "a balancer over another site's servers",
  "a way back past the balancer",
] as const;
type Flaw = (typeof FLAWS)[number];

interface SiteSpec {
  readonly servers: number;
  readonly workers: number;
  readonly managers: 1 | 3;
  /** Chains, each with clusters, router and balancer of its own. */
  readonly chains: number;
  readonly clients: boolean;
}
const siteSpec: fc.Arbitrary<SiteSpec> = fc.record({
  servers: fc.integer({ min: 1, max: 4 }),
  workers: fc.integer({ min: 0, max: 2 }),
  managers: fc.constantFrom(1, 3),
  chains: fc.integer({ min: 1, max: 2 }),
  clients: fc.boolean(),
});

/** Makes the program; a flaw is in the first chain of the first site. */
function make(specs: readonly SiteSpec[], flaw?: Flaw): ServiceChain[] {
  const first: { router?: QuaggaRouter; addresses?: readonly string[] } = {};
  const sites = [...specs, ...(flaw?.includes("another site") && specs.length < 2 ? specs : [])];
  // The first site comes last, so that what it borrows is there.
  return [...sites.entries()].reverse().flatMap(([number, spec]) => {
    const has = (one: Flaw) => number === 0 && flaw === one;
    const name = `site${number}`;
    const range = (third: number) => `10.${100 + number}.${third}.0/24`;
    const site = new Site(name, { platform: lab(), transitCidr: has("a reserved range") ? "127.0.0.0/24" : range(1) });
    const clients = new Network(`${name}-clients`, { site, cidr: range(0) });
    const servers = new Network(`${name}-servers`, {
      site,
      cidr: has("a network inside another one") ? `10.${100 + number}.1.128/25` : range(2),
    });
    const serverCount = has("no server") ? 0 : spec.servers;
    const apache = new WebServers(`${name}-apache`, { network: servers, serverCount });
    if (has("two machines of one name"))
      new WebServers(`${name}-more`, { network: servers, machineName: `${name}-apache`, firstHost: 90 });
    const asking = spec.clients
      ? [new Machine(`${name}-client`, { networks: [clients], role: "client", host: 240 })]
      : [];
    return Array.from({ length: Math.max(spec.chains, has("two clusters on the same addresses") ? 2 : 0) }, (_, at) => {
      const own = `${name}-${"abc"[at]}`;
      const spread = has("two clusters on the same addresses") ? 0 : at;
      const cluster = new KubernetesCluster(`${own}-k8s`, {
        networks: [site.transit, servers],
        workerCount: spec.workers,
        firstHost: 40 + 20 * spread,
        firstWorkerHost: 41 + 20 * spread,
      });
      const swarm = new SwarmCluster(`${own}-swarm`, {
        networks: [site.transit, clients],
        managerCount: has("an even number of managers") ? 2 : spec.managers,
        firstHost: 50 + 20 * spread,
      });
      const router = new QuaggaRouter(`${own}-quagga`, { cluster });
      const backends = has("a balancer over another site's servers") ? (first.addresses ?? []) : apache.addresses;
      const balancer = new NginxLoadBalancer(`${own}-nginx`, { cluster: swarm, backends });
      const path = {
        "no router in the chain": [balancer],
        "no balancer in the chain": [router],
        "functions in the wrong order": [router, balancer],
        "a function twice": [balancer, router, router],
        "a router of another site": [balancer, first.router ?? router],
      };
      const functions = (number === 0 && flaw && path[flaw as keyof typeof path]) || [balancer, router];
      first.router ??= router;
      first.addresses ??= apache.addresses;
      return new ServiceChain(`${own}-web`, {
        ...{ from: clients, clients: asking, functions, to: apache },
        ...(has("a way back past the balancer") ? { returnPath: [router] } : {}),
      });
    });
  });
}

const specs = fc.array(siteSpec, { minLength: 1, maxLength: 2 });

test("a sound program is never refused, and names every resource once", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(specs, async (all) => {
      record();
      const chains = make(all);
      expect(await Promise.all(chains.map(({ url }) => value(url)))).toHaveLength(chains.length);
      await settled();
      registered();
    }),
    { numRuns: 10 },
  );
});

test("an unsound one never passes, and is told so in sentences", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(specs, fc.constantFrom(...FLAWS), async (all, flaw) => {
      record();
      let refusal: unknown;
      try {
        make(all, flaw);
      } catch (error) {
        refusal = error;
      }
      await settled();
      expect(refusal, flaw).toBeInstanceOf(InvalidInput);
      const { message } = refusal as InvalidInput;
      expect(message).not.toMatch(/^\s+at |undefined|\[object|NaN|Calling \[/m);
      // What it names begins as the program's own names do.
      for (const [, name = ""] of message.matchAll(/"([a-z0-9/-]+)"/g)) expect(name).toMatch(/^(site\d|transit$)/);
    }),
    { numRuns: 40 },
  );
});
