import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { lab, Site } from "../../components";
import { imageId } from "../../components/platform/lab/engine";
import { record, refusalOf, settled, value } from "./mocks";

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

test("what two sites would take from each other on one Docker engine is refused before it is tried", () => {
  record();
  const on = (provider: docker.Provider, name: string, transitCidr: string, siteName?: string) => () =>
    new Site(name, { platform: lab({ provider }), transitCidr, siteName });
  const near = new docker.Provider("near", {});
  const far = new docker.Provider("far", {});
  on(near, "one", "10.100.101.0/24")();
  on(far, "two", "10.100.101.0/24")();
  on(near, "three", "10.100.102.0/24")();
  expect(refusalOf(on(near, "four", "10.100.100.0/22")).problems).toEqual([
    '10.100.100.0/22 overlaps 10.100.101.0/24 of "hybrid-vnf-one-transit", on the same Docker engine: take another range',
    '10.100.100.0/22 overlaps 10.100.102.0/24 of "hybrid-vnf-three-transit", on the same Docker engine: take another range',
  ]);
  expect(refusalOf(on(near, "five", "10.100.103.0/24", "one")).message).toContain("two sites of one name");
});
