import { defineConfig } from "vitest/config";

/** Tests that bring up machines: one file at a time, for all share one engine. */
function onMachines(name: string, setup: string, include: string, groupOrder: number) {
  return {
    test: {
      name,
      globalSetup: [setup],
      include: [include],
      testTimeout: 600_000,
      hookTimeout: 3_600_000,
      fileParallelism: false,
      pool: "forks" as const,
      maxWorkers: 1,
      sequence: { groupOrder },
    },
  };
}

export default defineConfig({
  test: {
    // Of tests that are said to be concurrent.
    maxConcurrency: 2,
    reporters: ["default", "./test/closing-line.mts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          testTimeout: 30_000,
          isolate: true,
          pool: "forks",
          maxWorkers: 2,
          // The SDK makes many small objects for each resource: half the time would go into collecting them a few at a time.
          execArgv: ["--min-semi-space-size=64", "--max-semi-space-size=128"],
        },
      },
      onMachines(
        "e2e",
        "./test/e2e/host.ts",
        "test/e2e/{bad-input,chain,consumer,examples,plugins,random,scripts,wide}.test.ts",
        1,
      ),
      onMachines("platforms", "./test/e2e/host.ts", "test/e2e/{hosts,hybrid}.test.ts", 2),
      onMachines("openstack", "./test/openstack/host.ts", "test/openstack/{cloud,chain}.test.ts", 3),
      onMachines("guests", "./test/openstack/host.ts", "test/openstack/{guest,guests,jump}.test.ts", 4),
    ],
  },
});
