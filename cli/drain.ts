import type { PlannedOutputs } from "../components/contracts/planned";
import type { Outputs } from "./programs";

interface Servers {
  readonly apacheInfo: { readonly addresses: readonly string[] };
  readonly servers: { readonly machines: readonly { readonly name: string }[] };
}

/** What the kubernetes stack publishes, without the servers that are to go: who reads it takes them out of use before they do. */
export function withoutServers({ contract, secrets }: Outputs, leaving: readonly string[]): PlannedOutputs {
  const facts = contract as Servers;
  const { machines } = facts.servers;
  const stays = machines.map(({ name }) => !leaving.includes(name));
  const addresses = facts.apacheInfo.addresses.filter((_, at) => stays[at]);
  return {
    contract: {
      ...facts,
      apacheInfo: { ...facts.apacheInfo, addresses },
      servers: { ...facts.servers, machines: machines.filter((_, at) => stays[at]) },
    },
    secrets,
  };
}
