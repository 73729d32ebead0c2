import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "../machine/machine";
import type { NetworkIdentity } from "../network/network";
import { A_TEXT, MACHINES, NETWORKS, requireProperties, subjectOf } from "../problem/arguments";

/** What a client of a manager's API needs for mutual TLS, PEM each (secret as a whole). */
export interface SwarmCredentials {
  /** Certificate of the authority that the manager's certificate is signed by. */
  readonly ca: string;
  /** The client's certificate, signed by the same authority. */
  readonly cert: string;
  /** Private key of the client's certificate. */
  readonly key: string;
}

/** A Docker Swarm cluster, made here or read from a contract. */
export interface SwarmLike {
  /** Its name within its site. */
  readonly name: string;
  /** Networks that each node has a leg in; the first carries the cluster's own traffic. */
  readonly networks: readonly NetworkIdentity[];
  /** Its nodes; the first one is the manager that the endpoint names. */
  readonly nodes: readonly MachineLike[];
  /** Where the manager's API answers, over mutual TLS only: `tcp://HOST:2376`. */
  readonly endpoint: pulumi.Input<string>;
  /** What the manager's API lets in (secret). */
  readonly credentials: pulumi.Input<SwarmCredentials>;
  /** The provider of what runs on it, one for all. */
  readonly provider: docker.Provider;
}

/** The provider of a Swarm's services. */
export function serviceProvider(
  name: string,
  { endpoint, credentials }: Pick<SwarmLike, "endpoint" | "credentials">,
  opts?: pulumi.ResourceOptions,
): docker.Provider {
  const { ca, cert, key } = pulumi.output(credentials);
  return new docker.Provider(name, { host: endpoint, caMaterial: ca, certMaterial: cert, keyMaterial: key }, opts);
}

/** A Swarm that another program made, as its contract tells of it. */
export class DeployedSwarm implements SwarmLike {
  private made?: docker.Provider;
  public readonly name: string;
  public readonly networks: readonly NetworkIdentity[];
  public readonly nodes: readonly MachineLike[];
  public readonly endpoint: pulumi.Input<string>;
  public readonly credentials: pulumi.Input<SwarmCredentials>;

  /**
   * A Swarm that another program made; its provider is made in this one.
   * @param logicalName begins the name of that provider
   * @example
   * const { name, networks, nodes, endpoint, credentials } = swarm;
   * const theirs = new vnf.DeployedSwarm("theirs", { name, networks, nodes, endpoint, credentials });
   */
  constructor(
    private readonly logicalName: string,
    facts: Omit<SwarmLike, "provider">,
  ) {
    requireProperties(subjectOf("Swarm", logicalName), facts, {
      name: A_TEXT,
      networks: NETWORKS,
      nodes: MACHINES,
    });
    this.name = facts.name;
    this.networks = facts.networks;
    this.nodes = facts.nodes;
    this.endpoint = facts.endpoint;
    this.credentials = facts.credentials;
  }

  get provider(): docker.Provider {
    this.made ??= serviceProvider(`${this.logicalName}-provider`, this);
    return this.made;
  }
}
