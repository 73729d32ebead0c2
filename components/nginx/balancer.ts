import * as path from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { checkBackends } from "../function/backends";
import { claim } from "../function/claims";
import type { FunctionInstance, NetworkFunction } from "../function/function";
import { providerFrom } from "../function/provider";
import { checkResources, type FunctionResources, serviceResources } from "../function/resources";
import { Image, requireRegistry } from "../image/image";
import { listOf, objectWith, requireArguments, subjectOf } from "../problem/arguments";
import { describe } from "../problem/describe";
import { Problems } from "../problem/problem";
import { MachineScript, printedBy } from "../script/script";
import { Convergence, revisionOf } from "../swarm/convergence";
import { PUBLISH_MODES, type PublishMode, standsAgainstPort } from "../swarm/ports";
import type { SwarmLike } from "../swarm/swarm";

/** Where Nginx answers for itself alone (images/nginx/start.sh). */
const ALIVE = "/run/nginx-alive.sock";

/**
 * What its first process may do, of what root may: it makes its workers' folders and hands them over (CHOWN), listens below port 1024
 * (NET_BIND_SERVICE), lets them run as www-data (SETGID, SETUID), and ends one that hangs (KILL). The workers have none of it.
 */
const CAPABILITIES = ["CHOWN", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"];
/** Its configuration, its process's number and its socket. Large bodies are in the volume that the image names. */
const RUN = { type: "tmpfs", target: "/run", tmpfsOptions: { mode: 0o755, sizeBytes: 2 ** 20 } };

/** What a balancer balances over, on which Swarm, and where it answers. */
export interface NginxLoadBalancerArgs extends FunctionResources {
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
    requireArguments(subjectOf("NginxLoadBalancer", name), args, "NginxLoadBalancerArgs", {
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
    checkBackends(problems, backends);
    problems.requireWhole("port", port, 1, 65535);
    const against = standsAgainstPort(cluster, port);
    problems.require(against === undefined, `port is ${port}, ${against}`);
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
    const resources = serviceResources(checkResources(problems, args));
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
    const [first] = ports;
    const nodeNetwork = first && printedBy(first).apply((id) => id.trim());
    const containerSpec = {
      image: image.reference,
      env: { SERVERS: backends.join(","), ...(first ? { PORT: String(port) } : {}) },
      readOnly: true,
      mounts: [RUN],
      capDrops: ["ALL"],
      capAdds: CAPABILITIES,
      // The requests that it has, and what its keep-alive connections still bring: longer than one may take (images/nginx, proxy_read_timeout).
      stopGracePeriod: "30s",
      healthcheck: {
        // Its own, for beside it may be the one that it follows.
        tests: ["CMD", "curl", "-fsS", "-o", "/dev/null", "--unix-socket", ALIVE, "http://localhost/-/alive"],
        interval: "2s",
        timeout: "10s",
        retries: 3,
        startPeriod: "1s",
      },
    };
    const endpointSpec = first
      ? { mode: "dnsrr" }
      : { mode: "vip", ports: [{ targetPort: 80, publishedPort: port, publishMode }] };
    const revision = revisionOf({ containerSpec, endpointSpec, resources });
    const service = new docker.Service(
      `${name}-service`,
      {
        name: functionName,
        taskSpec: {
          containerSpec: { ...containerSpec, env: { ...containerSpec.env, HYBRID_VNF_REVISION: revision } },
          resources,
          ...(nodeNetwork ? { networksAdvanceds: [{ id: nodeNetwork }] } : {}),
        },
        mode: publishMode === "host" ? { global: true } : { replicated: { replicas: taskCount } },
        endpointSpec,
        // The one that goes is told to end once the one that follows it answers; then it finishes what it has.
        updateConfig: { order: "start-first", parallelism: 1 },
      },
      {
        parent: this,
        provider: providerFrom(opts, docker.Provider) ?? cluster.provider,
        dependsOn: ports,
        deleteBeforeReplace: true,
      },
    );
    const converged = new Convergence(
      `${name}-converged`,
      { manager, service, serviceName: functionName, revision, taskCount, readyTimeoutSeconds: timeout },
      { parent: this },
    );
    this.ready = converged.id;
    this.registerOutputs({});
  }
}
