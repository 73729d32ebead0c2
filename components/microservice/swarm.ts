import * as path from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { givenDescriptor, readDescriptors } from "../descriptor/descriptor";
import { copied, type Override, override } from "../descriptor/override";
import { claim } from "../function/claims";
import { providerFrom } from "../function/provider";
import { checkResources, type FunctionResources, serviceResources } from "../function/resources";
import { type Expectation, listOf, objectWith, optional, requireArguments, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { nearest } from "../problem/nearest";
import { isLater, Problems } from "../problem/problem";
import { Convergence, revisionOf } from "../swarm/convergence";
import { PUBLISH_MODES, type PublishMode, standsAgainstPort } from "../swarm/ports";
import type { SwarmLike } from "../swarm/swarm";
import { type Compose, type ComposeNetwork, type ComposeService, readCompose, withoutVariables } from "./compose";
import { requireVariables } from "./containers";

/** Variables of a microservice's services. */
export interface ServiceVariables {
  /** The service of the compose file. @default all of them */
  service?: string;
  /** By their names; they take the place of those that the file has. */
  variables: Readonly<Record<string, pulumi.Input<string>>>;
}

/** What runs on which Swarm, and what is to differ from its compose file. */
export interface SwarmMicroserviceArgs extends FunctionResources {
  /** The Swarm that it runs on. */
  cluster: SwarmLike;
  /** Absolute path of a compose file, or its data. @default none: `image` */
  compose?: string | object;
  /** Other values in the compose file, in this order. @default none */
  overrides?: readonly Override[];
  /** The image of its one service, in place of a compose file. @default none: `compose` */
  image?: pulumi.Input<string>;
  /** With `image`: what is run in place of the image's entry point. @default the image's */
  entrypoint?: readonly pulumi.Input<string>[];
  /** With `image`: arguments of the entry point. @default the image's */
  command?: readonly pulumi.Input<string>[];
  /** With `image`: ports, as compose writes them. @default none @example ["8080:80"] */
  publish?: readonly string[];
  /** With `image`: networks of the Swarm that are there already. @default none */
  networks?: readonly string[];
  /** With `image`: what is mounted, as compose writes it: a node's path, or a volume by its name. @default nothing @example ["/srv/pages:/pages:ro"] */
  mounts?: readonly string[];
  /** With `image`: how many tasks. @default 1 */
  taskCount?: pulumi.Input<number>;
  /** Variables for containers. @default those of the compose file */
  env?: readonly ServiceVariables[];
  /** Contents of secrets by their names, each a file below /run/secrets; with `compose`, of those that the file names. @default those of the compose file */
  secrets?: Readonly<Record<string, pulumi.Input<string>>>;
  /** With `compose`: contents of configurations that the file names. @default those of the compose file */
  configs?: Readonly<Record<string, pulumi.Input<string>>>;
  /** How ports are published that don't say so themselves. @default "host" */
  publishMode?: PublishMode;
  /** Seconds that the tasks of each service may take to be healthy. @default 120 */
  readyTimeoutSeconds?: pulumi.Input<number>;
  /** What it is called in the Swarm: its service with `image`; with `compose`, what the names of its services begin with. @default the component's name */
  functionName?: string;
}

const TEXTS: Expectation = optional({
  what: "a list of texts",
  holds: (value) => Array.isArray(value) && value.every((one) => typeof one === "string" || isLater(one)),
});
const CONTENTS: Expectation = optional({
  what: "texts by their names",
  holds: (value) =>
    objectWith("").holds(value) &&
    Object.values(value as object).every((one) => typeof one === "string" || isLater(one)),
});
/** What belongs to a service of an image alone; a compose file says it itself. */
const WITH_IMAGE = ["entrypoint", "command", "publish", "networks", "mounts", "taskCount"] as const;

/** The service of an image as a compose file would tell of it. */
function composeOf(serviceName: string, args: SwarmMicroserviceArgs): object {
  const { image, entrypoint, command, publish = [], networks = [], mounts = [], taskCount, secrets = {} } = args;
  const volumes = mounts.map((mount) => mount.split(":")[0] ?? "").filter((source) => /^\w/.test(source));
  return {
    services: {
      [serviceName]: {
        image,
        ...(entrypoint === undefined ? {} : { entrypoint }),
        ...(command === undefined ? {} : { command }),
        ports: publish,
        ...(networks.length > 0 ? { networks } : {}),
        volumes: mounts,
        secrets: Object.keys(secrets),
        deploy: taskCount === undefined ? {} : { replicas: taskCount },
      },
    },
    networks: Object.fromEntries(networks.map((one) => [one, { external: true }])),
    volumes: Object.fromEntries(volumes.map((one) => [one, { external: true }])),
    secrets: Object.fromEntries(Object.keys(secrets).map((one) => [one, {}])),
  };
}

const labelled = (labels: Readonly<Record<string, pulumi.Input<string>>>) =>
  Object.entries(labels).map(([label, value]) => ({ label, value }));

/** Limits and reservations: what the compose file says, else the defaults. */
function resourcesOf(
  problems: Problems,
  { name, resources }: ComposeService,
  defaults: ReturnType<typeof serviceResources>,
): { limits: object; reservation: object } {
  const { limits, reservation } = resources;
  const memory = limits.memoryBytes ?? defaults.limits.memoryBytes;
  problems.require(
    (reservation.memoryBytes ?? 0) <= memory,
    `the service "${name}" asks for ${(reservation.memoryBytes ?? 0) / 2 ** 20} MiB and may have ${memory / 2 ** 20}: give it a larger limit under deploy.resources.limits.memory, or a larger memoryLimitMiB`,
  );
  const nanoCpus = limits.nanoCpus ?? defaults.limits.nanoCpus;
  return {
    limits: { memoryBytes: memory, ...(nanoCpus === undefined ? {} : { nanoCpus }) },
    reservation: {
      memoryBytes: reservation.memoryBytes ?? Math.min(defaults.reservation.memoryBytes, memory),
      nanoCpus: reservation.nanoCpus ?? Math.min(defaults.reservation.nanoCpus, nanoCpus ?? Number.POSITIVE_INFINITY),
    },
  };
}

/**
 * What an image is, or a compose file describes, on a Docker Swarm, with other values where asked: a service each, ready once its tasks are.
 * @throws InvalidInput with everything that is wrong with its input, and what of compose a Swarm is not told, by file and line
 * @example
 * const image = new vnf.Image("cache-image", { folder: "nginx", runtime: "docker", nodes: swarm.nodes });
 * const cache = new vnf.SwarmMicroservice("cache", {
 *   cluster: swarm,
 *   compose: `${__dirname}/cache.yaml`,
 *   overrides: [{ path: "services.cache.image", value: image.reference }],
 *   env: [{ variables: { GREETING: "hello" } }],
 * });
 */
export class SwarmMicroservice extends pulumi.ComponentResource {
  /** Names of its services in the Swarm, by their names in the compose file. */
  public readonly serviceNames: Readonly<Record<string, string>>;
  /** Known once the tasks of every service run, healthy. */
  public readonly ready: pulumi.Output<unknown>;

  constructor(name: string, args: SwarmMicroserviceArgs, opts?: pulumi.ComponentResourceOptions) {
    const subject = subjectOf("SwarmMicroservice", name);
    requireArguments(subject, args, "SwarmMicroserviceArgs", {
      cluster: objectWith("a SwarmCluster, or what a contract tells of one", "nodes", "networks", "credentials"),
      compose: optional({
        what: "the absolute path of a compose file, or its data",
        holds: (value) => (typeof value === "string" && value !== "") || objectWith("").holds(value),
      }),
      overrides: optional(listOf("a list of {path, value}", "path", "value")),
      env: optional(listOf("a list of {service, variables}", "variables")),
      secrets: CONTENTS,
      configs: CONTENTS,
      ...Object.fromEntries(["entrypoint", "command", "publish", "networks", "mounts"].map((key) => [key, TEXTS])),
    });
    const { cluster, compose, image, overrides = [], env = [], publishMode = "host", functionName = name } = args;
    const problems = new Problems(subject);
    problems.require(
      (compose === undefined) !== (image === undefined),
      compose === undefined
        ? "it has neither image nor compose: give one of the two"
        : "it has both image and compose: an image of a compose file's service is an override",
    );
    for (const key of WITH_IMAGE)
      problems.require(
        compose === undefined || args[key] === undefined,
        `${key} is for a microservice of an image: the compose file says it itself, or an override does`,
      );
    problems.require(
      compose !== undefined || (overrides.length === 0 && args.configs === undefined),
      "overrides and configs are for a compose file: a microservice of an image has arguments for them",
    );
    problems.require(
      PUBLISH_MODES.includes(publishMode),
      `publishMode is ${describe(publishMode)}: it must be ${PUBLISH_MODES.map((mode) => `"${mode}"`).join(" or ")}`,
    );
    problems.requireText("image", image);
    const timeout = problems.requireSeconds("readyTimeoutSeconds", args.readyTimeoutSeconds);
    problems.require(
      !problems.requireName("functionName", functionName) || /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(functionName),
      `its name "${functionName}" can't be used: take a lower-case letter, then at most 62 lower-case letters, digits and dashes (functionName)`,
    );
    const manager = cluster.nodes[0];
    problems.require(manager !== undefined, "its Swarm has no node");
    const defaults = serviceResources(checkResources(problems, args));
    problems.throwIfAny();
    if (!manager) throw new RangeError(`${name}: a microservice needs a node`);

    const described = describedBy(problems, functionName, args, publishMode);
    const services = described.services.map((service) => {
      const serviceName = image === undefined ? `${functionName}-${service.name}` : functionName;
      const { ports, endpointMode } = service;
      const isMesh = ports.some((port) => port.publishMode === "ingress");
      problems.require(
        !isMesh || endpointMode !== "dnsrr",
        `the service "${service.name}" publishes with mode "ingress", and endpoint_mode is "dnsrr": the routing mesh needs "vip"`,
      );
      for (const { publishedPort, protocol } of ports) {
        const against = protocol === "tcp" ? standsAgainstPort(cluster, publishedPort) : undefined;
        problems.require(
          against === undefined,
          `the service "${service.name}" publishes port ${publishedPort}, ${against}`,
        );
        const what = `port ${publishedPort}${protocol === "tcp" ? "" : `/${protocol}`}`;
        const holder = claim(cluster, what, `${name} (${service.name})`);
        problems.require(
          holder === undefined,
          `the service "${service.name}" publishes ${what}, which ${holder} has on the Swarm ${cluster.name} already: take another one`,
        );
      }
      const twin = claim(cluster, serviceName, name);
      problems.require(
        twin === undefined,
        `its Swarm ${cluster.name} runs "${serviceName}" already, by ${twin}: give one of the two another functionName`,
      );
      return { ...service, serviceName, isMesh, limits: resourcesOf(problems, service, defaults) };
    });
    for (const [at, { service, variables }] of env.entries()) {
      requireVariables(problems, `env[${at}]`, variables);
      const names = services.map((one) => one.name);
      const meant = service === undefined ? undefined : nearest(service, names);
      problems.require(
        service === undefined || names.includes(service),
        `env[${at}] is for the service "${service}", which is not there: ${meant === undefined ? `there is ${names.join(", ")}` : `did you mean "${meant}"?`}`,
      );
      for (const one of services) if (service === undefined || service === one.name) Object.assign(one.env, variables);
    }
    problems.throwIfAny();

    super("hybrid-vnf:microservice:SwarmMicroservice", name, { functionName }, opts);
    const provider = providerFrom(opts, docker.Provider) ?? cluster.provider;
    const child = { parent: this, provider };
    const isUsed = (network: string) => services.some(({ networks }) => networks.includes(network));
    // As compose has it: services that name no network are in one of their own. A service of an image has none to talk to.
    const implied =
      compose !== undefined && isUsed("default") && !described.networks.some((one) => one.name === "default")
        ? [{ name: "default", subnets: [] }]
        : [];
    const networks = new Map(
      [...described.networks, ...implied].map((network): [string, { id?: pulumi.Output<string>; name?: string }] => {
        const { subnets, external, name: own, ...settings }: ComposeNetwork = network;
        if (external !== undefined) return [own, { name: external }];
        const made = new docker.Network(
          `${name}-${own}-network`,
          {
            name: `${functionName}-${own}`,
            driver: "overlay",
            ...settings,
            ...(subnets.length > 0 ? { ipamConfigs: subnets.map((subnet) => ({ subnet })) } : {}),
          },
          { ...child, deleteBeforeReplace: true },
        );
        return [own, { id: made.id }];
      }),
    );
    // Named by the provider: what is in one never changes, and a service takes the next one before the old one goes.
    const secrets = new Map(
      Object.entries(described.secrets).map(([own, content]) => [
        own,
        new docker.Secret(
          `${name}-${own}-secret`,
          { data: pulumi.secret(content).apply((text) => Buffer.from(text).toString("base64")) },
          child,
        ),
      ]),
    );
    const configs = new Map(
      Object.entries(described.configs).map(([own, content]) => [
        own,
        new docker.ServiceConfig(
          `${name}-${own}-config`,
          { data: pulumi.output(content).apply((text) => Buffer.from(text).toString("base64")) },
          child,
        ),
      ]),
    );
    const waits = services.map((service) => {
      const { serviceName, ports, healthcheck, isMesh, isGlobal, replicas, limits, placement, aliases } = service;
      const prefix = image === undefined ? `${name}-${service.name}` : name;
      const spec = {
        image: service.image,
        ...(service.commands ? { commands: [...service.commands] } : {}),
        ...(service.args ? { args: [...service.args] } : {}),
        ...service.container,
        ...(service.mounts.length > 0 ? { mounts: [...service.mounts] } : {}),
        ...(healthcheck ? { healthcheck } : {}),
        ...(Object.keys(service.containerLabels).length > 0 ? { labels: labelled(service.containerLabels) } : {}),
        ...(service.secrets.length > 0
          ? {
              secrets: service.secrets.map(({ source, ...file }) => ({
                secretId: secrets.get(source)?.id ?? "",
                secretName: secrets.get(source)?.name,
                ...file,
              })),
            }
          : {}),
        ...(service.configs.length > 0
          ? {
              configs: service.configs.map(({ source, ...file }) => ({
                configId: configs.get(source)?.id ?? "",
                configName: configs.get(source)?.name,
                ...file,
              })),
            }
          : {}),
      };
      const networksAdvanceds = service.networks.flatMap((own) => {
        const network = networks.get(own);
        return network ? [{ ...network, aliases: [service.name, ...(aliases[own] ?? [])] }] : [];
      });
      const endpointSpec = {
        mode: service.endpointMode ?? (isMesh ? "vip" : "dnsrr"),
        ...(ports.length > 0 ? { ports: ports.map(({ steps: _, ...port }) => port) } : {}),
      };
      const asked = {
        spec,
        env: service.env,
        endpointSpec,
        limits,
        networksAdvanceds,
        ...(placement ? { placement } : {}),
      };
      const revision = revisionOf(asked);
      const made = new docker.Service(
        `${prefix}-service`,
        {
          name: serviceName,
          taskSpec: {
            containerSpec: { ...spec, env: { ...service.env, HYBRID_VNF_REVISION: revision } },
            resources: limits,
            ...(networksAdvanceds.length > 0 ? { networksAdvanceds } : {}),
            ...(placement ? { placement } : {}),
            ...(service.restartPolicy ? { restartPolicy: service.restartPolicy } : {}),
          },
          mode: isGlobal ? { global: true } : { replicated: { replicas } },
          endpointSpec,
          ...(service.updateConfig ? { updateConfig: service.updateConfig } : {}),
          ...(Object.keys(service.labels).length > 0 ? { labels: labelled(service.labels) } : {}),
        },
        { ...child, deleteBeforeReplace: true },
      );
      return new Convergence(
        `${prefix}-converged`,
        {
          manager,
          service: made,
          serviceName,
          revision,
          taskCount: isGlobal ? cluster.nodes.length : replicas,
          readyTimeoutSeconds: timeout,
        },
        { parent: this },
      );
    });
    this.serviceNames = Object.fromEntries(services.map((one) => [one.name, one.serviceName]));
    this.ready = pulumi.all(waits.map(({ id }) => id));
    this.registerOutputs({});
  }
}

/** What is to run, with its overrides. @throws InvalidInput with what is wrong, or not carried */
function describedBy(
  problems: Problems,
  functionName: string,
  args: SwarmMicroserviceArgs,
  publishMode: PublishMode,
): Compose {
  const { compose, overrides = [], secrets = {}, configs = {} } = args;
  const documents =
    typeof compose === "string"
      ? readDescriptors(problems, "compose", compose, "compose")
      : [givenDescriptor(compose === undefined ? "service" : "compose", compose ?? composeOf(functionName, args))];
  const [descriptor, ...others] = documents;
  problems.require(others.length === 0, `${others[0]?.place()} begins another document: a compose file has one`);
  problems.require(
    descriptor !== undefined || problems.all.length > 0,
    `compose names ${path.basename(String(compose))}, which is empty: give it services`,
  );
  problems.throwIfAny();
  if (!descriptor) throw new RangeError("a compose file has a document");
  const data = copied(typeof compose === "string" ? withoutVariables(problems, descriptor) : descriptor.value);
  for (const [at, change] of overrides.entries())
    override(problems, `overrides[${at}]`, "the compose file", { descriptor, data, change });
  const found = readCompose(problems, descriptor, data, {
    folder: typeof compose === "string" ? path.dirname(compose) : undefined,
    publishMode,
    volumePrefix: functionName,
    secrets,
    configs,
  });
  problems.throwIfAny();
  return found;
}
