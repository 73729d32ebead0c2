import { createHash } from "node:crypto";
import * as path from "node:path";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { MachineLike } from "../machine/machine";
import { MachineScript } from "../script/script";

/** What the tasks of a service are known by that are the ones meant (HYBRID_VNF_REVISION in their environment): a hash of what was asked. */
export function revisionOf(asked: pulumi.Input<object>): pulumi.Output<string> {
  return pulumi
    .output(asked)
    .apply((known) => createHash("sha256").update(JSON.stringify(known)).digest("hex").slice(0, 12));
}

/** Which service is waited for. */
export interface ConvergenceArgs {
  /** A manager of its Swarm. */
  manager: MachineLike;
  service: docker.Service;
  /** Its name in the Swarm. */
  serviceName: string;
  revision: pulumi.Input<string>;
  /** How many tasks of that revision are to run. */
  taskCount: pulumi.Input<number>;
  /** @default 120 */
  readyTimeoutSeconds?: pulumi.Input<number>;
}

/**
 * The wait until a service runs what it was last given. In place of the provider's own, which can't say why a task fails, and takes a new
 * service away that has not come up.
 */
export class Convergence extends MachineScript {
  constructor(name: string, args: ConvergenceArgs, opts: pulumi.CustomResourceOptions) {
    const { manager, service, serviceName, revision, taskCount, readyTimeoutSeconds } = args;
    super(
      name,
      {
        machine: manager,
        file: path.join(__dirname, "converged.sh"),
        input: {
          SERVICE: serviceName,
          REVISION: revision,
          REPLICAS: pulumi.output(taskCount).apply(String),
          ...(readyTimeoutSeconds === undefined
            ? {}
            : { READY_TIMEOUT: pulumi.output(readyTimeoutSeconds).apply(String) }),
        },
        replaceOnChanges: [service.id],
        undo: false,
      },
      { ...opts, dependsOn: [service] },
    );
  }
}
