import { expect, describe as group, test } from "vitest";
import { circles, describe } from "../../scripts/rooms";

const found = (files: Record<string, string>) => circles(new Map(Object.entries(files))).map(describe);

group("circles of imports between folders", () => {
  test("none where everything leads one way", () => {
    expect(
      found({
        "cli/main.ts": 'import { up } from "../components";\nimport "./engine";',
        "cli/engine.ts": 'import "./main";',
        "components/index.ts": 'export * from "./route/route";',
        "components/route/route.ts":
          'import type { Machine } from "../machine/machine";\nimport * as path from "node:path";',
        "components/machine/machine.ts": "",
      }),
    ).toEqual([]);
  });

  test("one between two folders is named, file by file, though no file imports itself again", () => {
    expect(
      found({
        "components/machine/machine.ts": 'import { key } from "../ssh/key";',
        "components/machine/leg.ts": "",
        "components/ssh/key.ts": "",
        "components/ssh/admission.ts": 'import type { Leg } from "../machine/leg";',
      }),
    ).toEqual([
      "components/machine → components/ssh → components/machine\n" +
        "  components/machine/machine.ts imports components/ssh/key.ts\n" +
        "  components/ssh/admission.ts imports components/machine/leg.ts",
    ]);
  });

  test("one over three folders, through a folder's index, is found once", () => {
    expect(
      found({
        "cli/main.ts": 'export { a } from "../toolchain";',
        "toolchain/index.ts": 'const stack = import("../stacks/site");',
        "stacks/site/index.ts": 'import "../../cli/main";',
      }),
    ).toEqual([
      "cli → toolchain → stacks → cli\n" +
        "  cli/main.ts imports toolchain/index.ts\n" +
        "  toolchain/index.ts imports stacks/site/index.ts\n" +
        "  stacks/site/index.ts imports cli/main.ts",
    ]);
  });

  test("each kind of platform is a folder of its own", () => {
    expect(
      found({
        "components/platform/platform.ts": 'import "./lab/lab";',
        "components/platform/lab/lab.ts": 'import "../hosts/hosts";',
        "components/platform/hosts/hosts.ts": 'import "../platform";',
      }),
    ).toHaveLength(1);
  });

  test("the library's index passes on what it imports", () => {
    expect(
      found({
        "components/index.ts": 'export * from "./route/route";',
        "components/route/route.ts": 'import "../../toolchain/hash";',
        "toolchain/hash.ts": 'import "../components";',
      }),
    ).toEqual([
      "components/route → toolchain → components/route\n" +
        "  components/route/route.ts imports toolchain/hash.ts\n" +
        "  toolchain/hash.ts imports components/route/route.ts",
    ]);
  });
});
