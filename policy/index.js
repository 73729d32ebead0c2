// In a checkout the pack runs as it stands there, in the package as it was built.
const { existsSync } = require("node:fs");
const { join } = require("node:path");

if (existsSync(join(__dirname, "pack.ts"))) {
  require("tsx/cjs");
  require("./pack.ts");
} else {
  require("../dist/policy/pack.js");
}
