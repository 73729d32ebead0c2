import * as path from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test } from "vitest";
import { InvalidInput, KubernetesMicroservice, SwarmMicroservice } from "../../components";
import { parsePath, pathText } from "../../components/descriptor/override";
import { bytes, words } from "../../components/microservice/compose";
import { fixedFieldsOf, refusesReplacement } from "../../components/microservice/fixed";
import { typeOf } from "../../components/microservice/kinds";
import { swarmMicroservice } from "../bad-input/compose";
import { file } from "../bad-input/file";
import { deployedKubernetes, deployedSwarm } from "../bad-input/ground";
import { microservice, WEB } from "../bad-input/manifests";
import { type Made, one, record, registered, settled } from "./mocks";

let made: Made[];
beforeEach(() => {
  made = record();
});

/** What was made beside the cluster's provider, by type and name. */
const children = () =>
  made
    .filter(({ type }) => !type.startsWith("pulumi:"))
    .map(({ type, name }) => `${type} ${name}`)
    .sort();

describe("a microservice on Kubernetes", () => {
  test("makes an object of the manifests each, by the cluster's provider", async () => {
    const shop = microservice({})();
    await settled();
    expect(children()).toEqual([
      "hybrid-vnf:microservice:KubernetesMicroservice shop",
      "kubernetes:apps/v1:Deployment shop-web-deployment",
      "kubernetes:core/v1:Service shop-web-service",
    ]);
    expect(registered()).toContain(
      "hybrid-vnf:microservice:KubernetesMicroservice$kubernetes:core/v1:Service::shop-web-service",
    );
    expect(one(made, "shop-web-deployment").provider).toContain("k-provider");
    expect(Object.keys(shop.objects)).toEqual(["Deployment/web", "Service/web"]);
    expect(one(made, "shop-web-service").inputs).toEqual({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web" },
      spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
    });
  });

  test("puts other values in their places, and leaves the manifest's own data alone", async () => {
    const data = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "pages" }, data: { "index.html": "old" } };
    new KubernetesMicroservice("shop", {
      cluster: deployedKubernetes(),
      manifests: [file(WEB), data],
      overrides: [
        { kind: "Deployment", path: "spec.template.spec.containers[0].image", value: pulumi.output("nginx:2") },
        { kind: "Deployment", path: "spec.replicas", value: 3 },
        { kind: "Deployment", path: 'metadata.annotations["example.org/team"]', value: "edge", add: true },
        {
          kind: "Deployment",
          path: "spec.template.spec.containers[1]",
          value: { name: "side", image: "side:1" },
          add: true,
        },
        { kind: "Service", path: "spec.ports[0].port", value: "http" },
        { kind: "Service", path: "spec.selector", value: null },
        { name: "pages", path: 'data["index.html"]', value: "new" },
      ],
      env: [
        { variables: { GREETING: "hello" } },
        { kind: "Deployment", container: "side", variables: { TOKEN: pulumi.secret("secret") } },
      ],
    });
    await settled();
    const { metadata, spec } = one(made, "shop-web-deployment").inputs as never as {
      metadata: object;
      spec: { replicas: number; template: { spec: { containers: Record<string, unknown>[] } } };
    };
    expect(metadata).toEqual({ name: "web", annotations: { "example.org/team": "edge" } });
    expect(spec.replicas).toBe(3);
    expect(spec.template.spec.containers.map(({ name, image, env }) => ({ name, image, env }))).toEqual([
      { name: "nginx", image: "nginx:2", env: [{ name: "GREETING", value: "hello" }] },
      {
        name: "side",
        image: "side:1",
        env: [
          { name: "GREETING", value: "hello" },
          { name: "TOKEN", value: "secret" },
        ],
      },
    ]);
    expect(one(made, "shop-web-service").inputs.spec).toEqual({ ports: [{ port: "http" }] });
    expect(one(made, "shop-pages-configmap").inputs.data).toEqual({ "index.html": "new" });
    expect(data.data).toEqual({ "index.html": "old" });
  });

  test("gives containers the limits and requests that they say nothing of", async () => {
    const resources = (own: object) => ({ name: "c", image: "c", ...(own ? { resources: own } : {}) });
    new KubernetesMicroservice("shop", {
      cluster: deployedKubernetes(),
      manifests: [
        {
          apiVersion: "batch/v1",
          kind: "CronJob",
          metadata: { name: "sweep" },
          spec: {
            schedule: "0 * * * *",
            jobTemplate: {
              spec: {
                template: {
                  spec: {
                    initContainers: [{ name: "i", image: "i" }],
                    containers: [
                      resources({ limits: { memory: "1Gi", cpu: 1 } }),
                      resources({ requests: { memory: "16Mi", cpu: "100m" } }),
                    ],
                  },
                },
              },
            },
          },
        },
      ],
      memoryLimitMiB: 64,
      cpuLimit: 0.5,
    });
    await settled();
    const { spec } = one(made, "shop-sweep-cronjob").inputs as never as {
      spec: {
        jobTemplate: { spec: { template: { spec: Record<"initContainers" | "containers", { resources: object }[]> } } };
      };
    };
    const { initContainers, containers } = spec.jobTemplate.spec.template.spec;
    expect([...initContainers, ...containers].map((container) => container.resources)).toEqual([
      { limits: { memory: "64Mi", cpu: "500m" }, requests: { memory: "32Mi", cpu: "20m" } },
      { limits: { memory: "1Gi", cpu: 1 } },
      { limits: { memory: "64Mi" }, requests: { memory: "16Mi", cpu: "100m" } },
    ]);
  });

  test("gives pods the runtime class that they name none of", async () => {
    const pod = (name: string, spec: object = {}) => ({
      ...{ apiVersion: "v1", kind: "Pod", metadata: { name } },
      spec: { containers: [{ name: "c", image: "c" }], ...spec },
    });
    new KubernetesMicroservice("shop", {
      cluster: deployedKubernetes(),
      manifests: [pod("one"), pod("two", { runtimeClassName: "gvisor" })],
      runtimeClass: "kata",
    });
    await settled();
    const classes = ["one", "two"].map((name) => one(made, `shop-${name}-pod`).inputs.spec);
    expect(classes).toMatchObject([{ runtimeClassName: "kata" }, { runtimeClassName: "gvisor" }]);
  });

  test("two of it are in one program, in namespaces of their own, each made before what is in it", async () => {
    const cluster = deployedKubernetes();
    for (const space of ["red", "blue"])
      new KubernetesMicroservice(space, {
        cluster,
        manifests: [
          { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "pages", namespace: space } },
          { apiVersion: "v1", kind: "Namespace", metadata: { name: space } },
        ],
      });
    await settled();
    expect(registered().filter((urn) => urn.includes("$kubernetes:"))).toHaveLength(4);
    expect(made.map(({ name }) => name).filter((name) => name.startsWith("red-"))).toEqual([
      "red-red-namespace",
      "red-red/pages-configmap",
    ]);
  });

  test("is made by the provider that a caller names, waits as long as it says, and keeps a Secret's data secret", async () => {
    const provider = new kubernetes.Provider("other", { kubeconfig: "other" });
    new KubernetesMicroservice(
      "shop",
      {
        cluster: deployedKubernetes(),
        manifests: [{ apiVersion: "v1", kind: "Secret", metadata: { name: "token" }, stringData: { token: "t" } }],
        readyTimeoutSeconds: 30,
      },
      { provider },
    );
    await settled();
    const token = one(made, "shop-token-secret");
    expect(token.provider).toContain("other");
    expect(token.secrets).toEqual(["stringData"]);
  });

  test("reads YAML as Kubernetes does", async () => {
    const text = `apiVersion: v1
kind: ConfigMap
metadata: &metadata
  name: types
  annotations: &common { a: "1" }
mode: 0644
on: yes
time: 22:22
day: 2026-11-25
merged:
  <<: *common
  b: "2"
`;
    microservice({}, text)();
    await settled();
    expect(one(made, "shop-types-configmap").inputs).toMatchObject({
      mode: 420,
      true: true,
      time: "22:22",
      day: "2026-11-25",
      merged: { a: "1", b: "2" },
    });
  });
});

