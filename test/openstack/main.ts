import { parseArgs } from "node:util";
import { type Driver, startCloud } from "./cloud";
import { makeFixtures } from "./fixtures";
import setup from "./host";

/** Starts a cloud with fixtures for work by hand, and leaves it: `npm run openstack -- --driver fake --folder FOLDER`. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      driver: { type: "string", default: "fake" },
      name: { type: "string", default: "hybrid-vnf-openstack" },
      subnet: { type: "string" },
      external: { type: "string" },
      folder: { type: "string", default: "." },
      image: { type: "string" },
    },
  });
  if (values.driver !== "fake" && values.driver !== "qemu") throw new Error("--driver is fake or qemu.");
  const report = (line: string) => process.stderr.write(`${line}\n`);
  await setup();
  const { image, ...args } = values;
  const cloud = await startCloud({ ...args, driver: values.driver as Driver, report });
  await makeFixtures(cloud, { image });
  report(`${cloud.authUrl} answers; its clouds.yaml is in ${cloud.folder}.`);
  report(`It ends with: docker rm -fv ${cloud.name} && docker network rm ${cloud.name}`);
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
