import { ensureToolchain } from "./ensure";
import { environment, exports } from "./environment";
import { guarded } from "./main";

/** Prints the lines that put the engine, the backend and the passphrase into a shell: `eval "$(npm run -s env)"`. */
guarded(async (signal) => {
  const toolchain = await ensureToolchain({
    signal,
    plugins: [],
    report: (line) => void process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`${exports(environment(toolchain))}\n`);
}).then((code) => {
  process.exitCode = code;
});
