import { createHash } from "node:crypto";
import * as path from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Image, requireRegistry } from "../image/image";
import { type Leg, legIn, type MachineLike } from "../machine/machine";
import { MachineScript } from "../machine/script";
import { Address } from "../network/address";
import { InvalidInput, Problems } from "../problem/problem";
import type { RouterLike } from "../quagga/router";
import { Route } from "../route/route";
import type { SwarmLike } from "../swarm/cluster";

/** `host`: the port of the node that runs the task. `ingress`: Swarm's routing mesh, on every node; needs IPVS in the kernel. */
export const PUBLISH_MODES = ["host", "ingress"] as const;
export type PublishMode = (typeof PUBLISH_MODES)[number];

export interface NginxLoadBalancerArgs {
  swarm: SwarmLike;
  /** What it balances over: `ADDRESS` or `ADDRESS:PORT` each. */
  servers: readonly string[];
  /** The router that its packets to the servers go through. @default none: the servers are neighbours */
  via?: RouterLike;
  /** The servers' machines that get a route for the way back through that router, or through their gateway to it. @default none */
  back?: readonly MachineLike[];
  /** Network that its clients are in. @default "clients" */
  clients?: string;
  /** TCP port that it answers on. @default 80 */
  port?: number;
  /** How the port is published. @default "host" */
  publish?: PublishMode;
  /** How many tasks; with `host`, at most one a node. @default 1 */
  replicas?: number;
  /** Seconds that its tasks may take to be healthy. @default 120 */
  readyTimeout?: number;
  /** Registry that its image goes through. @default none: the image is handed to the nodes over SSH */
  registry?: string;
}

/** An Nginx load balancer, round robin over its servers, as a service on Swarm. */
export class NginxLoadBalancer extends pulumi.ComponentResource {
  /** Where clients reach it. */
  public readonly url: pulumi.Output<string>;
  /** The foot that its clients see. */
  public readonly leg: Leg;

