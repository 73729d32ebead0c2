import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { imageId } from "../../components/platform/lab/image";
import { settled, value } from "./mocks";

test("the lab asks each Docker engine once for an image, however many machines start from it", async () => {
  const asked: string[] = [];
  pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: inputs }),
    call: ({ inputs, provider }) => {
      asked.push(`${inputs.name} of ${/::([a-z]+)::/.exec(provider ?? "")?.[1]}`);
      return { id: `sha256:${inputs.name}` };
    },
  });
  const ids = ["near", "far"].flatMap((engine) => {
    const provider = new docker.Provider(engine, { host: `tcp://${engine}:2375` });
    return [1, 2, 3].flatMap((number) => {
      const machine = new pulumi.ComponentResource("t:t:Machine", `${engine}-${number}`, {}, { providers: [provider] });
      return ["serves", "asks"].map((image) => imageId(image, machine));
    });
  });
  expect(new Set(await Promise.all(ids.map(value)))).toEqual(new Set(["sha256:serves", "sha256:asks"]));
  await settled();
  expect(asked.sort()).toEqual(["asks of far", "asks of near", "serves of far", "serves of near"]);
});
