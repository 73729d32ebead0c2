import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { siteContract } from "../../components";
import { planned, withPlans } from "../../components/contracts/planned";

const NAME = "organization/hybrid-vnf-site/dev";
const facts = {
  siteName: "dev",
  platform: { kind: "lab", facts: {} },
  transit: { id: "dev/transit", name: "transit", cidr: "10.100.101.0/24", ref: "net-1" },
  publicKey: "ssh-ed25519 AAAA",
};

beforeAll(() => {
  const mocks = {
    newResource: ({ name, inputs }: { name: string; inputs: object }) => ({ id: name, state: inputs }),
    call: ({ token, inputs }: { token: string; inputs: { name?: string } }) => {
      if (token.endsWith(":readStackOutputs") && !inputs.name?.endsWith("hybrid-vnf-site/dev"))
        throw { details: `unknown stack "${inputs.name}"` }; // as of gRPC
      return {};
    },
  };
  pulumi.runtime.setMocks(mocks as pulumi.runtime.Mocks, "project", "dev", true);
});

/** A value that only `up` will tell. */
const later = pulumi.output(pulumi.unknown as unknown as string);

/** Reads what a program means to publish, as the program of another stack does. */
async function readPlan(published: Readonly<Record<string, unknown>>) {
  const plan = planned(published);
  return withPlans(new Map([["hybrid-vnf-site/dev", plan]]), () => siteContract.read(NAME));
}

const known = (value: pulumi.Input<unknown> | undefined): Promise<boolean> =>
  (pulumi.output(value) as unknown as { isKnown: Promise<boolean> }).isKnown;

describe("a contract that is only planned", () => {
  it("tells all that is known, and what is not is an output that is not known", async () => {
    const transit = { ...facts.transit, ref: later };
    const published = siteContract.publish({ ...facts, transit }, { privateKey: later });
    const { facts: read, secrets } = await readPlan({ ...published });
    expect({ ...read, transit: { ...read.transit, ref: "?" } }).toEqual({
      ...facts,
      transit: { ...facts.transit, ref: "?" },
    });
    expect(await known(read.transit.ref)).toBe(false);
    expect(await known(secrets.privateKey)).toBe(false);
    expect(await pulumi.isSecret(secrets.privateKey)).toBe(true);
  });
  it("keeps a secret that is known in its wrapper", async () => {
    const { secrets } = await readPlan({ ...siteContract.publish(facts, { privateKey: "PRIVATE" }) });
    expect(await pulumi.isSecret(secrets.privateKey)).toBe(true);
    expect(await new Promise((resolve) => secrets.privateKey.apply(resolve))).toBe("PRIVATE");
  });
  it("is refused where what must be known beforehand is not", async () => {
    const published = siteContract.publish({ ...facts, siteName: later as never }, { privateKey: "P" });
    await expect(readPlan({ ...published })).rejects.toThrow(/contract\.siteName is an output: it must be a text/);
  });
  it("is one that never comes where its program failed", async () => {
    const plans = new Map([["hybrid-vnf-site/dev", Promise.reject(new Error("The preview of site failed."))]]);
    await expect(withPlans(plans, () => siteContract.read(NAME))).rejects.toThrow("The preview of site failed.");
  });
});

describe("a stack whose contract is read and that is not there", () => {
  it.each([
    ["test/kubernetes/dev", "it is not there: bring up the site stack first (`pulumi up` in its folder)"],
    ["test/kubernetes/dve", "or, if 'dve' is misspelt, mend it where it is set (this stack is 'dev')"],
  ])("is %s: what to do is said", async (name, says) => {
    const error = await siteContract.read(name).then(String, String);
    expect(error.endsWith(says), error).toBe(true);
  });
});
