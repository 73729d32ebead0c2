import { expect, test } from "vitest";
import { orphans, type Process, processes } from "../../cli/orphans";

const program = (pid: number, parent: number, project = "hybrid-vnf-site"): Process => ({
  pid,
  parent,
  command: [
    "/usr/bin/node",
    "/p/node_modules/@pulumi/pulumi/cmd/run/index.js",
    "--project",
    project,
    "--stack",
    "dev",
    ".",
  ],
});
const host = (pid: number, parent: number): Process => ({
  pid,
  parent,
  command: ["/c/bin/pulumi-language-nodejs", "127.0.0.1:1"],
});
const engine = (pid: number): Process => ({ pid, parent: 1, command: ["/c/bin/pulumi", "up"] });

test("a program whose engine is gone is ended with its language host", () => {
  expect(orphans([program(30, 20), host(20, 1)], "hybrid-vnf-site", "dev")).toEqual([30, 20]);
});

test("a program whose language host is gone too is ended", () => {
  expect(orphans([program(30, 1)], "hybrid-vnf-site", "dev")).toEqual([30]);
});

test("a program of a living engine, of another project or of another stack is let be", () => {
  const all = [program(30, 20), host(20, 10), engine(10), program(31, 21, "hybrid-vnf-swarm"), host(21, 1)];
  expect(orphans(all, "hybrid-vnf-site", "dev")).toEqual([]);
  expect(orphans(all, "hybrid-vnf-swarm", "other")).toEqual([]);
});

test("this very process is among those that are seen", () => {
  expect(processes().map((one) => one.pid)).toContain(process.pid);
});
