import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test } from "vitest";
import { QuaggaRouter, type QuaggaRouterArgs } from "../../components";
import { deployedKubernetes, there } from "../bad-input/ground";
import { type Made, one, record, settled } from "./mocks";

/** The networks of the node in images/quagga/test.sh, where FRR itself takes these files. */
const near = { id: "test/near", name: "near", cidr: "172.29.5.0/24" };
const far = { id: "test/far", name: "far", cidr: "172.29.6.0/24" };

let made: Made[] = [];
beforeEach(() => {
  made = record();
});

const inputsOf = (name: string) => one(made, name).inputs;
const podOf = () =>
  (
    inputsOf("quagga-deployment") as {
      spec: {
        template: {
          spec: {
            nodeSelector: object;
            volumes: { name: string }[];
            containers: {
              env: { name: string; value: string }[];
              securityContext: object;
              volumeMounts: { name: string; mountPath: string }[];
            }[];
          };
        };
      };
    }
  ).spec.template.spec;
const environment = () =>
  Object.fromEntries((podOf().containers[0]?.env ?? []).map(({ name, value }) => [name, value]));

async function router(args: Omit<QuaggaRouterArgs, "cluster">): Promise<void> {
  const nodes = [there("k8s-1", 10, [near, far]), there("k8s-2", 11, [near, far])];
  new QuaggaRouter("quagga", { cluster: deployedKubernetes({ nodes, networks: [near, far] }), ...args });
  await settled();
}
const lines = () => (inputsOf("quagga-protocols").stringData as Record<string, string>)["frr.conf"];

describe("a router's protocols", () => {
  const password = "Tr4nsit";
  const files: [string, Omit<QuaggaRouterArgs, "cluster">, string][] = [
    ["ospf-plain", { ospf: {} }, "ospfd"],
    [
      "ospf",
      {
        ospf: {
          routerId: "10.0.0.1",
          areas: [{ area: 0, networks: [near] }, { area: 4294967295 }],
          passive: [far],
          cost: 100,
          helloSeconds: 1,
          deadSeconds: 3,
          redistribute: ["connected", "static"],
          password,
          bfd: { intervalMilliseconds: 100, multiplier: 5 },
        },
      },
      "ospfd,bfdd",
    ],
    ["rip-plain", { rip: {} }, "ripd"],
    [
      "rip",
      {
        rip: {
          networks: [near],
          updateSeconds: 5,
          timeoutSeconds: 15,
          garbageSeconds: 10,
          redistribute: ["connected", "static"],
          password,
        },
      },
      "ripd",
    ],
    ["bgp-plain", { bgp: { asNumber: 65001, neighbours: [{ address: "172.29.5.20", asNumber: 65002 }] } }, "bgpd"],
    [
      "bgp",
      {
        routes: [{ destination: "10.200.0.0/16", nextHop: "172.29.6.20" }],
        bgp: {
          asNumber: 4200000000,
          routerId: "10.0.0.1",
          neighbours: [
            { address: "172.29.5.20", asNumber: 65002, password },
            { address: "172.29.6.20", asNumber: 4200000000, bfd: false },
          ],
          networks: [near.cidr, "10.200.0.0/16"],
          keepaliveSeconds: 1,
          holdSeconds: 4,
          redistribute: ["connected", "static"],
          bfd: { intervalMilliseconds: 50 },
        },
      },
      "bgpd,bfdd",
    ],
    [
      "all",
      {
        ospf: { passive: [far], redistribute: ["rip", "bgp"], bfd: true },
        rip: { networks: [far], redistribute: ["ospf", "bgp"] },
        bgp: {
          asNumber: 65001,
          neighbours: [{ address: "172.29.5.20", asNumber: 65002 }],
          redistribute: ["ospf", "rip"],
          bfd: true,
        },
      },
      "ospfd,ripd,bgpd,bfdd",
    ],
  ];
  test.each(files)(
    "%s are told to FRR by the golden file, which FRR itself accepts (images/quagga/test.sh)",
    async (name, args, daemons) => {
      await router(args);
      expect(environment().DAEMONS).toBe(daemons);
      await expect(`! DAEMONS=${daemons}\n${lines()}\n`).toMatchFileSnapshot(
        `../../images/quagga/test/golden/protocols/${name}.conf`,
      );
      // What runs is told the same.
      expect(inputsOf("quagga-routes").stdin).toContain(`export PROTOCOLS='${lines()}'`);
    },
  );

  test("leave a pod without them as it was", async () => {
    await router({});
    expect(Object.keys(environment())).toEqual(["INTERFACES", "ROUTES_FILE"]);
    expect(made.map(({ name }) => name)).not.toContain("quagga-protocols");
    expect(inputsOf("quagga-routes").stdin).not.toContain("export PROTOCOLS");
  });

  test("are no part of the pod, so that other ones of the same daemons are no other pod", async () => {
    await router({ ospf: { helloSeconds: 1 } });
    const pod = podOf();
    made = record();
    await router({ ospf: { helloSeconds: 2, password } });
    expect(podOf()).toEqual(pod);
  });

  test.each([
    ["a plain text", password],
    ["an output", pulumi.output(password)],
    ["a secret", pulumi.secret(password)],
  ])("keep a password secret that is given as %s", async (_, given) => {
    await router({
      ospf: { password: given },
      rip: { password: given },
      bgp: { asNumber: 65001, neighbours: [{ address: "172.29.5.20", asNumber: 65002, password: given }] },
    });
    expect(lines()?.split(password)).toHaveLength(5);
    for (const { name, wire, secrets } of made)
      if (JSON.stringify(wire).includes(password))
        expect([name, secrets.some((key) => key === "stringData" || key === "stdin")]).toEqual([name, true]);
    const open = made.filter(({ wire, secrets }) =>
      JSON.stringify(Object.fromEntries(Object.entries(wire).filter(([key]) => !secrets.includes(key)))).includes(
        password,
      ),
    );
    expect(open.map(({ name }) => name)).toEqual([]);
  });

  test("are spoken on the node that is named", async () => {
    await router({ node: "k8s-2", ospf: {} });
    expect(podOf().nodeSelector).toEqual({ "kubernetes.io/hostname": "k8s-2" });
    expect(lines()).toContain("ospf router-id 172.29.5.11");
  });
});

