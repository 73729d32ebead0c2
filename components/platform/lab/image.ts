import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { InvalidInput } from "../../problem/problem";

/** What a program has asked of a Docker engine: each image once, however many machines start from it. */
interface Asked {
  readonly images: Map<string, pulumi.Output<string>>;
  /** That the engine does not answer, which is one mistake whatever it is asked. */
  silence?: InvalidInput;
}
const engines = new WeakMap<pulumi.Resource, Asked>();

/** The ID of an image that the machine's Docker engine has; without it, or without an engine, a preview ends in one sentence. */
export function imageId(name: string, machine: pulumi.Resource): pulumi.Output<string> {
  const provider = machine.getProvider("docker:index/getRemoteImage:getRemoteImage");
  // The engine's own provider is one for each program.
  const key = provider ?? pulumi.runtime.getStackResource() ?? machine;
  const asked: Asked = engines.get(key) ?? { images: new Map() };
  engines.set(key, asked);
  const known = asked.images.get(name);
  if (known) return known;
  const found = docker.getRemoteImage({ name }, { provider }).then(
    ({ id }) => id,
    (error: Error) => {
      throw refusalOf(name, error.message, asked);
    },
  );
  const id = pulumi.output(found);
  asked.images.set(name, id);
  return id;
}

function refusalOf(name: string, said: string, asked: Asked): InvalidInput {
  if (/did not find|unable to find|no such image/i.test(said))
    return new InvalidInput("Lab", [
      `the Docker engine has no image "${name}": make it there, in a checkout of hybrid-vnf (npm ci && npm run images), or name one that it has (machineImage, clientImage of lab())`,
    ]);
  const last = said
    .trim()
    .split("\n")
    .at(-1)
    ?.replace(/^[\s*]+/, "");
  asked.silence ??= new InvalidInput("Lab", [
    `no Docker engine can be asked for the image "${name}" (${last}): start it (systemctl start docker), or say where it is (DOCKER_HOST)`,
  ]);
  return asked.silence;
}
