import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { installed } from "../toolchain/command";
import { HostError, installPackages } from "../toolchain/host";

/** Every shell file of the checkout, known by its name or its first line; what git ignores is left out, and zsh, which shellcheck does not read. */
function shellFiles(): string[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
  });
  const files = listed.split("\0").filter((file) => file !== "" && existsSync(file));
  return execFileSync("shfmt", ["--find", ...files], { encoding: "utf8" })
    .split("\n")
    .filter((file) => file !== "" && !file.endsWith(".zsh"));
}

/** Checks the shell files, or with `--write` mends their format first; succeeds when nothing is left to mend. */
async function main(): Promise<boolean> {
  const report = (line: string): void => void process.stdout.write(`${line}\n`);
  for (const program of ["shellcheck", "shfmt"]) {
    if (!(await installed(program))) await installPackages([program], program, { report });
  }
  const files = shellFiles();
  const succeeds = (command: string, ...args: string[]): boolean =>
    spawnSync(command, [...args, ...files], { stdio: ["ignore", "inherit", "inherit"] }).status === 0;
  const format = succeeds("shfmt", process.argv.includes("--write") ? "--write" : "--diff");
  const sound = succeeds("shellcheck", "--external-sources");
  if (format && sound) report(`Checked ${files.length} shell files.`);
  else if (!format)
    report("Some shell files are not in the format of .editorconfig (see above): npm run format mends it.");
  return format && sound;
}

main().then(
  (clean) => {
    process.exitCode = clean ? 0 : 1;
  },
  (error: Error) => {
    process.stderr.write(`${error instanceof HostError ? error.message : error.stack}\n`);
    process.exitCode = 2;
  },
);