test("a router's pod is of the runtime class that is named", async () => {
  await router({ runtimeClass: "gvisor" });
  expect(podOf()).toMatchObject({ runtimeClassName: "gvisor", hostNetwork: true });
});

test("a router has processors for itself that it asks for whole, and its cluster for first", async () => {
  await router({ dedicatedCores: 2, memoryLimitMiB: 128 });
  const all = { cpu: "2", memory: "128Mi" };
  expect(podOf().containers[0]).toMatchObject({ resources: { limits: all, requests: all } });
  const asked = String(one(made, "quagga-reserved").inputs.stdin);
  expect(asked).toContain("export CORES='2'");
  expect(asked).toContain("export FUNCTION='quagga'");
});

describe("a router's privileges", () => {
  test("are the original's where they are asked for", async () => {
    await router({ privileged: true });
    expect(podOf().containers[0]?.securityContext).toEqual({ privileged: true });
  });

  test("are the least else, with which its image is tested (images/quagga/test.sh)", async () => {
    await router({});
    const { containers, volumes } = podOf();
    const { securityContext, volumeMounts } = containers[0] ?? {};
    const script = readFileSync(join(__dirname, "../../images/quagga/test.sh"), "utf8");
    const tested = (what: string) => new RegExp(`^for ${what} in (.*); do least`, "m").exec(script)?.[1]?.split(" ");
    expect(securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"], add: tested("capability") },
      privileged: false,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    const writable = volumes?.filter((volume) => "emptyDir" in volume).map(({ name }) => name);
    expect(volumeMounts?.filter(({ name }) => writable?.includes(name)).map(({ mountPath }) => mountPath)).toEqual(
      tested("folder"),
    );
    expect(volumes?.filter((volume) => "hostPath" in volume)).toEqual([]);
  });
});