describe("the kinds of Kubernetes", () => {
  test.each([
    ["v1", "Pod", "kubernetes:core/v1:Pod"],
    ["networking.k8s.io/v1", "Ingress", "kubernetes:networking.k8s.io/v1:Ingress"],
    ["flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "kubernetes:flowcontrol.apiserver.k8s.io/v1:FlowSchema"],
    ["k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", "kubernetes:k8s.cni.cncf.io/v1:NetworkAttachmentDefinition"],
    [
      "policy.networking.k8s.io/v1alpha1",
      "AdminNetworkPolicy",
      "kubernetes:policy.networking.k8s.io/v1alpha1:AdminNetworkPolicy",
    ],
    ["snapshot.storage.k8s.io/v1", "VolumeSnapshot", "kubernetes:snapshot.storage.k8s.io/v1:VolumeSnapshot"],
  ])("%s %s", (apiVersion, kind, type) => {
    expect(typeOf(apiVersion, kind)).toEqual({ type });
  });
});

describe("paths", () => {
  test.each([
    ["a.b[0].c", ["a", "b", 0, "c"]],
    ['a["b.c"]["d\\"e"][1]', ["a", "b.c", 'd"e', 1]],
    ["a-b/c", ["a-b/c"]],
  ])("%s", (text, steps) => {
    expect(parsePath(text)).toEqual(steps);
    expect(parsePath(pathText(steps))).toEqual(steps);
  });

  test.each(["", ".a", "a..b", "a[b]", "a[0", 'a["b'])("%j is none", (text) => {
    expect(parsePath(text)).toBeUndefined();
  });
});

describe("fields that nobody may change", () => {
  const deployment = (app: string) => ({ spec: { selector: { matchLabels: { app } }, replicas: 2 } });
  const fieldsOf = (app: string) => fixedFieldsOf("kubernetes:apps/v1:Deployment", deployment(app));
  const objects = new Map([
    ["d", { fields: fieldsOf("b"), name: 'Deployment "web"', place: (field: string) => `web.yaml:${field.length}` }],
  ]);
  const hook = refusesReplacement('KubernetesMicroservice "shop"', objects);
  const asked = (before: unknown, after: unknown) =>
    hook({ urn: "", id: "", name: "", type: "", oldInputs: { objects: before }, newInputs: { objects: after } });

  test("are told by the engine's own record, with file and line", async () => {
    await expect(asked({ d: fieldsOf("a") }, { d: fieldsOf("b") })).rejects.toThrow(
      /^KubernetesMicroservice "shop": web\.yaml:13: spec\.selector of Deployment "web" is not what it was made with.*\(replaceable: true\)$/,
    );
    await expect(asked(pulumi.secret({ d: fieldsOf("a") }), { d: fieldsOf("b") })).rejects.toThrow(InvalidInput);
  });

  test("are none where nothing changes, or the object is new, or goes", async () => {
    await asked({ d: fieldsOf("b") }, { d: fieldsOf("b") });
    await asked({}, { d: fieldsOf("b") });
    await asked({ d: fieldsOf("a") }, {});
  });

  test("of a pod are all but its images, tolerations and times", () => {
    const pod = (image: string, command: string) => ({
      spec: { containers: [{ name: "c", image, command: [command] }], tolerations: [{ key: image }] },
    });
    const fields = (image: string, command: string) => fixedFieldsOf("kubernetes:core/v1:Pod", pod(image, command));
    expect(fields("a:1", "a")).toEqual(fields("a:2", "a"));
    expect(fields("a:1", "a")).not.toEqual(fields("a:1", "b"));
  });

  test.each([
    ["kubernetes:core/v1:Service", { spec: { clusterIP: "None", ports: [] } }, { "spec.clusterIP": "None" }],
    ["kubernetes:core/v1:Service", { spec: { ports: [] } }, { "spec.clusterIP": null }],
    ["kubernetes:core/v1:ConfigMap", { data: { a: "b" } }, {}],
    ["kubernetes:core/v1:ConfigMap", { data: { a: "b" }, immutable: true }, { binaryData: null, data: { a: "b" } }],
    ["kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", { roleRef: { name: "a" } }, { roleRef: { name: "a" } }],
    ["kubernetes:example.org/v1:Thing", { spec: {} }, {}],
  ])("of a %s: %j", (type, data, fields) => {
    expect(fixedFieldsOf(type, data)).toEqual(fields);
  });
});

test("the file of a manifest is named from the folder that the program runs in", () => {
  const here = path.relative(process.cwd(), path.join(__dirname, "nowhere.yaml"));
  expect(() => microservice({ manifests: [path.join(__dirname, "nowhere.yaml")] })()).toThrow(
    `manifests[0] names ${here}, which is not there`,
  );
});

describe("a microservice on a Swarm", () => {
  const service = (name: string) =>
    one(made, name).inputs as never as {
      name: string;
      mode: object;
      endpointSpec: { mode: string; ports?: object[] };
      taskSpec: {
        containerSpec: Record<string, unknown>;
        resources: object;
        networksAdvanceds?: object[];
        placement?: object;
      };
    };

  test("makes a service of each that a compose file describes, in a network of their own", async () => {
    const shop = swarmMicroservice({
      overrides: [{ path: "services.web.image", value: pulumi.output("nginx:2") }],
      env: [{ service: "web", variables: { GREETING: "hello" } }],
    })();
    await settled();
    expect(children()).toEqual([
      "command:remote:Command shop-store-converged",
      "command:remote:Command shop-web-converged",
      "docker:index/network:Network shop-default-network",
      "docker:index/service:Service shop-store-service",
      "docker:index/service:Service shop-web-service",
      "hybrid-vnf:microservice:SwarmMicroservice shop",
    ]);
    expect(registered()).toContain(
      "hybrid-vnf:microservice:SwarmMicroservice$docker:index/service:Service::shop-web-service",
    );
    expect(shop.serviceNames).toEqual({ web: "shop-web", store: "shop-store" });
    expect(one(made, "shop-web-service").provider).toContain("s-provider");
    const { name, mode, endpointSpec, taskSpec } = service("shop-web-service");
    expect({ name, mode, endpointSpec }).toEqual({
      name: "shop-web",
      mode: { replicated: { replicas: 2 } },
      endpointSpec: {
        mode: "dnsrr",
        ports: [{ targetPort: 80, publishedPort: 8080, protocol: "tcp", publishMode: "host" }],
      },
    });
    expect(taskSpec.networksAdvanceds).toEqual([{ id: "shop-default-network-id", aliases: ["web"] }]);
    expect(taskSpec.containerSpec).toEqual({
      image: "nginx:2",
      env: { GREETING: "hello", HYBRID_VNF_REVISION: expect.stringMatching(/^[0-9a-f]{12}$/) },
    });
    expect(service("shop-store-service").taskSpec).toMatchObject({
      containerSpec: { args: ["serve"] },
      resources: {
        limits: { memoryBytes: 256 * 2 ** 20 },
        reservation: { memoryBytes: 32 * 2 ** 20, nanoCpus: 20_000_000 },
      },
    });
  });

  test("carries what a compose file says", async () => {
    const text = `x-common: &common
  GREETING: hello $$USER
services:
  web:
    image: nginx:1
    entrypoint: sh -c 'exec "$$0" "$$@"' serve\\ it
    environment:
      <<: *common
      RATIO: 1.5
      DEBUG: yes
    ports:
      - "53:53/udp"
      - { target: 80, published: 81, mode: ingress }
    networks:
      inside: { aliases: [front] }
      shared:
    volumes:
      - "pages:/pages:ro"
      - "/srv:/srv"
      - { type: tmpfs, target: /tmp, tmpfs: { size: 16m, mode: 01777 } }
    tmpfs: /run
    configs:
      - { source: site, target: /etc/site.conf, mode: 0440 }
    secrets: [token]
    healthcheck: { test: curl -f localhost, interval: 2s }
    labels: [a=b]
    user: www-data
    working_dir: /srv
    read_only: true
    init: true
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    stop_signal: SIGQUIT
    stop_grace_period: 1m30s
    deploy:
      mode: global
      labels: { c: d }
      resources: { limits: { memory: 64M, cpus: "0.5" }, reservations: { memory: 16M } }
      placement: { max_replicas_per_node: 1 }
      restart_policy: { condition: on-failure, delay: 2s }
      update_config: { order: start-first, parallelism: 1 }
networks:
  inside: { internal: true, ipam: { config: [{ subnet: 10.9.0.0/24 }] } }
  shared: { external: true, name: backbone }
volumes: { pages: }
configs: { site: { content: "listen 80;" } }
secrets: { token: { file: ./token } }
`;
    swarmMicroservice({ secrets: { token: "hush" } }, text)();
    await settled();
    const { mode, endpointSpec, taskSpec } = service("shop-web-service");
    expect(mode).toEqual({ global: true });
    expect(endpointSpec).toEqual({
      mode: "vip",
      ports: [
        { targetPort: 53, publishedPort: 53, protocol: "udp", publishMode: "host" },
        { targetPort: 80, publishedPort: 81, protocol: "tcp", publishMode: "ingress" },
      ],
    });
    const { env, ...spec } = taskSpec.containerSpec;
    expect(env).toMatchObject({ GREETING: "hello $USER", RATIO: "1.5", DEBUG: "yes" });
    expect(spec).toEqual({
      image: "nginx:1",
      commands: ["sh", "-c", 'exec "$0" "$@"', "serve it"],
      mounts: [
        { type: "volume", source: "shop-pages", target: "/pages", readOnly: true },
        { type: "bind", source: "/srv", target: "/srv" },
        { type: "tmpfs", target: "/tmp", tmpfsOptions: { sizeBytes: 16 * 2 ** 20, mode: 0o1777 } },
        { type: "tmpfs", target: "/run" },
      ],
      configs: [
        expect.objectContaining({ configId: "shop-site-config-id", fileName: "/etc/site.conf", fileMode: 0o440 }),
      ],
      secrets: [expect.objectContaining({ secretId: "shop-token-secret-id", fileName: "token", fileMode: 0o444 })],
      healthcheck: { tests: ["CMD-SHELL", "curl -f localhost"], interval: "2s" },
      labels: [{ label: "a", value: "b" }],
      user: "www-data",
      dir: "/srv",
      readOnly: true,
      init: true,
      capDrops: ["ALL"],
      capAdds: ["NET_BIND_SERVICE"],
      stopSignal: "SIGQUIT",
      stopGracePeriod: "1m30s",
    });
    expect(taskSpec).toMatchObject({
      networksAdvanceds: [
        { id: "shop-inside-network-id", aliases: ["web", "front"] },
        { name: "backbone", aliases: ["web"] },
      ],
      resources: {
        limits: { memoryBytes: 64 * 2 ** 20, nanoCpus: 500_000_000 },
        reservation: { memoryBytes: 16 * 2 ** 20, nanoCpus: 20_000_000 },
      },
      placement: { maxReplicas: 1 },
      restartPolicy: { condition: "on-failure", delay: "2s" },
    });
    expect(one(made, "shop-inside-network").inputs).toMatchObject({
      name: "shop-inside",
      driver: "overlay",
      internal: true,
      ipamConfigs: [{ subnet: "10.9.0.0/24" }],
    });
    expect(one(made, "shop-token-secret")).toMatchObject({
      inputs: { data: Buffer.from("hush").toString("base64") },
      secrets: ["data"],
    });
  });

  test("is an image as well, with all that it needs", async () => {
    new SwarmMicroservice("cache", {
      cluster: deployedSwarm(),
      image: "cache:1",
      entrypoint: ["cache"],
      command: ["--size", "1"],
      publish: ["6379:6379"],
      networks: ["backbone"],
      mounts: ["data:/data"],
      secrets: { token: pulumi.secret("t") },
      env: [{ variables: { A: "b" } }],
      taskCount: 3,
    });
    await settled();
    expect(children()).toEqual([
      "command:remote:Command cache-converged",
      "docker:index/secret:Secret cache-token-secret",
      "docker:index/service:Service cache-service",
      "hybrid-vnf:microservice:SwarmMicroservice cache",
    ]);
    const { name, mode, taskSpec } = service("cache-service");
    expect({ name, mode }).toEqual({ name: "cache", mode: { replicated: { replicas: 3 } } });
    expect(taskSpec.networksAdvanceds).toEqual([{ name: "backbone", aliases: ["cache"] }]);
    expect(taskSpec.containerSpec).toMatchObject({
      commands: ["cache"],
      args: ["--size", "1"],
      mounts: [{ type: "volume", source: "data", target: "/data" }],
      env: { A: "b" },
    });
  });

  test("another value is another revision, which is waited for; the same one is none", async () => {
    const revisions: (string | undefined)[] = [];
    for (const text of ["a", "b", "a"]) {
      made = record();
      swarmMicroservice({ env: [{ variables: { A: text } }] })();
      await settled();
      const script = String(one(made, "shop-web-converged").inputs.stdin);
      revisions.push(/REVISION='([0-9a-f]{12})'/.exec(script)?.[1]);
    }
    expect(revisions[0]).toMatch(/./);
    expect(revisions[0]).toBe(revisions[2]);
    expect(revisions[0]).not.toBe(revisions[1]);
  });

  test.each([
    ["serve it", ["serve", "it"]],
    [`sh -c 'a "b"'  "c \\"d\\"" e\\ f`, ["sh", "-c", 'a "b"', 'c "d"', "e f"]],
    ["it's", undefined],
    ['a "b', undefined],
  ])("takes a command line apart as a shell does: %s", (line, parts) => {
    expect(words(line)).toEqual(parts);
  });

  test.each([
    ["64M", 64 * 2 ** 20],
    ["1.5gb", 1.5 * 2 ** 30],
    ["512", 512],
    ["12b", 12],
    ["lots", undefined],
  ])("reads a size: %s", (size, number) => {
    expect(bytes(size)).toBe(number);
  });
});
