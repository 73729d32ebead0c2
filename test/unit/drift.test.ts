import { readFileSync } from "node:fs";
import * as path from "node:path";
import type { Deployment } from "@pulumi/pulumi/automation";
import { describe, expect, test } from "vitest";
import { lookedLine } from "../../cli/drift";
import { outdated, probe, scriptsIn } from "../../cli/probes";
import { refreshedIn, sentencesOf } from "../../cli/refreshed";

const PRELUDE = readFileSync(path.join(__dirname, "../../components/script/prelude.sh"), "utf8");
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const CONTAINER = "urn:pulumi:dev::hybrid-vnf-kubernetes::docker:index/container:Container::apache-1-container";

/** What a refresh found, as the engine tells it. */
const found = (op: "update" | "delete" | "same", type: string, more: object = {}) =>
  ({
    op,
    type,
    urn: `urn:pulumi:dev::hybrid-vnf-service::hybrid-vnf:layers:ServiceLayer$${type}::service-quagga`,
    provider: "",
    ...more,
  }) as Parameters<typeof sentencesOf>[0];
const state = (inputs: object, outputs: object = inputs) =>
  ({ type: "", urn: "", id: "", parent: "", provider: "", inputs, outputs }) as Parameters<
    typeof sentencesOf
  >[0]["old"];

