import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { SHELLS } from "../../cli/completion";
import { completionFor } from "../../cli/main";
import { verbs } from "../../cli/verbs";

/** What bash offers for a line, whose last word is being typed. */
function offered(...words: string[]): string[] {
  const script = `${completionFor(["bash"])}
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _hybrid_vnf
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-euc", script, "bash", "hybrid-vnf", ...words], {
    cwd: __dirname,
    encoding: "utf8",
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n").filter((line) => line !== "");
}

describe("bash completes", () => {
  test("a verb", () => {
    expect(offered("")).toEqual([...verbs.map(({ name }) => name), "completion", "help"]);
    expect(offered("ver")).toEqual(["verify"]);
  });

  test.each(verbs.map((one) => [one.name, one] as const))("the options of %s", (name, { options, needsStacks }) => {
    const own = [...(needsStacks === false ? [] : ["stack"]), ...Object.keys(options), "help"];
    expect(offered(name, "--")).toEqual(own.map((one) => `--${one}`));
  });

  test("a file, where an option takes one, and nothing where it takes something else", () => {
    expect(offered("up", "--timeline", "completion.t")).toEqual(["completion.test.ts"]);
    expect(offered("up", "--requests", "")).toEqual([]);
  });

  test("words, where an option takes one of a few", () => {
    expect(offered("graph", "--format", "")).toEqual(["svg", "png", "mermaid"]);
    expect(offered("graph", "--theme", "d")).toEqual(["dark"]);
  });

  test("names that stacks have, from their settings files, and the stacks of the chain, several with commas", () => {
    expect(offered("up", "--stack", "")).toEqual(expect.arrayContaining(["dev", "openstack"]));
    expect(offered("down", "--only", "s")).toEqual(["site", "swarm", "service"]);
    expect(offered("down", "--only", "site,sw")).toEqual(["site,swarm"]);
  });

  test("what help and completion are for", () => {
    expect(offered("help", "do")).toEqual(["down"]);
    expect(offered("completion", "")).toEqual([...SHELLS]);
  });
});

test.each(["zsh", "fish"])("the words for %s have every verb and option, with what it does", (shell) => {
  const text = completionFor([shell]);
  for (const { name, summary, options } of verbs) {
    expect(text).toContain(name);
    const quoted = summary.replaceAll("'", "'\\''");
    expect(text).toContain(shell === "zsh" ? quoted.replaceAll(":", "\\:") : quoted);
    for (const option of Object.keys(options)) expect(text).toContain(option);
  }
});

test("a shell that has none is refused", () => {
  expect(() => completionFor(["tcsh"])).toThrow(
    "completion is for 'tcsh'; it can be for one of bash, zsh, fish. In bash: source <(",
  );
  expect(() => completionFor([])).toThrow("completion needs a shell: one of bash, zsh, fish. In bash: source <(");
});
