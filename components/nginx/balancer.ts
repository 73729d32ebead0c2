import { createHash } from "node:crypto";
import * as path from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { claim } from "../function/claims";
import type { FunctionInstance, NetworkFunction } from "../function/function";
import { providerFrom } from "../function/provider";
import { Image, requireRegistry } from "../image/image";
import { parseUsableAddress } from "../network/cidr";
import { listOf, objectWith, requireArguments, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { Problems } from "../problem/problem";
import { MachineScript } from "../script/script";
import type { SwarmLike } from "../swarm/swarm";

/** `host`: the port of the node that runs the task. `ingress`: Swarm's routing mesh, on every node; needs IPVS in the kernel. */
export const PUBLISH_MODES = ["host", "ingress"] as const;
/** `host`: on the node that runs the task. `ingress`: on every node, by Swarm's routing mesh, which needs IPVS in the kernel. */
export type PublishMode = (typeof PUBLISH_MODES)[number];

/** TCP ports that a Swarm's nodes use themselves (Docker: swarm mode's ports), and SSH. */
const NODE_PORTS: Readonly<Record<number, string>> = {
  22: "SSH",
  2376: "Docker's API",
  2377: "the Swarm's managers",
  7946: "the Swarm's nodes among themselves",
};

/** What a balancer balances over, on which Swarm, and where it answers. */
export interface NginxLoadBalancerArgs {
  /** The Swarm that it runs on. */
  cluster: SwarmLike;
  /** What it balances over: `ADDRESS` or `ADDRESS:PORT` each. @example apache.addresses */
  backends: readonly string[];
  /** TCP port that it answers on. @default 80 */
  port?: number;
  /** How the port is published. @default "host" */
  publishMode?: PublishMode;
  /** How many tasks, from 1, with publishMode "ingress"; with "host" there is one on every node, for clients look for it there. @default 1 */
  taskCount?: number;
  /** Seconds that its tasks may take to be healthy. @default 120 */
  readyTimeoutSeconds?: pulumi.Input<number>;
  /** Registry that its image goes through. @default none: the image is handed to the nodes over SSH */
  registry?: pulumi.Input<string>;
  /** What it is called in the Swarm and in chains. @default the component's name */
  functionName?: string;
}

/**
 * An Nginx load balancer, round robin over its backends, as a service on Swarm.
 * @throws InvalidInput with everything that is wrong with its input
 * @example
 * const balancer = new vnf.NginxLoadBalancer("nginx", { cluster: swarm, backends: apache.addresses, port: 8080 });
 * new vnf.ServiceChain("web", { from: clients, functions: [balancer, router], to: apache });
 */
export class NginxLoadBalancer extends pulumi.ComponentResource implements NetworkFunction {
  public readonly name: string;
  public readonly handling = "proxy";
  public readonly instances: readonly FunctionInstance[];
  public readonly port: number;
  public readonly backends: readonly string[];
  public readonly ready: pulumi.Output<unknown>;

  constructor(name: string, args: NginxLoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    requireArguments(subjectOf("NginxLoadBalancer", name), args, {
      cluster: objectWith("a SwarmCluster, or what a contract tells of one", "nodes", "networks", "credentials"),
      backends: listOf('a list of "ADDRESS" or "ADDRESS:PORT"'),
    });
    const { cluster, backends, port = 80, publishMode = "host", functionName = name } = args;
    const taskCount = args.taskCount ?? (publishMode === "host" ? cluster.nodes.length : 1);
    super(
      "hybrid-vnf:nginx:NginxLoadBalancer",
      name,
      { backends: [...backends], port, publishMode, taskCount, functionName },
      opts,
    );
    const problems = new Problems(`NginxLoadBalancer "${name}"`);
    problems.require(backends.length > 0, "backends is empty: name at least one address to balance over");
    const named = new Map<string, string>();
    for (const backend of backends) {
      if (!problems.require(typeof backend === "string", `a backend is ${describe(backend)}: it must be a plain text`))
        continue;
      const [address = "", ...ports] = backend.split(":");
      const backendPort = ports.length > 0 ? ports.join(":") : undefined;
      problems.gather(() => parseUsableAddress(address));
      problems.require(
        backendPort === undefined || (/^[1-9]\d{0,4}$/.test(backendPort) && Number(backendPort) <= 65535),
        `"${backend}": the port "${backendPort}" must be a number from 1 to 65535`,
      );
      const target = `${address}:${backendPort ?? 80}`;
      const same = named.get(target);
      problems.require(
        same === undefined,
        `backends names ${target} twice ("${same}" and "${backend}"): name each of them once`,
      );
      named.set(target, backend);
    }
    problems.requireWhole("port", port, 1, 65535);
    problems.require(
      !(port in NODE_PORTS),
      `port is ${port}, which belongs to ${NODE_PORTS[port]} on every node of a Swarm: take another one`,
    );
    const shut = cluster.nodes.find(({ legs }) => legs.every(({ openPorts }) => openPorts?.includes(port) === false));
    problems.require(
      shut === undefined || !(port > 0),
      `port is ${port}, which the access rules of ${shut?.name} do not open (they open ${shut?.legs[0]?.openPorts?.join(", ")}): open it there too (servicePorts), or take another one`,
    );
    problems.require(
      PUBLISH_MODES.includes(publishMode),
      `publishMode is "${publishMode}": it must be ${PUBLISH_MODES.map((mode) => `"${mode}"`).join(" or ")}`,
    );
    if (args.taskCount !== undefined && publishMode !== "host")
      problems.requireWhole("taskCount", args.taskCount, 1, 1000);
    problems.require(
      args.taskCount === undefined || publishMode !== "host",
      `taskCount is ${describe(args.taskCount)}: with publishMode "host" there is a task on every node; leave it out, or use "ingress"`,
    );
    const timeout = problems.requireSeconds("readyTimeoutSeconds", args.readyTimeoutSeconds);
    const manager = cluster.nodes[0];
    problems.require(manager !== undefined, "its Swarm has no node");
    problems.require(
      !problems.requireName("functionName", functionName) || /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(functionName),
      `its name "${functionName}" can't be used: take a lower-case letter, then at most 62 lower-case letters, digits and dashes (functionName)`,
    );
    const registry = requireRegistry(problems, args.registry);
    const twin = claim(cluster, functionName, name);
    problems.require(
      twin === undefined,
      `its Swarm ${cluster.name} runs "${functionName}" already, by ${twin}: give one of the two another functionName`,
    );
    const listener = claim(cluster, `port ${port}`, name);
    problems.require(
      listener === undefined,
      `port is ${port}, which ${listener} has on the Swarm ${cluster.name} already: take another one`,
    );
    problems.throwIfAny();
    if (!manager) throw new RangeError(`${name}: a balancer needs a node`);

    this.name = functionName;
    this.instances = cluster.nodes.map((machine) => ({ machine, legs: machine.legs }));
    this.port = port;
    this.backends = backends;

    const image = new Image(
      `${name}-image`,
      { folder: "nginx", runtime: "docker", nodes: cluster.nodes, registry },
      { parent: this },
    );
    const ports = (publishMode === "host" ? cluster.nodes : []).map(
      (node) =>
        new MachineScript(
          `${name}-${node.id.replace("/", "-")}-port`,
          {
            machine: node,
            file: path.join(__dirname, "port.sh"),
            input: { PORT: String(port), SERVICE: functionName },
            undo: false,
          },
          { parent: this },
        ),
    );
    const containerSpec = {
      image: image.reference,
      env: { SERVERS: backends.join(",") },
      healthcheck: {
        tests: ["CMD", "curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1/-/alive"],
        interval: "2s",
        timeout: "10s",
        retries: 3,
        startPeriod: "1s",
      },
    };
    const endpointSpec = {
      mode: publishMode === "host" ? "dnsrr" : "vip",
      ports: [{ targetPort: 80, publishedPort: port, publishMode }],
    };
    const revision = pulumi
      .output({ containerSpec, endpointSpec })
      .apply((made) => createHash("sha256").update(JSON.stringify(made)).digest("hex").slice(0, 12));
    const service = new docker.Service(
      `${name}-service`,
      {
        name: functionName,
        taskSpec: { containerSpec: { ...containerSpec, env: { ...containerSpec.env, HYBRID_VNF_REVISION: revision } } },
        mode: publishMode === "host" ? { global: true } : { replicated: { replicas: taskCount } },
        endpointSpec,
        updateConfig: { order: "stop-first", parallelism: 1 },
      },
      {
        parent: this,
        provider: providerFrom(opts, docker.Provider) ?? cluster.provider,
        dependsOn: ports,
        deleteBeforeReplace: true,
      },
    );
    // In place of the provider's own wait, which can't say why a task fails, and takes a new service away that has not come up.
    const converged = new MachineScript(
      `${name}-converged`,
      {
        machine: manager,
        file: path.join(__dirname, "converged.sh"),
        input: {
          SERVICE: functionName,
          REVISION: revision,
          REPLICAS: String(taskCount),
          ...(timeout === undefined ? {} : { READY_TIMEOUT: pulumi.output(timeout).apply(String) }),
        },
        replaceOnChanges: [service.id],
        undo: false,
      },
      { parent: this, dependsOn: [service] },
    );
    this.ready = converged.id;
    this.registerOutputs({});
  }
}
