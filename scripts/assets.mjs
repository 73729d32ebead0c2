// Copies what the compiler leaves behind into the package: scripts beside what runs them, images, and what the toolchain is built from.
import { chmodSync, cpSync, statSync } from "node:fs";

/** Copies a folder's files that `holds`, but no test. */
function copy(folder, holds) {
  cpSync(folder, `dist/${folder}`, {
    recursive: true,
    filter: (from) =>
      !/(^|\/)(test|testdata)(\/|$)|(^|\/)(test|try)\.sh$|_test\.go$/.test(from) && (statSync(from).isDirectory() || holds(from)),
  });
}

copy("components", (file) => file.endsWith(".sh"));
copy("cli", (file) => !file.endsWith(".ts"));
copy("toolchain", (file) => !/\.(ts|md)$/.test(file));
for (const image of ["base", "client", "guest", "kube-router", "machine", "nginx", "quagga", "vm"]) copy(`images/${image}`, () => true);
chmodSync("dist/cli/main.js", 0o755);
