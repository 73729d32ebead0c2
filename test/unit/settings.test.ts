import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { count, nearest, readSettings, secret } from "../../components";
import { SCHEMA_FILE, settingsSchema } from "../../stacks/schema";
import { layerSettings, SETTINGS, STACKS, settings } from "../../stacks/settings";
import { ROOT_ROWS, SETTINGS_ROWS } from "../bad-input/settings";
import { record, refusalOf, value } from "./mocks";

record();
const configured = (all: Record<string, string>) =>
  pulumi.runtime.setAllConfig(
    Object.fromEntries(Object.entries(all).map(([key, value]) => [`hybrid-vnf:${key}`, value])),
  );

describe("a layer's settings", () => {
  test("are those of the table, with their defaults", () => {
    configured({ serverCount: "3", page: "hello" });
    expect(settings("kubernetes")).toEqual({
      serversCidr: "10.100.102.0/24",
      serverCount: 3,
      page: "hello",
      workerCount: 0,
      readyTimeoutSeconds: 120,
    });
  });

  test("are an object of the layer's name in the root program", () => {
    configured({ kubernetes: '{"serverCount": 3, "workerCount": "1"}', swarm: '{"workerCount": 2}' });
    expect(layerSettings("kubernetes")).toMatchObject({ serverCount: 3, workerCount: 1 });
    expect(layerSettings("swarm")).toMatchObject({ workerCount: 2, managerCount: 1 });
  });

  test.each(SETTINGS_ROWS)("are refused in a sentence: %s", (_, layer, all, words) => {
    configured(all);
    const { message } = refusalOf(() => settings(layer));
    for (const text of words) expect(message).toContain(text);
  });

  test.each(ROOT_ROWS)("of the root program are refused the same way: %s", (_, layer, all, words) => {
    configured(all);
    const { message } = refusalOf(() => layerSettings(layer));
    for (const text of words) expect(message).toContain(text);
  });
});

test("a count takes what it prints, and nothing else", () => {
  const setting = count("n", 0, 1000);
  fc.assert(fc.property(fc.integer({ min: 0, max: 1000 }), (number) => setting.read(String(number)) === number));
  fc.assert(
    fc.property(fc.string(), (given) => {
      let read: number | undefined;
      try {
        read = setting.read(given);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
      expect(read === undefined || String(read) === given).toBe(true);
    }),
  );
});

test("the nearest word is named only when it is near", () => {
  expect(nearest("transitt", ["transit", "servers"])).toBe("transit");
  expect(nearest("SERVERS", ["transit", "servers"])).toBe("servers");
  expect(nearest("moon", ["transit", "servers"])).toBeUndefined();
  expect(nearest("transitt", ["siteName", "transitCidr"])).toBe("transitCidr");
  expect(nearest("servers", ["serverCount", "serversCidr"])).toBe("serversCidr");
  expect(nearest("cni", ["cniVersionOfAll"])).toBeUndefined();
  expect(nearest("x", [])).toBeUndefined();
});

describe("a secret", () => {
  test("is read into one", async () => {
    const { key } = readSettings({ key: secret("k") }, { key: "hidden" }, "p");
    expect(await pulumi.isSecret(pulumi.output(key))).toBe(true);
    expect(await value(key)).toBe("hidden");
  });

  test("stands beside a layer's other settings in the root program", async () => {
    configured({ site: '{"siteName": "edge", "hostsKey": "hidden"}' });
    const site: Readonly<Record<string, unknown>> = layerSettings("site");
    expect(site.siteName).toBe("edge");
    expect(await pulumi.isSecret(pulumi.output(site.hostsKey))).toBe(true);
    expect(await value(site.hostsKey)).toBe("hidden");
  });

  test("is not in the message that refuses it", () => {
    const read = () => {
      throw new RangeError("it is no key");
    };
    const hidden = { ...secret("k"), read };
    const { message } = refusalOf(() => readSettings({ key: hidden }, { key: "hidden" }, "p", "site."));
    expect(message).toBe(
      "Configuration: p:site.key is a secret that can't be used: it is no key; set it with `pulumi config set --path --secret site.key …`",
    );
  });
});

describe("the schema of the settings files", () => {
  test("is that of the table (mend it with `npm run schema`)", () => {
    expect(JSON.parse(readFileSync(SCHEMA_FILE, "utf8"))).toEqual(settingsSchema());
  });

  test("says what each property of a structured setting means", () => {
    const titled: Record<string, [string, unknown][]> = {};
    JSON.stringify(settingsSchema(), (_, one) => {
      if (typeof one?.title === "string" && one.additionalProperties === false)
        titled[one.title] = Object.entries<{ description?: unknown }>(one.properties).map(([key, { description }]) => [
          key,
          description,
        ]);
      return one;
    });
    expect(Object.keys(titled).sort()).toEqual([
      "HostRoute",
      "HostSettings",
      "JumpHost",
      "OpenStackNetworkSettings",
      "OpenStackSettings",
      "StaticRoute",
    ]);
    const silent = Object.entries(titled).flatMap(([title, properties]) =>
      properties.flatMap(([key, meaning]) => (typeof meaning === "string" && meaning !== "" ? [] : `${title}.${key}`)),
    );
    expect(silent).toEqual([]);
  });

  test("knows every setting, and every settings file names it", () => {
    const known = JSON.stringify(settingsSchema());
    for (const [layer, table] of Object.entries(STACKS))
      for (const key of Object.keys(table)) expect(known).toContain(`"hybrid-vnf-${layer}:${key}"`);
    const root = join(__dirname, "../..");
    const folders = [".", ...Object.keys(SETTINGS).map((layer) => `stacks/${layer}`)];
    for (const folder of folders)
      for (const file of readdirSync(join(root, folder)).filter((name) => /^Pulumi\.(dev|openstack)\.yaml$/.test(name)))
        expect(readFileSync(join(root, folder, file), "utf8"), `${folder}/${file}`).toMatch(
          /^# yaml-language-server: \$schema=\S*settings\.schema\.json\n/,
        );
  });
});
