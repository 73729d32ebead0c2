import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { MachineLike } from "../machine/machine";
import type { WebServer } from "../webservers/webservers";
import { Contract, type Published } from "./contract";
import { factsOfMachine, machineFacts } from "./machine";

const hop = z.object({ name: z.string(), address: z.string() });
const facts = z.object({
  url: z.string().min(1),
  /** The way of a request, in order: client, balancer, router, the gateway where there is one. The servers stand at its end. */
  hops: z.array(hop),
  servers: z.array(hop).min(1),
  /** The machine that requests are sent from. */
  client: machineFacts,
  /** The node that the balancer forwards from. */
  balancer: machineFacts,
});
const secrets = z.object({ privateKey: z.string().min(1) });
export type Hop = z.infer<typeof hop>;
export type ServiceFacts = z.infer<typeof facts>;
export type ServiceSecrets = z.infer<typeof secrets>;

/** What the service stack publishes: where the service answers, and what is needed to check it. */
export const serviceContract = new Contract<ServiceFacts, ServiceSecrets>("service", 1, facts, secrets);

export interface ServiceSide {
  readonly url: pulumi.Output<string>;
  readonly hops: readonly Hop[];
  readonly servers: readonly WebServer[];
  readonly client: MachineLike;
  readonly balancer: MachineLike;
}

export function publishService(side: ServiceSide): Published {
  return serviceContract.publish(
    pulumi.output({
      url: side.url,
      hops: [...side.hops],
      servers: side.servers.map((server) => ({ ...server })),
      client: factsOfMachine(side.client),
      balancer: factsOfMachine(side.balancer),
    }),
    pulumi.output({ privateKey: side.client.ssh.privateKey }),
  );
}
