import { join } from "node:path";
import * as vnf from "../../components";

/** A client, twenty functions that forward, one after the other, and a server; each in two networks, on a machine of its own. */
const FUNCTIONS = 20;

export = async () => {
  const site = new vnf.Site("twenty", { platform: vnf.lab(), transitCidr: "10.141.0.0/24" });
  const more = Array.from(
    { length: FUNCTIONS },
    (_, at) => new vnf.Network(`n${at + 1}`, { site, cidr: `10.141.${at + 1}.0/24` }),
  );
  const networks = [site.transit, ...more];
  const [from, last] = [networks[0], networks[FUNCTIONS]];
  if (!from || !last) throw new RangeError("a chain has a beginning and an end");
  const functions = more.map((behind, at): vnf.NetworkFunction => {
    const name = `hop-${at + 1}`;
    const before = networks[at] ?? from;
    const machine = new vnf.Machine(name, { networks: [before, behind], role: "client", host: at % 2 === 0 ? 10 : 20 });
    const setup = new vnf.MachineScript(`${name}-forward`, { machine, file: join(__dirname, "forward.sh") });
    return { name, handling: "route", instances: [{ machine, legs: machine.legs }], ready: setup.id };
  });
  const client = new vnf.Machine("client", { networks: [from], role: "client", host: 30 });
  const to = new vnf.WebServers("web", { network: last, serverCount: 1, firstHost: 40 });
  const chain = new vnf.ServiceChain("long", { from, clients: [client], functions, to });
  return { url: chain.url, ...vnf.publishChain(chain) };
};
