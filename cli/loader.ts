import { existsSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { folderOf, mainOf } from "./layers";

/** What compiles a TypeScript file while it loads. */
type Compile = NonNullable<NodeJS.RequireExtensions[".ts"]>;

/** Part of how the SDK loads a program (cmd/run), though its declaration is kept internal. */
interface SdkLoader {
  loadTypeScriptCompilerOptions(tsConfigPath: string): Record<string, unknown>;
  typeScriptRequireStrings(): { readonly tsnodeRequire: string; readonly typescriptRequire: string };
}

/** What ts-node gives back. */
interface Registered {
  compile(code: string, file: string): string;
}

/** By the project's folder. */
const compilers = new Map<string, { readonly load: Compile; readonly registered: Registered }>();

/**
 * Has TypeScript in a project's folder loaded as `pulumi up` loads it: by the SDK's own ts-node, with the project's tsconfig.json. Nothing comes
 * back where something else loads TypeScript in this process, as in a checkout.
 */
function useTypeScript(folder: string): Registered | undefined {
  const known = compilers.get(folder);
  const present = require.extensions[".ts"];
  if (known !== undefined || (present !== undefined && present !== compile)) return known?.registered;
  const { loadTypeScriptCompilerOptions, typeScriptRequireStrings } = require("@pulumi/pulumi/tsutils") as SdkLoader;
  const project = join(folder, "tsconfig.json");
  const own = loadTypeScriptCompilerOptions(project);
  const { tsnodeRequire, typescriptRequire } = typeScriptRequireStrings();
  // What is registered over another handler would compile what that one has compiled.
  delete require.extensions[".ts"];
  const registered = (require(tsnodeRequire) as { register(options: object): Registered }).register({
    compiler: typescriptRequire,
    transpileOnly: process.env.PULUMI_NODEJS_TRANSPILE_ONLY === "true" || own.noCheck,
    project,
    skipProject: !existsSync(project),
    compilerOptions: { target: "ES2020", module: "commonjs", moduleResolution: "node", sourceMap: "true", ...own },
  });
  const load = require.extensions[".ts"] as unknown as Compile;
  require.extensions[".ts"] = compile;
  compilers.set(folder, { load, registered });
  return registered;
}

/** Compiles a file as the project does that it is in; what several share, as the one that was loaded last. */
function compile(module: NodeJS.Module, file: string): unknown {
  const [folder] = [...compilers.keys()]
    .filter((one) => file.startsWith(`${one}${sep}`))
    .sort((a, b) => b.length - a.length);
  const found = folder === undefined ? [...compilers.values()].at(-1) : compilers.get(folder);
  return found?.load(module, file);
}

/**
 * Compiles a layer's program before an engine waits for it. With its types that takes seconds in which this process hears nobody, and an engine whose
 * connection isn't taken up within 20 s of that (gRPC's time for a handshake) waits for ever.
 */
export function compileProgram(layer: string): void {
  const registered = useTypeScript(folderOf(layer));
  try {
    const file = require.resolve(mainOf(layer));
    if (file.endsWith(".ts")) registered?.compile(readFileSync(file, "utf8"), file);
  } catch {
    // What is wrong with it is said when it is loaded.
  }
}

/**
 * Loads a layer's program: what it exports as a function, or the outputs of one that makes its resources at its top level, which happens here.
 * @throws pulumi.RunError for one that can't be loaded, in words that its author can act on
 */
export function loadProgram(layer: string): PulumiFn {
  const folder = folderOf(layer);
  useTypeScript(folder);
  let exported: unknown;
  try {
    exported = require(mainOf(layer));
  } catch (error) {
    const { name, message, code } = error as NodeJS.ErrnoException;
    if (code === "ERR_REQUIRE_ESM" || /import statement outside a module/.test(message))
      throw new pulumi.RunError(
        `The program in ${folder} is an ES module, and the command loads CommonJS: take "type": "module" out of its package.json.`,
      );
    throw name === "TSError" ? new pulumi.RunError(message) : error;
  }
  if (typeof exported === "function") return exported as PulumiFn;
  // The next operation makes them again, so it must load the program again.
  for (const file of Object.keys(require.cache))
    if (file.startsWith(`${folder}${sep}`) && !file.includes(`${sep}node_modules${sep}`)) delete require.cache[file];
  return async () => ({ ...(exported as object) });
}
