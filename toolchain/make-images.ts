import { ensureToolchain } from "./ensure";
import { stateFolder } from "./environment";
import { ensureHost } from "./host";
import { ensureImages } from "./images";
import { guarded } from "./main";

/** Makes the images of the lab on the Docker engine, for programs of other folders: `npm run images`. */
guarded(async (signal) => {
  const report = (line: string): void => void process.stdout.write(`${line}\n`);
  await ensureHost({ logs: stateFolder(), report, signal });
  const { machine } = await ensureToolchain({ plugins: [], report, signal });
  await ensureImages({ machine, report, signal });
  report("the images are ready");
}).then((code) => {
  process.exitCode = code;
});
