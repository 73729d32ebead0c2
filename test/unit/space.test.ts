import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { folderOf, layers, mainOf, projectOf } from "../../cli/layers";
import { noSpace, readSpace, SPACE_SCHEMA_FILE, spaceSchema } from "../../cli/space";
import { findSpace } from "../../toolchain/environment";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hybrid-vnf-space-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a project in a folder of its own. */
function project(path: string, text = `name: ${path.replaceAll("/", "-")}\nruntime: nodejs\n`): void {
  mkdirSync(join(folder, path), { recursive: true });
  writeFileSync(join(folder, path, "Pulumi.yaml"), text);
}

/** Reads a list of stacks from its text. */
function read(text: string) {
  const file = join(folder, "Pulumispace.yaml");
  writeFileSync(file, text);
  return readSpace(file);
}

/** What is said of a list of stacks, without the file's name. */
function problemsOf(text: string): string[] {
  try {
    read(text);
  } catch (error) {
    return [...(error as { problems: readonly string[] }).problems];
  }
  return [];
}

describe("the list of stacks", () => {
  test("says their order, folders, projects and entries", () => {
    project("network", "name: ours-network\nruntime: { name: nodejs }\nmain: src/index.ts\n");
    project("service");
    const { name, layers, projects } = read(`
name: ours
description: Two stacks
stacks:
  - path: ./network
    stack: \${STACK}
  - path: service/
    dependsOn: [network]
`);
    expect(name).toBe("ours");
    expect(layers).toEqual([
      { name: "network", upstream: [] },
      { name: "service", upstream: ["network"] },
    ]);
    expect(projects.get("network")).toEqual({
      project: "ours-network",
      folder: join(folder, "network"),
      main: join(folder, "network/src/index.ts"),
    });
    expect(projects.get("service")).toMatchObject({ project: "service", main: join(folder, "service") });
  });

  test("calls two stacks whose folders have one name by their whole paths", () => {
    project("a/infra");
    project("b/infra");
    const { layers } = read("name: ours\nstacks: [{path: a/infra}, {path: b/infra, dependsOn: [a/infra]}]\n");
    expect(layers).toEqual([
      { name: "a/infra", upstream: [] },
      { name: "b/infra", upstream: ["a/infra"] },
    ]);
  });

  test("calls a stack in the list's own folder, or above it, by that folder's name", () => {
    project(".", "name: ours\nruntime: nodejs\n");
    const beside = `${basename(folder)}-beside`;
    project(`../${beside}`, "name: beside\nruntime: nodejs\n");
    const { layers } = read(`name: ours\nstacks: [{path: .}, {path: ../${beside}, dependsOn: [.]}]\n`);
    expect(layers).toEqual([
      { name: basename(folder), upstream: [] },
      { name: beside, upstream: [basename(folder)] },
    ]);
    rmSync(join(folder, "..", beside), { recursive: true });
  });

  test("is found in the folder or above it", () => {
    project("a/b");
    expect(findSpace(join(folder, "a/b"))).toBeUndefined();
    read("name: ours\nstacks: [{path: a/b}]\n");
    expect(findSpace(join(folder, "a/b"))).toBe(join(folder, "Pulumispace.yaml"));
    expect(noSpace("/there")).toContain("There is no Pulumispace.yaml in /there or above it");
  });

  test("is refused with everything that is wrong with it", () => {
    project("a");
    project("b", "runtime: nodejs\n");
    project("c", "name: c\nruntime: python\n");
    project("d", "name: a\nruntime: nodejs\n");
    expect(problemsOf("name: ours\nstacks: [")).toEqual([expect.stringMatching(/^Pulumispace\.yaml is no YAML: /)]);
    expect(problemsOf("- a")).toEqual(["it must be an object"]);
    expect(problemsOf("name: ours\nstacks: []\nother: 1")).toEqual([
      "stacks: it must list one stack at least",
      "it has other: its keys are name, description, stacks",
    ]);
    expect(problemsOf("stacks: [{path: a, stack: prod, dependson: [b]}]")).toEqual([
      "name: it must be the name of these stacks, taken together",
      "stacks[0].stack: it must be ${STACK}, or be left out: all stacks have one name, which --stack says",
      "stacks[0]: it has dependson: its keys are path, stack, dependsOn",
    ]);
    expect(
      problemsOf(
        "name: ours\nstacks: [{path: a, dependsOn: [d]}, {path: ./a}, {path: b}, {path: c}, {path: d}, {path: e}]",
      ),
    ).toEqual([
      "a depends on d, which is not listed before it: list what comes up first before what reads it",
      "./a is listed twice: list each stack once",
      "b/Pulumi.yaml lacks its name or its runtime: give it both",
      "c/Pulumi.yaml has the runtime 'python', and the command runs programs of nodejs",
      "e has no Pulumi.yaml: name the folder of a Pulumi project",
      "two of the projects are named 'a': a state holds one of a name",
    ]);
    expect(problemsOf("name: ours\nstacks: [{path: /a}]")[0]).toBe("/a is absolute: say where it is from this file");
  });
});

test("this checkout's own stacks are listed as those of anybody", () => {
  expect(layers).toEqual([
    { name: "site", upstream: [] },
    { name: "kubernetes", upstream: ["site"] },
    { name: "swarm", upstream: ["site"] },
    { name: "service", upstream: ["site", "kubernetes", "swarm"] },
  ]);
  const root = join(__dirname, "../..");
  expect(folderOf("site")).toBe(join(root, "stacks/site"));
  expect(projectOf("service")).toBe("hybrid-vnf-service");
  expect(mainOf("service")).toBe(join(root, "stacks/service/index.ts"));
  expect(() => folderOf("other")).toThrow("lists no stack 'other'");
});

test("the schema that the list names is that of its form (mend it with `npm run schema`)", () => {
  expect(JSON.parse(readFileSync(SPACE_SCHEMA_FILE, "utf8"))).toEqual(spaceSchema());
});