describe("what a refresh finds", () => {
  test("a workload that was scaled down is told by its node, with both numbers", () => {
    const deployment = (replicas: number) => ({
      metadata: { name: "quagga" },
      spec: { replicas, template: { spec: { nodeSelector: { "kubernetes.io/hostname": "kubernetes-1" } } } },
    });
    const detailedDiff = { "spec.replicas": { diffKind: "update", inputDiff: true } };
    const scaled = { old: state(deployment(1)), new: state(deployment(0)), detailedDiff };
    expect(sentencesOf(found("update", "kubernetes:apps/v1:Deployment", scaled))).toEqual([
      "kubernetes-1: spec.replicas of the Deployment quagga is 0; it was 1.",
    ]);
  });

  test("up tells it of the refresh that it begins with, and of no other event", () => {
    const type = "docker:index/container:Container";
    const old = state({ name: "hybrid-vnf-dev-apache-1", hostname: "apache-1", mustRun: true });
    const tell = (op: string, more: object) =>
      refreshedIn({ resOutputsEvent: { metadata: { ...found("same", type, { old, ...more }), op } } } as never);
    expect(tell("refresh", { new: null })).toEqual([
      "apache-1: the container hybrid-vnf-dev-apache-1 is gone; it was there.",
    ]);
    expect(tell("refresh", { new: { ...old, outputs: { mustRun: false } } })).toEqual([
      "apache-1: the container hybrid-vnf-dev-apache-1 is stopped; it ran.",
    ]);
    const image = { new: state({}, { image: "b" }), detailedDiff: { image: { diffKind: "update", inputDiff: false } } };
    expect(tell("refresh", image)).toEqual([
      "apache-1: image of the container hybrid-vnf-dev-apache-1 is b; it was not set.",
    ]);
    expect(tell("refresh", { new: old, detailedDiff: {} })).toEqual([]);
    for (const op of ["update", "delete", "same"]) expect(tell(op, image)).toEqual([]);
    expect(refreshedIn({} as never)).toEqual([]);
  });

  test("a look at a stack ends in how much it found, not in what the engine would do about it", () => {
    expect([0, 1, 2].map(lookedLine)).toEqual([
      "looked, no difference",
      "looked, 1 difference",
      "looked, 2 differences",
    ]);
  });
  test("a machine's container that is stopped is told as that, whatever else differs", () => {
    const container = (mustRun: boolean, ip: string) =>
      state({ name: "hybrid-vnf-dev-apache-1", hostname: "apache-1", mustRun, networkDatas: [{ ip }] });
    const detailedDiff = { mustRun: { diffKind: "update", inputDiff: false }, networkDatas: { diffKind: "update" } };
    const stopped = { old: container(true, "10.100.102.11"), new: container(false, ""), detailedDiff };
    expect(sentencesOf(found("update", "docker:index/container:Container", stopped as never))).toEqual([
      "apache-1: the container hybrid-vnf-dev-apache-1 is stopped; it ran.",
    ]);
  });

  test("a machine's container that is gone is told by the machine", () => {
    const old = state({ name: "hybrid-vnf-dev-apache-1", hostname: "apache-1" });
    expect(sentencesOf(found("delete", "docker:index/container:Container", { old }))).toEqual([
      "apache-1: the container hybrid-vnf-dev-apache-1 is gone; it was there.",
    ]);
  });

  test("a kind that nobody named is told by its own type, and a long value in short", () => {
    const tags = [{ tag: "x".repeat(200) }];
    const changed = { old: state({ name: "net" }), new: state({ name: "net", tags }), diffs: ["tags"] };
    const [sentence = ""] = sentencesOf(found("update", "openstack:networking/network:Network", changed));
    expect(sentence).toMatch(/^tags of the Network net is \[\{"tag":"x{80,}…; it was not set\.$/);
  });

  test("what is as it was, and what only the engine knows of, is not told", () => {
    expect(sentencesOf(found("same", "docker:index/network:Network", { old: state({}) }))).toEqual([]);
    expect(sentencesOf(found("update", "pulumi:providers:docker", { old: state({}), diffs: ["host"] }))).toEqual([]);
  });
});

const script = (body: string) => `${PRELUDE}hostname() { echo swarm-1; }\n${body}act try.sh "$@"\n`;
/** A script that finds its own way to its machine, as one that runs here does. */
const local = (name: string, body: string) => ({
  urn: `urn:pulumi:dev::p::command:local:Command::${name}`,
  type: "command:local:Command",
  inputs: {
    create: "bash -s -- create",
    stdin: { ...SECRET, plaintext: JSON.stringify(`export HOST='h'\n${script(body)}`) },
  },
  outputs: { stdout: "made" },
});
const deployment = (...resources: object[]): Deployment => ({ version: 3, deployment: { resources } });

describe("what scripts tell", () => {
  const routeGone = 'check() {\n  differs "the route is gone; it was via 10.100.101.10."\n}\n';

  test("each is asked for what differs; those that can't tell are left alone", async () => {
    const mute = local("mute", "create() { exit 9; }\n");
    const same = local("same", "check() {\n  :\n}\n");
    const { changed, unasked } = await probe(deployment(local("route", routeGone), mute, same));
    expect(changed).toEqual([
      {
        urn: "urn:pulumi:dev::p::command:local:Command::route",
        sentences: ["swarm-1: the route is gone; it was via 10.100.101.10."],
      },
    ]);
    expect(unasked).toEqual([]);
  });

  test("one that can't look says why, and nobody is asked on a machine that is gone", async () => {
    const broken = local("broken", 'check() {\n  fail "no way in"\n}\n');
    expect((await probe(deployment(broken))).unasked).toMatchObject([{ host: "h", reason: "no way in" }]);
    expect(await probe(deployment(broken), undefined, new Set(["h"]))).toEqual({ changed: [], unasked: [] });
  });

  test("a script that runs over SSH is asked on its machine, with the key that the state has", () => {
    const connection = {
      host: "10.100.101.20",
      port: 22,
      user: "root",
      hostKey: "ssh-ed25519 AAAA",
      privateKey: { ...SECRET, plaintext: JSON.stringify("KEY") },
    };
    const remote = {
      urn: "urn:pulumi:dev::p::command:remote:Command::route",
      type: "command:remote:Command",
      deletedWith: CONTAINER,
      inputs: { stdin: script(routeGone), connection: { ...SECRET, plaintext: JSON.stringify(connection) } },
    };
    const [one] = scriptsIn(deployment(remote, { ...remote, delete: true }));
    expect(one).toMatchObject({
      host: "10.100.101.20",
      access: { ...connection, privateKey: "KEY" },
      deletedWith: CONTAINER,
    });
    expect(scriptsIn(deployment(remote, { ...remote, delete: true }))).toHaveLength(1);
  });

  test("the state of those that are to run again differs from any program's, and nothing else of it changes", () => {
    const route = local("route", routeGone);
    const other = local("other", routeGone);
    const before = deployment(route, other);
    const { deployment: after } = outdated(before, new Set([route.urn]));
    expect(after.resources[1]).toEqual(other);
    const [{ inputs, outputs, ...rest }] = after.resources;
    expect(inputs).toEqual({ ...route.inputs, update: expect.stringContaining("changed by hand") });
    expect(outputs).toEqual({ stdout: "made", update: inputs.update });
    expect(rest).toEqual({ urn: route.urn, type: route.type });
    expect(before).toEqual(deployment(route, other));
  });
});

test("the scripts of the library that hold something on a machine can tell whether it is there", () => {
  const folder = path.join(__dirname, "../../components");
  for (const file of [
    "route/route.sh",
    "machine/legs.sh",
    "kubernetes/legs-filter.sh",
    "kubernetes/node.sh",
    "webservers/apache.sh",
    "swarm/manager.sh",
  ])
    expect(
      scriptsIn(deployment({ ...local(file, ""), inputs: { stdin: readFileSync(path.join(folder, file), "utf8") } })),
      file,
    ).toHaveLength(1);
});
