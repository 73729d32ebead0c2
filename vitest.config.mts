import { defineConfig } from "vitest/config";
import LongestFirst from "./test/longest-first.mts";

/** Tests that bring up machines, so many files at a time: for most of their time they wait, and none looks at what another one makes. */
function onMachines(name: string, setups: string[], include: string, groupOrder: number, filesAtATime: number) {
  return {
    test: {
      name,
      globalSetup: setups,
      setupFiles: ["./test/stack-traces.ts"],
      include: [include],
      testTimeout: 600_000,
      hookTimeout: 3_600_000,
      fileParallelism: filesAtATime > 1,
      pool: "forks" as const,
      maxWorkers: filesAtATime,
      sequence: { groupOrder },
    },
  };
}

const HOST = "./test/e2e/host.ts";
/** Files with a chain each, on two processors. */
const FILES_AT_A_TIME = 2;

export default defineConfig({
  test: {
    // Of tests that are said to be concurrent.
    maxConcurrency: 2,
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/closing-line.mts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          setupFiles: ["./test/stack-traces.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          isolate: true,
          pool: "forks",
          maxWorkers: 2,
          // The SDK makes many small objects for each resource: half the time would go into collecting them a few at a time.
          execArgv: ["--min-semi-space-size=64", "--max-semi-space-size=128"],
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          pool: "forks",
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      // Each has a site's name and ranges of its own, in a copy of the checkout.
      onMachines("e2e", [HOST, "./test/e2e/built.ts"], "test/e2e/!(hosts|hybrid).test.ts", 2, FILES_AT_A_TIME),
      onMachines("platforms", [HOST], "test/e2e/{hosts,hybrid}.test.ts", 2, FILES_AT_A_TIME),
      onMachines("openstack", ["./test/openstack/host.ts"], "test/openstack/{cloud,chain}.test.ts", 5, 1),
      onMachines("guests", ["./test/openstack/host.ts"], "test/openstack/{guest,guests,jump}.test.ts", 6, 1),
    ],
  },
});
