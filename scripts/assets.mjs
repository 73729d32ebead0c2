// Copies what the compiler leaves behind into the package: scripts beside their components, and the images that programs build.
import { cpSync, statSync } from "node:fs";

cpSync("components", "dist/components", {
  recursive: true,
  filter: (from) => statSync(from).isDirectory() || (from.endsWith(".sh") && !/(^|\/)(test|try)\.sh$/.test(from)),
});
for (const image of ["quagga", "nginx"]) {
  cpSync(`images/${image}`, `dist/images/${image}`, {
    recursive: true,
    filter: (from) => !/\/test(\.sh)?$/.test(from),
  });
}
