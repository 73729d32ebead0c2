import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type HostSettings, hosts, KubernetesLayer, Site, SwarmLayer } from "../../components";
import { type Made, one, record, refusalOf, settled, value } from "./mocks";

const hostKey = "ssh-ed25519 AAAA";
const pool: Record<string, HostSettings> = {
  "apache-1": { hostKey, addresses: ["10.100.102.77"] },
  "apache-2": { hostKey, addresses: ["10.100.102.33"], host: "apache.example", port: 2222 },
  "kubernetes-1": { hostKey, addresses: ["192.0.2.7", "10.100.102.50", "10.100.101.50"] },
  "swarm-1": { hostKey, addresses: ["10.100.101.60", "10.100.100.60"] },
  client: { hostKey, addresses: ["10.100.100.99"] },
};
const site = (given: unknown = pool) =>
  new Site("site", {
    siteName: "borrowed",
    platform: hosts({ hosts: given as typeof pool, privateKey: "ENTRY PRIVATE KEY" }),
    transitCidr: "10.100.101.0/24",
  });

let made: Made[];
beforeEach(() => {
  made = record();
});
afterEach(settled);

describe("a pool of hosts is refused when", () => {
  const cases: [string, unknown, RegExp][] = [
    ["it is empty", {}, /there is no host in it: name at least one/],
    ["it is no object", [], /hosts: it must be an object of hosts by machine/],
    ["a name is no machine's", { "Apache 1": pool["apache-1"] }, /it must name a machine, such as "kubernetes-1"/],
    [
      "a host key is missing",
      { client: { addresses: ["10.0.0.1"] } },
      /hosts\.client\.hostKey: it must be the host's public key/,
    ],
    [
      "a host key is none",
      { client: { hostKey: "SHA256:abc", addresses: ["10.0.0.1"] } },
      /it must be a public host key, such as/,
    ],
    ["a host has no addresses", { client: { hostKey, addresses: [] } }, /it must hold at least one address/],
    [
      "an address is none",
      { client: { hostKey, addresses: ["10.0.0.256"] } },
      /"10\.0\.0\.256" is not an IPv4 address/,
    ],
    [
      "a port is out of range",
      { client: { hostKey, addresses: ["10.0.0.1"], port: 70000 } },
      /port: it must be from 1 to 65535/,
    ],
    ["a word is unknown", { client: { hostKey, addresses: ["10.0.0.1"], user: "me" } }, /Unrecognized key: "user"/],
    [
      "two hosts have one address",
      { client: pool.client, "swarm-1": { hostKey, addresses: ["10.100.100.99"] } },
      /swarm-1 and client both have 10\.100\.100\.99/,
    ],
  ];
  test.each(cases)("%s", (_, given, sentence) => {
    expect(refusalOf(() => site(given)).message).toMatch(sentence);
    expect(made).toEqual([]);
  });

  test("a machine has no host: the message lists those that there are", () => {
    const { "apache-2": _, ...rest } = pool;
    expect(refusalOf(() => new KubernetesLayer("k", { transit: site(rest).transit })).message).toMatch(
      /no host is given for machine "apache-2" \(given: apache-1, kubernetes-1, swarm-1, client\)/,
    );
  });

  test("a host has no address in a network of its machine", () => {
    const given = { ...pool, "kubernetes-1": { hostKey, addresses: ["10.100.102.50"] } };
    expect(refusalOf(() => new KubernetesLayer("k", { transit: site(given).transit })).message).toMatch(
      /host kubernetes-1 has no address in network "transit" 10\.100\.101\.0\/24 \(it has: 10\.100\.102\.50\)/,
    );
  });
});

describe("on hosts", () => {
  test("addresses come from the pool, and SSH goes where the host says", async () => {
    const { transit } = site();
    const kubernetes = new KubernetesLayer("k", { transit });
    const swarm = new SwarmLayer("s", { transit });
    expect(kubernetes.servers.addresses).toEqual(["10.100.102.77", "10.100.102.33"]);
    expect(await value(kubernetes.cluster.endpoint)).toBe("https://192.0.2.7:6443");
    expect(await value(swarm.cluster.endpoint)).toBe("tcp://10.100.101.60:2376");
    await value(kubernetes.cluster.kubeconfig);
    expect(one(made, "k-apache-2-packages").inputs.connection).toMatchObject({
      host: "apache.example",
      port: 2222,
      hostKey,
    });
    expect(one(made, "k-cluster-1-packages").inputs.connection).toMatchObject({ host: "192.0.2.7" });
  });

  test("no network is made, and only what was made is ever undone", async () => {
    const { transit } = site();
    const kubernetes = new KubernetesLayer("k", { transit });
    await value(kubernetes.cluster.kubeconfig);
    expect(made.filter((resource) => !/^(command|hybrid-vnf|pulumi):/.test(resource.type))).toEqual([]);
    expect(one(made, "k-apache-1-packages").inputs.delete).toBe("bash -s -- delete");
    expect(one(made, "k-cluster-1-programs").inputs.delete).toBe("bash -s -- delete");
  });

  test("the owner's key is used to let the site's key in, and for nothing else", async () => {
    const { transit } = site();
    const kubernetes = new KubernetesLayer("k", { transit });
    await value(kubernetes.cluster.kubeconfig);
    const entered = made
      .filter((resource) => JSON.stringify(resource.inputs).includes("ENTRY"))
      .map((resource) => resource.name);
    expect(entered.sort()).toEqual(
      Object.keys(pool)
        .map((machine) => `site-key-on-${machine}`)
        .sort(),
    );
    for (const name of entered) expect(one(made, name).secrets).toContain("connection");
  });
});
