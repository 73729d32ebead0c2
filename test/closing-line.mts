import type { Reporter, TestModule } from "vitest/node";

/** How many of the slowest tests are named. */
const SLOWEST = 20;

/** Ends a run with its slowest tests and the line that CI reads, `N passed, N failed`; what was skipped is said before it. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const timed = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => ({
        seconds: (test.diagnostic()?.duration ?? 0) / 1000,
        name: `${module.relativeModuleId}: ${test.fullName}`,
      })),
    );
    const slowest = timed.filter(({ seconds }) => seconds >= 1).sort((a, b) => b.seconds - a.seconds);
    if (slowest.length > 0) process.stdout.write("the slowest tests:\n");
    for (const { seconds, name } of slowest.slice(0, SLOWEST))
      process.stdout.write(`${seconds.toFixed(1).padStart(7)} s  ${name}\n`);
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state]++;
      if (module.errors().length > 0) count.failed++;
    }
    if (count.skipped > 0) process.stdout.write(`${count.skipped} skipped\n`);
    process.stdout.write(`${count.passed} passed, ${count.failed + count.pending} failed\n`);
  }
}