  constructor(name: string, args: NginxLoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("hybrid-vnf:nginx:NginxLoadBalancer", name, { publish: args.publish, replicas: args.replicas }, opts);
    const { swarm, via } = args;
    const port = args.port ?? 80;
    const publish = args.publish ?? "host";
    const replicas = args.replicas ?? 1;
    const problems = new Problems(`NginxLoadBalancer "${name}"`);
    problems.require(args.servers.length > 0, "servers is empty: name at least one address to balance over");
    for (const server of args.servers) {
      const [address = "", serverPort] = server.split(":");
      problems.attempt(() => Address.parse(address));
      problems.require(
        serverPort === undefined || validPort(Number(serverPort)),
        `"${server}": the port "${serverPort}" must be a number from 1 to 65535`,
      );
    }
    problems.require(validPort(port), `port is ${port}: it must be a number from 1 to 65535`);
    problems.require(
      PUBLISH_MODES.includes(publish),
      `publish is "${publish}": it must be ${PUBLISH_MODES.map((mode) => `"${mode}"`).join(" or ")}`,
    );
    problems.require(
      Number.isInteger(replicas) && replicas >= 1,
      `replicas is ${replicas}: at least 1 task is needed, as a whole number`,
    );
    problems.require(
      publish !== "host" || replicas <= swarm.nodes.length,
      `replicas is ${replicas} on ${swarm.nodes.length} node(s): with publish "host" each task needs a node of its own; take fewer, or publish "ingress"`,
    );
    problems.requireSeconds("readyTimeout", args.readyTimeout);
    const manager = swarm.nodes[0];
    problems.require(manager !== undefined, "its swarm has no node");
    const leg = manager && problems.attempt(() => legIn(manager, args.clients ?? "clients"));
    problems.attempt(() => requireRegistry(args.registry));
    problems.done();
    if (!manager || !leg) throw new RangeError(`${name}: a balancer needs a node`);
    this.leg = leg;

    const routes = via ? this.steer(name, swarm.nodes, via, args.back ?? []) : [];
    const credentials = pulumi.output(swarm.credentials);
    const provider = new docker.Provider(
      `${name}-swarm`,
      {
        host: swarm.endpoint,
        caMaterial: credentials.ca,
        certMaterial: credentials.cert,
        keyMaterial: credentials.key,
      },
      { parent: this },
    );
    const image = new Image(
      `${name}-image`,
      { folder: "nginx", runtime: "docker", nodes: swarm.nodes, registry: args.registry },
      { parent: this },
    );
    const ports = (publish === "host" ? swarm.nodes : []).map(
      (node) =>
        new MachineScript(
          `${name}-${node.name}-port`,
          {
            machine: node,
            file: path.join(__dirname, "port.sh"),
            input: { PORT: String(port), SERVICE: name },
            undo: false,
          },
          { parent: this },
        ),
    );
    const containerSpec = {
      image: image.reference,
      env: { SERVERS: args.servers.join(",") },
      healthcheck: {
        tests: ["CMD", "curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1/-/alive"],
        interval: "2s",
        timeout: "10s",
        retries: 3,
        startPeriod: "1s",
      },
    };
    const endpointSpec = {
      mode: publish === "host" ? "dnsrr" : "vip",
      ports: [{ targetPort: 80, publishedPort: port, publishMode: publish }],
    };
    const revision = pulumi
      .output({ containerSpec, endpointSpec })
      .apply((made) => createHash("sha256").update(JSON.stringify(made)).digest("hex").slice(0, 12));
    const service = new docker.Service(
      `${name}-service`,
      {
        name,
        taskSpec: { containerSpec: { ...containerSpec, env: { ...containerSpec.env, HYBRID_VNF_REVISION: revision } } },
        mode: { replicated: { replicas } },
        endpointSpec,
        updateConfig: { order: "stop-first", parallelism: 1 },
      },
      { parent: this, provider, dependsOn: [...routes, ...ports], deleteBeforeReplace: true },
    );
    // In place of the provider's own wait, which can't say why a task fails, and takes a new service away that has not come up.
    const converged = new MachineScript(
      `${name}-converged`,
      {
        machine: manager,
        file: path.join(__dirname, "converged.sh"),
        input: {
          SERVICE: name,
          REVISION: revision,
          REPLICAS: String(replicas),
          ...(args.readyTimeout === undefined ? {} : { READY_TIMEOUT: String(args.readyTimeout) }),
        },
        replaceOn: [service.id],
        undo: false,
      },
      { parent: this, dependsOn: [service] },
    );
    this.url = converged.id.apply(() => `http://${leg.address}${port === 80 ? "" : `:${port}`}`);
    this.registerOutputs({ url: this.url });
  }

  /** The routes through the router: from the nodes to what it reaches, and from the servers back to where it is reached from. */
  private steer(name: string, nodes: readonly MachineLike[], via: RouterLike, back: readonly MachineLike[]): Route[] {
    const [near, ...far] = via.legs;
    if (!near) throw new RangeError(`${name}: the router ${via.name} has no leg`);
    const there = nodes.flatMap((node) =>
      via.reach.map(
        (network) =>
          new Route(
            `${name}-${node.name}-to-${network.name}`,
            { machine: node, destination: network.cidr, nextHop: near.address },
            { parent: this },
          ),
      ),
    );
    const answers = back.flatMap((machine) => {
      const shares = (network: string) => machine.legs.some((own) => own.network === network);
      const beside = far.find((leg) => shares(leg.network));
      const beyond = via.reach.find((network) => network.nextHop !== undefined && shares(network.name));
      const nextHop = beside?.address ?? beyond?.back;
      if (!beside && !beyond) {
        throw new InvalidInput(`NginxLoadBalancer "${name}"`, [
          `${machine.name} shares no network with the router ${via.name}, so it has no way back: let the router reach one of its networks (${machine.legs.map((leg) => leg.network).join(", ")})`,
        ]);
      }
      if (nextHop === undefined) return [];
      return new Route(
        `${name}-${machine.name}-to-${near.network}`,
        { machine, destination: near.cidr, nextHop },
        { parent: this },
      );
    });
    return [...there, ...answers];
  }
}

function validPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535;
}
