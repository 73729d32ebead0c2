import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Cidr } from "../../network/cidr";
import { InvalidInput, Problems } from "../../problem/problem";

/** What a program has to do with a Docker engine, of all its sites. */
interface Engine {
  /** IDs of images: each is asked for once, however many machines start from it. */
  readonly images: Map<string, pulumi.Output<string>>;
  /** That it does not answer, which is one mistake whatever it is asked. */
  silence?: InvalidInput;
  /** Ranges of the networks that are made there, by their names. */
  readonly networks: Map<string, Cidr>;
}
const engines = new WeakMap<pulumi.Resource, Engine>();

/** The engine of a provider. The one of a resource that names none is one for each program. */
function engineOf(provider: pulumi.ProviderResource | undefined, resource: pulumi.Resource): Engine {
  const key = provider ?? pulumi.runtime.getStackResource() ?? resource;
  const engine = engines.get(key) ?? { images: new Map(), networks: new Map() };
  engines.set(key, engine);
  return engine;
}

/** The Docker provider that a caller names for a resource, or for what it is part of. */
export function providerOf(resource: pulumi.Resource): pulumi.ProviderResource | undefined {
  return resource.getProvider("docker:index/network:Network");
}

/** @throws InvalidInput when the engine gets another network of that name, or of a range that overlaps: it would refuse the second one, at the update. */
export function claimNetwork(
  name: string,
  cidr: Cidr,
  provider: pulumi.ProviderResource | undefined,
  resource: pulumi.Resource,
): void {
  const { networks } = engineOf(provider, resource);
  const problems = new Problems(`Lab network "${name}"`);
  for (const [other, taken] of networks) {
    if (
      problems.require(
        other !== name,
        "two sites of one name are on this Docker engine: give each a name of its own (siteName)",
      )
    )
      problems.require(
        !taken.overlaps(cidr),
        `${cidr} overlaps ${taken} of "${other}", on the same Docker engine: take another range`,
      );
  }
  problems.throwIfAny();
  networks.set(name, cidr);
}

/** The ID of an image that the machine's Docker engine has; without it, or without an engine, a preview ends in one sentence. */
export function imageId(name: string, machine: pulumi.Resource): pulumi.Output<string> {
  const engine = engineOf(providerOf(machine), machine);
  const known = engine.images.get(name);
  if (known) return known;
  const found = docker.getRemoteImage({ name }, { provider: providerOf(machine) }).then(
    ({ id }) => id,
    (error: Error) => {
      throw refusalOf(name, error.message, engine);
    },
  );
  const id = pulumi.output(found);
  engine.images.set(name, id);
  return id;
}

function refusalOf(name: string, said: string, engine: Engine): InvalidInput {
  if (/did not find|unable to find|no such image/i.test(said))
    return new InvalidInput("Lab", [
      `the Docker engine has no image "${name}": make it there (npx hybrid-vnf images), or name one that it has (machineImage, clientImage of lab())`,
    ]);
  const last = said
    .trim()
    .split("\n")
    .at(-1)
    ?.replace(/^[\s*]+/, "");
  engine.silence ??= new InvalidInput("Lab", [
    `no Docker engine can be asked for the image "${name}" (${last}): start it (systemctl start docker), or say where it is (DOCKER_HOST)`,
  ]);
  return engine.silence;
}
